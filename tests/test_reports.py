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
from tests.events import NO_EVENTS, WITHOUT_EVENTS

START = datetime(2026, 1, 1, tzinfo=UTC)
SHARD = "shardId-000000000000"
PLACE: dict[str, Any] = {"mapping": "consumer.Orders", "source": "orders", "shard": SHARD}
SPAN: dict[str, Any] = {"first": "1", "last": "2", "records": 2}


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
    fields: dict[str, Any] = {
        "function": "consumer",
        "version": "1",
        "request_id": request,
        "environment": "e",
    }
    return entry(seq, time, "invocation_finished", duration=0.02, billed=0.02, **fields, **more)


def failing(seq: int, time: float, request: str) -> Entry:
    error: dict[str, Any] = {
        "error": "Unhandled",
        "error_type": "ValueError",
        "error_message": "poison",
    }
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
    entry(
        6, 1.1, "environment_started", function="consumer", version="1", environment="e", init=0.1
    ),
]
DELIVERED = entry(8, 1.12, "batch_delivered", **SENT, **SPAN, attempt=1, age=1.12)
HELD = entry(
    9,
    1.12,
    "expectation_checked",
    name="batch_delivered",
    passed=True,
    wanted="exactly 1",
    found=1.0,
)
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
    entry(
        8,
        1.12,
        "batch_failed",
        "function error",
        **SENT,
        **SPAN,
        delivered=0,
        invoked=True,
        attempt=1,
    ),
    entry(
        8,
        1.12,
        "retry_scheduled",
        "function error: retry 1 of 1",
        **SENT,
        **SPAN,
        attempt=2,
        wait=0.25,
    ),
    failing(9, 1.39, "r"),
    entry(
        10,
        1.39,
        "batch_failed",
        "function error",
        **SENT,
        **SPAN,
        delivered=0,
        invoked=True,
        attempt=2,
    ),
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


def written(report: str, entries: Iterable[Entry]) -> str:
    out = io.StringIO()
    load("reports", report, ["write"]).write(iter(entries), out)
    return out.getvalue()


SUMMARY_GOOD = """\
poison-pill: One poison record blocks its shard until it is given up.

ok after 1.12 s simulated (seed 7, virtual clock, simulated back end)

records      put 2   read 2   delivered 2   discarded 0
             every record accounted for
invocations  1   errors 0   throttles 0   cold starts 1   retries 0
mapping      consumer.Orders:   2 records delivered   1 batch formed
function     consumer:   1 invocation   20 ms on average   20 ms billed

ok      batch_delivered: wanted exactly 1, found 1
"""

SUMMARY_FAILED = """\
poison-pill: One poison record blocks its shard until it is given up.

FAILED after 1.39 s simulated (seed 7, virtual clock, simulated back end)

records      put 2   read 2   delivered 0   discarded 2
             every record accounted for
invocations  2   errors 2   throttles 0   cold starts 1   retries 1
mapping      consumer.Orders:   0 records delivered   1 batch formed
             2 discarded   1 retry
function     consumer:   2 invocations   20 ms on average   40 ms billed
             2 errors

FAILED  batch_delivered: wanted exactly 1, found 0

repeat it with: eventsim run 'scenarios/poison pill.yaml' --seed 7
"""

TIMELINE_GOOD = """\
One poison record blocks its shard until it is given up.

records delivered, by shard   █ 2 records in 23.3 ms
orders/0                                                   █         2
invocations, by function   █ 1 invocation in 23.3 ms
consumer                                                   █         1
environments, while they work   █ 1 for all of 23.3 ms
consumer #1                                           ░░░░░░         1
            ░ init  ! function error
            ┬───────┬────────┬───────┬────────┬───────┬─────
            0 s     200 ms   400 ms  600 ms   800 ms  1 s

   0.000s  orders    mapping consumer.Orders Enabled: the scenario says so
   0.000s  orders/0  put 2 records
   1.000s  orders/0  read 2 records, after 2 polls
   1.000s  orders/0  batch of 2 formed: MaximumBatchingWindowInSeconds is 0
   1.100s  consumer  cold start, init 100 ms
   1.120s  orders/0  invoked, attempt 1, 2 records: done in 20 ms

ok after 1.12 s: 1 invocation, 1 cold start
"""

TIMELINE_FAILED = """\
One poison record blocks its shard until it is given up.

records delivered, by shard
orders/0                                          !        ×         0
            ! failed, sent again  ~ expired  × discarded
invocations, by function   █ 1 invocation in 29 ms
consumer                                          !        !         2
            ! function error
environments, while they work   █ 1 for all of 29 ms
consumer #1                                   ░░░░!        !         2
            ░ init  ! function error
            ┬────────────────┬────────────────┬─────────────
            0 s              500 ms           1 s

   0.000s  orders    mapping consumer.Orders Enabled: the scenario says so
   0.000s  orders/0  put 2 records
   1.000s  orders/0  read 2 records, after 2 polls
   1.000s  orders/0  batch of 2 formed: MaximumBatchingWindowInSeconds is 0
   1.100s  consumer  cold start, init 100 ms
   1.120s  orders/0  invoked, attempt 1, 2 records: function error ValueError:
                     poison
   1.120s  orders/0  2 records again in 250 ms, attempt 2: function error: retry
                     1 of 1
   1.390s  orders/0  invoked, attempt 2, 2 records: function error ValueError:
                     poison
   1.390s  orders/0  2 records discarded, RetryAttemptsExhausted:
                     MaximumRetryAttempts 1 used up
   1.390s  expected  batch_delivered: wanted exactly 1, found 0

FAILED after 1.39 s: 2 invocations, 2 errors, 1 cold start
"""

LATENCY_GOOD = """\
poison-pill: One poison record blocks its shard until it is given up.

invocation duration, by function
                          count   mean    p50    p90    p95    p99  p99.9    max
  consumer                    1   20ms   20ms   20ms   20ms   20ms   20ms   20ms

init of cold starts, by function
                          count   mean    p50    p90    p95    p99  p99.9    max
  consumer                    1  100ms  100ms  100ms  100ms  100ms  100ms  100ms

record latency, by mapping: arrival of a batch's last record to its delivery
                          count   mean    p50    p90    p95    p99  p99.9    max
  consumer.Orders             1  1.12s  1.12s  1.12s  1.12s  1.12s  1.12s  1.12s

Each batch counts once, whatever its size. Three digits are significant.
"""

JUNIT_FAILED = """\
<?xml version='1.0' encoding='us-ascii'?>
<testsuites tests="2" failures="2" errors="0" time="1.39">
  <testsuite name="poison-pill" tests="2" failures="2" errors="0" time="1.39" timestamp="2026-01-01T00:00:00">
    <properties>
      <property name="seed" value="7" />
      <property name="clock" value="virtual" />
      <property name="backend" value="simulated" />
      <property name="version" value="0.1.0" />
    </properties>
    <testcase classname="poison-pill" name="run" time="1.39">
      <failure type="failed" message="the run failed">repeat it with: eventsim run 'scenarios/poison pill.yaml' --seed 7</failure>
    </testcase>
    <testcase classname="poison-pill" name="batch_delivered: exactly 1" time="0">
      <failure type="expectation" message="wanted exactly 1, found 0">repeat it with: eventsim run 'scenarios/poison pill.yaml' --seed 7</failure>
    </testcase>
  </testsuite>
</testsuites>
"""  # noqa: E501  (the XML as it is written)

JSON_GOOD: dict[str, Any] = {
    "schema": 1,
    "scenario": "poison-pill",
    "seed": 7,
    "clock": "virtual",
    "backend": "simulated",
    "start": "2026-01-01T00:00:00Z",
    "outcome": "ok",
    "because": None,
    "seconds": 1.12,
    "records": {
        "put": 2,
        "read": 2,
        "filtered": 0,
        "delivered": 2,
        "discarded": 0,
        "expired": 0,
        "redriven": 0,
    },
    "invocations": 1,
    "errors": 0,
    "throttles": 0,
    "cold_starts": 1,
    "cost": 0.0,
    "retries": 0,
    "batches": 1,
    "events": NO_EVENTS,
    "mappings": {
        "consumer.Orders": {
            "source": "orders",
            "read": 2,
            "filtered": 0,
            "delivered": 2,
            "discarded": 0,
            "expired": 0,
            "batches": 1,
            "retries": 0,
            "polls": 2,
            "State": "Enabled",
            "LastProcessingResult": "OK",
            "metrics": {
                "PolledEventCount": 2,
                "FilteredOutEventCount": 0,
                "InvokedEventCount": 2,
                "FailedInvokeEventCount": 0,
                "DroppedEventCount": 0,
                "OnFailureDestinationDeliveredEventCount": 0,
                "DeletedEventCount": 0,
                "DestinationDeliveryFailures": 0,
                "IteratorAge": {"max": 1120.0, "last": 1120.0},
            },
        }
    },
    "functions": {
        "consumer": {
            "invocations": 1,
            "errors": 0,
            "throttles": 0,
            "cold_starts": 1,
            "duration_seconds": 0.02,
            "billed_seconds": 0.02,
            "gb_seconds": 0.0,
            "cost": 0.0,
            **WITHOUT_EVENTS,
        }
    },
    "sources": {"orders": {"put": 2, "dead_letters": 0, "redriven": 0, "expired": 0}},
    "expectations": [
        {"name": "batch_delivered", "passed": True, "wanted": "exactly 1", "found": 1.0}
    ],
}


@pytest.mark.parametrize(
    ("report", "entries", "text"),
    [
        ("summary", GOOD, SUMMARY_GOOD),
        ("summary", FAILED, SUMMARY_FAILED),
        ("timeline", GOOD, TIMELINE_GOOD),
        ("timeline", FAILED, TIMELINE_FAILED),
        ("latency", GOOD, LATENCY_GOOD),
        ("junit", FAILED, JUNIT_FAILED),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 9 else "",
)
def test_a_report_says_exactly_this(report: str, entries: list[Entry], text: str) -> None:
    assert written(report, entries) == text


def test_json_has_these_keys_in_this_order() -> None:
    found = orjson.loads(written("json", GOOD))

    assert found == JSON_GOOD
    assert list(found) == list(JSON_GOOD)


def test_the_counts_of_the_run_itself_are_believed_where_it_gave_some() -> None:
    counts = {"records": {"put": 5, "delivered": 5}, "mappings": {"m": {"delivered": 5}}}
    off = [
        started(detail="off"),
        entry(2, 3.0, "run_finished", outcome="ok", seconds=3.0, counts=counts),
    ]

    found = orjson.loads(written("json", off))

    assert found["records"] == {
        "put": 5,
        "read": 0,
        "filtered": 0,
        "delivered": 5,
        "discarded": 0,
        "expired": 0,
        "redriven": 0,
    }
    assert found["mappings"]["m"]["delivered"] == 5
    assert found["mappings"]["m"]["retries"] == 0
    assert found["mappings"]["m"]["metrics"]["IteratorAge"] == {"max": None, "last": None}
    assert "LastProcessingResult" not in found["mappings"]["m"]
    assert "this journal tells nothing between its start and its end" in written("timeline", off)


@pytest.mark.parametrize("number", range(2, len(FAILED)))
def test_a_journal_that_was_cut_off_is_told_up_to_there(number: int) -> None:
    cut = FAILED[:number]

    found = orjson.loads(written("json", cut))

    assert (found["outcome"], found["seconds"]) == ("cut off", cut[-1].time)
    assert written("summary", cut).splitlines()[2].startswith("CUT OFF after ")
    assert "\nCUT OFF after " in written("timeline", cut)
    assert "the journal is cut off before the run's end" in written("junit", cut)


@pytest.mark.parametrize("report", names("reports"))
@pytest.mark.parametrize("number", [0, 1])
def test_a_run_in_which_nothing_happened_is_told_too(report: str, number: int) -> None:
    assert written(report, [started()][:number])


def test_records_that_nobody_took_are_missed() -> None:
    rest = [one for one in GOOD if one.kind != "batch_delivered"]
    assert "2 records still waiting for consumer.Orders" in written("summary", rest)


def test_records_without_a_mapping_are_said_to_have_none() -> None:
    put: dict[str, Any] = {"source": "audit", "shard": SHARD, **SPAN, "since": 0.0, "until": 0.0}
    audit = entry(3, 0.0, "records_put", **put)

    text = written("summary", [*GOOD[:3], audit, *GOOD[3:]])

    assert "2 records on audit, which no mapping reads" in text
    assert "accounted" not in text


def test_what_ended_a_run_is_said() -> None:
    because = "function 'f' has been running for 60 real seconds"
    run = [
        *FAILED[:8],
        entry(9, 1.12, "run_finished", because, outcome="failed", seconds=1.12, counts={}),
    ]

    assert because in written("summary", run)
    assert because in written("timeline", run)
    assert because in written("junit", run).replace("&apos;", "'")
    assert orjson.loads(written("json", run))["because"] == because
