"""How the poller of a queue stops: nothing in flight is lost, nothing received is kept."""

from __future__ import annotations

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import TooManyRequests
from tests.queue_bench import Bench, Call, Throttled, bodies, messages, to


async def test_a_stopped_poller_finishes_what_is_in_flight_and_gives_back_the_rest(
    clock: Clock,
) -> None:
    bench = Bench(clock, duration=10.0)
    queue = await bench.open(orders={})
    await queue.send(messages(*range(20)))
    poller = bench.poller(queue, batch_size=20, maximum_batching_window_in_seconds=30)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poller.run)
        await clock.sleep(5.0)
        await queue.send(messages(20, 21))
        await clock.sleep(1.0)
        poller.stop()
        await clock.sleep(0.0)
        again = await queue.receive(10, clock.time())
    ended = clock.time()

    assert bench.calls == [Call(0.0, bodies(*range(20)))]
    assert [message.body for message in again.messages] == ["20", "21"]
    assert ended == 10.0
    assert len(bench.ended) == 1
    (returned,) = bench.told("messages_returned")
    assert (returned.because, returned.fields["visible_in"]) == ("the poller was stopped", 0.0)
    assert sum(entry.fields["records"] for entry in bench.told("messages_deleted")) == 20


async def test_a_stopped_poller_sends_nothing_more_of_what_a_fifo_queue_gave_it(
    clock: Clock,
) -> None:
    megabyte = "x" * (1024 * 1024 - 10)
    bench = Bench(clock, duration=1.0)
    queue = await bench.open(orders_fifo={})
    await queue.send(to("a", *(f"{n}{megabyte}" for n in range(7))))
    poller = bench.poller(queue)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poller.run)
        await clock.sleep(0.5)
        poller.stop()

    assert [len(call.bodies) for call in bench.calls] == [5]
    assert [body[0] for body in await bench.bodies_left("orders.fifo")] == ["5", "6"]


async def test_a_stopped_poller_does_not_wait_for_a_message_or_for_a_throttle(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(clock)
    monkeypatch.setattr(bench, "invoke", Throttled(bench, 1e9, TooManyRequests).invoke)
    queue = await bench.open(orders={})
    await queue.send(messages(1))
    poller = bench.poller(queue)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poller.run)
        await clock.sleep(5.0)
        poller.stop()

    assert clock.time() == 5.0
    assert [m.body for m in (await queue.receive(10, 5.0)).messages] == ["1"]
