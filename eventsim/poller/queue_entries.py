"""What the poller of a queue writes into the journal; messages are named by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.clock import Clock
from eventsim.journal import Journal
from eventsim.rules.queues import Fail, QueueBatch
from eventsim.types import EventSourceMapping, Message, Received


class QueueEntries:
    """The entries of one mapping on a queue, which has no shards: ``shard`` is empty."""

    def __init__(self, mapping: EventSourceMapping, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self._place = {"mapping": mapping.name, "source": mapping.source, "shard": ""}
        self._function = mapping.function_name

    def read(self, received: Received) -> None:
        self._write("records_read", None, received.messages, polls=received.polls)

    def filtered(self, messages: Sequence[Message]) -> None:
        self._write("records_filtered", None, messages)

    def formed(self, batch: QueueBatch) -> None:
        self._write("batch_formed", batch.because, batch.messages)

    def delivered(self, messages: Sequence[Message], batch: QueueBatch, request_id: str) -> None:
        sent = int(messages[-1].attributes.get("SentTimestamp", "0")) / 1000
        age = round(max(self._clock.timestamp() - sent, 0.0), 6)
        sending = {"function": self._function, "request_id": request_id, "attempt": batch.attempt}
        self._write("batch_delivered", None, messages, **sending, age=age)

    def failed(self, batch: QueueBatch, request_id: str, fail: Fail) -> None:
        sending = {"function": self._function, "request_id": request_id, "attempt": batch.attempt}
        what = {"delivered": fail.delivered, "invoked": fail.invoked, "error": fail.error}
        self._write("batch_failed", fail.because, batch.messages, **sending, **what)

    def again(self, batch: QueueBatch, request_id: str, wait: float, because: str) -> None:
        sending = {"function": self._function, "request_id": request_id, "attempt": batch.attempt}
        self._write("retry_scheduled", because, batch.messages, **sending, wait=wait)

    def deleted(self, messages: Sequence[Message], because: str) -> None:
        self._write("messages_deleted", because, messages)

    def returned(self, messages: Sequence[Message], because: str, visible_in: float) -> None:
        visible_in = round(max(visible_in, 0.0), 6)
        self._write("messages_returned", because, messages, visible_in=visible_in)

    def _write(
        self, kind: str, because: str | None, messages: Sequence[Message], **fields: Any
    ) -> None:
        self._journal.write(
            kind,
            because,
            **self._place,
            first=messages[0].message_id,
            last=messages[-1].message_id,
            records=len(messages),
            **fields,
        )
