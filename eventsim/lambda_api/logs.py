"""
What functions write, in CloudWatch Logs: a group for each function, a stream for each environment.

Nobody waits for it. What is more than can be written in time is dropped, and that is told. The
lines have the time of this machine, as CloudWatch refuses what is two weeks old.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio

from eventsim.clock import Clock, machine_time
from eventsim.errors import BackendError
from eventsim.journal import Journal

BYTES_MAX = 16 * 1_048_576  # that wait to be written
GATHER_SECONDS = 0.05  # in which lines come together: a thread for each call would slow calls down
EVENT_CHARACTERS_MAX = 250_000

Events = list[dict[str, Any]]
# Raises BackendError for what is not taken.
Put = Callable[[Sequence[tuple[str, str, Events]]], Awaitable[None]]


class LogWriter:
    """Writes lines by *put*, which takes a group, a stream and events of each, in ``run``."""

    def __init__(self, put: Put, journal: Journal, clock: Clock) -> None:
        self._put, self._journal, self._clock = put, journal, clock
        self._waiting: dict[tuple[str, str], Events] = {}
        self._bytes = self._dropped = 0
        self._more, self._idle = anyio.Event(), anyio.Event()
        self._busy = False

    def write(self, group: str, stream: str, text: str) -> None:
        """Take the lines of one invocation; return at once."""
        if self._bytes + len(text) > BYTES_MAX:
            self._dropped += text.count("\n")
            return
        now = round(machine_time().timestamp() * 1000)
        events = self._waiting.setdefault((group, stream), [])
        for line in text.splitlines(keepends=True):
            events.append({"timestamp": now, "message": line[:EVENT_CHARACTERS_MAX]})
        self._bytes += len(text)
        self._more.set()

    async def run(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            while self._waiting:
                waiting, self._waiting, self._bytes = self._waiting, {}, 0
                self._busy = True
                try:
                    await self._put([(*key, events) for key, events in waiting.items()])
                except BackendError as error:
                    lines = sum(len(events) for events in waiting.values())
                    self._journal.write("log_lines_lost", str(error), lines=lines)
            self._busy = False
            self._idle.set()
            self._tell_dropped()
            self._more = anyio.Event()
            await self._more.wait()
            await self._clock.sleep(GATHER_SECONDS)

    async def written(self) -> None:
        """Return when everything up to now is written."""
        while self._waiting or self._busy:
            self._idle = anyio.Event()
            await self._idle.wait()

    def _tell_dropped(self) -> None:
        if self._dropped:
            because = f"more than {BYTES_MAX} bytes were waiting to be written"
            self._journal.write("log_lines_lost", because, lines=self._dropped)
            self._dropped = 0
