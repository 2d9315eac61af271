"""Laws of a mapping on a queue: cases 39 to 43, batches, filters, throttles, a clean stop."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import ResourceNotFound, TooManyRequests
from eventsim.journal import Entry
from eventsim.rules.filtering import Filter
from eventsim.sources import sqs
from eventsim.types import SendMessage, TimedMessage
from tests.queue_bench import ERROR, OK, PARTIAL, Bench, Call, Throttled, messages, said, to


def fields(entry: Entry, *names: str) -> tuple[Any, ...]:
    return entry.kind, *(entry.fields[name] for name in names)


async def test_a_failed_message_comes_again_after_its_visibility_timeout_and_not_before(
    clock: Clock,
) -> None:
    """Case 39."""
    bench = Bench(clock)
    bench.answer = lambda records: ERROR if len(bench.calls) == 1 else OK
    queue = await bench.open(orders={"visibility_timeout": "3s"})
    await queue.send(messages(1))

    await bench.poll(queue, batch_size=1)

    assert bench.calls == [Call(0.0, ["1"]), Call(3.0, ["1"])]
    counts = [e["Records"][0]["attributes"]["ApproximateReceiveCount"] for e in bench.events]
    assert counts == ["1", "2"]
    assert clock.time() == 3.0


async def test_what_was_received_too_often_lies_in_the_dead_letter_queue(clock: Clock) -> None:
    """Case 40."""
    bench = Bench(clock, answer=lambda records: ERROR)
    redrive = {"queue": "dlq", "max_receive_count": 2}
    queue = await bench.open(orders={"redrive": redrive}, dlq={})
    await queue.send(messages(1))

    await bench.poll(queue, batch_size=1)
    (dead,) = (await bench.queues["dlq"].receive(10, None)).messages

    first = bench.events[0]["Records"][0]
    assert [call.time for call in bench.calls] == [0.0, 30.0]
    assert clock.time() == 60.0
    assert (dead.message_id, dead.body) == (first["messageId"], "1")
    assert dead.attributes["SentTimestamp"] == first["attributes"]["SentTimestamp"]
    assert dead.attributes["ApproximateReceiveCount"] == "3"
    assert dead.attributes["DeadLetterQueueSourceArn"] == queue.arn


async def test_a_partial_response_deletes_all_but_what_it_names(clock: Clock) -> None:
    """Case 41."""
    bench = Bench(clock)
    bench.answer = lambda records: said(
        [r["messageId"] for r in records if r["body"] == "3" and len(bench.calls) == 1]
    )
    queue = await bench.open(orders={})
    await queue.send(messages(1, 2, 3, 4))

    await bench.poll(queue, function_response_types=PARTIAL)

    assert bench.calls == [Call(0.0, ["1", "2", "3", "4"]), Call(30.0, ["3"])]
    told = bench.told("batch_failed", "batch_delivered", "messages_deleted", "messages_returned")
    assert [fields(entry, "records") for entry in told] == [
        ("batch_failed", 4),
        ("batch_delivered", 3),
        ("messages_deleted", 3),
        ("messages_returned", 1),
        ("batch_delivered", 1),
        ("messages_deleted", 1),
    ]
    assert fields(told[0], "delivered", "invoked", "attempt") == ("batch_failed", 3, True, 1)
    assert told[3].fields["visible_in"] == 30.0


async def test_a_partial_response_that_nobody_asked_for_means_success(clock: Clock) -> None:
    bench = Bench(clock, answer=lambda records: said([records[0]["messageId"]]))
    queue = await bench.open(orders={})
    await queue.send(messages(1, 2))

    await bench.poll(queue)

    assert bench.calls == [Call(0.0, ["1", "2"])]


async def test_what_the_filters_do_not_let_through_is_deleted_and_never_sent(clock: Clock) -> None:
    """Case 42."""
    bench = Bench(clock, matches=lambda message: message.body == "2")
    queue = await bench.open(orders={})
    await queue.send(messages(1, 2, 3))

    await bench.poll(queue)

    assert bench.calls == [Call(0.0, ["2"])]
    told = bench.told("records_filtered", "messages_deleted", "batch_formed")
    assert [(*fields(entry, "records"), entry.because) for entry in told] == [
        ("records_filtered", 2, None),
        ("messages_deleted", 2, "they match no filter"),
        ("batch_formed", 1, "MaximumBatchingWindowInSeconds is 0"),
        ("messages_deleted", 1, "the function took them"),
    ]
    assert clock.time() == 0.0


@pytest.mark.parametrize(
    ("pattern", "sent", "passed"),
    [
        ('{"body":{"my-number":[{"numeric":[">",99]}]}}', ['{"my-number":100}', "plain"], 0),
        ('{"body":["plain"]}', ['{"plain":1}', "plain"], 1),
        ('{"body":{"a":[1]}}', ['{ "a" : 1 }', '{"a":2}'], 0),
    ],
)
async def test_the_body_is_matched_as_json_or_as_text_and_sent_as_it_is(
    clock: Clock, pattern: str, sent: list[str], passed: int
) -> None:
    """Case 42 with the patterns themselves."""
    chosen = Filter.of([pattern], sqs.FILTER_KEY, sqs.FILTER_PLAIN_TEXT)
    bench = Bench(clock, matches=lambda message: chosen.matches(sqs.filterable(message)))
    queue = await bench.open(orders={})
    await queue.send([SendMessage(body) for body in sent])

    await bench.poll(queue)

    assert bench.calls == [Call(0.0, [sent[passed]])]


async def test_messages_of_one_group_are_strictly_sequential(clock: Clock) -> None:
    """Case 43."""
    bench = Bench(clock, duration=5.0)
    queue = await bench.open(orders_fifo={})
    await queue.send(to("a", "1", "2", "3", "4", "5"))

    await bench.poll(queue, batch_size=1)

    assert bench.calls == [Call(5.0 * n, [str(n + 1)]) for n in range(5)]
    assert bench.most_at_once == 1


async def test_groups_are_sent_side_by_side_and_a_failing_one_holds_up_only_itself(
    clock: Clock,
) -> None:
    bench = Bench(clock, duration=1.0)
    bench.answer = lambda records: ERROR if records[0]["body"] == "a1" and clock.time() < 30 else OK
    queue = await bench.open(orders_fifo={})
    await queue.send([*to("a", "a1", "a2"), *to("b", "b1", "b2"), *to("c", "c1")])

    await bench.poll(queue, batch_size=1)

    assert bench.calls == [
        Call(0.0, ["a1"]),
        Call(0.0, ["b1"]),
        Call(0.0, ["c1"]),
        Call(1.0, ["b2"]),
        Call(30.0, ["a1"]),
        Call(31.0, ["a2"]),
    ]


async def test_what_does_not_fit_into_one_event_goes_in_order_and_stays_behind_a_failure(
    clock: Clock,
) -> None:
    megabyte = "x" * (1024 * 1024 - 10)
    bench = Bench(clock)
    bench.answer = lambda records: ERROR if len(bench.calls) == 1 else OK
    queue = await bench.open(orders_fifo={})
    await queue.send(to("a", *(f"{n}{megabyte}" for n in range(7))))
    await queue.send(to("b", "b"))

    await bench.poll(queue)

    sent = [(call.time, [body[0] for body in call.bodies]) for call in bench.calls]
    assert sent == [
        (0.0, ["0", "1", "2", "3", "4"]),
        (0.0, ["b"]),
        (30.0, ["0", "1", "2", "3", "4"]),
        (30.0, ["5", "6"]),
    ]


async def test_a_batch_closes_at_its_size_or_when_its_window_ends(clock: Clock) -> None:
    bench = Bench(clock)
    queue = await bench.open(orders={})
    await queue.send(messages(*range(25)))

    async with anyio.create_task_group() as tasks:
        poller = bench.poller(queue, batch_size=20, maximum_batching_window_in_seconds=5)
        tasks.start_soon(poller.run)
        await clock.sleep(20.0)
        await queue.send(messages(*range(100, 103)))
        queue.finish()

    assert [(call.time, len(call.bodies)) for call in bench.calls] == [
        (0.0, 20),
        (5.0, 5),
        (25.0, 3),
    ]
    assert [entry.because for entry in bench.told("batch_formed")] == [
        "BatchSize 20 reached",
        "window of 5 s expired",
        "window of 5 s expired",
    ]


async def test_a_batch_may_hold_ten_thousand(clock: Clock) -> None:
    bench = Bench(clock)
    queue = await bench.open(orders={})
    for start in range(0, 10_001, 10):
        await queue.send(messages(*range(start, min(start + 10, 10_001))))

    await bench.poll(queue, batch_size=10_000, maximum_batching_window_in_seconds=1)

    assert [(call.time, len(call.bodies)) for call in bench.calls] == [(0.0, 10_000), (1.0, 1)]


async def test_a_window_longer_than_the_visibility_timeout_hides_messages_for_longer(
    clock: Clock,
) -> None:
    """For 93 s with a window of 60 s and a Timeout of 3 s."""
    bench = Bench(clock)
    bench.answer = lambda records: ERROR if len(bench.calls) == 1 else OK
    queue = await bench.open(orders={"visibility_timeout": "10s"})
    await queue.send(messages(1))

    await bench.poll(queue, batch_size=20, maximum_batching_window_in_seconds=60)

    assert [entry.time for entry in bench.told("records_read")] == [0.0, 93.0]
    assert [call.time for call in bench.calls] == [60.0, 120.0]
    assert bench.events[0]["Records"][0]["md5OfMessageAttributes"] is None


async def test_a_throttled_batch_is_sent_again_while_its_messages_are_invisible(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(clock)
    throttled = Throttled(bench, 1.0, TooManyRequests)
    monkeypatch.setattr(bench, "invoke", throttled.invoke)
    queue = await bench.open(orders={})
    await queue.send(messages(1))

    await bench.poll(queue)

    assert [time for time, _ in throttled.tries] == [0.0, 0.25, 0.75, 1.75]
    assert len({request_id for _, request_id in throttled.tries}) == 1
    record = bench.events[0]["Records"][0]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert [fields(entry, "invoked") for entry in bench.told("batch_failed")] == [
        ("batch_failed", False)
    ] * 3


async def test_a_throttle_that_outlasts_the_visibility_timeout_returns_the_batch(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(clock)
    throttled = Throttled(bench, 3.0, TooManyRequests)
    monkeypatch.setattr(bench, "invoke", throttled.invoke)
    queue = await bench.open(orders={"visibility_timeout": "3s"})
    await queue.send(messages(1))

    await bench.poll(queue)

    assert [time for time, _ in throttled.tries] == [0.0, 0.25, 0.75, 1.75, 3.0]
    record = bench.events[0]["Records"][0]
    assert record["attributes"]["ApproximateReceiveCount"] == "2"


async def test_a_refusal_that_no_retry_helps_leaves_the_batch_in_the_queue(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(clock)
    refused = Throttled(bench, 50.0, ResourceNotFound)
    monkeypatch.setattr(bench, "invoke", refused.invoke)
    queue = await bench.open(orders={})
    await queue.send(messages(1))

    await bench.poll(queue)

    assert [time for time, _ in refused.tries] == [0.0, 30.0, 60.0]


async def test_maximum_concurrency_is_never_passed(clock: Clock) -> None:
    bench = Bench(clock, duration=1.0)
    queue = await bench.open(orders={})
    await queue.send(messages(*range(30)))

    await bench.poll(queue, batch_size=5, maximum_concurrency=2)

    assert bench.most_at_once == 2
    assert [call.time for call in bench.calls] == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]


async def test_five_batches_at_first_and_300_more_after_a_minute_at_the_limit(
    clock: Clock,
) -> None:
    bench = Bench(clock, duration=50.0)
    queue = await bench.open(orders={"visibility_timeout": "600s"})
    await queue.send(messages(*range(400)))

    await bench.poll(queue, batch_size=1)

    at = Counter(call.time for call in bench.calls)
    assert at == {0.0: 5, 50.0: 5, 60.0: 300, 100.0: 5, 110.0: 85}
    assert bench.most_at_once == 305


async def test_an_empty_queue_costs_nothing_however_long(clock: Clock) -> None:
    bench = Bench(clock)
    queue = await bench.open(orders={})

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.poller(queue).run)
        year = 365 * 86_400.0
        await queue.feed(iter([TimedMessage(year, SendMessage("1"))]))
        queue.finish()

    assert bench.calls == [Call(year, ["1"])]
    (read,) = bench.told("records_read")
    assert read.fields["polls"] == 1 + year / 20


async def test_a_run_ends_with_its_queue(clock: Clock) -> None:
    bench = Bench(clock, answer=lambda records: ERROR)
    queue = await bench.open(orders={"retention": "60s"})
    await queue.send(messages(1))

    await bench.poll(queue)

    assert [call.time for call in bench.calls] == [0.0, 30.0]
    assert clock.time() == 60.0
