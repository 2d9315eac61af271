"""The records of a recording at their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from types import ModuleType
from typing import NamedTuple

from eventsim import registry
from eventsim.errors import EventsimError, RecordingError
from eventsim.recordings import RecordedRecord
from eventsim.replay.changing import Changes
from eventsim.replay.cutting import Cut
from eventsim.replay.files import EVENTS, OnCutOff, Readable
from eventsim.types import Message

HOOKS = ("recorded", "MAPPING", "event")
START_MAX = datetime(9999, 1, 1, tzinfo=UTC).timestamp()  # for any zone to have a date for it


class Due(NamedTuple):
    """A record, when it is due in seconds since the replay began, and its number from 0 on."""

    time: float
    record: RecordedRecord
    number: int


class Survey(NamedTuple):
    """What a first reading of a recording finds: how many records, and of which shards."""

    records: int
    shards: tuple[str, ...]


def _unheard(line: int) -> None:
    """For who does not care where a recording was cut off."""


def _once_more(record: RecordedRecord, turn: int) -> RecordedRecord:
    """The record in a later pass: a message is another one, or a FIFO queue would drop it."""
    message = record.data
    if not isinstance(message, Message):
        return record
    kept = message.attributes.items()
    attributes = {name: value for name, value in kept if name != "MessageDeduplicationId"}
    other = f"{message.message_id}-{turn}"
    return record._replace(data=replace(message, message_id=other, attributes=attributes))


@dataclass(slots=True)
class Player:
    """A file of records as it is replayed, ``loop`` times over.

    Each pass begins as long after the one before as the cut is long: to ``until`` where that is
    given, else to its last record.
    """

    file: Readable
    cut: Cut = field(default_factory=Cut)
    changes: Changes = field(default_factory=Changes)
    loop: int = 1
    on_cut_off: OnCutOff = _unheard
    began: float = field(init=False)
    _surveyed: Survey | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        start = self.file.header.start
        if start is None:
            first = next(self.file.read(_unheard), None)
            start = 0.0 if first is None else first.arrival
        self.began = start

    @property
    def whole_events(self) -> bool:
        """Whether these are events of a function, and no records of a stream or queue."""
        return self.file.header.source == EVENTS

    @property
    def source(self) -> ModuleType:
        """The source of the records. Raises UnknownPlugin where they cannot be replayed."""
        return registry.load("sources", self.file.header.source, wants=HOOKS)

    @property
    def origin(self) -> float:
        """The instant of the recording that the replay begins with, in epoch seconds."""
        return self.began if self.cut.since is None else self.cut.since.at(self.began)

    @property
    def start(self) -> float:
        """The date that it begins at, the shift included."""
        return self.origin + self.changes.shift

    def survey(self) -> Survey:
        """Read the cut once. What stops the reading is told when it is replayed."""
        if self._surveyed is None:
            self._surveyed = self._survey()
        return self._surveyed

    def first(self) -> RecordedRecord | None:
        """The first record of the cut, if there is one that can be read."""
        try:
            return next(self._cut(_unheard), None)
        except RecordingError:
            return None

    def _survey(self) -> Survey:
        shards: dict[str, None] = {}
        records = 0
        try:
            for record in self._cut(_unheard):
                records += 1
                if record.shard is not None:
                    shards[record.shard] = None
        except RecordingError:
            pass
        return Survey(records, tuple(sorted(shards)))

    def dues(self) -> Iterator[Due]:
        """Every record at its time, the same each time this is asked.

        Raises RecordingError at a damaged line, EventsimError for a record that cannot be
        changed as asked; what comes before either has been yielded.
        """
        length, number = 0.0, 0
        for turn in range(self.loop):
            begins = turn * length
            told = self.on_cut_off if turn == 0 else _unheard
            for place, record in enumerate(self._cut(told), 1):
                time = round(record.arrival - self.origin, 6)
                if turn == 0:
                    length = time
                if self.start + begins + time >= START_MAX:
                    raise EventsimError("the replay leads out of the year 9998; --loop less often")
                again = _once_more(record, turn) if turn else record
                yield Due(round(begins + time, 6), self.changes.of(again, place), number)
                number += 1
            if not number:
                return  # nor has any other turn
            if self.cut.until is not None:
                length = self.cut.until.at(self.began) - self.origin

    def since(self, number: int) -> Iterator[Due]:
        """The same without the first *number* records."""
        return islice(self.dues(), number, None)

    def _cut(self, on_cut_off: OnCutOff) -> Iterator[RecordedRecord]:
        matches = self.cut.matching(self.source) if self.cut.patterns else None
        return self.cut.of(self.file.read(on_cut_off), self.began, matches)
