"""Takes what the services of a run's back end send to its functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from eventsim import registry
from eventsim.errors import InvokeError, ServiceError, Unreachable
from eventsim.push.notifying import Post, Sender, named
from eventsim.rules.function_names import Place
from eventsim.types import Sent


class RunTaker:
    """Gives them to the functions by the pusher of the run, in the background."""

    def __init__(self, post: Post, place: Place, functions: Collection[str]) -> None:
        self._post, self._functions = post, functions
        self._prefix = place.arn("")

    def knows(self, function_arn: str) -> bool:
        """Whether the function is one of the run's."""
        begins = function_arn.startswith(self._prefix)
        return begins and named(function_arn).partition(":")[0] in self._functions

    def may(self, service: str, source_arn: str, function_arn: str) -> bool:
        """A scenario may name any function; whether it is invoked is seen when it is."""
        return True

    def event(self, service: str, told: Mapping[str, Any]) -> Any:
        """The event that a service makes of what it tells."""
        return _sender(service).module.made(self._post.scene(), told)

    def push(self, service: str, event: Any, function_arn: str) -> None:
        """Send a function an event."""
        self._post.start_soon(self._push, _sender(service), Sent(event, {}), function_arn)

    def take(self, service: str, told: Mapping[str, Any], function_arn: str) -> None:
        """Make an event of what a service tells, if it is to be sent at all, and send it."""
        sender = _sender(service)
        sent: Sent = sender.module.taken(self._post.scene(), told)
        if sent.event is None:
            if not sent.about:
                return
            because = "the filter policy of the subscription does not accept it"
            about = {"source": service, **sent.about, "target": function_arn}
            self._post.journal.write("notification_filtered", because, **about)
            return
        self._post.start_soon(self._push, sender, sent, function_arn)

    async def _push(self, sender: Sender, sent: Sent, function_arn: str) -> None:
        delivery = sender.delivery(sent.event, function_arn)
        delivery = replace(delivery, source_arn=sent.source_arn, waits=sent.waits)
        answer = await self._post.push(delivery)
        if not isinstance(answer.value, InvokeError) or not sent.about:
            return
        refused, kept = answer.value, sent.dead_letter
        if kept is not None:
            try:
                await self._post.receivers.send(kept, sent.kept)
            except (ServiceError, Unreachable):
                kept = None
        about = {"source": sender.source, **sent.about, "target": function_arn}
        fields = {"code": refused.code, "destination": kept}
        self._post.journal.write("notification_failed", refused.message, **about, **fields)


def _sender(service: str) -> Sender:
    return Sender(service, service, registry.load("sources", service))
