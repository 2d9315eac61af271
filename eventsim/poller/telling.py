"""What a lane writes into the journal: each entry of a batch in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.errors import InvokeError
from eventsim.poller.ports import Ports
from eventsim.rules.failures import Bisect, Discard, Fail, Retry
from eventsim.types import Batch, EventSourceMapping, InvokeResult, Record


class Telling:
    """Writes the entries of one shard's batches; puts none together that nobody would hear."""

    def __init__(self, mapping: EventSourceMapping, shard_id: str, ports: Ports) -> None:
        self._clock, self._journal = ports.clock, ports.journal
        self._formed = ports.journal.channel("batch_formed")
        self._delivered = ports.journal.channel("batch_delivered")
        self._place: dict[str, Any] = {
            "mapping": mapping.name,
            "source": mapping.source,
            "shard": shard_id,
        }
        self._invocation = self._place | {"function": mapping.function_name}

    def formed(self, batch: Batch, because: str) -> None:
        """``batch_formed``."""
        if self._formed.heard:
            self._formed.enter(because, _with_span(self._place.copy(), batch.records))

    def expired(self, batch: Batch, because: str) -> None:
        """``records_expired``, before they were sent."""
        fields = _with_span(self._place.copy(), batch.records)
        self._journal.enter("records_expired", because, fields)

    def delivered(self, batch: Batch, request_id: str) -> None:
        """``batch_delivered``, with the iterator age of its last record."""
        if not self._delivered.heard:
            return
        records, age = batch.records, 0.0
        if records:
            age = round(self._clock.timestamp() - records[-1].arrival, 6)
        fields = self._about(batch, request_id)
        fields["attempt"] = batch.attempt
        fields["age"] = max(0.0, age)  # whoever stamped them may be a little ahead
        if batch.window is not None and batch.window.final:
            fields["final"] = True
        self._delivered.enter(None, fields)

    def failed(self, step: Fail, request_id: str, answer: InvokeResult | InvokeError) -> None:
        """``batch_failed``: what one invocation did not take."""
        if not self._journal.hears("batch_failed"):
            return
        fields = self._about(step.batch, request_id)
        fields["delivered"], fields["invoked"] = step.delivered, step.invoked
        fields["error"] = answer.function_error if isinstance(answer, InvokeResult) else None
        fields["attempt"] = step.batch.attempt
        self._journal.enter("batch_failed", step.because, fields)

    def retry(self, step: Retry, request_id: str) -> None:
        """``retry_scheduled``, with the attempt to come and the wait before it."""
        if not self._journal.hears("retry_scheduled"):
            return
        fields = self._about(step.batch, request_id)
        fields["attempt"], fields["wait"] = step.batch.attempt, step.wait
        self._journal.enter("retry_scheduled", step.because, fields)

    def bisected(self, step: Bisect) -> None:
        """``batch_bisected``, with the last record of the first half."""
        fields = _with_span(self._place.copy(), step.batch.records)
        fields["middle"] = step.halves[0].last
        self._journal.enter("batch_bisected", step.because, fields)

    def discarded(self, step: Discard, request_id: str) -> None:
        """``batch_discarded``, with its condition and how often the function was invoked."""
        batch = step.batch
        fields = self._invocation | {
            "request_id": request_id,
            "first": batch.first,
            "last": batch.last,
            "batch_size": len(batch.records),
            "condition": step.condition,
            "approximate_invoke_count": step.invoke_count,
        }
        self._journal.enter("batch_discarded", step.because, fields)

    def _about(self, batch: Batch, request_id: str) -> dict[str, Any]:
        """The invocation, and the records that it was about."""
        fields = self._invocation.copy()
        fields["request_id"] = request_id
        return _with_span(fields, batch.records)


def _with_span(fields: dict[str, Any], records: Sequence[Record]) -> dict[str, Any]:
    """The same *fields*, with which records they are about."""
    fields["first"] = records[0].sequence_number if records else None
    fields["last"] = records[-1].sequence_number if records else None
    fields["records"] = len(records)
    return fields
