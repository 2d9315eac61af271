"""A year with a record now and then: what it costs follows the records, not the seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.polling import ARN, START, handler
from benchmarks.recorded import play, save
from benchmarks.running import ROLE
from benchmarks.timing import Figure, compare
from eventsim.ids import Chance
from eventsim.recordings import RecordedRecord, jsonl
from eventsim.sources import kinesis
from eventsim.types import Origin, Record

SHARDS = 8
BATCH_SIZE = 100
SECONDS = 365 * 86_400
CARRIERS = (
    "9E",
    "AA",
    "AS",
    "B6",
    "DL",
    "EV",
    "F9",
    "FL",
    "HA",
    "MQ",
    "OO",
    "UA",
    "US",
    "VX",
    "WN",
    "YV",
)


def records(count: int) -> list[RecordedRecord]:
    """So many departures at any time of the year, the same in every run."""
    chance = Chance(2013).stream("departures")
    arrivals = sorted(round(START + chance.random() * SECONDS, 3) for _ in range(count))
    return [
        RecordedRecord(arrival, chance.choice(CARRIERS), b'{"flight":%d}' % number)
        for number, arrival in enumerate(arrivals)
    ]


def bare(recording: Path) -> None:
    """The loop that anyone would write: an event a record, for hardly two share a second."""
    origin = Origin(f"shardId-{0:012}", ARN, "us-east-1", ROLE)
    base = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
    for number, recorded in enumerate(jsonl.read(recording), base):
        batch = [Record(str(number), recorded.key, recorded.data, recorded.arrival)]
        event = kinesis.event(batch, origin)
        handler(event, None)


def figures(count: int = 300_000, pairs: int = 3) -> Iterator[Figure]:
    """One figure: a year of *count* records through the simulated stream and a mapping."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "year.jsonl"
        save(recording, START, records(count))
        yield compare(
            f"a year of {count:,} sparse records, {SHARDS} shards, journal off",
            partial(play, recording, SHARDS, BATCH_SIZE, count),
            "bare loop over the same recording",
            partial(bare, recording),
            reach=3.0,
            pairs=pairs,
        )
