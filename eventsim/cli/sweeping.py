"""Runs a sweep for ``eventsim sweep``: what is said meanwhile, and what is told at its end."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import anyio

from eventsim import clock
from eventsim.cli.exits import FAILED, INTERRUPTED, OK
from eventsim.cli.files import STREAM
from eventsim.cli.signals import until_signal
from eventsim.cli.talk import Talk
from eventsim.errors import EventsimError
from eventsim.scenario import Source, find
from eventsim.sweep import Plan, Sweep, plan
from eventsim.sweep.driving import Row
from eventsim.sweep.keeping import Kept
from eventsim.sweep.telling import counts, text, write_json, write_text
from eventsim.workers import Pool
from eventsim.workers.opening import opening


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of the command line."""

    scenario: str
    settings: tuple[str, ...]
    workers: int | None
    on: str
    output: str | None
    json: bool


def perform(asked: Asked, talk: Talk) -> int:
    """Make the grid, run what is not done of it, and tell all of it; the exit code."""
    if asked.output == STREAM:
        raise EventsimError("-o - is not a file that a sweep can go on from; write a name")
    made = plan(Source.of(find(asked.scenario)), asked.settings)
    for note in made.notes:
        talk.note(f"note: {note}")
    with Kept(None if asked.output is None else Path(asked.output), made.source) as kept:
        progress = _Progress(made, talk)
        sweep = Sweep(made, kept, progress.tell)
        progress.begin(sweep.open)
        interrupted = sweep.open > 0 and clock.run(lambda: _run(sweep, made, asked), virtual=False)
        rows = sweep.rows()
    (write_json if asked.json else write_text)(made, rows, sys.stdout)
    sys.stdout.flush()
    if interrupted:
        talk.say("interrupted")
        return INTERRUPTED
    return _verdict(rows, talk)


async def _run(sweep: Sweep, made: Plan, asked: Asked) -> bool:
    """Whether a signal ended it before its time."""
    scope = anyio.CancelScope()

    async def work() -> None:
        with scope:
            async with opening(asked.on, asked.workers) as (open_worker, count):
                await sweep.run(Pool(open_worker, count, fresh=made.has_code))

    def stop(_: signal.Signals) -> None:
        scope.cancel()

    return await until_signal(work, stop)


class _Progress:
    """A line on stderr for each point that ends."""

    def __init__(self, made: Plan, talk: Talk) -> None:
        self._plan, self._talk = made, talk
        self._done = self._all = 0

    def begin(self, still_open: int) -> None:
        self._all = len(self._plan.points)
        self._done = self._all - still_open
        if self._done:
            self._talk.note(f"{self._done} of {self._all} points are done already")

    def tell(self, row: Row) -> None:
        self._done += 1
        named = self._plan.named(row.point).items()
        words = [f"{name.rpartition('.')[2]}={text(value)}" for name, value in named]
        self._talk.note(f"{self._done}/{self._all} {row.outcome} {' '.join(words)}")


def _verdict(rows: list[Row], talk: Talk) -> int:
    found = counts(rows)
    bad = {key: found[key] for key in ("failed", "refused", "ended", "lost") if found[key]}
    if not bad:
        return OK
    told = ", ".join(f"{number} {outcome}" for outcome, number in bad.items())
    talk.say(f"of {len(rows)} points {told}")
    return FAILED
