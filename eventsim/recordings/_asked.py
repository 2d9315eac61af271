"""What is asked of a reader of somebody else's format, and what it has found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from eventsim.errors import RecordingError
from eventsim.recordings._bad_lines import BadLine, OnBadLine
from eventsim.recordings._forms import check_key, shown
from eventsim.rules.moments import epoch_of


def stop(bad: BadLine) -> None:
    """Raise RecordingError for a bad line."""
    raise RecordingError(bad.path, bad.number, bad.why)


@dataclass(slots=True)
class Asked:
    """Which fields or columns hold the key, the time and the data; what becomes of bad lines.

    A field inside another is written with dots, ``detail.id``. ``zone`` is that of dates which
    name none. ``check`` raises ValueError for a record that cannot be taken. What is found is
    the ``origin``, an ARN, when it all began (``start``), and the ``last`` arrival.
    """

    key: str | None = None
    time: str | None = None
    data: str | None = None
    zone: tzinfo = UTC
    on_bad_line: OnBadLine = stop
    check: Callable[[Any], None] = lambda record: None
    origin: str = field(default="", init=False)
    start: float | None = field(default=None, init=False)
    last: float = field(default=0.0, init=False)

    def taken(self, path: Path, number: int, content: bytes, made: Iterable[Any]) -> Iterator[Any]:
        """The records of a line or document; what is wrong with it is told as a bad line.

        An item may be a callable that makes the record, so that each is right or wrong by itself.
        """
        try:
            for each in made:
                try:
                    record = each() if callable(each) else each
                    self.check(record)
                    self.last = record.arrival
                except ValueError as error:
                    self.on_bad_line(BadLine(path, number, str(error), content))
                    continue
                yield record
        except ValueError as error:
            self.on_bad_line(BadLine(path, number, str(error), content))

    def arrival_in(self, fields: Mapping[str, Any], default: Any = None) -> float:
        """When a record arrived: by the field asked for, else *default*.

        Raises ValueError where neither tells.
        """
        value = default if self.time is None else found(fields, self.time)
        if value is None:
            named = "tells no time" if self.time is None else f"has no {self.time}"
            raise ValueError(f"{named}; --time names the field that has it")
        return epoch_of(value, self.zone)

    def key_in(self, fields: Mapping[str, Any], default: str) -> str:
        """The partition key. Raises ValueError for one that no stream takes."""
        value = default if self.key is None else found(fields, self.key)
        if isinstance(value, bool | Mapping | list) or value is None:
            raise ValueError(f"{self.key} is {shown(value)}; a key is text or a number")
        key = str(value)
        check_key(key)
        return key

    def of(self, arn: str | None) -> None:
        """A record is of this stream or queue. Raises ValueError if another is of another."""
        if arn and not self.origin:
            self.origin = arn
        if arn and arn != self.origin:
            raise ValueError(
                f"is of {arn}, and those before of {self.origin}; a recording has one source"
            )


def found(fields: Any, path: str) -> Any:
    """The value of a field, ``a.b`` inside another; None where there is none."""
    if isinstance(fields, Mapping) and path in fields:
        return fields[path]
    for name in path.split("."):
        if not isinstance(fields, Mapping):
            return None
        fields = fields.get(name)
    return fields
