"""One batch in flight at a time: sent, and sent again, until its records are dealt with."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from eventsim.errors import InvokeError
from eventsim.poller.assembler import Assembled
from eventsim.poller.ports import Ports, Words
from eventsim.poller.progress import ShardProgress
from eventsim.rules.failures import (
    Deliver,
    Discard,
    Expire,
    Retry,
    Send,
    next_steps,
    steps_before,
)
from eventsim.types import Batch, EventSourceMapping, InvokeRequest, InvokeResult, Payload, Stream


@dataclass(frozen=True, slots=True)
class _Sending:
    """A batch to be sent; an unchanged one goes out again under the same request id, as on AWS."""

    batch: Batch
    request_id: str
    size: int
    wait: float = 0.0


class Lane:
    """Delivers one shard's batches in order; asks the rules what a failure means."""

    def __init__(
        self,
        shard_id: str,
        mapping: EventSourceMapping,
        words: Words,
        stream: Stream,
        progress: ShardProgress,
        ports: Ports,
    ) -> None:
        self._shard_id = shard_id
        self._mapping = mapping
        self._words = words
        self._stream = stream
        self._progress = progress
        self._ports = ports
        self._place: dict[str, Any] = {
            "mapping": mapping.name,
            "source": mapping.source,
            "shard": shard_id,
        }

    async def deliver(self, assembled: Assembled) -> None:
        """Return when every record of the batch is delivered, discarded or expired."""
        batch, size, because = assembled
        self._tell("batch_formed", batch, because)
        self._progress.begin(batch)
        todo = deque([_Sending(batch, self._ports.chance.uuid("requests"), size)])
        while todo:
            sending = todo.popleft()
            if sending.wait:
                await self._ports.clock.sleep(sending.wait)
            fresh = self._prepare(sending)
            if fresh is not None:
                answer = await self._invoke(fresh)
                todo.extendleft(reversed(self._follow(fresh, answer)))

    def _prepare(self, sending: _Sending) -> _Sending | None:
        """What is left to send, once the rules have looked at its age."""
        now, keeps = self._ports.clock.timestamp(), self._stream.retention_seconds
        left = None
        for step in steps_before(sending.batch, now, keeps):
            match step:
                case Expire(batch, because):
                    self._tell("records_expired", batch, because)
                    self._advance(batch)
                case Send(batch):
                    left = sending if batch is sending.batch else self._anew(batch)
        return left

    def _anew(self, batch: Batch, wait: float = 0.0) -> _Sending:
        size = self._words.size(batch.records)
        return _Sending(batch, self._ports.chance.uuid("requests"), size, wait)

    async def _invoke(self, sending: _Sending) -> InvokeResult | InvokeError:
        payload = Payload(lambda: self._words.event(sending.batch.records), sending.size)
        request = InvokeRequest(self._mapping.function_name, payload, sending.request_id)
        try:
            return await self._ports.invoker.invoke(request)
        except InvokeError as refused:
            return refused

    def _follow(self, sending: _Sending, answer: InvokeResult | InvokeError) -> list[_Sending]:
        """Perform the steps that the rules ask for, and return what is to be sent again."""
        again = []
        for step in next_steps(sending.batch, answer, self._mapping):
            match step:
                case Deliver(batch):
                    self._tell_delivered(batch, sending.request_id)
                    self._advance(batch)
                case Discard(batch, condition, because):
                    self._tell_discarded(batch, sending.request_id, condition, because)
                    self._advance(batch)
                case Retry(batch, wait, because):
                    self._tell_retry(batch, sending.request_id, wait, because)
                    unchanged = batch.records is sending.batch.records
                    again.append(
                        _Sending(batch, sending.request_id, sending.size, wait)
                        if unchanged
                        else self._anew(batch, wait)
                    )
        return again

    def _advance(self, batch: Batch) -> None:
        checkpoint = self._progress.done(batch)
        if checkpoint is None:
            return
        ports, name = self._ports, self._mapping.name
        ports.checkpoints.set(name, self._shard_id, checkpoint)
        ports.journal.write("checkpoint_advanced", **self._place, sequence_number=checkpoint)
        ports.on_checkpoint(name, self._shard_id, checkpoint)

    def _tell(self, kind: str, batch: Batch, because: str) -> None:
        self._ports.journal.write(
            kind,
            because,
            **self._place,
            first=batch.first,
            last=batch.last,
            records=len(batch.records),
        )

    def _tell_delivered(self, batch: Batch, request_id: str) -> None:
        age = self._ports.clock.timestamp() - batch.records[-1].arrival
        self._ports.journal.write(
            "batch_delivered",
            **self._place,
            function=self._mapping.function_name,
            request_id=request_id,
            first=batch.first,
            last=batch.last,
            records=len(batch.records),
            attempt=batch.attempt,
            age=round(age, 6),
        )

    def _tell_retry(self, batch: Batch, request_id: str, wait: float, because: str) -> None:
        self._ports.journal.write(
            "retry_scheduled",
            because,
            **self._place,
            function=self._mapping.function_name,
            request_id=request_id,
            first=batch.first,
            last=batch.last,
            records=len(batch.records),
            attempt=batch.attempt,
            wait=wait,
        )

    def _tell_discarded(self, batch: Batch, request_id: str, condition: str, because: str) -> None:
        self._ports.journal.write(
            "batch_discarded",
            because,
            **self._place,
            function=self._mapping.function_name,
            request_id=request_id,
            first=batch.first,
            last=batch.last,
            batch_size=len(batch.records),
            condition=condition,
            approximate_invoke_count=batch.attempt,
        )
