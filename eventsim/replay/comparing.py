"""
Two journals held against each other: where they differ, how much, and what differs first.

Entries are compared shard by shard, so that a run in which shards took turns in another order is
no other run. Each journal is read twice, streamed; between the readings a few bytes are kept for
each thing that it tells, and what follows itself is one thing.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from eventsim.journal import Entry
from eventsim.journal.encoding import encode
from eventsim.journal.reading import read
from eventsim.replay.fates import (
    RESPECTS,
    THE_RUN,
    Lane,
    Respect,
    Telling,
    Told,
    told,
    told_by_invocation,
    told_in_sum,
    without_answers,
)
from eventsim.reports import Tally

AROUND = 4
SHOWN_MAX = 200
_BY_INVOCATION = (
    "one was polled and the other invoked as recorded: what each invocation came to is compared, "
    "in their order"
)
_WITHOUT_ANSWERS = "what functions answered is not compared: only one journal has it"
_IN_SUM = "one journal has no detail: only what came of the whole run is compared"
_MERGED: frozenset[Respect] = frozenset({"delivered", "results"})
_STARTED = ("scenario", "seed", "clock", "speed", "backend", "start", "detail")


class Place(NamedTuple):
    """Where two runs part: in what respect, on which lane, after how many equal things."""

    respect: Respect
    lane: Lane
    after: int


@dataclass(frozen=True, slots=True)
class Side:
    """One journal at the place where they part.

    ``entry`` is the one that differs, None where this journal has nothing more to tell there;
    ``around`` are the entries of that lane just before it, itself and just after; ``answers``
    has what functions answered in them, by its hash, where the journal has it.
    """

    path: str
    entry: Entry | None
    around: tuple[Entry, ...]
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A respect in which two runs differ: where first, as each tells it, and on which lanes."""

    place: Place
    sides: tuple[Side, Side]
    lanes: tuple[Lane, ...]

    @property
    def respect(self) -> Respect:
        return self.place.respect

    @property
    def time(self) -> float:
        """When it happened first, in seconds of the run."""
        times = [side.entry.time for side in self.sides if side.entry is not None]
        return min(times, default=0.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of holding two journals against each other.

    ``differences`` holds each respect once, what happened first first; ``notes`` says in what
    the runs were not alike to begin with.
    """

    paths: tuple[str, str]
    counts: tuple[dict[str, Any], dict[str, Any]]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    matters: frozenset[Respect] = frozenset(RESPECTS)

    @property
    def first(self) -> Difference | None:
        """The first difference that matters."""
        return next((each for each in self.differences if each.respect in self.matters), None)

    @property
    def same(self) -> bool:
        """Whether nothing that matters differs."""
        return self.first is None


def compare(
    one: Path,
    other: Path,
    *,
    tolerance: float = 0.0,
    ignore: Collection[Respect] = (),
) -> Comparison:
    """Hold the journal *one* against *other*; times may differ by *tolerance* seconds.

    Raises JournalError for a file that is no journal.
    """
    digests = Digest.of(one, told), Digest.of(other, told)
    tell: Telling = told
    notes = list(_notes(digests[0].started, digests[1].started))
    if len({digest.polled for digest in digests if digest.invoked}) > 1:
        tell = told_by_invocation
        notes.append(_BY_INVOCATION)
    for path, digest in zip((one, other), digests, strict=True):
        if not digest.finished:
            notes.append(f"{path} is cut off before the end of its run")
    details = {digest.started.get("detail") for digest in digests}
    if len(details) > 1 and "off" in details:
        tell = told_in_sum
        notes.append(_IN_SUM)
    elif len(details) > 1:
        tell = without_answers(tell)
        notes.append(_WITHOUT_ANSWERS)
    if tell is not told:
        digests = Digest.of(one, tell), Digest.of(other, tell)
    places = list(_places(digests, tolerance))
    sides = _sides(one, places, tell), _sides(other, places, tell)
    found: dict[Respect, list[Difference]] = {}
    for place in places:
        difference = Difference(place, (sides[0][place], sides[1][place]), (place.lane,))
        found.setdefault(place.respect, []).append(difference)
    return Comparison(
        (str(one), str(other)),
        (digests[0].counts(), digests[1].counts()),
        tuple(sorted(map(_earliest, found.values()), key=_order)),
        tuple(notes),
        frozenset(RESPECTS) - frozenset(ignore),
    )


def _earliest(differences: list[Difference]) -> Difference:
    """That which happened first, with the lanes of all."""
    first = min(differences, key=_order)
    return replace(first, lanes=tuple(each.place.lane for each in differences))


def _order(difference: Difference) -> tuple[float, int, Lane]:
    return difference.time, RESPECTS.index(difference.respect), difference.place.lane


@dataclass(slots=True)
class _Column:
    """The things one lane tells in one respect, each as eight bytes, and how long each lasts."""

    values: array[int] = field(default_factory=lambda: array("Q"))
    weights: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, value: int, weight: int, *, merged: bool) -> None:
        if merged and self.values and self.values[-1] == value:
            self.weights[-1] += weight
        else:
            self.values.append(value)
            self.weights.append(weight)

    def parts_from(self, other: _Column, same: Callable[[int, int], bool]) -> int | None:
        """After how much in common the two part; None if they are the same."""
        common = 0
        pairs = zip_longest(self.values, other.values), zip_longest(self.weights, other.weights)
        for (mine, theirs), (long, longer) in zip(*pairs, strict=True):
            if mine is None or theirs is None or not same(mine, theirs):
                return common
            common += min(long, longer)
            if long != longer:
                return common
        return None


@dataclass(slots=True)
class Digest:
    """A journal, in a few bytes for each thing that it tells."""

    columns: dict[tuple[Lane, Respect], _Column] = field(default_factory=dict)
    started: Mapping[str, Any] = field(default_factory=dict)
    finished: Mapping[str, Any] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, path: Path, tell: Telling) -> Digest:
        """Read the journal at *path* once; *tell* says what its entries tell."""
        digest = cls()
        for each in tell(digest._counted(read(path))):
            column = digest.columns.setdefault((each.lane, each.respect), _Column())
            merged = each.respect in _MERGED
            column.add(_number(each), each.weight, merged=merged)
        return digest

    def counts(self) -> dict[str, Any]:
        """The sums of the run, as it told them at its end, else so far."""
        told_at_end: dict[str, Any] | None = self.finished.get("counts")
        return told_at_end or self.tally.counts()

    @property
    def polled(self) -> bool:
        """Whether a mapping formed batches."""
        return any(respect == "batches" for _, respect in self.columns)

    @property
    def invoked(self) -> bool:
        """Whether a function was invoked, and the journal tells how each time."""
        return any(respect == "results" and lane != THE_RUN for lane, respect in self.columns)

    def _counted(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if entry.kind in Tally.KINDS_SET:
                self.tally.add(entry.kind, entry.fields)
            elif entry.kind == "run_started":
                self.started = entry.fields
            elif entry.kind == "run_finished":
                self.finished = entry.fields
            yield entry


def _number(each: Told) -> int:
    """Eight bytes for a value; a time in whole microseconds."""
    if each.respect == "time":
        return max(0, round(float(each.value) * 1e6))
    return int.from_bytes(blake2b(encode(each.value), digest_size=8).digest())


def _places(digests: tuple[Digest, Digest], tolerance: float) -> Iterator[Place]:
    """Where the two part on each lane, in each respect in which they do."""
    apart = round(tolerance * 1e6)
    one, other = digests[0].columns, digests[1].columns
    cut_otherwise: set[Lane] = set()
    for lane, respect in sorted({**one, **other}, key=lambda key: RESPECTS.index(key[1])):
        if respect == "time" and lane in cut_otherwise:
            continue  # other batches are due at other times; the end of the run says how late
        mine = one.get((lane, respect), _Column())
        theirs = other.get((lane, respect), _Column())
        same = partial(_near, apart) if respect == "time" else operator.eq
        after = mine.parts_from(theirs, same)
        if after is not None:
            if respect == "batches":
                cut_otherwise.add(lane)
            yield Place(respect, lane, after)


def _near(apart: int, one: int, other: int) -> bool:
    return abs(one - other) <= apart


def _sides(path: Path, places: list[Place], tell: Telling) -> dict[Place, Side]:
    """The journal at each of *places*, from a second reading."""
    windows = {place: _Window(place) for place in places}
    if windows:
        by_column: dict[tuple[Lane, Respect], list[_Window]] = {}
        for place, window in windows.items():
            by_column.setdefault((place.lane, place.respect), []).append(window)
        for each in tell(read(path)):
            for window in by_column.get((each.lane, each.respect), ()):
                window.see(each)
    wanted = {each.fields.get("answer") for window in windows.values() for each in window.around}
    answers = _kept(path, wanted - {None})
    return {
        place: Side(str(path), window.entry, tuple(window.around), answers)
        for place, window in windows.items()
    }


def _kept(path: Path, wanted: AbstractSet[Any]) -> dict[str, str]:
    """What a journal keeps under these hashes, as far as a line has room for it."""
    found: dict[str, str] = {}
    entries = read(path) if wanted else ()
    for entry in entries:
        if entry.kind == "payload_kept" and entry.fields["hash"] in wanted:
            found[entry.fields["hash"]] = entry.fields["content"][:SHOWN_MAX]
            if len(found) == len(wanted):
                break
    return found


class _Window:
    """Finds the entry where two runs part, and what stands around it on its lane."""

    def __init__(self, place: Place) -> None:
        self._left = place.after
        self.entry: Entry | None = None
        self.around: list[Entry] = []
        self._behind = 0

    def see(self, each: Told) -> None:
        if self.entry is None:
            self._left -= each.weight
            if self._left < 0:
                self.entry = each.entry
            self.around.append(each.entry)
            del self.around[: -AROUND - 1]
        elif self._behind < AROUND:
            self._behind += 1
            self.around.append(each.entry)


def _notes(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    for name in _STARTED:
        if one.get(name) != other.get(name):
            yield f"{name}: {one.get(name)} and {other.get(name)}"
