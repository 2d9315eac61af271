"""Laws of messages that wait in the poller of a queue, since they do not fit into one event."""

from __future__ import annotations

import anyio

from eventsim.clock import Clock
from eventsim.types import SendMessage
from tests.queue_bench import Bench, messages, to

MEGABYTE = "x" * 1_000_000
TEN = [f"{number}{MEGABYTE}" for number in range(10)]


def numbers(bench: Bench) -> list[tuple[float, list[int]]]:
    return [(call.time, [int(body[0]) for body in call.bodies]) for call in bench.calls]


async def test_what_waits_for_those_before_it_in_its_group_stays_hidden(clock: Clock) -> None:
    bench = Bench(clock, duration=25.0, timeout=30.0)
    queue = await bench.open(orders_fifo={})
    await queue.send(to("g", *TEN))

    await bench.poll(queue)

    assert numbers(bench) == [(0.0, [0, 1, 2, 3, 4, 5]), (25.0, [6, 7, 8, 9])]
    assert bench.most_at_once == 1
    assert sum(entry.fields["records"] for entry in bench.told("messages_deleted")) == 10


async def test_what_waits_for_room_stays_hidden_while_it_is_worked_on(clock: Clock) -> None:
    bench = Bench(clock, duration=25.0, timeout=30.0)
    queue = await bench.open(orders={})
    await queue.send(messages(9))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.poller(queue, maximum_concurrency=2).run)
        await clock.sleep_until(10.0)
        await queue.send([SendMessage(body) for body in TEN])
        queue.finish()

    assert numbers(bench) == [(0.0, [9]), (10.0, [0, 1, 2, 3, 4, 5]), (25.0, [6, 7, 8, 9])]


async def test_what_others_may_receive_by_now_is_left_to_the_queue(clock: Clock) -> None:
    """The function was at work for longer than messages are hidden."""
    bench = Bench(clock, duration=40.0)
    queue = await bench.open(orders={})
    await queue.send(messages(9))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.poller(queue, maximum_concurrency=2).run)
        await clock.sleep_until(10.0)
        await queue.send([SendMessage(body) for body in TEN])
        await clock.sleep_until(41.0)
        tasks.cancel_scope.cancel()

    (returned,) = bench.told("messages_returned")
    assert (returned.time, returned.because, returned.fields["records"]) == (
        40.0,
        "their visibility timeout ended before they could be sent",
        4,
    )
    counts = [e["Records"][0]["attributes"]["ApproximateReceiveCount"] for e in bench.events]
    assert [*zip(numbers(bench), counts, strict=True)][2:] == [
        ((40.0, [0, 1, 2, 3, 4, 5]), "2"),
    ]
