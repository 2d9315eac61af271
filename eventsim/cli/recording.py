"""Records for ``eventsim record``: what is asked, what is shown meanwhile, how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eventsim import clock
from eventsim.cli.endpoints import region, seconds, source
from eventsim.cli.exits import INTERRUPTED, OK
from eventsim.cli.signals import until_signal
from eventsim.cli.talk import Talk
from eventsim.errors import EventsimError
from eventsim.recordings import stop
from eventsim.recordings.jsonl import Appender
from eventsim.recordings.on_failure import referred
from eventsim.rules.failed_documents import BatchSpan
from eventsim.rules.moments import epoch_of
from eventsim.simulation.recording import Recorded, Recorder, Wanted
from eventsim.types import StartingPosition

TELL_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the command line."""

    source: str
    output: str
    position: StartingPosition | None
    timestamp: str | None
    run_for: str | None
    count: int | None
    to_now: bool
    consume: bool
    on_failure: str | None
    endpoint_url: str | None
    region: str | None
    allow_aws: bool

    def wanted(self) -> Wanted:
        """What is recorded. Raises EventsimError for words that mean nothing."""
        kind, name = source(self.source)
        return Wanted(
            type=kind,
            name=name,
            path=Path(self.output),
            region=region(self.region, self.endpoint_url, self.allow_aws),
            position=self.position,
            timestamp=self._timestamp(),
            run_for=seconds(self.run_for),
            count=self.count,
            to_now=self.to_now,
            consume=self.consume,
            referred=self._referred(),
        )

    def _referred(self) -> Sequence[BatchSpan] | None:
        if self.on_failure is None:
            return None
        if self.position or self.to_now or self.count or self.run_for:
            raise EventsimError("--on-failure says which records; leave positions and ends out")
        return list(referred(Path(self.on_failure), stop))

    def _timestamp(self) -> float | None:
        if (self.timestamp is not None) != (self.position == "AT_TIMESTAMP"):
            raise EventsimError(
                "--starting-position AT_TIMESTAMP and --starting-position-timestamp go together"
            )
        try:
            return None if self.timestamp is None else epoch_of(self.timestamp)
        except ValueError as error:
            raise EventsimError(f"--starting-position-timestamp: {error}") from None


class Telling:
    """Says what is on the disk, at most once a second and at the end."""

    def __init__(self, talk: Talk, stopwatch: Callable[[], float]) -> None:
        self._talk, self._stopwatch, self._due = talk, stopwatch, 0.0

    def written(self, appender: Appender) -> None:
        """Take note of a write."""
        now = self._stopwatch()
        if now >= self._due:
            self._due = now + TELL_SECONDS
            date = datetime.fromtimestamp(appender.previous, UTC).isoformat(timespec="seconds")
            told = f"{appender.count:,} records are written, up to {date[:19]}Z"
            self._talk.note(told)


def perform(asked: Asked, talk: Talk) -> int:
    """Record until it is enough; the exit code. Raises EventsimError, KeyboardInterrupt."""
    wanted = asked.wanted()
    return clock.run(lambda: _record(wanted, asked, talk), virtual=False)


async def _record(wanted: Wanted, asked: Asked, talk: Talk) -> int:
    """Record to the end. At a first signal what was read is written, at a second it ends."""
    telling = Telling(talk, clock.RealClock(clock.machine_time()).stopwatch())
    recorder = Recorder(
        wanted,
        endpoint_url=asked.endpoint_url,
        allow_aws=asked.allow_aws,
        on_written=telling.written,
        on_note=talk.say,
    )

    async def work() -> None:
        if recorder.found:
            talk.note(f"{asked.output} has {recorder.found:,} records; going on behind them")
        talk.note(f"recording {asked.source}; Ctrl-C stops")
        _tell(asked, await recorder.run(), talk)

    async with recorder:
        told_to_stop = await until_signal(work, lambda _: recorder.stop())
    return INTERRUPTED if told_to_stop else OK


def _tell(asked: Asked, recorded: Recorded, talk: Talk) -> None:
    if recorded.restamped:
        talk.say(
            f"{recorded.restamped:,} records were stamped earlier than one before them; they "
            "stand with the arrival of that one"
        )
    talk.note(f"{asked.output} has {recorded.records:,} records, {recorded.new:,} of them new")
