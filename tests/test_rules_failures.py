"""Laws of failure: what costs a retry, what ends them, and how long a batch waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eventsim.errors import InvokeError, RequestEntityTooLarge, TooManyRequests
from eventsim.rules.failures import (
    Deliver,
    Discard,
    Expire,
    Retry,
    Send,
    Step,
    next_steps,
    retry_wait,
    steps_before,
)
from eventsim.types import Batch, EventSourceMapping, InvokeResult, Record

OK = InvokeResult(200, b"null")
ERROR = InvokeResult(200, b"{}", function_error="Unhandled")


def mapping(maximum_retry_attempts: int = -1) -> EventSourceMapping:
    return EventSourceMapping("f.E", "s", "arn", "f", maximum_retry_attempts=maximum_retry_attempts)


def batch_of(*arrivals: float, attempt: int = 1, returned: int = 0) -> Batch:
    records = tuple(Record(str(n), "k", b"", at) for n, at in enumerate(arrivals))
    return Batch("shardId-000000000000", records, attempt, returned)


def test_success_is_delivered() -> None:
    batch = batch_of(0.0)

    assert next_steps(batch, OK, mapping()) == [Deliver(batch)]


def test_a_function_error_is_retried_until_the_records_expire_by_default() -> None:
    batch = batch_of(0.0, attempt=7, returned=6)

    assert next_steps(batch, ERROR, mapping()) == [
        Retry(
            replace(batch, attempt=8, returned=7),
            16.0,
            "function error: until the records expire",
        )
    ]


def test_exhausted_retries_discard() -> None:
    poison = batch_of(0.0, attempt=3, returned=2)

    assert next_steps(poison, ERROR, mapping(2)) == [
        Discard(poison, "RetryAttemptsExhausted", "MaximumRetryAttempts 2 used up")
    ]


def test_maximum_retry_attempts_0_sends_a_batch_once() -> None:
    batch = batch_of(0.0)

    assert next_steps(batch, ERROR, mapping(0))[0] == Discard(
        batch, "RetryAttemptsExhausted", "MaximumRetryAttempts 0 used up"
    )


@pytest.mark.parametrize("refused", [TooManyRequests("Rate Exceeded."), InvokeError("gone")])
def test_what_never_reached_the_function_costs_no_retry(refused: InvokeError) -> None:
    batch = batch_of(0.0)

    assert next_steps(batch, refused, mapping(0)) == [
        Retry(
            replace(batch, returned=1),
            0.25,
            f"{refused.code}: not invoked, which costs no retry",
        )
    ]


def test_an_event_over_six_megabytes_costs_a_retry_each_time() -> None:
    batch = batch_of(0.0)
    refused = RequestEntityTooLarge("too large")

    first = next_steps(batch, refused, mapping(1))
    last = next_steps(replace(batch, attempt=2, returned=1), refused, mapping(1))

    assert first == [
        Retry(
            replace(batch, attempt=2, returned=1),
            0.25,
            "RequestEntityTooLargeException: retry 1 of 1",
        )
    ]
    assert last[0] == Discard(
        replace(batch, attempt=2, returned=1),
        "RetryAttemptsExhausted",
        "MaximumRetryAttempts 1 used up",
    )


def test_waits_double_from_a_quarter_second_to_a_minute() -> None:
    assert [retry_wait(n) for n in (1, 2, 3, 8, 9, 10_000)] == [0.25, 0.5, 1.0, 32.0, 60.0, 60.0]


def test_eight_invocations_fit_into_sixty_seconds_as_recorded() -> None:
    waits = [retry_wait(n) for n in range(1, 9)]

    assert sum(waits[:7]) < 60 < sum(waits)


def test_records_past_their_retention_leave_from_the_front() -> None:
    batch = batch_of(10.0, 11.0, 30.0, attempt=4, returned=5)
    because = "retention of 0.0277778 h passed"

    def part(start: int, stop: int) -> Batch:
        return replace(batch, records=batch.records[start:stop])

    expected: dict[float, list[Step]] = {
        109.9: [Send(batch)],
        110.0: [Expire(part(0, 1), because), Send(part(1, 3))],
        115.0: [Expire(part(0, 2), because), Send(part(2, 3))],
        131.0: [Expire(batch, because)],
    }

    assert {now: steps_before(batch, now, 100.0) for now in expected} == expected
