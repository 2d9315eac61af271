"""Laws of tumbling windows at the poller: what a function is told, and when a window is closed.

The cases are those of the acceptance list for event source mappings. The clock starts on a whole
minute, so windows of 30 s end at 30, 60, 90 … seconds of the run.
"""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.types import InvokeResult
from tests.benches import ERROR, REPORTS, Arrival, Bench, Event, arrivals, returning

WINDOWED: dict[str, Any] = {"tumbling_window_in_seconds": 30}
MINUTE_0, HALF_PAST, MINUTE_1 = (f"2026-01-01T00:{time}Z" for time in ("00:00", "00:30", "01:00"))
LATER = 600.0  # a record that closes whatever window there was


def summing(event: Event) -> InvokeResult:
    """A function that keeps the sum of the numbers it got in its window's state."""
    before = 0 if event["isWindowTerminatedEarly"] else event["state"].get("sum", 0)
    return returning({"state": {"sum": before + sum(event["numbers"])}})


def seen(event: Event) -> tuple[list[int], dict[str, Any], bool]:
    """What differs from one event of a window to the next."""
    return event["numbers"], event["state"], event["isFinalInvokeForWindow"]


async def test_a_window_adds_up_and_ends_with_an_invocation_of_its_own(clock: Clock) -> None:
    """Case 35."""
    bench = Bench(clock, answer=summing)

    await bench.poll({"s": arrivals(1.0, 2.0, 29.999, 30.0)}, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([3], {"sum": 3}, False),
        ([], {"sum": 6}, True),
        ([4], {}, False),
        ([], {"sum": 4}, True),
    ]
    assert bench.events[3] == {
        "shard": "s",
        "numbers": [],
        "window": {"start": MINUTE_0, "end": HALF_PAST},
        "state": {"sum": 6},
        "shardId": "s",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
        "isFinalInvokeForWindow": True,
        "isWindowTerminatedEarly": False,
    }
    assert bench.events[4]["window"] == {"start": HALF_PAST, "end": MINUTE_1}


async def test_a_batch_ends_where_its_window_does(clock: Clock) -> None:
    bench = Bench(clock, answer=summing)

    await bench.poll(
        {"s": arrivals(28.0, 29.0, 31.0, 32.0)}, maximum_batching_window_in_seconds=10, **WINDOWED
    )

    assert [seen(event) for event in bench.events] == [
        ([1, 2], {}, False),
        ([], {"sum": 3}, True),
        ([3, 4], {}, False),
        ([], {"sum": 7}, True),
    ]


async def test_an_answer_without_state_is_a_failure(clock: Clock) -> None:
    """Case 36."""
    bench = Bench(clock, answer=lambda _: returning({"batchItemFailures": []}))

    await bench.poll({"s": arrivals(0.0)}, maximum_retry_attempts=2, **WINDOWED)

    assert [call.time for call in bench.calls if call.numbers] == [0.0, 0.25, 0.75]
    assert bench.told("batch_failed")[0].because == (
        "the answer has no state, which a tumbling window needs"
    )


async def test_state_over_one_megabyte_ends_the_window_early_and_is_shown_to_it(
    clock: Clock,
) -> None:
    """Case 37."""
    big = "x" * 1_048_640

    def answer(event: Event) -> InvokeResult:
        return returning({"state": big}) if event["numbers"] == [1] else summing(event)

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(0.0, 5.0, 6.0)}, **WINDOWED)

    assert [(*seen(e), e["isWindowTerminatedEarly"]) for e in bench.events] == [
        ([1], {}, False, False),
        ([], big, True, True),
        ([2], {}, False, False),
        ([3], {"sum": 2}, False, False),
        ([], {"sum": 5}, True, False),
    ]


async def test_an_idle_window_is_closed_two_minutes_after_its_end(clock: Clock) -> None:
    """Case 38."""
    bench = Bench(clock, answer=summing)

    await bench.poll({"s": arrivals(10.0, LATER)}, **WINDOWED)

    assert bench.calls[:2] == [(10.0, "s", [1]), (150.0, "s", [])]
    assert bench.told("batch_formed")[1].because == (
        "final invocation of its window: nothing came for two minutes after its end"
    )


async def test_a_failed_batch_is_sent_again_with_the_state_before_it(clock: Clock) -> None:
    failing = iter([False, True, True])
    bench = Bench(clock, answer=lambda e: ERROR if next(failing, False) else summing(e))

    await bench.poll({"s": arrivals(1.0, 2.0)}, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([2], {"sum": 1}, False),
        ([2], {"sum": 1}, False),
        ([], {"sum": 3}, True),
    ]


async def test_what_was_taken_of_a_batch_is_in_the_state_that_the_rest_gets(clock: Clock) -> None:
    def answer(event: Event) -> InvokeResult:
        if event["numbers"] == [1, 2, 3]:
            return returning({"state": {"sum": 1}, "batchItemFailures": [{"itemIdentifier": "2"}]})
        return summing(event)

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(1.0, 1.0, 1.0)}, function_response_types=REPORTS, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1, 2, 3], {}, False),
        ([2, 3], {"sum": 1}, False),
        ([], {"sum": 6}, True),
    ]


async def test_both_halves_of_a_batch_are_of_its_window(clock: Clock) -> None:
    bench = Bench(clock, answer=lambda e: ERROR if len(e["numbers"]) > 1 else summing(e))

    await bench.poll({"s": arrivals(1.0, 1.0)}, bisect_batch_on_function_error=True, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1, 2], {}, False),
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([], {"sum": 3}, True),
    ]


async def test_a_final_invocation_that_fails_is_retried_and_holds_the_shard(clock: Clock) -> None:
    failing = iter([True, True])

    def answer(event: Event) -> InvokeResult:
        final = event["isFinalInvokeForWindow"]
        return ERROR if final and next(failing, False) else summing(event)

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(1.0, 31.0)}, **WINDOWED)

    assert [(call.time, *seen(e)) for call, e in zip(bench.calls, bench.events, strict=True)] == [
        (1.0, [1], {}, False),
        (31.0, [], {"sum": 1}, True),
        (31.25, [], {"sum": 1}, True),
        (31.75, [], {"sum": 1}, True),
        (31.75, [2], {}, False),
        (180.0, [], {"sum": 2}, True),
    ]


async def test_a_final_invocation_is_discarded_when_its_retries_are_used_up(clock: Clock) -> None:
    def answer(event: Event) -> InvokeResult:
        return ERROR if event["isFinalInvokeForWindow"] else summing(event)

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(1.0, 31.0)}, maximum_retry_attempts=1, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1], {}, False),
        ([], {"sum": 1}, True),
        ([], {"sum": 1}, True),
        ([2], {}, False),
        ([], {"sum": 2}, True),
        ([], {"sum": 2}, True),
    ]
    (first, _) = bench.told("batch_discarded")
    told = first.fields
    assert (told["first"], told["last"], told["batch_size"]) == (None, None, 0)
    assert (told["condition"], told["approximate_invoke_count"]) == ("RetryAttemptsExhausted", 2)


async def test_a_window_goes_on_where_the_last_poller_left_it(clock: Clock) -> None:
    bench = Bench(clock, answer=summing)
    shard = {"s": arrivals(1.0, 2.0, 20.0, 21.0, LATER)}

    await bench.poll_until(10.0, shard, **WINDOWED)
    await clock.sleep_until(15.0)
    await bench.poll(shard, **WINDOWED)

    assert [seen(event) for event in bench.events[:5]] == [
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([3], {"sum": 3}, False),
        ([4], {"sum": 6}, False),
        ([], {"sum": 10}, True),
    ]


async def test_a_crash_does_not_count_a_record_twice(clock: Clock) -> None:
    bench = Bench(clock, answer=summing, slow={2: 5.0})
    shard = {"s": arrivals(1.0, 2.0, LATER)}

    with clock.move_on_at(4.0):
        await bench.poll(shard, **WINDOWED)
    await bench.poll(shard, **WINDOWED)

    assert [seen(event) for event in bench.events[:4]] == [
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([2], {"sum": 1}, False),
        ([], {"sum": 3}, True),
    ]


async def test_the_end_of_a_shard_closes_its_window_and_its_children_start_anew(
    clock: Clock,
) -> None:
    bench = Bench(clock, answer=summing)
    shards = {"s": arrivals(1.0), "t": [Arrival(2.0, 2)]}

    await bench.poll(shards, {"t": ("s",)}, **WINDOWED)

    assert [(call.time, call.shard) for call in bench.calls] == [
        (1.0, "s"),
        (1.0, "s"),
        (2.0, "t"),
        (150.0, "t"),
    ]
    assert [seen(event) for event in bench.events] == [
        ([1], {}, False),
        ([], {"sum": 1}, True),
        ([2], {}, False),
        ([], {"sum": 2}, True),
    ]
    assert bench.told("batch_formed")[1].because == (
        "final invocation of its window: the shard was closed"
    )


async def test_each_shard_has_a_window_of_its_own(clock: Clock) -> None:
    bench = Bench(clock, answer=summing)

    await bench.poll({"s": arrivals(1.0), "t": [Arrival(2.0, 7)]}, **WINDOWED)

    finals = [(e["shard"], e["state"]) for e in bench.events if e["isFinalInvokeForWindow"]]
    assert finals == [("s", {"sum": 1}), ("t", {"sum": 7})]


async def test_what_is_left_of_a_batch_whose_window_ended_early_starts_from_nothing(
    clock: Clock,
) -> None:
    def answer(event: Event) -> InvokeResult:
        if event["numbers"] == [2, 3]:
            failed = [{"itemIdentifier": "3"}]
            return returning({"state": "x" * 1_048_640, "batchItemFailures": failed})
        return summing(event)

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(0.0, 5.0, 5.0)}, function_response_types=REPORTS, **WINDOWED)

    assert [(numbers, final) for numbers, _, final in map(seen, bench.events)] == [
        ([1], False),
        ([2, 3], False),
        ([], True),
        ([3], False),
        ([], True),
    ]
    assert [bench.events[n]["state"] for n in (0, 1, 3, 4)] == [{}, {"sum": 1}, {}, {"sum": 3}]


@pytest.mark.parametrize("failing", [False, True])
async def test_a_final_invocation_is_made_however_old_its_window_is(
    clock: Clock, failing: bool
) -> None:
    """An idle window is two minutes old when it is closed: no reason to give it up unseen."""

    def answer(event: Event) -> InvokeResult:
        return ERROR if failing and event["isFinalInvokeForWindow"] else summing(event)

    bench = Bench(clock, answer=answer)

    await bench.poll({"s": arrivals(1.0, LATER)}, maximum_record_age_in_seconds=60, **WINDOWED)

    assert (bench.calls[1].time, *seen(bench.events[1])) == (150.0, [], {"sum": 1}, True)
    discarded = [entry.fields["condition"] for entry in bench.told("batch_discarded")]
    assert discarded == (["RecordAgeExceeded"] * 2 if failing else [])


async def test_a_window_that_was_open_for_longer_than_the_retention_is_closed(clock: Clock) -> None:
    bench = Bench(clock, answer=summing)
    shard = {"s": arrivals(1.0, 200_000.0)}

    await bench.poll_until(10.0, shard, **WINDOWED)
    await clock.sleep_until(100_000.0)
    with clock.move_on_at(250_000.0):
        await bench.poll(shard, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1], {}, False),
        ([], {"sum": 1}, True),
        ([2], {}, False),
        ([], {"sum": 2}, True),
    ]


async def test_a_final_invocation_that_never_succeeds_ends_with_the_retention(clock: Clock) -> None:
    def answer(event: Event) -> InvokeResult:
        return ERROR if event["isFinalInvokeForWindow"] else summing(event)

    bench = Bench(clock, answer=answer, retention_seconds=600.0)

    await bench.poll({"s": arrivals(1.0, 31.0)}, **WINDOWED)

    assert [entry.time for entry in bench.told("records_expired")] == [630.0, 660.0]


async def test_a_window_is_not_idle_while_its_function_is_at_work(clock: Clock) -> None:
    """What came in the meantime has not been read yet, and belongs to it."""
    bench = Bench(clock, answer=summing, slow={1: 200.0})

    await bench.poll({"s": arrivals(10.0, 20.0)}, **WINDOWED)

    assert [seen(event) for event in bench.events] == [
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([], {"sum": 3}, True),
    ]


async def test_a_window_that_ended_while_disabled_gets_what_came_for_it(clock: Clock) -> None:
    bench = Bench(clock, answer=summing)
    shard = {"s": arrivals(1.0, 20.0, LATER)}

    await bench.poll_until(10.0, shard, **WINDOWED)
    await clock.sleep_until(300.0)
    await bench.poll(shard, **WINDOWED)

    assert [seen(event) for event in bench.events[:3]] == [
        ([1], {}, False),
        ([2], {"sum": 1}, False),
        ([], {"sum": 3}, True),
    ]
