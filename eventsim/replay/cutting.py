"""Which records of a recording are replayed: by time, shard, key or filter pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

from eventsim.recordings import RecordedRecord
from eventsim.rules.filtering import Filter

Matches = Callable[[RecordedRecord], bool]


class Bound(NamedTuple):
    """An instant: seconds since the epoch, or since the recording began."""

    seconds: float
    relative: bool = False

    def at(self, began: float) -> float:
        """The instant in seconds since the epoch, for a recording that began then."""
        return began + self.seconds if self.relative else self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Records that arrived from ``since`` on and before ``until``, of these shards and keys.

    No shards or no keys mean all of them. A record must match one of ``patterns``, each in the
    words of FilterCriteria, where there are any.
    """

    since: Bound | None = None
    until: Bound | None = None
    shards: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    patterns: Sequence[str] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Cut()

    def matching(self, module: ModuleType) -> Matches | None:
        """Whether a record matches, as the source *module* shows it; None without patterns.

        Raises PatternError for a pattern that is none.
        """
        if not self.patterns:
            return None
        plain_text = getattr(module, "FILTER_PLAIN_TEXT", False)
        criteria = Filter.of(self.patterns, module.FILTER_KEY, plain_text)
        matches, shown, read = criteria.matches, module.filterable, module.recorded.read
        return lambda record: matches(shown(read(record)))

    def of(
        self, records: Iterable[RecordedRecord], began: float, matches: Matches | None
    ) -> Iterator[RecordedRecord]:
        """The records of this cut; nothing is read that arrived after it."""
        since = None if self.since is None else self.since.at(began)
        until = None if self.until is None else self.until.at(began)
        for record in records:
            if until is not None and record.arrival >= until:
                return
            if since is not None and record.arrival < since:
                continue
            if self.shards and record.shard not in self.shards:
                continue
            if self.keys and record.key not in self.keys:
                continue
            if matches is None or matches(record):
                yield record
