"""What a lane writes into the journal: each entry of a batch in one place."""

from __future__ import annotations

from typing import Any

from eventsim.errors import InvokeError
from eventsim.poller.ports import Ports
from eventsim.rules.failures import Bisect, Discard, Fail, Retry
from eventsim.types import Batch, EventSourceMapping, InvokeResult


class Telling:
    """Writes the entries of one shard's batches."""

    def __init__(self, mapping: EventSourceMapping, shard_id: str, ports: Ports) -> None:
        self._clock, self._journal = ports.clock, ports.journal
        self._function = mapping.function_name
        self._place: dict[str, Any] = {
            "mapping": mapping.name,
            "source": mapping.source,
            "shard": shard_id,
        }

    def batch(self, kind: str, batch: Batch, because: str) -> None:
        """An entry that says no more than which records it is about, and why."""
        self._journal.write(
            kind,
            because,
            **self._place,
            first=batch.first,
            last=batch.last,
            records=len(batch.records),
        )

    def delivered(self, batch: Batch, request_id: str) -> None:
        """``batch_delivered``, with the iterator age of its last record."""
        records = batch.records
        age = 0.0
        if records:  # never below 0, though the clock that stamped them may be a little ahead
            age = max(0.0, round(self._clock.timestamp() - records[-1].arrival, 6))
        final = {"final": True} if batch.window is not None and batch.window.final else {}
        self._write(
            "batch_delivered", None, batch, request_id, attempt=batch.attempt, age=age, **final
        )

    def failed(self, step: Fail, request_id: str, answer: InvokeResult | InvokeError) -> None:
        """``batch_failed``: what one invocation did not take."""
        error = answer.function_error if isinstance(answer, InvokeResult) else None
        self._write(
            "batch_failed",
            step.because,
            step.batch,
            request_id,
            delivered=step.delivered,
            invoked=step.invoked,
            error=error,
            attempt=step.batch.attempt,
        )

    def retry(self, step: Retry, request_id: str) -> None:
        """``retry_scheduled``, with the attempt to come and the wait before it."""
        self._write(
            "retry_scheduled",
            step.because,
            step.batch,
            request_id,
            attempt=step.batch.attempt,
            wait=step.wait,
        )

    def bisected(self, step: Bisect) -> None:
        """``batch_bisected``, with the last record of the first half."""
        self._journal.write(
            "batch_bisected",
            step.because,
            **self._place,
            first=step.batch.first,
            last=step.batch.last,
            records=len(step.batch.records),
            middle=step.halves[0].last,
        )

    def discarded(self, step: Discard, request_id: str) -> None:
        """``batch_discarded``, with its condition and how often the function was invoked."""
        batch = step.batch
        self._journal.write(
            "batch_discarded",
            step.because,
            **self._place,
            function=self._function,
            request_id=request_id,
            first=batch.first,
            last=batch.last,
            batch_size=len(batch.records),
            condition=step.condition,
            approximate_invoke_count=step.invoke_count,
        )

    def _write(
        self, kind: str, because: str | None, batch: Batch, request_id: str, **fields: Any
    ) -> None:
        self._journal.write(
            kind,
            because,
            **self._place,
            function=self._function,
            request_id=request_id,
            first=batch.first,
            last=batch.last,
            records=len(batch.records),
            **fields,
        )
