"""
What moto's services send to functions, on its way to those of the region that they are in.

The services speak in a thread of their own; events are made and sent in the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventsim.backends import Backend
from eventsim.errors import EventsimError, ServiceError
from eventsim.rules.arns import region_of, service_of
from eventsim.simulation.taking import RunTaker

FindTaker = Callable[[str], RunTaker | None]
Permits = Callable[[str, str, str], bool]


class RegionsTaker:
    """A Taker for the functions of all regions; *find* gives that of a region which has any.

    *in_loop* has something called in the event loop, soon; *on_error* is told of what cannot be an
    event there. *permits* says of a service, the ARN of what sends, and a function whether the one
    may invoke the other.
    """

    def __init__(
        self,
        find: FindTaker,
        home: str,
        in_loop: Callable[..., object],
        on_error: Callable[[EventsimError], None],
        permits: Permits,
    ) -> None:
        self._find, self._home, self._in_loop = find, home, in_loop
        self._on_error, self._permits = on_error, permits

    def knows(self, function_arn: str) -> bool:
        """Whether the function is one of ours."""
        taker = self._of(function_arn)
        return taker is not None and taker.knows(function_arn)

    def may(self, service: str, source_arn: str, function_arn: str) -> bool:
        """Whether the function is there, and its policy lets the service invoke it."""
        return self._permits(service, source_arn, function_arn)

    def event(self, service: str, told: Mapping[str, Any]) -> Any:
        """The event that a service makes of what it tells."""
        taker = self._find(told.get("region") or self._home)
        return None if taker is None else taker.event(service, told)

    def push(self, service: str, event: Any, function_arn: str) -> None:
        """Send a function an event."""
        taker = self._of(function_arn)
        if taker is not None:
            self._in_loop(self._told, taker.push, service, event, function_arn)

    def take(self, service: str, told: Mapping[str, Any], function_arn: str) -> None:
        """Make an event of what a service tells, if it is to be sent at all, and send it."""
        taker = self._of(function_arn)
        if taker is not None:
            self._in_loop(self._told, taker.take, service, told, function_arn)

    def _told(self, tell: Callable[..., None], *given: Any) -> None:
        """Tell it, in the event loop; nobody is there to hear what is wrong with it."""
        try:
            tell(*given)
        except EventsimError as error:
            self._on_error(error)

    def _of(self, function_arn: str) -> RunTaker | None:
        return self._find(region_of(function_arn)) if service_of(function_arn) else None


class BackendReceivers:
    """The queues and topics of a region by their ARNs, as its back end has them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def send(
        self, arn: str, text: str, subject: str | None = None, trace_header: str | None = None
    ) -> None:
        """Give one of them a text. Raises ServiceError, or Unreachable without an answer."""
        match service_of(arn):
            case "sqs":
                name = arn.rpartition(":")[2]
                found = await self._backend.call("sqs", "get_queue_url", QueueName=name)
                url = found["QueueUrl"]
                await self._backend.call("sqs", "send_message", QueueUrl=url, MessageBody=text)
            case "sns":
                more = {} if subject is None else {"Subject": subject}
                await self._backend.call("sns", "publish", TopicArn=arn, Message=text, **more)
            case _:
                raise ServiceError("NotFound", f"{arn} is no queue and no topic")
