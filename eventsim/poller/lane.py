"""One batch in flight at a time: sent, and sent again, until its records are dealt with."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from eventsim.errors import InvokeError
from eventsim.poller.assembler import Assembled, Assembler
from eventsim.poller.discarding import Discarding
from eventsim.poller.halt import Halt
from eventsim.poller.ports import Ports, Words
from eventsim.poller.progress import ShardProgress
from eventsim.poller.telling import Telling
from eventsim.poller.windows import Windows
from eventsim.rules.failures import (
    Bisect,
    Deliver,
    Discard,
    Expire,
    Fail,
    Retry,
    Send,
    expires_at,
    next_steps,
    reads_answers,
    steps_before,
    succeeded,
)
from eventsim.types import (
    Batch,
    EventSourceMapping,
    InvokeRequest,
    InvokeResult,
    Payload,
    Record,
)


class _Sending(NamedTuple):
    """A batch to be sent, at ``due`` in run time; unchanged, under the same request id, as on AWS.

    ``size`` is that of its event in bytes (no fewer), without what a tumbling window adds.
    """

    batch: Batch
    request_id: str
    size: int
    due: float = 0.0


class Lane:
    """Delivers the batches of one lane in order; asks the rules what a failure means."""

    def __init__(
        self,
        number: int,
        mapping: EventSourceMapping,
        words: Words,
        retention_seconds: float,
        assembler: Assembler,
        progress: ShardProgress,
        ports: Ports,
        windows: Windows | None = None,
    ) -> None:
        self._number, self._mapping, self._words = number, mapping, words
        self._retention_seconds = retention_seconds
        self._assembler, self._progress = assembler, progress
        self._ports, self._clock, self._windows = ports, ports.clock, windows
        self.halt = Halt()
        self._tell = Telling(mapping, words.origin.shard_id, ports)
        self._discarding = Discarding(mapping, words, ports)
        self._reads_answers = reads_answers(mapping)
        self._draw_request_id = ports.chance.uuids("requests")
        self._epoch = ports.clock.timestamp() - ports.clock.time()
        self._todo: deque[_Sending] = deque()
        self._left: Sequence[Record] = ()  # of the batch in hand, what is still to be dealt with

    async def run(self) -> None:
        """Send every batch that there is; return when there will be none, or when halted."""
        with self.halt.scope:
            while not self.halt.asked:
                assembled = await self._assembler.next()
                if assembled is None:
                    return
                await self._deliver(assembled)
                self._assembler.open_window()

    async def _deliver(self, assembled: Assembled) -> None:
        """Return when every record of the batch is delivered, discarded or expired."""
        batch, size, because = assembled
        self._tell.formed(batch, because)
        self._left = batch.records
        todo, halt = self._todo, self.halt
        todo.append(_Sending(batch, self._draw_request_id(), size))
        while todo and not halt.asked:
            sending = todo.popleft()
            if sending.due:
                await self._wait(sending)
            halt.busy = True
            await self._send(sending)
            halt.busy = False

    async def _wait(self, sending: _Sending) -> None:
        """Until it is to be sent again, or until its first record has to leave it."""
        leaves = expires_at(sending.batch, self._mapping, self._retention_seconds) - self._epoch
        await self._clock.sleep_until(min(sending.due, leaves))

    async def _send(self, sending: _Sending) -> None:
        now, mapping = self._clock.timestamp(), self._mapping
        if not sending.due and now < expires_at(sending.batch, mapping, self._retention_seconds):
            await self._follow(sending, await self._invoke(sending))
            return
        for step in steps_before(sending.batch, now, mapping, self._retention_seconds):
            match step:
                case Expire(batch, because):
                    self._tell.expired(batch, because)
                    await self._give_up(batch)
                case Discard():
                    await self._discard(step, sending, None)
                case Send(batch):
                    fresh = sending if batch is sending.batch else self._anew(batch, sending.due)
                    if self.halt.asked or fresh.due > self._clock.time():
                        self._todo.appendleft(fresh)
                    else:
                        await self._follow(fresh, await self._invoke(fresh))

    def _anew(self, batch: Batch, due: float = 0.0) -> _Sending:
        size = self._words.size(batch.records)
        return _Sending(batch, self._draw_request_id(), size, due)

    async def _invoke(self, sending: _Sending) -> InvokeResult | InvokeError:
        batch, size, words = sending.batch, sending.size, self._words
        if self._windows is not None and batch.window is not None:
            self._windows.reopen(batch.window)
            batch = self._in_window(batch)
            size = words.whole_size(batch)
        payload = Payload(lambda: words.event(batch), size)
        request = InvokeRequest(self._mapping.function_name, payload, sending.request_id)
        try:
            return await self._ports.invoker.invoke(request)
        except InvokeError as refused:
            return refused

    async def _follow(self, sending: _Sending, answer: InvokeResult | InvokeError) -> None:
        """Perform the steps that the rules ask for; what is to be sent again comes next."""
        request_id = sending.request_id
        if not self._reads_answers and succeeded(answer):
            await self._delivered(sending.batch, request_id)
            return
        again: list[_Sending] = []
        for step in next_steps(sending.batch, answer, self._mapping):
            match step:
                case Deliver(batch, state):
                    await self._delivered(batch, request_id, state)
                case Fail():
                    self._tell.failed(step, request_id, answer)
                case Discard():
                    await self._discard(step, sending, answer)
                case Retry(batch, wait, _):
                    self._tell.retry(step, request_id)
                    again.append(self._again(sending, batch, self._clock.time() + wait))
                case Bisect(_, halves, _):
                    self._tell.bisected(step)
                    again += [self._anew(half) for half in halves]
                case Send(batch):
                    again.append(self._anew(batch))
        self._todo.extendleft(reversed(again))

    async def _delivered(self, batch: Batch, request_id: str, state: Any = None) -> None:
        self._tell.delivered(batch, request_id)
        if self._windows is not None and batch.window is not None:
            self._windows.answered(batch.window, state)
        await self._advance(batch)

    def _again(self, sending: _Sending, batch: Batch, due: float) -> _Sending:
        """The same records keep their request id, whatever the attempt."""
        if batch.records is sending.batch.records:
            return _Sending(batch, sending.request_id, sending.size, due)
        return self._anew(batch, due)

    async def _discard(
        self, step: Discard, sending: _Sending, answer: InvokeResult | InvokeError | None
    ) -> None:
        batch = step.batch if step.batch.window is None else self._in_window(step.batch)
        self._tell.discarded(step, sending.request_id)
        await self._discarding.send(step._replace(batch=batch), sending.request_id, answer)
        await self._give_up(batch)

    async def _give_up(self, batch: Batch) -> None:
        if self._windows is not None and batch.window is not None:
            self._windows.gave_up(batch.window)
        await self._advance(batch)

    def _in_window(self, batch: Batch) -> Batch:
        """The batch with its window's state as it is now."""
        if self._windows is None or batch.window is None:
            return batch
        return batch._replace(window=self._windows.with_state(batch.window))

    async def _advance(self, batch: Batch) -> None:
        """*batch*, the front of what is left, is dealt with: let the checkpoint follow."""
        records, left = batch.records, self._left
        self._left = left = () if records is left else left[len(records) :]
        window = None if self._windows is None else self._windows.current
        first = left[0].sequence_number if left else self._assembler.next_sequence_number
        floor = "" if first is None else _last_before(first, records)
        await self._progress.done(self._number, first, floor, window)


def _last_before(first: str, records: Sequence[Record]) -> str:
    """The number of the last record that does not share *first*, if there is one.

    Records that came in one aggregate share a sequence number: all are done, or none.
    """
    for record in reversed(records):
        number: str = record.sequence_number
        if number != first:
            return number
    return ""
