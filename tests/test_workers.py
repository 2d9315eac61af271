"""A pool of workers: every part is answered once, by whomever, or told to be lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio.lowlevel
import orjson
import pytest

from eventsim.errors import EventsimError, WorkerLost
from eventsim.workers import ATTEMPTS_MAX, Answer, Part, Pool, Told, merged, nobody


class Crew:
    """Workers that answer with the number they are given; some numbers are the end of them."""

    def __init__(self, *deadly: int, mortal: int = ATTEMPTS_MAX, places: int = 9) -> None:
        self._deaths = dict.fromkeys(deadly, mortal)
        self._places = places
        self.opened = self.there = self.most = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Crew]:
        if self.there == self._places:
            raise EventsimError("no worker can be started: no memory")
        self.opened += 1
        self.there += 1
        self.most = max(self.most, self.there)
        try:
            yield self
        finally:
            self.there -= 1

    async def ask(self, part: bytes, told: Told = nobody) -> bytes:
        await anyio.lowlevel.checkpoint()
        number = orjson.loads(part)["given"]["number"]
        if self._deaths.get(number, 0):
            self._deaths[number] -= 1
            raise WorkerLost("its worker was lost")
        return orjson.dumps(number)

    async def say(self, message: bytes) -> None:
        """Nothing that is said is heard."""


async def answered(crew: Crew, parts: int, count: int, *, fresh: bool = False) -> list[Answer]:
    found: list[Answer] = []
    works = [Part("a:b", {"number": number}) for number in range(parts)]
    await Pool(crew.open, count, fresh=fresh).share(works, found.append)
    return sorted(found)


@pytest.mark.parametrize("count", [1, 2, 7])
async def test_every_part_is_answered_once(count: int) -> None:
    crew = Crew()

    assert await answered(crew, 5, count) == [Answer(number, number) for number in range(5)]
    assert crew.opened == crew.most == min(count, 5)
    assert crew.there == 0


async def test_a_part_whose_worker_is_lost_is_tried_again_and_then_told() -> None:
    once, always = Crew(1, mortal=ATTEMPTS_MAX - 1), Crew(1)

    assert await answered(once, 3, 1) == [Answer(number, number) for number in range(3)]
    assert await answered(always, 3, 1) == [
        Answer(0, 0),
        Answer(1, None, "its worker was lost"),
        Answer(2, 2),
    ]
    assert (once.opened, always.opened, always.there) == (ATTEMPTS_MAX, ATTEMPTS_MAX + 1, 0)


async def test_fresh_workers_do_one_part_each() -> None:
    crew = Crew()

    assert len(await answered(crew, 5, 2, fresh=True)) == 5
    assert (crew.opened, crew.most) == (5, 2)


async def test_no_parts_need_no_worker() -> None:
    crew = Crew()

    assert (await answered(crew, 0, 3), crew.opened) == ([], 0)


async def test_a_worker_that_cannot_be_had_ends_it_with_the_reason() -> None:
    crew = Crew(places=1)

    with pytest.raises(EventsimError, match="no worker can be started: no memory"):
        await answered(crew, 3, 2)
    assert crew.there == 0


class Sum(NamedTuple):
    """Something measured in parts."""

    value: int

    def merge(self, other: Sum) -> Sum:
        return Sum(self.value + other.value)


def test_what_was_measured_in_parts_becomes_one() -> None:
    assert merged(Sum(1), [Sum(2), Sum(3)]) == merged(Sum(3), [Sum(1), Sum(2)]) == Sum(6)
    assert merged(Sum(1), []) == Sum(1)
