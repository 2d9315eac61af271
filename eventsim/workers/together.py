"""Parts that are done at the same time, each by a worker of its own and once only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import orjson

from eventsim.errors import WorkerLost
from eventsim.workers import Answer, Opening, Part, Worker, first_failure


class Together:
    """Has all of its *parts* done, and lets them be talked to meanwhile.

    *told* hears what each part tells, by its number, and *each* its answer. A part whose worker is
    lost is not tried again: what it did cannot be undone, and its answer says so.
    """

    def __init__(
        self,
        opening: Opening,
        parts: Sequence[Part],
        told: Callable[[int, Any], None],
        each: Callable[[Answer], None],
    ) -> None:
        self._opening, self._parts, self._told, self._each = opening, parts, told, each
        self._at_work: dict[int, Worker] = {}
        self._scopes: dict[int, anyio.CancelScope] = {}
        self._because: dict[int, str] = {}

    async def run(self) -> None:
        """Return when all are answered. Raises EventsimError when a worker cannot be had."""
        try:
            async with anyio.create_task_group() as group:
                for number, part in enumerate(self._parts):
                    group.start_soon(self._have_done, number, part)
        except BaseExceptionGroup as failures:
            raise first_failure(failures) from None

    async def say(self, message: Any) -> None:
        """Say something to every part that is being done."""
        for worker in list(self._at_work.values()):
            await worker.say(orjson.dumps(message))

    def give_up(self, number: int, because: str) -> None:
        """Wait no longer for a part; its answer is that it is lost."""
        self._because[number] = because
        if number in self._scopes:
            self._scopes[number].cancel()

    async def _have_done(self, number: int, part: Part) -> None:
        async with self._opening() as worker:
            self._at_work[number] = worker
            try:
                answer = await self._asked(worker, number, part)
            finally:
                del self._at_work[number]
        self._each(answer)

    async def _asked(self, worker: Worker, number: int, part: Part) -> Answer:
        def told(message: bytes) -> None:
            self._told(number, orjson.loads(message))

        with anyio.CancelScope() as scope:
            self._scopes[number] = scope
            try:
                answer = await worker.ask(orjson.dumps(part._asdict()), told)
            except WorkerLost as lost:
                return Answer(number, None, str(lost))
            return Answer(number, orjson.loads(answer))
        return Answer(number, None, self._because.get(number, "its worker was given up"))
