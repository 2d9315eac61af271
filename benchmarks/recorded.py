"""A recording played into a function that does nothing, by whoever only knows the public API."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.polling import handler
from eventsim import Options, Scenario, run
from eventsim.recordings import Header, RecordedRecord, jsonl


def save(recording: Path, start: float, records: Iterable[RecordedRecord]) -> None:
    """Write *records*, of a recording that began at epoch time *start*."""
    jsonl.write(recording, Header("kinesis", start=start), records)


def scenario(recording: Path, shards: int, batch_size: int, **more: Any) -> Scenario:
    """A put of the whole recording, and one mapping without a batching window; *more* it sets."""
    properties = {
        "Stream": "orders",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": 0,
        **more,
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


def play(recording: Path, shards: int, batch_size: int, count: int, **more: Any) -> None:
    """Run that scenario with the journal off.

    Raises RuntimeError unless every record was delivered or filtered out.
    """
    result = run(scenario(recording, shards, batch_size, **more), Options(detail="off"))
    records = result.counts["records"]
    if not result.ok or records["delivered"] + records["filtered"] != count:
        raise RuntimeError(f"{count} records were put, and this became of them: {result.counts}")
