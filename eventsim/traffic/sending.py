"""
An open load: every request is sent at its instant, whether the last one was answered or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from eventsim.clock import Clock
from eventsim.errors import EventsimError, InvokeError, TooManyRequests
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.traffic.totals import Totals, Watch
from eventsim.types import Invoker, InvokeRequest, Payload

IN_FLIGHT_MAX = 10_000


@dataclass(slots=True)
class Sender:
    """Sends requests with one payload to one function, RequestResponse, and waits for all."""

    function: str
    payload: bytes
    invoker: Invoker
    clock: Clock
    journal: Journal
    chance: Chance
    _in_flight: int = field(default=0, init=False)

    async def send(self, arrivals: Iterable[float], seconds: float) -> Totals:
        """Send from now on, at *arrivals* seconds; return when all are answered and time is up.

        A refusal is an answer. Raises EventsimError when ``IN_FLIGHT_MAX`` are not answered yet,
        and Unreachable when the function is elsewhere and gives no answer.
        """
        start = self.clock.time()
        totals = Totals(seconds)
        watch = Watch(self.function, start, totals, self.clock.time)
        watch.begin(self.journal)
        async with anyio.create_task_group() as tasks:
            for at in arrivals:
                await self.clock.sleep_until(start + at)
                self._start(tasks, totals)
            await self.clock.sleep_until(start + seconds)
        return watch.finish()

    def _start(self, tasks: TaskGroup, totals: Totals) -> None:
        if self._in_flight >= IN_FLIGHT_MAX:
            raise EventsimError(
                f"{IN_FLIGHT_MAX:,} requests to {self.function} are not answered yet, and more "
                "arrive; a lower rate, or reserved concurrency, would be answered"
            )
        self._in_flight += 1
        totals.requests += 1
        tasks.start_soon(self._ask, totals)

    async def _ask(self, totals: Totals) -> None:
        request = InvokeRequest(
            self.function,
            Payload.of_bytes(self.payload),
            self.chance.uuid("requests", self.function),
        )
        try:
            await self.invoker.invoke(request)
        except TooManyRequests:
            totals.throttles += 1
        except InvokeError:
            totals.refused += 1
        finally:
            self._in_flight -= 1
