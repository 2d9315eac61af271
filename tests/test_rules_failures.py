"""Laws of failure: what costs a retry, what ends them, and how long a batch waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import InvokeError, RequestEntityTooLarge, TooManyRequests
from eventsim.rules.failures import (
    Bisect,
    Deliver,
    Discard,
    Expire,
    Fail,
    Retry,
    Send,
    Step,
    next_steps,
    retry_wait,
    steps_before,
)
from eventsim.types import Batch, EventSourceMapping, InvokeResult, Record, TumblingWindow

OK = InvokeResult(200, b"null")
ERROR = InvokeResult(200, b"{}", function_error="Unhandled")
SHARD = "shardId-000000000000"
DAY = 86_400.0
WINDOW = TumblingWindow(0.0, 30.0)


def mapping(maximum_retry_attempts: int = -1, **settings: Any) -> EventSourceMapping:
    return EventSourceMapping(
        "f.E", "s", "arn", "f", maximum_retry_attempts=maximum_retry_attempts, **settings
    )


def reporting(maximum_retry_attempts: int = -1, **settings: Any) -> EventSourceMapping:
    types = ("ReportBatchItemFailures",)
    return mapping(maximum_retry_attempts, function_response_types=types, **settings)


def batch_of(*arrivals: float, attempt: int = 1, returned: int = 0) -> Batch:
    records = tuple(Record(str(n), "k", b"", at) for n, at in enumerate(arrivals))
    return Batch(SHARD, records, attempt, returned)


def numbered(*numbers: int, attempt: int = 1, returned: int = 0) -> Batch:
    return Batch(SHARD, tuple(Record(str(n), "k", b"", 0.0) for n in numbers), attempt, returned)


def answer(value: Any) -> InvokeResult:
    return InvokeResult(200, orjson.dumps(value))


def failures(*identifiers: Any) -> InvokeResult:
    return answer({"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]})


def test_success_is_delivered() -> None:
    batch = batch_of(0.0)

    assert next_steps(batch, OK, mapping()) == [Deliver(batch)]


def test_a_function_error_is_retried_until_the_records_expire_by_default() -> None:
    batch = batch_of(0.0, attempt=7, returned=6)

    assert next_steps(batch, ERROR, mapping()) == [
        Fail(batch, 0, invoked=True, because="function error"),
        Retry(
            batch._replace(attempt=8, returned=7),
            16.0,
            "function error: until the records expire",
        ),
    ]


def test_exhausted_retries_discard() -> None:
    poison = batch_of(0.0, attempt=3, returned=2)

    assert next_steps(poison, ERROR, mapping(2)) == [
        Fail(poison, 0, invoked=True, because="function error"),
        Discard(poison, "RetryAttemptsExhausted", 3, "MaximumRetryAttempts 2 used up"),
    ]


@pytest.mark.parametrize(("limit", "invocations"), [(0, 1), (1, 2), (2, 3), (5, 6)])
def test_maximum_retry_attempts_allows_that_many_retries(limit: int, invocations: int) -> None:
    assert invocations_until_discarded(ERROR, mapping(limit)) == invocations


@pytest.mark.parametrize(("limit", "count"), [(0, 1), (2, 3)])
def test_an_event_over_the_limit_counts_as_failed_attempts(limit: int, count: int) -> None:
    refused = RequestEntityTooLarge("too large")

    assert invocations_until_discarded(refused, mapping(limit)) == count
    assert next_steps(batch_of(0.0), refused, mapping(limit))[0] == Fail(
        batch_of(0.0), 0, invoked=False, because="RequestEntityTooLargeException"
    )


@pytest.mark.parametrize("refused", [TooManyRequests("Rate Exceeded."), InvokeError("broken")])
def test_a_refusal_before_the_invocation_costs_no_retry(refused: InvokeError) -> None:
    batch = batch_of(0.0)

    assert next_steps(batch, refused, mapping(0)) == [
        Fail(batch, 0, invoked=False, because=refused.code),
        Retry(
            batch._replace(returned=1), 0.25, f"{refused.code}: not invoked, which costs no retry"
        ),
    ]


def test_waits_double_from_a_quarter_second_to_a_minute() -> None:
    assert [retry_wait(returned) for returned in range(1, 12)] == [
        0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0,
    ]  # fmt: skip
    assert retry_wait(10**6) == 60.0


def test_eight_invocations_fit_into_a_record_age_of_sixty_seconds() -> None:
    """As recorded on AWS: MaximumRecordAgeInSeconds 60, a function that always fails."""
    sent, now = 0, 0.0
    while now < 60.0:
        sent += 1
        now += retry_wait(sent)

    assert sent == 8


def test_bisect_sends_two_halves_with_a_budget_each() -> None:
    batch = numbered(1, 2, 3, 4, 5, attempt=2, returned=1)

    assert next_steps(batch, ERROR, mapping(1, bisect_batch_on_function_error=True)) == [
        Fail(batch, 0, invoked=True, because="function error"),
        Bisect(
            batch,
            (numbered(1, 2, 3), numbered(4, 5)),
            "function error: BisectBatchOnFunctionError",
        ),
    ]


def test_a_batch_of_one_is_not_bisected_but_retried() -> None:
    poison = numbered(3)

    assert next_steps(poison, ERROR, mapping(0, bisect_batch_on_function_error=True)) == [
        Fail(poison, 0, invoked=True, because="function error"),
        Discard(poison, "RetryAttemptsExhausted", 1, "MaximumRetryAttempts 0 used up"),
    ]


def test_a_throttle_does_not_bisect() -> None:
    steps = next_steps(
        numbered(1, 2), TooManyRequests("no"), mapping(bisect_batch_on_function_error=True)
    )

    assert [type(step) for step in steps] == [Fail, Retry]


@pytest.mark.parametrize("named", [("3", "2"), ("2", "3"), ("4", "2", "3"), ("2", "2")])
def test_the_lowest_reported_number_is_where_the_next_invocation_begins(
    named: tuple[str, ...],
) -> None:
    batch = numbered(1, 2, 3, 4, attempt=3, returned=2)
    because = "batchItemFailures from 2 on"

    assert next_steps(batch, failures(*named), reporting(5)) == [
        Fail(batch, 1, invoked=True, because=because),
        Deliver(numbered(1, attempt=3, returned=2)),
        Retry(numbered(2, 3, 4, returned=1), 0.25, f"{because}: the rest has all its retries"),
    ]


@pytest.mark.parametrize("named", [("10", "9"), ("9", "10")])
def test_numbers_are_compared_as_numbers(named: tuple[str, ...]) -> None:
    batch = numbered(9, 10, 11)

    steps = next_steps(batch, failures(*named), reporting(0))

    assert steps[-1] == Discard(
        batch, "RetryAttemptsExhausted", 1, "MaximumRetryAttempts 0 used up"
    )


def test_a_partial_response_with_bisect_splits_at_the_number_and_halves_nothing() -> None:
    mapped = reporting(1, bisect_batch_on_function_error=True)

    assert next_steps(numbered(1, 2, 3, 4), failures("3"), mapped)[1:] == [
        Deliver(numbered(1, 2)),
        Retry(
            numbered(3, 4, returned=1),
            0.25,
            "batchItemFailures from 3 on: the rest has all its retries",
        ),
    ]
    first = next_steps(numbered(1, 2), failures("1"), mapped)
    assert first[1:] == [
        Retry(
            numbered(1, 2, attempt=2, returned=1), 0.25, "batchItemFailures from 1 on: retry 1 of 1"
        )
    ]


def test_an_outright_failure_bisects_whatever_is_reported() -> None:
    mapped = reporting(1, bisect_batch_on_function_error=True)

    for outright in (ERROR, failures("nobody")):
        steps = next_steps(numbered(1, 2), outright, mapped)
        assert [type(step) for step in steps] == [Fail, Bisect]


def test_a_report_is_ignored_when_nobody_asked_for_it() -> None:
    batch = numbered(1, 2)

    assert next_steps(batch, failures("1"), mapping()) == [Deliver(batch)]


@pytest.mark.parametrize(
    "value", ["", [], None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_what_reports_no_failure_is_success(value: Any) -> None:
    assert next_steps(numbered(1, 2), answer(value), reporting()) == [Deliver(numbered(1, 2))]


NO_RECORDS: list[Any] = ["", None, 123, "4", "x", " 1", "²", True, [], {}, "9" * 5_000]


@pytest.mark.parametrize(
    "value",
    [
        *({"batchItemFailures": [{"itemIdentifier": each}]} for each in NO_RECORDS),
        {"batchItemFailures": [{"foo": 123}]},
        {"batchItemFailures": [{"foo": None}]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": ["1"]},
        {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]},
        {"batchItemFailures": {"itemIdentifier": "1"}},
        {"batchItemFailures": "1"},
        "done",
        7,
        [1],
        True,
    ],
)
def test_a_report_that_names_no_record_fails_the_whole_batch(value: Any) -> None:
    steps = next_steps(numbered(1, 2, 3), answer(value), reporting(2))

    assert [type(step) for step in steps] == [Fail, Retry]
    assert isinstance(steps[1], Retry)
    assert steps[1].batch == numbered(1, 2, 3, attempt=2, returned=1)


def test_an_answer_that_is_no_json_fails_the_whole_batch() -> None:
    steps = next_steps(numbered(1), InvokeResult(200, b"{rubbish"), reporting(2))

    assert steps[0] == Fail(numbered(1), 0, invoked=True, because="the answer is not JSON")


@given(
    count=st.integers(1, 20),
    named=st.lists(st.integers(0, 25), max_size=5),
    bisects=st.booleans(),
    limit=st.integers(-1, 2),
    attempt=st.integers(1, 3),
)
def test_no_step_loses_repeats_or_reorders_a_record(
    count: int, named: list[int], bisects: bool, limit: int, attempt: int
) -> None:
    batch = numbered(*range(count), attempt=attempt)
    mapped = reporting(limit, bisect_batch_on_function_error=bisects)

    steps = next_steps(batch, failures(*map(str, named)), mapped)

    assert [record for step in steps for record in records_of(step)] == list(batch.records)


def records_of(step: Step) -> list[Record]:
    if isinstance(step, Fail):
        return []
    if isinstance(step, Bisect):
        return [record for half in step.halves for record in half.records]
    return list(step.batch.records)


def test_in_a_window_an_answer_without_state_is_a_failure() -> None:
    batch = numbered(1, 2)._replace(window=WINDOW)

    without: list[Any] = [None, {}, [], "state", {"State": {}}]
    for value in without:
        assert next_steps(batch, answer(value), mapping())[0] == Fail(
            batch, 0, invoked=True, because="the answer has no state, which a tumbling window needs"
        )
    assert next_steps(batch, answer({"state": {"n": 2}}), mapping()) == [Deliver(batch, {"n": 2})]


def test_in_a_window_a_partial_response_keeps_the_state_it_came_with() -> None:
    batch = numbered(1, 2)._replace(window=WINDOW)
    partial = answer({"state": {"n": 1}, "batchItemFailures": [{"itemIdentifier": "2"}]})

    steps = next_steps(batch, partial, reporting())

    assert steps[1] == Deliver(numbered(1)._replace(window=WINDOW), {"n": 1})


def test_state_over_a_megabyte_ends_its_window_early() -> None:
    batch = numbered(1)._replace(window=WINDOW)
    state = {"text": "x" * 1024 * 1024}

    assert next_steps(batch, answer({"state": state}), mapping()) == [
        Deliver(batch, state),
        Send(
            Batch(
                SHARD,
                (),
                window=replace(WINDOW, final=True, terminated_early=True, state=state),
            )
        ),
    ]
    fits = {"text": "x" * (1024 * 1024 - len('{"text":""}'))}
    assert next_steps(batch, answer({"state": fits}), mapping()) == [Deliver(batch, fits)]


def before(batch: Batch, now: float, age: int = -1, retention: float = DAY) -> list[Step]:
    return steps_before(batch, now, mapping(maximum_record_age_in_seconds=age), retention)


def test_fresh_records_are_sent() -> None:
    batch = batch_of(10.0, 20.0)

    assert before(batch, now=DAY + 9.999) == [Send(batch)]


def test_what_the_stream_no_longer_keeps_leaves_from_the_front() -> None:
    batch = batch_of(10.0, 20.0, 30.0)
    because = "retention of 24 h passed"

    assert before(batch, now=DAY + 20.0) == [
        Expire(batch._replace(records=batch.records[:2]), because),
        Send(batch._replace(records=batch.records[2:])),
    ]
    assert before(batch, now=DAY + 30.0) == [Expire(batch, because)]


def test_records_past_their_age_leave_from_the_front_and_the_fresh_ones_are_sent() -> None:
    """Recorded on AWS: one expired and five fresh records; a document for the one alone."""
    batch = batch_of(0.0, 30.0, 30.0, 30.0, 30.0, 30.0)

    assert before(batch, now=61.0, age=60) == [
        Discard(
            batch._replace(records=batch.records[:1]),
            "RecordAgeExceeded",
            1,
            "MaximumRecordAgeInSeconds 60 reached",
        ),
        Send(batch._replace(records=batch.records[1:])),
    ]


def test_a_batch_discarded_for_its_age_tells_how_often_it_was_sent() -> None:
    batch = batch_of(0.0, attempt=9, returned=8)

    assert before(batch, now=60.0, age=60) == [
        Discard(batch, "RecordAgeExceeded", 8, "MaximumRecordAgeInSeconds 60 reached")
    ]


def test_retention_comes_before_age() -> None:
    batch = batch_of(0.0, 50.0, 150.0)

    assert before(batch, now=160.0, age=100, retention=120.0) == [
        Expire(batch_of(0.0), "retention of 0.0333333 h passed"),
        Discard(
            batch._replace(records=batch.records[1:2]),
            "RecordAgeExceeded",
            1,
            "MaximumRecordAgeInSeconds 100 reached",
        ),
        Send(batch._replace(records=batch.records[2:])),
    ]


def test_a_final_invocation_is_as_old_as_the_end_of_its_window() -> None:
    final = Batch(SHARD, (), attempt=2, returned=1, window=replace(WINDOW, final=True))

    assert before(final, now=89.0, age=60) == [Send(final)]
    assert before(final, now=90.0, age=60) == [
        Discard(final, "RecordAgeExceeded", 1, "MaximumRecordAgeInSeconds 60 reached")
    ]


def test_a_final_invocation_is_made_once_however_old_its_window_is() -> None:
    final = Batch(SHARD, (), window=replace(WINDOW, final=True))

    assert before(final, now=30.0 + 3 * DAY, age=60) == [Send(final)]


def invocations_until_discarded(
    reply: InvokeResult | InvokeError, mapped: EventSourceMapping
) -> int:
    batch, sent = batch_of(0.0), 0
    while True:
        sent += 1
        last = next_steps(batch, reply, mapped)[-1]
        if isinstance(last, Discard):
            assert last.invoke_count == sent
            return sent
        assert isinstance(last, Retry)
        batch = last.batch
