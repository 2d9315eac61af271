"""What each report says, whole, of a good run, a failed one, a cut-off one and an empty one."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from eventsim.journal import Entry
from eventsim.registry import load, names

START = datetime(2026, 1, 1, tzinfo=UTC)
SHARD = "shardId-000000000000"
PLACE: dict[str, Any] = {"mapping": "consumer.Orders", "source": "orders", "shard": SHARD}
SPAN = {"first": "1", "last": "2", "records": 2}


def entry(seq: int, time: float, kind: str, because: str | None = None, **fields: Any) -> Entry:
    at = (START + timedelta(seconds=time)).isoformat(timespec="milliseconds")
    return Entry(seq, time, at.replace("+00:00", "Z"), kind, because, fields)


def started(**more: Any) -> Entry:
    return entry(
        1,
        0.0,
        "run_started",
        **{
            "scenario": "poison-pill",
            "file": "scenarios/poison pill.yaml",
            "lesson": "One poison record blocks its shard until it is given up.",
            "seed": 7,
            "clock": "virtual",
            "speed": 1.0,
            "backend": "simulated",
            "start": "2026-01-01T00:00:00Z",
            "detail": "batch",
            "schema": 1,
            "version": "0.1.0",
            **more,
        },
    )


def answered(seq: int, time: float, request: str, **more: Any) -> Entry:
    fields = {"function": "consumer", "version": "1", "request_id": request, "environment": "e"}
    return entry(seq, time, "invocation_finished", duration=0.02, billed=0.02, **fields, **more)


def failing(seq: int, time: float, request: str) -> Entry:
    error = {"error": "Unhandled", "error_type": "ValueError", "error_message": "poison"}
    return answered(seq, time, request, **error)


SENT = {**PLACE, "function": "consumer", "request_id": "r"}
OPENING = [
    started(),
    entry(
        2,
        0.0,
        "mapping_changed",
        "the scenario says so",
        mapping="consumer.Orders",
        state="Enabled",
        function="consumer",
        source="orders",
    ),
    entry(3, 0.0, "records_put", source="orders", shard=SHARD, **SPAN, since=0.0, until=0.0),
    entry(4, 1.0, "records_read", **PLACE, **SPAN, polls=2, behind=0.0),
    entry(5, 1.0, "batch_formed", "MaximumBatchingWindowInSeconds is 0", **PLACE, **SPAN),
    entry(6, 1.1, "environment_started", function="consumer", version="1", init=0.1),
]
DELIVERED = entry(8, 1.12, "batch_delivered", **SENT, **SPAN, attempt=1, age=1.12)
HELD = entry(9, 1.12, "expectation_checked", name="batch_delivered", passed=True, wanted="exactly 1", found=1.0)
GOOD = [
    *OPENING,
    answered(7, 1.12, "r"),
    DELIVERED,
    HELD,
    entry(10, 1.12, "run_finished", outcome="ok", seconds=1.12, counts={}),
]
FAILED = [
    *OPENING,
    failing(7, 1.12, "r"),
    entry(8, 1.12, "retry_scheduled", "function error: retry 1 of 1", **SENT, **SPAN, attempt=2, wait=0.25),
    failing(9, 1.39, "r"),
    entry(
        10,
        1.39,
        "batch_discarded",
        "MaximumRetryAttempts 1 used up",
        **SENT,
        first="1",
        last="2",
        batch_size=2,
        condition="RetryAttemptsExhausted",
        approximate_invoke_count=2,
    ),
    HELD._replace(fields={**HELD.fields, "passed": False, "found": 0.0}, time=1.39),
    entry(12, 1.39, "run_finished", outcome="failed", seconds=1.39, counts={}),
]
CUT = FAILED[:8]


def written(report: str, entries: Iterable[Entry]) -> str:
    out = io.StringIO()
    load("reports", report, ["write"]).write(iter(entries), out)
    return out.getvalue()
