"""One batch of a queue in flight: sent, and sent again while it is throttled, then let go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from eventsim.errors import InvokeError, Unreachable
from eventsim.poller.ports import Ports
from eventsim.poller.queue_batches import QueueWords
from eventsim.poller.queue_entries import QueueEntries
from eventsim.poller.stopping import Stop
from eventsim.rules import queues as rules
from eventsim.rules import traces
from eventsim.rules.queues import Again, Delete, Fail, Leave, QueueBatch
from eventsim.types import (
    EventSourceMapping,
    InvokeRequest,
    InvokeResult,
    Message,
    Payload,
    Queue,
)


class QueueLane:
    """Delivers batches of one mapping; asks the rules what an answer means."""

    def __init__(
        self,
        queue: Queue,
        mapping: EventSourceMapping,
        words: QueueWords,
        ports: Ports,
        entries: QueueEntries,
        stop: Stop,
        visibility: float,
        function_timeout: float,
    ) -> None:
        self._queue, self._mapping, self._words = queue, mapping, words
        self._ports, self._entries, self._stop = ports, entries, stop
        self._visibility, self._function_timeout = visibility, function_timeout

    async def deliver(self, batches: Sequence[QueueBatch]) -> None:
        """Return when every message is deleted or left in the queue.

        Batches go out one after the other; in a FIFO queue what is behind a message that failed,
        in its group, is not sent.
        """
        failed: set[str | None] = set()
        for batch in batches:
            fresh = self._not_behind(batch, failed)
            if fresh is None:
                continue
            left = await self._send(fresh)
            failed |= {rules.group_of(message) for message in left}

    def _not_behind(self, batch: QueueBatch, failed: Collection[str | None]) -> QueueBatch | None:
        """What of a batch may be sent after these groups have failed."""
        free, held = rules.behind(batch, failed)
        if not held:
            return batch
        self._leave(held, batch, "behind a failed message of their group")
        return replace(batch, messages=free, size=self._words.event_size(free)) if free else None

    async def _send(self, batch: QueueBatch) -> Sequence[Message]:
        """Invoke the function until it has answered; return what is left in the queue."""
        if self._stop.asked:
            return await self._give_back(batch.messages)
        if self._ports.clock.time() >= batch.lease:
            because = "their visibility timeout ended before they could be sent"
            self._leave(batch.messages, batch, because)
            return batch.messages
        batch = await self._hidden(batch)
        request_id = self._ports.chance.uuid("requests")
        self._entries.formed(batch)
        while True:
            answer = await self._invoke(batch, request_id)
            steps = rules.next_steps(batch, answer, self._mapping, self._ports.clock.time())
            match steps:
                case [Fail() as fail, Again(again, wait, because)]:
                    self._entries.failed(batch, request_id, fail)
                    self._entries.again(again, request_id, wait, because)
                    batch = again
                    if not await self._waited(wait):
                        return await self._give_back(batch.messages)
                case _:
                    return await self._follow(batch, steps, request_id)

    async def _hidden(self, batch: QueueBatch) -> QueueBatch:
        """The batch, hidden from others for as long as its function may work."""
        now, visibility = self._ports.clock.time(), self._visibility
        if not rules.hides_anew(batch, now, visibility, self._function_timeout):
            return batch
        handles = [message.receipt_handle for message in batch.messages]
        try:
            await self._queue.change_visibility(handles, visibility)
        except Unreachable:
            return batch
        return replace(batch, lease=now + visibility)

    async def _follow(
        self, batch: QueueBatch, steps: Sequence[rules.Step], request_id: str
    ) -> Sequence[Message]:
        """Perform the steps that the rules ask for; return what is left in the queue."""
        left: Sequence[Message] = ()
        for step in steps:
            match step:
                case Fail():
                    self._entries.failed(batch, request_id, step)
                case Delete(messages):
                    await self._delete(messages, batch, request_id)
                case Leave(messages, because):
                    self._leave(messages, batch, because)
                    left = messages
        return left

    async def _waited(self, seconds: float) -> bool:
        """Whether the wait is over and the poller goes on."""
        await self._stop.until(lambda: self._ports.clock.sleep(seconds))
        return not self._stop.asked

    async def _invoke(self, batch: QueueBatch, request_id: str) -> InvokeResult | InvokeError:
        payload = Payload(lambda: self._words.event(batch.messages), batch.size)
        traced = traces.merged(each.attributes.get("AWSTraceHeader") for each in batch.messages)
        request = InvokeRequest(
            self._mapping.function_name, payload, request_id, trace_header=traced
        )
        try:
            return await self._ports.invoker.invoke(request)
        except InvokeError as refused:
            return refused

    async def _delete(
        self, messages: Sequence[Message], batch: QueueBatch, request_id: str
    ) -> None:
        """Take messages out of the queue; they come again where it gives no answer for long."""
        self._entries.delivered(messages, batch, request_id)
        try:
            await self._queue.delete([message.receipt_handle for message in messages])
        except Unreachable as silent:
            self._leave(messages, batch, f"not deleted, no answer: {type(silent).__name__}")
        else:
            self._entries.deleted(messages, "the function took them")

    def _leave(self, messages: Sequence[Message], batch: QueueBatch, because: str) -> None:
        self._entries.returned(messages, because, batch.lease - self._ports.clock.time())

    async def _give_back(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Make messages visible again, since the poller is to stop; return them."""
        with suppress(Unreachable):  # they are visible again by themselves, only later
            await self._queue.change_visibility([each.receipt_handle for each in messages], 0)
        self._entries.returned(messages, "the poller was stopped", 0.0)
        return messages
