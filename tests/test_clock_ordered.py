from __future__ import annotations

import signal

import anyio
import pytest
from anyio._backends import _asyncio as backend

from eventsim.clock import VirtualLoop, _ordered, run
from eventsim.clock._ordered import OrderedSet, order_cancellation
from eventsim.errors import UnsupportedVersion


def test_a_cancelled_group_ends_in_the_order_it_was_started() -> None:
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(number)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(wait, number)
            await anyio.sleep(1)
            group.cancel_scope.cancel()

    run(main, virtual=True)

    assert ended == list(range(300))


def test_anyio_is_as_it_was_after_the_last_virtual_loop() -> None:
    async def main() -> type:
        return type(anyio.create_task_group()._tasks)  # type: ignore[attr-defined]  # private, which is the point

    first, second = VirtualLoop(), VirtualLoop()
    first.close()
    first.close()
    assert vars(backend)["set"] is OrderedSet
    second.close()
    assert "set" not in vars(backend)
    assert (run(main, virtual=True), run(main, virtual=False)) == (OrderedSet, set)


def test_an_ordered_set_is_a_set_in_the_order_of_insertion() -> None:
    members = OrderedSet([3, 1, 2, 1])
    members.add(0)
    members.add(3)
    members.discard(1)
    members.discard(9)
    members.remove(2)

    assert (list(members), 3 in members, len(members)) == ([3, 0], True, 2)
    with pytest.raises(KeyError):
        members.remove(9)


def test_signal_receivers_take_an_ordered_set() -> None:
    async def main() -> None:
        with anyio.open_signal_receiver(signal.SIGUSR1, signal.SIGUSR2):
            await anyio.sleep(1)

    run(main, virtual=True)


def test_an_anyio_without_the_attributes_is_refused_by_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_ordered, "_probed", False)
    monkeypatch.delattr(backend, "TaskGroup")

    with pytest.raises(UnsupportedVersion, match=r"anyio \d+\.\d+.*TaskGroup\._tasks"):
        order_cancellation()
    assert "set" not in vars(backend)


def test_an_anyio_that_cancels_in_another_order_is_refused_by_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Reversed(OrderedSet):
        def __iter__(self):  # type: ignore[no-untyped-def]  # as dict's
            return iter(list(super().__iter__())[::-1])

    monkeypatch.setattr(_ordered, "_probed", False)
    monkeypatch.setattr(_ordered, "OrderedSet", Reversed)

    with pytest.raises(UnsupportedVersion, match=r"anyio \d+\.\d+.*in the order it was started"):
        VirtualLoop()
    assert "set" not in vars(backend)
