"""
Work in parts, each done by a process of its own, on this machine or on others.

A part is the name of a function and what it is given, as JSON; so is its answer. Parts are cut
by what is independent, never by how many workers there are, so that their number and place
change nothing about the answers. What was measured in parts becomes one by ``merged``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import reduce
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import anyio
import orjson

from eventsim.errors import WorkerLost

ATTEMPTS_MAX = 2


class Part(NamedTuple):
    """``module:function`` to call, and its keyword arguments; all of them JSON.

    One that ``talks`` is given a ``talk`` besides, for what is said while it works.
    """

    function: str
    given: Mapping[str, Any]
    talks: bool = False


class Answer(NamedTuple):
    """What the part of this number came to, or why every worker that tried it was lost."""

    number: int
    value: Any
    lost: str | None = None


Told = Callable[[bytes], None]


def nobody(_: bytes) -> None:
    """Nobody listens to what a part tells."""


class Worker(Protocol):
    """Does one part after another."""

    async def ask(self, part: bytes, told: Told = nobody) -> bytes:
        """The answer to a part; *told* hears, as JSON, what it tells until then.

        Raises WorkerLost when there will be no answer.
        """

    async def say(self, message: bytes) -> None:
        """Say something, as JSON, to the part that it is at; nothing if it is at none."""


class Opening(Protocol):
    """Brings a worker up, and takes it down again."""

    def __call__(self) -> AbstractAsyncContextManager[Worker]: ...


class Mergeable(Protocol):
    """Something measured in parts: a count, a sum, a histogram."""

    def merge(self, other: Self) -> Self:
        """What both measured, as if one had; the same whichever of them is asked."""


M = TypeVar("M", bound=Mergeable)


def merged(first: M, others: Iterable[M]) -> M:
    """All that was measured, in whatever order the parts ended."""
    return reduce(lambda one, other: one.merge(other), others, first)


class Pool:
    """Has so many workers at a time; with *fresh*, a new one for each part."""

    def __init__(self, opening: Opening, count: int, *, fresh: bool = False) -> None:
        self._opening, self._count, self._fresh = opening, count, fresh
        self._waiting: deque[tuple[int, int]] = deque()

    async def share(self, parts: Sequence[Part], each: Callable[[Answer], None]) -> None:
        """Have all *parts* done; *each* is told of every answer, in whatever order they come.

        A part whose worker is lost is tried again by another one, and its answer says so when
        that is lost as well. Raises EventsimError when no worker can be brought up.
        """
        self._waiting.extend((number, 1) for number in range(len(parts)))
        try:
            async with anyio.create_task_group() as group:
                for _ in range(min(self._count, len(parts))):
                    group.start_soon(self._keep_busy, parts, each)
        except BaseExceptionGroup as failures:
            raise first_failure(failures) from None

    async def _keep_busy(self, parts: Sequence[Part], each: Callable[[Answer], None]) -> None:
        while self._waiting:
            async with self._opening() as worker:
                await self._until_lost(worker, parts, each)

    async def _until_lost(
        self, worker: Worker, parts: Sequence[Part], each: Callable[[Answer], None]
    ) -> None:
        while self._waiting:
            number, attempt = self._waiting.popleft()
            try:
                answer = await worker.ask(orjson.dumps(parts[number]._asdict()))
            except WorkerLost as lost:
                if attempt < ATTEMPTS_MAX:
                    self._waiting.appendleft((number, attempt + 1))
                else:
                    each(Answer(number, None, str(lost)))
                return
            each(Answer(number, orjson.loads(answer)))
            if self._fresh:
                return


def first_failure(failure: BaseException) -> BaseException:
    """What went wrong first; the others were cancelled by it."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
