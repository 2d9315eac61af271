"""A recording played into a function that does nothing, by whoever only knows the public API."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.polling import handler
from eventsim import Options, Scenario, run
from eventsim.recordings import Header, RecordedRecord, jsonl


def save(recording: Path, start: float, records: Iterable[RecordedRecord]) -> None:
    """Write *records*, of a recording that began at epoch time *start*."""
    jsonl.write(recording, Header("kinesis", start=start), records)


def scenario(recording: Path, shards: int, batch_size: int) -> Scenario:
    """A put of the whole recording, and one mapping without a batching window."""
    properties = {
        "Stream": "orders",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": 0,
    }
    function = {
        "Handler": handler,
        "run_in": "inline",
        "duration": "0s",
        "Events": {"Orders": {"Type": "Kinesis", "Properties": properties}},
    }
    return Scenario.of(
        {
            "name": "recorded",
            "resources": {"orders": {"type": "kinesis", "shards": shards}},
            "functions": {"consumer": function},
            "timeline": [{"at": "0s", "put": "orders", "from": recording.name}],
        },
        folder=recording.parent,
    )


def play(recording: Path, shards: int, batch_size: int, count: int) -> None:
    """Run that scenario with the journal off; RuntimeError unless every record was delivered."""
    result = run(scenario(recording, shards, batch_size), Options(detail="off"))
    if not result.ok or result.counts["records"]["delivered"] != count:
        raise RuntimeError(f"{count} records were put, and this became of them: {result.counts}")
