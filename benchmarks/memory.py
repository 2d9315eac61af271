"""
The whole path from a recording to the function: its memory, and its time beside a bare loop.

Each peak is that of a process of its own, ``python -m benchmarks.memory RECORDING COUNT WAY``.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.polling import ARN, DATA, START, handler
from benchmarks.recorded import play, save
from benchmarks.running import ROLE
from benchmarks.timing import Figure, compare
from eventsim.recordings import RecordedRecord, jsonl
from eventsim.sources import kinesis
from eventsim.types import Origin, Record

SHARDS = 64
BATCH_SIZE = 100
KEYS = 4_096
SECONDS = 2.0  # of the smaller recording: readers, who ask once a second, are in their stride
PAIRS = 3
MEBIBYTE = 1024 * 1024

# What a mapping sets besides, and how that is called in a figure.
WAYS: dict[str, dict[str, Any]] = {
    "": {},
    ", ParallelizationFactor 10": {"ParallelizationFactor": 10},
    ", a filter that drops everything": {
        "FilterCriteria": {"Filters": [{"Pattern": '{"partitionKey": ["nobody"]}'}]}
    },
}


class Peak(NamedTuple):
    """What one process came to: bytes of memory at most, and seconds for the run alone."""

    size: int
    seconds: float


def records(count: int, per_second: float) -> Iterator[RecordedRecord]:
    """So many records at a steady pace, their keys in turn."""
    for number in range(count):
        arrival = round(START + number / per_second, 6)
        yield RecordedRecord(arrival, f"key-{number % KEYS}", DATA)


def bare(recording: Path) -> None:
    """The loop that anyone would write: all of it on one shard, in batches of a hundred."""
    origin = Origin(f"shardId-{0:012}", ARN, "us-east-1", ROLE)
    base = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
    number = base
    recorded = jsonl.read(recording)
    while taken := list(islice(recorded, BATCH_SIZE)):
        batch = [
            Record(str(n), key, data, arrival)
            for n, (arrival, key, data, *_) in enumerate(taken, number)
        ]
        number += len(batch)
        event = kinesis.event(batch, origin)
        handler(event, None)


def peak_of(recording: Path, count: int, way: str) -> Peak:
    """Play a recording in a fresh process and return what that needed."""
    command = [sys.executable, "-m", "benchmarks.memory", str(recording), str(count), way]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return Peak(*json.loads(done.stdout))


def peak_so_far() -> int:
    """The most memory that this process has had, in bytes.

    On Linux ru_maxrss begins with what the parent had when it forked, which could hide any
    growth; VmHWM belongs to this program alone.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peaks(smaller: Path, count: int, larger: Path, way: str) -> Figure:
    """How the peak grows when the recording is ten times as long."""
    less, more = peak_of(smaller, count, way), peak_of(larger, 10 * count, way)
    ratio = round(more.size / less.size, 3)
    return Figure(
        f"peak memory, {10 * count:,} records of a recording, {SHARDS} shards, "
        f"BatchSize {BATCH_SIZE}{way}",
        "the same run with a tenth of the records",
        ratio,
        ratio,
        ratio,
        round(more.seconds, 4),
        round(less.seconds, 4),
        reach=1.1,
        note=f"{more.size / MEBIBYTE:.1f} MiB beside {less.size / MEBIBYTE:.1f} MiB",
    )


def figures(count: int = 100_000) -> Iterator[Figure]:
    """The peak at ten times *count* records, and the time of *count* of them."""
    with tempfile.TemporaryDirectory() as folder:
        smaller, larger = Path(folder) / "smaller.jsonl", Path(folder) / "larger.jsonl"
        save(smaller, START, records(count, count / SECONDS))
        save(larger, START, records(10 * count, count / SECONDS))
        for way in WAYS:
            yield peaks(smaller, count, larger, way)
        yield compare(
            f"{count:,} records of a recording, {SHARDS} shards, BatchSize {BATCH_SIZE}, "
            "journal off",
            partial(play, smaller, SHARDS, BATCH_SIZE, count),
            "bare loop over the same recording",
            partial(bare, smaller),
            reach=None,
            pairs=PAIRS,
            note="streams, routing and recording included",
        )


def main() -> None:
    """Play one recording, and print this process's peak and seconds as JSON."""
    recording, count, way = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    start = time.perf_counter()
    play(recording, SHARDS, BATCH_SIZE, count, **WAYS[way])
    print(json.dumps([peak_so_far(), time.perf_counter() - start]))


if __name__ == "__main__":
    main()
