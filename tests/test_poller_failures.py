"""Laws of failure at the poller: how often, when and with what the function is invoked again.

The cases are those of the acceptance list for event source mappings; what each of them asks of a
rule alone is in test_rules_failures.py and test_rules_answers.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import TooManyRequests, Unreachable
from eventsim.types import Checkpoint, Document, InvokeResult
from tests.benches import (
    ERROR,
    OK,
    REPORTS,
    Arrival,
    Bench,
    Event,
    SlowDestination,
    answers,
    arrivals,
    failing_on,
    item_failures,
    returning,
)


def discarded(bench: Bench) -> list[tuple[float, str, str, int, str, int]]:
    """When, which records, how many, why, after how many invocations."""
    found = []
    for entry in bench.told("batch_discarded"):
        told = entry.fields
        count = told["approximate_invoke_count"]
        span = (told["first"], told["last"], told["batch_size"])
        found.append((entry.time, *span, told["condition"], count))
    return found


async def test_one_retry_is_two_invocations_and_then_a_discard(clock: Clock) -> None:
    """Case 8."""
    bench = Bench(clock, answer=failing_on(1))

    await bench.poll({"s": arrivals(0.0)}, maximum_retry_attempts=1)

    assert bench.numbers == [[1], [1]]
    assert discarded(bench) == [(0.25, "1", "1", 1, "RetryAttemptsExhausted", 2)]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("1")


async def test_no_retry_is_one_invocation(clock: Clock) -> None:
    """Case 9."""
    bench = Bench(clock, answer=failing_on(1))

    await bench.poll({"s": arrivals(0.0)}, maximum_retry_attempts=0)

    assert bench.numbers == [[1]]
    assert discarded(bench) == [(0.0, "1", "1", 1, "RetryAttemptsExhausted", 1)]


async def test_a_throttle_discards_nothing_and_is_delivered_when_it_lifts(clock: Clock) -> None:
    """Case 10."""

    def answer(_: Event) -> InvokeResult:
        if clock.time() < 100.0:
            raise TooManyRequests("Rate Exceeded.")
        return OK

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(0.0)}, maximum_retry_attempts=0)

    assert [call.time for call in bench.calls] == [
        0.0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 63.75, 123.75,
    ]  # fmt: skip
    assert discarded(bench) == []
    (delivered,) = bench.told("batch_delivered")
    assert (delivered.time, delivered.fields["attempt"]) == (123.75, 1)


async def test_a_record_of_60_seconds_is_discarded_then_after_8_invocations(clock: Clock) -> None:
    """Case 11."""
    bench = Bench(clock, answer=failing_on(1))

    await bench.poll({"s": arrivals(0.0, 59.0)}, maximum_record_age_in_seconds=60, batch_size=1)

    assert [call.time for call in bench.calls if call.numbers == [1]] == [
        0.0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75,
    ]  # fmt: skip
    assert discarded(bench) == [(60.0, "1", "1", 1, "RecordAgeExceeded", 8)]
    assert bench.calls[-1] == (60.0, "s", [2])


async def test_what_is_too_old_leaves_from_the_front_and_the_rest_is_sent(clock: Clock) -> None:
    """Case 12."""
    bench = Bench(clock, slow={1: 100.0})
    late = [Arrival(0.0, 1), Arrival(1.0, 2), *(Arrival(90.0, n) for n in range(3, 8))]

    await bench.poll({"s": late}, maximum_record_age_in_seconds=60, batch_size=10)

    assert bench.calls == [(0.0, "s", [1]), (100.0, "s", [3, 4, 5, 6, 7])]
    assert discarded(bench) == [(100.0, "2", "2", 1, "RecordAgeExceeded", 1)]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("7")


async def test_records_that_age_during_retries_leave_one_by_one(clock: Clock) -> None:
    bench = Bench(clock, answer=failing_on(1, 2))

    await bench.poll(
        {"s": arrivals(0.0, 0.2, 30.0)},
        maximum_record_age_in_seconds=60,
        maximum_batching_window_in_seconds=31,
    )

    assert bench.calls[0] == (31.0, "s", [1, 2, 3])
    assert [(when, first, last) for when, first, last, *_ in discarded(bench)] == [
        (60.0, "1", "1"),
        (60.2, "2", "2"),
    ]
    assert bench.calls[-1].numbers == [3]


async def test_bisect_finds_the_poison_and_costs_no_retry(clock: Clock) -> None:
    """Case 13."""
    bench = Bench(clock, answer=failing_on(3))

    await bench.poll(
        {"s": arrivals(0.0, 0.0, 0.0, 0.0)},
        batch_size=4,
        maximum_retry_attempts=0,
        bisect_batch_on_function_error=True,
    )

    assert bench.numbers == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]
    assert discarded(bench) == [(0.0, "3", "3", 1, "RetryAttemptsExhausted", 1)]
    assert [number for _, number in bench.checkpoints_told()] == ["2", "3", "4"]


async def test_each_half_has_all_its_retries(clock: Clock) -> None:
    bench = Bench(clock, answer=failing_on(1, 2))

    await bench.poll(
        {"s": arrivals(0.0, 0.0)},
        batch_size=2,
        maximum_retry_attempts=2,
        bisect_batch_on_function_error=True,
    )

    assert bench.numbers == [[1, 2], [1], [1], [1], [2], [2], [2]]
    assert [(first, count) for _, first, _, _, _, count in discarded(bench)] == [("1", 3), ("2", 3)]


@pytest.mark.parametrize("named", [("3", "2"), ("2", "3")])
async def test_the_lowest_number_named_is_the_checkpoint(
    clock: Clock, named: tuple[str, ...]
) -> None:
    """Case 14."""
    bench = Bench(clock, answer=answers(item_failures(*named), OK))

    await bench.poll(
        {"s": arrivals(0.0, 0.0, 0.0, 0.0)}, batch_size=4, function_response_types=REPORTS
    )

    assert bench.numbers == [[1, 2, 3, 4], [2, 3, 4]]
    assert bench.checkpoints_told() == [(0.0, "1"), (0.25, "4")]


async def test_progress_renews_the_budget(clock: Clock) -> None:
    """Case 15."""

    def answer(event: Event) -> InvokeResult:
        return item_failures("6") if 6 in event["numbers"] else OK

    bench = Bench(clock, answer=answer)

    await bench.poll(
        {"s": arrivals(*[0.0] * 6)},
        batch_size=3,
        maximum_retry_attempts=3,
        function_response_types=REPORTS,
    )

    assert bench.numbers == [[1, 2, 3], [4, 5, 6], [6], [6], [6], [6]]
    assert discarded(bench) == [(3.75, "6", "6", 1, "RetryAttemptsExhausted", 4)]
    assert bench.told("batch_discarded")[0].because == "MaximumRetryAttempts 3 used up"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'""',
        b"[]",
        b"null",
        b"{}",
        b'{"batchItemFailures":[]}',
        b'{"batchItemFailures":null}',
    ],
)
async def test_these_answers_are_success(clock: Clock, payload: bytes) -> None:
    """Case 16."""
    bench = Bench(clock, answer=answers(InvokeResult(200, payload)))

    await bench.poll({"s": arrivals(0.0, 0.0)}, function_response_types=REPORTS)

    assert bench.numbers == [[1, 2]]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")


@pytest.mark.parametrize(
    "failure",
    [
        {"itemIdentifier": ""},
        {"itemIdentifier": None},
        {"itemIdentifier": 123},
        {"itemIdentifier": "7"},
        {"foo": 123},
        {"foo": None},
    ],
)
async def test_these_answers_fail_the_whole_batch(clock: Clock, failure: dict[str, Any]) -> None:
    """Case 17."""
    bench = Bench(clock, answer=lambda _: returning({"batchItemFailures": [failure]}))

    await bench.poll(
        {"s": arrivals(0.0, 0.0)}, maximum_retry_attempts=2, function_response_types=REPORTS
    )

    assert bench.numbers == [[1, 2]] * 3
    assert discarded(bench) == [(0.75, "1", "2", 2, "RetryAttemptsExhausted", 3)]


@pytest.mark.parametrize("answer", [b'{"batchItemFailures":[{"itemIdentifier":"1"}]}', b"rubb"])
async def test_an_answer_that_nobody_asked_for_is_success(clock: Clock, answer: bytes) -> None:
    """Case 18."""
    bench = Bench(clock, answer=answers(InvokeResult(200, answer)))

    await bench.poll({"s": arrivals(0.0, 0.0)})

    assert bench.numbers == [[1, 2]]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")


async def test_a_partial_answer_is_no_reason_to_bisect(clock: Clock) -> None:
    """Case 19."""
    bench = Bench(clock, answer=answers(item_failures("3"), item_failures("3"), OK))

    await bench.poll(
        {"s": arrivals(0.0, 0.0, 0.0, 0.0)},
        batch_size=4,
        function_response_types=REPORTS,
        bisect_batch_on_function_error=True,
    )

    assert bench.numbers == [[1, 2, 3, 4], [3, 4], [3, 4]]
    assert bench.told("batch_bisected") == []


async def test_an_outright_failure_bisects_whatever_is_reported(clock: Clock) -> None:
    """Case 19, the other half."""
    bench = Bench(clock, answer=answers(ERROR, OK, OK))

    await bench.poll(
        {"s": arrivals(0.0, 0.0, 0.0, 0.0)},
        batch_size=4,
        function_response_types=REPORTS,
        bisect_batch_on_function_error=True,
    )

    assert bench.numbers == [[1, 2, 3, 4], [1, 2], [3, 4]]


async def test_a_disabled_mapping_resumes_at_its_checkpoint(clock: Clock) -> None:
    """Case 22."""
    bench = Bench(clock, duration=1.0)
    shard = {"s": arrivals(0.0, 0.0, 5.0, 5.0)}

    await bench.poll_until(0.5, shard, batch_size=1)
    await clock.sleep_until(30.0)
    await bench.poll(shard, batch_size=2)

    assert bench.calls == [(0.0, "s", [1]), (30.0, "s", [2, 3]), (31.0, "s", [4])]


class Away:
    """A destination that gives no answer."""

    arn = "arn:aws:sqs:eu-west-1:123456789012:failures"

    async def send(self, document: Document) -> None:
        raise Unreachable("connection refused")


async def test_a_destination_that_gives_no_answer_is_told_of_and_the_shard_goes_on(
    clock: Clock,
) -> None:
    bench = Bench(clock, answer=failing_on(1), destination=Away())

    await bench.poll({"s": arrivals(0.0, 1.0)}, maximum_retry_attempts=0)

    assert bench.numbers == [[1], [2]]
    (failed,) = bench.told("destination_failed")
    assert (failed.fields["code"], failed.because) == ("Unreachable", "no answer: Unreachable")
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")


async def test_a_mapping_that_is_disabled_during_a_discard_does_not_send_the_rest(
    clock: Clock,
) -> None:
    bench = Bench(clock, slow={1: 100.0}, destination=SlowDestination(clock, 5.0))
    shard = {"s": [Arrival(0.0, 1), Arrival(1.0, 2), Arrival(90.0, 3)]}

    await bench.poll_until(102.0, shard, maximum_record_age_in_seconds=60)

    assert bench.numbers == [[1]]
    assert bench.checkpoints.get("f.E", "s") == Checkpoint("2")
    await bench.poll(shard, maximum_record_age_in_seconds=60)
    assert bench.calls[1:] == [(105.0, "s", [3])]
