"""How a front invokes: by the pusher of the run, in its own name, waiting as long as it does."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import anyio

from eventsim.journal import Journal
from eventsim.push import Pusher
from eventsim.types import Answer, Delivery, InvocationType, Scene

Start = Callable[..., None]


class PushCalling:
    """A Calling for the fronts of one *source*.

    *start_soon* runs what goes on when its front has stopped waiting: a function that is late.
    """

    def __init__(
        self,
        source: str,
        module: ModuleType,
        pusher: Pusher,
        journal: Journal,
        scene: Callable[[], Scene],
        start_soon: Start,
    ) -> None:
        self._source, self._module, self._pusher = source, module, pusher
        self.journal = journal
        self.scene, self._start_soon = scene, start_soon

    def time(self) -> float:
        return self._pusher.clock.time()

    async def call(
        self,
        event: Any,
        function: str,
        *,
        source_arn: str | None = None,
        invocation_type: InvocationType | None = None,
        within: float | None = None,
    ) -> Answer | None:
        source, module = self._source, self._module
        delivery = Delivery(source, module, event, function, invocation_type, source_arn)
        answers: list[Answer] = []
        answered = anyio.Event()

        async def deliver() -> None:
            answers.append(await self._pusher.push(delivery, self.scene()))
            answered.set()

        self._start_soon(deliver)
        with anyio.move_on_after(within):
            await answered.wait()
        return answers[0] if answers else None
