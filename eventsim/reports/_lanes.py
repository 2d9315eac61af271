"""
A picture to scale, in rows of blocks: what each shard, function and environment did over time,
what waited in queues, and what destinations got.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import TypeVar

from eventsim.reports._page import Page, Span, Style, cut, padded, plural, shown, span_of_time
from eventsim.reports._places import DISCARDED, EXPIRED, RETRIED

BUCKETS = 960
FIRST_BUCKET_SECONDS = 0.001
LANES_KEPT = 64
SHARDS_SHOWN = 16
FUNCTIONS_SHOWN = 8
ENVIRONMENTS_SHOWN = 8
DESTINATIONS_SHOWN = 8
QUEUES_SHOWN = 8
COLUMNS = 48
OTHERS = ("… and others", "")
LABEL_MAX = 20
TOTAL = 10

_OF_A_TABLE = re.compile(r"shardId-\d{20}-([0-9a-f]{8})")
_BLOCKS = " ▁▂▃▄▅▆▇█"
_INIT = 1  # the least of the marks of a lane; those of entries are one more than they are
_MARKS = {_INIT: "░", RETRIED + 1: "!", EXPIRED + 1: "~", DISCARDED + 1: "×"}
_BUSY = "░ init  ! function error"
_STEPS = (1, 2, 5, 10)
_SECOND_STEPS = (15, 30, 60, 120, 300, 600)
_CLOCK_STEPS = (
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(3600 * hours for hours in (1, 2, 3, 4, 6, 12)),
    *(86400 * days for days in (1, 2, 7, 14, 30, 60, 91, 182, 365, 730, 1826, 3652)),
)


L = TypeVar("L", bound="Lane")


class Lane:
    """What happened in each bucket of time: how much, and the worst that went wrong."""

    def __init__(self) -> None:
        self.amounts = array("d", bytes(8 * BUCKETS))
        self.marks = bytearray(BUCKETS)
        self.total = 0

    def halve(self) -> None:
        """Make each two buckets one."""
        pairs = range(0, BUCKETS, 2)
        rest = BUCKETS - len(pairs)
        amounts = [self.amounts[n] + self.amounts[n + 1] for n in pairs]
        self.amounts = array("d", amounts + [0.0] * rest)
        marks = [max(self.marks[n], self.marks[n + 1]) for n in pairs]
        self.marks = bytearray(marks) + bytes(rest)

    def join(self, other: Lane) -> None:
        """Add what *other* did to this lane."""
        self.total += other.total
        self.amounts = array("d", map(sum, zip(self.amounts, other.amounts, strict=True)))
        self.marks = bytearray(map(max, zip(self.marks, other.marks, strict=True)))


class Queue(Lane):
    """How much waited: amounts are seconds of waiting, the total is the most at once."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.since = 0.0


class Lanes:
    """The lanes of a run. Their memory is the same for a second and for a year.

    Buckets get twice as long whenever the run outgrows them; the lanes after the 64th of their
    sort are drawn as one.
    """

    def __init__(self) -> None:
        self._bucket = FIRST_BUCKET_SECONDS
        self.shards: dict[tuple[str, str], Lane] = {}
        self.functions: dict[tuple[str, str], Lane] = {}
        self.environments: dict[tuple[str, str], Lane] = {}
        self.destinations: dict[tuple[str, str], Lane] = {}
        self.queues: dict[tuple[str, str], Queue] = {}

    def shard(self, source: str, shard: str) -> Lane:
        """The lane of a shard, made when it is seen first."""
        return _lane(self.shards, (source, shard), Lane)

    def function(self, name: str) -> Lane:
        """The lane of a function, made when it is seen first."""
        return _lane(self.functions, (name, ""), Lane)

    def environment(self, function: str, environment: str) -> Lane:
        """The lane of an execution environment, made when it is seen first."""
        return _lane(self.environments, (function, environment), Lane)

    def destination(self, name: str) -> Lane:
        """The lane of a destination, made when it gets something first."""
        return _lane(self.destinations, (name, ""), Lane)

    def busy(self, lane: Lane, since: float, until: float) -> None:
        """Note that a lane was busy for a while, which counts as one."""
        self._spread(lane, since, until, 1)
        lane.total += 1

    def init(self, lane: Lane, since: float, until: float) -> None:
        """Note that an environment came up for a while."""
        last = self._index(until)
        for bucket in range(self._index(since), last + 1):
            lane.marks[bucket] = max(lane.marks[bucket], _INIT)

    def wait(self, queue: str, time: float, change: int) -> None:
        """Note that from *time* on so many more wait in a queue, or less."""
        lane = _lane(self.queues, (queue, ""), Queue)
        if lane.depth and time > lane.since:
            self._spread(lane, lane.since, time, lane.depth)
        lane.since = max(time, lane.since)
        lane.depth = max(0, lane.depth + change)
        lane.total = max(lane.total, lane.depth)

    def _spread(self, lane: Lane, since: float, until: float, amount: int) -> None:
        """Add seconds from *since* to *until*, *amount* times, to the buckets that they are in."""
        last, since = self._index(until), max(since, 0.0)
        for bucket in range(self._index(since), last + 1):
            begin, end = bucket * self._bucket, (bucket + 1) * self._bucket
            lane.amounts[bucket] += amount * max(0.0, min(until, end) - max(since, begin))

    def add(self, lane: Lane, time: float, amount: int, mark: int = 0) -> None:
        """Note *amount* at *time* on a lane, and what went wrong with it."""
        bucket = self._index(time)
        lane.amounts[bucket] += max(amount, 0)
        lane.total += amount
        if mark:
            lane.marks[bucket] = max(lane.marks[bucket], mark + 1)

    def draw(self, page: Page, seconds: float, start: datetime | None, until: float = 0.0) -> None:
        """Draw everything over *seconds*; by the clock where *start* says when that began.

        The axis is longer where *until* is after them.
        """
        if not (self.shards or self.functions or self.destinations or self.queues):
            return
        for queue, _ in list(self.queues):
            self.wait(queue, seconds, 0)
        shards = _folded(_in_order(self.shards), SHARDS_SHOWN, "shards")
        functions = _folded(_in_order(self.functions), FUNCTIONS_SHOWN, "functions")
        environments = _folded(_numbered(self.environments), ENVIRONMENTS_SHOWN, "environments")
        destinations = _folded(_in_order(self.destinations), DESTINATIONS_SHOWN, "destinations")
        waited = [(name, lane) for name, lane in _in_order(self.queues) if lane.total]
        queues = _folded(waited, QUEUES_SHOWN, "queues")
        groups = (shards, queues, functions, environments, destinations)
        names = [name for group in groups for name, _ in group]
        label = max(8, min(LABEL_MAX, page.width // 4, max(map(len, names)) + 1))
        columns = min(COLUMNS, page.width - label - TOTAL - 2)
        scale = _Scale(max(seconds, until, self._bucket), columns, self._bucket)
        marks = "! failed, sent again  ~ expired  × discarded"
        title = f"records delivered, by {self._kind_of_lane()}"
        _group(page, shards, scale, label, "record", title, marks)
        _levels(page, queues, scale, label, "waiting, by queue; the most at once", "")
        title = "invocations, by function"
        _group(page, functions, scale, label, "invocation", title, "! function error")
        _levels(page, environments, scale, label, "environments, while they work", _BUSY)
        title = "documents delivered, by destination"
        _group(page, destinations, scale, label, "document", title, "× not taken")
        _axis(page, scale, label, start)
        page.line()

    def _kind_of_lane(self) -> str:
        named = {"shard" if shard else "queue" for _, shard in self.shards.keys() - {OTHERS}}
        return " and ".join(sorted(named, reverse=True)) or "shard"

    def _all(self) -> Iterator[Lane]:
        for lanes in (self.shards, self.functions, self.environments, self.destinations):
            yield from lanes.values()
        yield from self.queues.values()

    def _index(self, time: float) -> int:
        while time >= self._bucket * BUCKETS:
            self._bucket *= 2
            for lane in self._all():
                lane.halve()
        return max(0, int(time / self._bucket))


class _Scale:
    """How seconds become columns."""

    def __init__(self, seconds: float, columns: int, bucket: float) -> None:
        self.seconds, self.columns = seconds, columns
        per_column = columns / seconds
        used = min(BUCKETS, int(seconds / bucket) + 1)
        self._column = [min(columns - 1, int(n * bucket * per_column)) for n in range(used)]
        self._widths = [0.0] * columns
        for n, column in enumerate(self._column):
            self._widths[column] += max(0.0, min(bucket, seconds - n * bucket))

    def resample(self, lane: Lane) -> tuple[list[float], list[int]]:
        """The lane's amount and worst mark in each column."""
        amounts, marks = [0.0] * self.columns, [0] * self.columns
        for bucket, column in enumerate(self._column):
            amounts[column] += lane.amounts[bucket]
            marks[column] = max(marks[column], lane.marks[bucket])
        return amounts, marks

    def levels(self, lane: Lane) -> tuple[list[float], list[int]]:
        """The lane's mean level in each column, and its worst mark."""
        amounts, marks = self.resample(lane)
        widths = self._widths
        return [
            n / width if width else 0.0 for n, width in zip(amounts, widths, strict=True)
        ], marks

    def column(self, time: float) -> int:
        return int(time / self.seconds * self.columns)


def _lane(lanes: dict[tuple[str, str], L], key: tuple[str, str], sort: Callable[[], L]) -> L:
    found = lanes.get(key)
    if found is None:
        if len(lanes) >= LANES_KEPT:
            key = OTHERS
        found = lanes.setdefault(key, sort())
    return found


def _name(key: tuple[str, str]) -> str:
    return shown(key[0] + short_shard(key[1]))


def _order(key: tuple[str, str]) -> tuple[str, int, str]:
    return key[0], len(key[1]), key[1]


def short_shard(shard: str) -> str:
    """``/3`` for ``shardId-000000000003``, the end of a table's shard; nothing for no shard."""
    if not shard:
        return ""
    table = _OF_A_TABLE.fullmatch(shard)
    return "/" + (table[1] if table else shard.removeprefix("shardId-").lstrip("0") or "0")


def _in_order(lanes: Mapping[tuple[str, str], Lane]) -> list[tuple[str, Lane]]:
    """The lanes in order of name."""
    return [(_name(key), lanes[key]) for key in sorted(lanes, key=_order)]


def _numbered(lanes: dict[tuple[str, str], Lane]) -> list[tuple[str, Lane]]:
    """Environments in the order in which they were made, a number for each of a function."""
    counts: dict[str, int] = {}
    named = []
    for key, lane in lanes.items():
        counts[key[0]] = counts.get(key[0], 0) + 1
        named.append((_name(key) if key == OTHERS else shown(f"{key[0]} #{counts[key[0]]}"), lane))
    return named


def _folded(ordered: list[tuple[str, Lane]], shown_max: int, word: str) -> list[tuple[str, Lane]]:
    """The first lanes, the others together as one."""
    if len(ordered) <= shown_max:
        return ordered
    rest = Lane()
    for _, lane in ordered[shown_max - 1 :]:
        rest.join(lane)
    number = len(ordered) - shown_max + 1
    return [*ordered[: shown_max - 1], (f"{number} more {word}", rest)]


def _group(
    page: Page,
    lanes: Sequence[tuple[str, Lane]],
    scale: _Scale,
    label: int,
    unit: str,
    title: str,
    marks: str,
) -> None:
    if not lanes:
        return
    rows = [(name, lane, *scale.resample(lane)) for name, lane in lanes]
    tallest = max(max(amounts) for _, _, amounts, _ in rows)
    key = f"█ {plural(int(tallest), unit)} in {span_of_time(_rounded(scale))}" if tallest else ""
    _write_rows(page, rows, tallest, label, (title, key, marks))


def _levels(
    page: Page,
    lanes: Sequence[tuple[str, Lane]],
    scale: _Scale,
    label: int,
    title: str,
    marks: str,
) -> None:
    """A group of lanes whose amounts are seconds: how many there were on average."""
    if not lanes:
        return
    rows = [(name, lane, *scale.levels(lane)) for name, lane in lanes]
    most = 1 if marks else max(lane.total for _, lane in lanes)
    key = f"█ {most:,} for all of {span_of_time(_rounded(scale))}"
    _write_rows(page, rows, most, label, (title, key, marks))


def _write_rows(
    page: Page,
    rows: list[tuple[str, Lane, list[float], list[int]]],
    tallest: float,
    label: int,
    words: tuple[str, str, str],
) -> None:
    title, key, marks = words
    failed = any(any(worst) for _, _, _, worst in rows)
    page.line((title, "bold"), (f"   {key}" if key else "", "dim"))
    for name, lane, amounts, worst in rows:
        cells = _cells(amounts, worst, tallest)
        page.line(padded(name, label), *cells, (f"{lane.total:>{TOTAL},}", "dim"))
    if failed:
        page.line(" " * label, (marks, "dim"))


def _rounded(scale: _Scale) -> float:
    return float(f"{scale.seconds / scale.columns:.3g}")


def _cells(amounts: list[float], marks: list[int], tallest: float) -> list[Span]:
    """A row of blocks, neighbours of one style as one span."""
    spans: list[Span] = []
    for amount, mark in zip(amounts, marks, strict=True):
        height = min(8, ceil(round(8 * amount / tallest, 6))) if amount else 0
        cell = _MARKS[mark] if mark else _BLOCKS[height]
        style: Style = "bad" if mark > _INIT else "good"
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + cell, style)
        else:
            spans.append((cell, style))
    return spans


def _axis(page: Page, scale: _Scale, label: int, start: datetime | None) -> None:
    ruler = ["─"] * scale.columns
    texts, end = "", 0
    for time, text in _ticks(scale, start):
        column = scale.column(time)
        if column >= scale.columns:
            break
        ruler[column] = "┬"
        if column >= end or not texts:
            texts = texts.ljust(column) + text
            end = len(texts) + 1
    page.line(" " * label, ("".join(ruler), "dim"))
    page.line(" " * label, (cut(texts, page.width - label), "dim"))


def _ticks(scale: _Scale, start: datetime | None) -> list[tuple[float, str]]:
    """About six round times at most with their labels; by the clock, round times of the clock."""
    rough = scale.seconds / 6
    if start is None:
        step = _round_step(rough)
        return [(n * step, span_of_time(n * step)) for n in range(int(scale.seconds / step) + 1)]
    step = next((size for size in _CLOCK_STEPS if size >= rough), _CLOCK_STEPS[-1])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = -(-(start - midnight).total_seconds() // step) * step
    form = "%H:%M" if step < 86400 else "%m-%d" if step < 86400 * 182 else "%Y-%m"
    ticks, at = [], midnight + timedelta(seconds=first)
    end = start + timedelta(seconds=scale.seconds)
    while at <= end:
        ticks.append(((at - start).total_seconds(), at.strftime(form)))
        at += timedelta(seconds=step)
    return ticks


def _round_step(rough: float) -> float:
    """A step no less than *rough*: 1, 2 or 5 times a power of ten, or so that minutes are round."""
    if 10 < rough <= _SECOND_STEPS[-1]:
        return next(step for step in _SECOND_STEPS if step >= rough)
    power = 0.001
    while power * _STEPS[-1] < rough:
        power *= 10
    return next(round(power * step, 6) for step in _STEPS if power * step >= rough)
