"""The batches that failed, found again in a recording of their stream, in one reading of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from eventsim.recordings import RecordedRecord
from eventsim.replay.documents import FailedDocument
from eventsim.rules.failed_documents import BatchSpan


class Found(NamedTuple):
    """A document and the records that it names, as far as the recording has them."""

    document: FailedDocument
    records: tuple[RecordedRecord, ...]

    @property
    def whole(self) -> bool:
        """Whether all of them are there."""
        span = self.document.span
        return span is not None and len(self.records) == span.records


@dataclass(slots=True)
class _Open:
    document: FailedDocument
    span: BatchSpan
    first: int
    until: int
    records: list[RecordedRecord] = field(default_factory=list)
    last: int = -1

    def take(self, number: int, record: RecordedRecord) -> None:
        """Take a record, once: a recording may have it twice."""
        if number > self.last:
            self.last = number
            self.records.append(record)

    def found(self) -> Found:
        return Found(self.document, tuple(self.records))


def find(documents: Iterable[FailedDocument], records: Iterable[RecordedRecord]) -> Iterator[Found]:
    """Every document with a span, as soon as its last record came by.

    What is held at a time is the batches that are begun. Records without shard or sequence
    number are of none.
    """
    waiting = _by_shard(documents)
    begun: dict[str, list[_Open]] = {shard: [] for shard in waiting}
    for record in records:
        shard, number = record.shard, record.sequence_number
        if shard not in begun or number is None or not number.isdecimal():
            continue
        place, ahead, at_work = int(number), waiting[shard], begun[shard]
        while ahead and ahead[-1].first <= place:
            at_work.append(ahead.pop())
        for each in [*at_work]:
            if place <= each.until:
                each.take(place, record)
            if place >= each.until:
                at_work.remove(each)
                yield each.found()
    left = [each for opened in (*begun.values(), *waiting.values()) for each in opened]
    for each in sorted(left, key=lambda each: each.document.number):
        yield each.found()


def _by_shard(documents: Iterable[FailedDocument]) -> dict[str, list[_Open]]:
    """The documents of each shard, that which begins first at the end."""
    opened: dict[str, list[_Open]] = {}
    for each in documents:
        if (span := each.span) is not None:
            one = _Open(each, span, int(span.first), int(span.last))
            opened.setdefault(span.shard, []).append(one)
    for shard in opened.values():
        shard.sort(key=lambda each: (each.first, each.document.number), reverse=True)
    return opened
