"""What Lambda and CloudWatch would say of a mapping, entry by entry."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.reports._run import Run
from eventsim.reports._tally import Tally
from tests.test_reports import entry, written

Told = tuple[str, dict[str, Any]]

STREAM = {"mapping": "f.Orders", "source": "orders", "shard": "shardId-000000000000"}
QUEUE = {"mapping": "f.Orders", "source": "orders", "shard": ""}
TO = {"destination": "arn:aws:sqs:us-east-1:123456789012:dlq", "condition": "RecordAgeExceeded"}
ZERO = {
    "PolledEventCount": 0,
    "FilteredOutEventCount": 0,
    "InvokedEventCount": 0,
    "FailedInvokeEventCount": 0,
    "DroppedEventCount": 0,
    "OnFailureDestinationDeliveredEventCount": 0,
    "DeletedEventCount": 0,
    "DestinationDeliveryFailures": 0,
    "IteratorAge": {"max": None, "last": None},
}


def read(records: int, **place: Any) -> Told:
    return "records_read", {**STREAM, "records": records, "polls": 1, **place}


def delivered(records: int, age: float = 1.0) -> Told:
    return "batch_delivered", {**STREAM, "records": records, "age": age}


def failed(records: int, passed: int = 0, invoked: bool = True, error: str | None = None) -> Told:
    told = {"delivered": passed, "invoked": invoked, "error": error}
    return "batch_failed", {**STREAM, "records": records, **told}


def untold(records: int, passed: int = 0) -> Told:
    """An entry that does not say whether the function broke or reported items."""
    return "batch_failed", {**STREAM, "records": records, "delivered": passed, "invoked": True}


def discarded(records: int) -> Told:
    return "batch_discarded", {**STREAM, "batch_size": records}


def kept(records: int) -> Told:
    return "destination_delivered", {**STREAM, **TO, "records": records}


def refused(records: int) -> Told:
    return "destination_failed", {**STREAM, **TO, "records": records, "code": "AccessDenied"}


def changed(state: str) -> Told:
    return "mapping_changed", {"mapping": "f.Orders", "source": "orders", "state": state}


def row(*told: Told) -> dict[str, Any]:
    tally = Tally()
    for kind, fields in told:
        tally.add(kind, fields)
    found: dict[str, Any] = tally.counts()["mappings"]["f.Orders"]
    return found


def ages(largest: float, last: float) -> dict[str, float]:
    return {"max": largest, "last": last}


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        pytest.param([changed("Enabled")], {}, id="nothing happened"),
        pytest.param([read(3), read(4)], {"PolledEventCount": 7}, id="polled"),
        pytest.param(
            [("records_filtered", {**STREAM, "records": 5})],
            {"FilteredOutEventCount": 5},
            id="filtered out",
        ),
        pytest.param(
            [delivered(3, 2.0), delivered(2, 0.25)],
            {"InvokedEventCount": 5, "IteratorAge": ages(2000.0, 250.0)},
            id="delivered",
        ),
        pytest.param(
            [delivered(3, 2.0), delivered(0, 0.0)],
            {"InvokedEventCount": 3, "IteratorAge": ages(2000.0, 2000.0)},
            id="a final invocation without records has no age",
        ),
        pytest.param(
            [failed(3, error="Unhandled"), failed(3, error="Unhandled"), delivered(3)],
            {
                "InvokedEventCount": 9,
                "FailedInvokeEventCount": 6,
                "IteratorAge": ages(1000.0, 1000.0),
            },
            id="invoked again",
        ),
        pytest.param(
            [failed(6, passed=5), delivered(5), failed(1), delivered(1)],
            {
                "InvokedEventCount": 8,
                "FailedInvokeEventCount": 7,
                "IteratorAge": ages(1000.0, 1000.0),
            },
            id="partial response: once in all for what passed",
        ),
        pytest.param(
            [failed(3, invoked=False)], {"FailedInvokeEventCount": 3}, id="throttled or too large"
        ),
        pytest.param([discarded(3)], {"DroppedEventCount": 3}, id="nowhere to send it"),
        pytest.param(
            [discarded(3), kept(3)],
            {"OnFailureDestinationDeliveredEventCount": 3},
            id="delivered to the destination is not dropped",
        ),
        pytest.param(
            [discarded(3), refused(3)],
            {"DroppedEventCount": 3, "DestinationDeliveryFailures": 1},
            id="refused by the destination",
        ),
        pytest.param(
            [discarded(2), kept(2), discarded(4), refused(4), discarded(1)],
            {
                "DroppedEventCount": 5,
                "OnFailureDestinationDeliveredEventCount": 2,
                "DestinationDeliveryFailures": 1,
            },
            id="each batch by itself",
        ),
        pytest.param(
            [discarded(0), kept(0)], {}, id="the final invocation of a window has no records"
        ),
        pytest.param(
            [("records_expired", {**STREAM, "records": 9})], {}, id="retention drops in silence"
        ),
    ],
)
def test_entries_are_counted_as_cloudwatch_counts(told: list[Told], counts: dict[str, Any]) -> None:
    assert row(*told)["metrics"] == {**ZERO, **counts}


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ([], "No records processed"),
        ([delivered(1)], "OK"),
        ([failed(1, error="Unhandled")], "PROBLEM: Function call failed"),
        ([failed(1, error="Unhandled"), discarded(1)], "PROBLEM: Function call failed"),
        ([failed(1, error="Unhandled"), delivered(1)], "OK"),
        ([failed(2)], "OK"),  # the function reported an item, which is an answer
        ([untold(2, passed=1)], "OK"),
        ([untold(2)], "PROBLEM: Function call failed"),
        ([failed(1, invoked=False)], "No records processed"),
        ([delivered(1), discarded(1)], "OK"),
        ([discarded(1)], "No records processed"),  # too old before it was sent
    ],
)
def test_the_last_processing_result_is_that_of_the_last_invocation(
    told: list[Told], result: str
) -> None:
    assert row(changed("Enabled"), *told)["LastProcessingResult"] == result


def test_the_state_is_the_last_one() -> None:
    assert row(changed("Creating"), changed("Enabled"), changed("Disabling"))["State"] == (
        "Disabling"
    )


def test_a_queue_has_no_result_and_no_iterator_and_its_messages_are_deleted() -> None:
    taken = "batch_delivered", {**QUEUE, "records": 3, "age": 1.0}

    found = row(changed("Enabled"), read(4, shard=""), taken)

    assert "LastProcessingResult" not in found
    assert found["metrics"] == {
        **ZERO,
        "PolledEventCount": 4,
        "InvokedEventCount": 3,
        "DeletedEventCount": 3,
    }


def test_mappings_are_counted_apart() -> None:
    other = "batch_discarded", {**STREAM, "mapping": "g.Orders", "batch_size": 1}

    assert row(discarded(3), kept(3), other)["metrics"]["DroppedEventCount"] == 0


def finished(mapping: dict[str, Any]) -> list[Entry]:
    end: dict[str, Any] = {
        "outcome": "ok",
        "seconds": 3.0,
        "counts": {"mappings": {"f.Orders": mapping}},
    }
    return [entry(1, 3.0, "run_finished", **end)]


def test_metrics_are_read_back_as_they_were_counted() -> None:
    queue = row(changed("Enabled"), read(4, shard=""))
    stream = row(changed("Enabled"), delivered(2), discarded(3), refused(3))

    for mapping in (queue, stream):
        assert Run.of(finished(mapping)).counts()["mappings"] == {"f.Orders": mapping}


@pytest.mark.parametrize(
    "metrics",
    [1, {"PolledEventCount": "many"}, {"PolledEventCount": None}, {"IteratorAge": {"max": "old"}}],
)
def test_metrics_that_are_none_are_no_journal_of_ours(metrics: Any) -> None:
    with pytest.raises(JournalError, match="run_finished: 'mappings' of the counts"):
        Run.of(finished({"metrics": metrics})).counts()


SUMMARY = """\
a run without a name

CUT OFF after 0 s simulated

records      put 0   read 9   delivered 0   discarded 7
             7 records of f.Orders not put by this run
invocations  0   errors 0   throttles 0   cold starts 0   retries 0
mapping      f.Orders:   0 records delivered   0 batches formed   7 discarded
             3 told to the on-failure destination   1 document refused
             now Disabled

repeat it with: eventsim run 'a run without a name'
"""
GIVEN_UP = {
    "function": "f",
    "condition": "RetryAttemptsExhausted",
    "approximate_invoke_count": 1,
}
REFUSED: list[Told] = [
    (changed("Disabled")),
    read(9),
    ("batch_discarded", {**discarded(3)[1], **GIVEN_UP}),
    kept(3),
    ("batch_discarded", {**discarded(4)[1], **GIVEN_UP}),
    refused(4),
]


def test_the_summary_tells_what_went_to_the_destination_and_what_it_refused() -> None:
    entries = [entry(n, 0.0, kind, **fields) for n, (kind, fields) in enumerate(REFUSED)]

    assert written("summary", entries) == SUMMARY


def test_the_timeline_tells_documents_where_their_records_were() -> None:
    entries = [entry(n, 0.0, kind, **fields) for n, (kind, fields) in enumerate(REFUSED)]

    lines = [line.strip() for line in written("timeline", entries).splitlines()]
    text = " ".join(lines)

    assert "document about 3 records delivered to dlq" in text
    assert "document about 4 records not taken by dlq: AccessDenied" in text
