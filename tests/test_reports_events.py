"""What the reports say of asynchronous events: every attempt before what follows from it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from eventsim import Options, Scenario, load, registry, run
from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import find
from tests.pages import drawn


def report(name: str, scenario: Scenario | str) -> str:
    sink, out = MemorySink(), io.StringIO()
    if isinstance(scenario, str):
        scenario = load(find(scenario))
    run(scenario, Options(sinks=[sink]))
    registry.load("reports", name).write(iter(sink.entries), out)
    return out.getvalue()


def lines(text: str) -> list[str]:
    """The lines of a report, each continued one joined to the one before."""
    joined: list[str] = []
    for line in text.splitlines():
        if line.startswith(" " * 20) and joined:
            joined[-1] += " " + line.strip()
        else:
            joined.append(" ".join(line.split()))
    return joined


def test_the_timeline_tells_each_attempt_and_what_followed() -> None:
    found = lines(report("timeline", "async-retries"))
    told = [line for line in found if "payments " in line and "poison" not in line]
    assert [line for line in told if "event" in line or "error" in line] == [
        "0.000s payments event queued",
        "0.000s payments event queued",
        "0.101s payments event done, attempt 1",
        "0.101s payments invoked: function error ValueError: cannot take this payment",
        "0.101s payments event again, tried in 60 s: ValueError: retry 1 of 2",
        "60.102s payments invoked: function error ValueError: cannot take this payment",
        "60.102s payments event again, tried in 2 min: ValueError: retry 2 of 2",
        "180.103s payments invoked: function error ValueError: cannot take this payment",
        "180.103s payments event given up after 3 runs, RetriesExhausted: "
        "MaximumRetryAttempts is 2",
        "180.103s payments event delivered to failed",
    ]


def test_the_timeline_tells_what_a_caller_heard_that_got_no_answer() -> None:
    found = lines(report("timeline", "api-gateway"))
    at = found.index("1.020s shop invoked: function error ValueError: cannot take this order")
    assert found[at + 1] == "1.020s shop apigateway has no answer to take: the function failed:"
    assert sum("apigateway" in line for line in found) == 1


def test_the_timeline_tells_dry_runs() -> None:
    assert report("timeline", "dry-run").splitlines()[2:] == [
        "",
        "   0.000s  payments  dry run: checked, and nothing runs",
        "   1.000s  payments  dry run: checked, and nothing runs",
        "   1.000s  payments  Invoke refused: ResourceNotFoundException",
        "   2.000s  payments  dry run: checked, and nothing runs",
        "   2.000s  payments  Invoke refused: InvalidRequestContentException",
        "",
        "ok after 2 s: 0 invocations",
    ]


def test_the_page_marks_dry_runs_and_answers_that_nobody_takes() -> None:
    def marks(name: str, kind: str) -> list[tuple[float, str]]:
        sink = MemorySink()
        run(load(find(name)), Options(sinks=[sink]))
        return [(time, look) for _, time, look, of in drawn(*sink.entries).ticks() if of == kind]

    assert marks("dry-run", "invocation_requested") == [(at, "arrival") for at in (0.0, 1.0, 2.0)]
    assert marks("api-gateway", "push_answered") == [(1.02, "wrong")]
    assert marks("api-gateway", "invocation_requested") == []


def test_the_summary_adds_up_what_became_of_the_events() -> None:
    found = " ".join(report("summary", "async-retries").split())
    assert "events queued 2 retried 2 succeeded 1 discarded 1 dead letters 1" in found
    assert "still in the queue" not in found


def test_a_summary_without_events_says_nothing_of_them() -> None:
    assert "\nevents" not in report("summary", "retries")


def test_a_run_that_is_cut_off_says_what_waits() -> None:
    def fails(event: Any, context: Any) -> None:
        raise ValueError("no")

    made = Scenario.of(
        {
            "name": "cut",
            "run_for": "30s",
            "functions": {"f": {"Handler": fails}},
            "timeline": [{"at": "0s", "invoke": "f", "type": "Event", "count": 2}],
        }
    )
    assert "2 events still in the queue" in report("summary", made)


@pytest.mark.parametrize("name", ["async-destinations", "recursion", "async-throttles"])
def test_every_report_reads_what_events_leave_in_a_journal(name: str) -> None:
    for each in registry.names("reports"):
        assert report(each, name)


def test_json_has_the_metrics_under_awss_names() -> None:
    found = json.loads(report("json", "async-zero-concurrency"))
    assert found["functions"]["payments"]["metrics"] == {
        "AsyncEventsReceived": 2,
        "AsyncEventAge": {"max": 0.0, "last": 0.0},
        "AsyncEventsDropped": 1,
        "DeadLetterErrors": 0,
        "DestinationDeliveryFailures": 0,
        "RecursiveInvocationsDropped": 0,
    }
    assert found["events"] == {
        "queued": 2,
        "duplicated": 0,
        "retried": 0,
        "succeeded": 1,
        "discarded": 1,
        "dead_letters": 0,
        "destination_records": 1,
        "dropped": 0,
    }


@pytest.mark.parametrize(
    ("kind", "fields", "missing"),
    [
        ("event_queued", {"function": "f"}, "request_id"),
        ("event_retried", {"function": "f", "request_id": "r", "attempt": 1, "age": 0}, "wait"),
        ("destination_failed", {"config": "OnFailure", "function": "f"}, "request_id"),
        ("destination_failed", {"destination": "d"}, "mapping"),
    ],
)
def test_an_entry_that_lacks_what_reports_need_is_named(
    kind: str, fields: dict[str, Any], missing: str
) -> None:
    entry = Entry(1, 0.0, "2026-01-01T00:00:00.000Z", kind, None, fields)
    with pytest.raises(JournalError, match=f"{kind} needs '{missing}'"):
        registry.load("reports", "json").write(iter([entry]), io.StringIO())
