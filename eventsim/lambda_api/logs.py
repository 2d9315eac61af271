"""
What functions write, in CloudWatch Logs: a group for each function, a stream for each environment.

Nobody waits for it. What is more than CloudWatch can take in time is dropped, and that is told.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

from collections import OrderedDict

import anyio

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable
from eventsim.journal import Journal

BYTES_MAX = 16 * 1_048_576  # that wait to be written
BATCH_BYTES_MAX = 1_000_000
BATCH_EVENTS_MAX = 10_000
EVENT_BYTES = 26  # that each event counts besides its text
EVENT_CHARACTERS_MAX = 250_000
_THERE = "ResourceAlreadyExistsException"
KNOWN_MAX = 10_000

Line = tuple[int, str]


class LogWriter:
    """Writes lines to the CloudWatch Logs of *backend*, by ``run``."""

    def __init__(self, backend: Backend, clock: Clock, journal: Journal) -> None:
        self._backend, self._clock, self._journal = backend, clock, journal
        self._waiting: OrderedDict[tuple[str, str], list[Line]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._bytes = self._dropped = 0
        self._more, self._idle = anyio.Event(), anyio.Event()
        self._busy = False

    def write(self, group: str, stream: str, text: str) -> None:
        """Take the lines of one invocation; return at once."""
        size = len(text)
        if self._bytes + size > BYTES_MAX:
            self._dropped += text.count("\n")
            return
        now = round(self._clock.timestamp() * 1000)
        lines = self._waiting.setdefault((group, stream), [])
        for line in text.splitlines(keepends=True):
            lines.append((now, line[:EVENT_CHARACTERS_MAX]))
        self._bytes += size
        self._more.set()

    async def run(self) -> None:
        """Write what comes, one stream after the other, until cancelled."""
        while True:
            while self._waiting:
                self._busy = True
                (group, stream), lines = self._waiting.popitem(last=False)
                self._bytes -= sum(len(text) for _, text in lines)
                await self._put(group, stream, lines)
            self._busy = False
            self._idle.set()
            self._tell_dropped()
            self._more = anyio.Event()
            await self._more.wait()

    async def written(self) -> None:
        """Return when everything up to now is written."""
        while self._waiting or self._busy:
            self._idle = anyio.Event()
            await self._idle.wait()

    async def _put(self, group: str, stream: str, lines: list[Line]) -> None:
        try:
            await self._make(group, stream)
            for batch in batches(lines):
                events = [{"timestamp": stamp, "message": text} for stamp, text in batch]
                await self._backend.call(
                    "logs",
                    "put_log_events",
                    logGroupName=group,
                    logStreamName=stream,
                    logEvents=events,
                )
        except (ServiceError, Unreachable) as error:
            self._known.pop((group, stream), None)  # somebody deleted it
            because = f"CloudWatch Logs did not take them: {error}"
            self._journal.write("log_lines_lost", because, group=group, lines=len(lines))

    async def _make(self, group: str, stream: str) -> None:
        if (group, stream) in self._known:
            return
        await self._create("create_log_group", logGroupName=group)
        await self._create("create_log_stream", logGroupName=group, logStreamName=stream)
        self._known[group, stream] = None
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    async def _create(self, operation: str, **given: str) -> None:
        try:
            await self._backend.call("logs", operation, **given)
        except ServiceError as error:
            if error.code != _THERE:
                raise

    def _tell_dropped(self) -> None:
        if self._dropped:
            because = f"more than {BYTES_MAX} bytes were waiting to be written"
            self._journal.write("log_lines_lost", because, group=None, lines=self._dropped)
            self._dropped = 0


def batches(lines: list[Line]) -> list[list[Line]]:
    """Cut lines into what fits one request each."""
    found: list[list[Line]] = []
    size = 0
    for line in lines:
        added = len(line[1].encode()) + EVENT_BYTES
        full = not found or size + added > BATCH_BYTES_MAX or len(found[-1]) == BATCH_EVENTS_MAX
        if full:
            found.append([])
            size = 0
        found[-1].append(line)
        size += added
    return found
