"""
The simulated queue as senders and mappings see it.

A receive is a long poll that is made again every 20 seconds while nothing comes. It sleeps to
the moment at which the queue changes by itself, or until somebody changes it, and counts the
requests that AWS would have made in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules import sqs as rules
from eventsim.rules.refusals import check
from eventsim.services import OnMessages, QueueSettings
from eventsim.services.queues import QueueStore
from eventsim.sources._sqs_feed import feed
from eventsim.types import Queue, Received, SendMessage, TimedMessage


class SimulatedQueue:
    """A simulated queue. What becomes of a message is settled in ``services/``."""

    def __init__(self, store: QueueStore, clock: Clock, refuse: str | None = None) -> None:
        self.store, self._clock, self._refuse = store, clock, refuse
        self.arn, self.fifo = store.arn, store.fifo
        self.visibility_timeout = store.settings.visibility_timeout

    async def send(self, messages: Sequence[SendMessage]) -> None:
        """Send messages now. Raises ServiceError, and sends none, when one is refused."""
        if self._refuse is not None:
            raise ServiceError(self._refuse, f"{self.arn} refuses every message, as it is told to")
        self.store.send(messages)

    async def feed(self, messages: Iterator[TimedMessage]) -> None:
        await feed(self._clock, messages, self.send)

    async def receive(
        self, most: int, until: float | None, visibility_timeout: float | None = None
    ) -> Received:
        """As ``Queue`` says. May be cancelled while it waits: no message is lost."""
        deadline, began = inf if until is None else until, self._clock.time()
        while True:
            messages = self.store.receive(most, visibility_timeout)
            waited = self._clock.time() - began
            polls = 1 + int(waited / rules.LONG_POLL_SECONDS_MAX)
            if messages:
                return Received(messages, polls)
            if self.store.ended:
                return Received((), polls, ended=True)
            if self._clock.time() >= deadline:
                return Received((), polls)
            change = self.store.next_change()
            await self._changed(deadline if change is None else min(deadline, change))

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        self._each(self.store.delete, receipt_handles)

    async def change_visibility(self, receipt_handles: Sequence[str], seconds: float) -> None:
        check(rules.refuse_visibility(seconds))
        self._each(lambda handle: self.store.change_visibility(handle, seconds), receipt_handles)

    def finish(self) -> None:
        self.store.close()

    def _each(self, change: Callable[[str], None], receipt_handles: Sequence[str]) -> None:
        """A handle that stands for nothing any more is no error; one of another queue is."""
        for handle in receipt_handles:
            try:
                change(handle)
            except ServiceError as error:
                if error.code != "InvalidParameterValue":
                    raise

    async def _changed(self, deadline: float) -> None:
        """Wait until somebody changes the queue, or the clock reaches *deadline*."""
        alarm = self._clock.alarm(deadline)
        self.store.call_on_change(alarm, alarm.ring)
        try:
            await alarm.wait()
        finally:
            self.store.forget(alarm)


def open_simulated_queue(
    name: str,
    settings: QueueSettings,
    backend: Backend,
    chance: Chance,
    dead_letter: Queue | None,
    on_messages: OnMessages,
    refuse: str | None,
) -> SimulatedQueue:
    """An empty queue, which refuses every message with the code *refuse*, if there is one.

    Raises ServiceError when the service would refuse to make it.
    """
    store = QueueStore(
        name,
        backend.clock,
        chance,
        settings,
        account=backend.account,
        region=backend.region,
        dead_letter=dead_letter.store if isinstance(dead_letter, SimulatedQueue) else None,
        on_messages=on_messages,
    )
    return SimulatedQueue(store, backend.clock, refuse)
