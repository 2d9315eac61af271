"""The first and the last entry of a run, and what is told of one that did not survive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import anyio

from eventsim import __version__
from eventsim.clock import Clock
from eventsim.errors import EventsimError, HandlerStuck, JournalError
from eventsim.journal import SCHEMA_VERSION, Journal
from eventsim.reports import Tally
from eventsim.scenario import Scenario
from eventsim.simulation.failing import first_of_ours, reason_of


class Closes(Protocol):
    """What is stopped when the run ends, at the latest."""

    def close(self) -> None: ...


class Frame:
    """Writes ``run_started`` and ``run_finished``, between which everything else stands."""

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        journal: Journal,
        tally: Tally,
        environments: Closes,
    ) -> None:
        self._scenario, self._clock, self._journal = scenario, clock, journal
        self._tally, self._environments = tally, environments

    def begin(self, *, seed: int, backend: str, start: datetime, **more: Any) -> None:
        """The run begins, at the date and time *start* in the simulation."""
        scenario, clock, journal = self._scenario, self._clock, self._journal
        if scenario.origin.changes:
            more["changes"] = list(scenario.origin.changes)
        journal.write(
            "run_started",
            scenario=scenario.name,
            file=_file(scenario),
            lesson=scenario.lesson,
            seed=seed,
            clock="virtual" if clock.virtual else "real",
            speed=clock.speed,
            backend=backend,
            start=start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            detail=journal.detail,
            schema=SCHEMA_VERSION,
            version=__version__,
            **more,
        )

    def end(self, outcome: str, because: str | None = None) -> None:
        """The run has ended; its environments are stopped, if they are not yet."""
        self._environments.close()
        self._journal.write(
            "run_finished",
            because,
            outcome=outcome,
            seconds=round(self._clock.time(), 6),
            counts=self._tally.counts(),
        )

    @contextmanager
    def survived(self, what: str) -> Iterator[None]:
        """End the run, called *what*, when it is interrupted inside or cannot go on.

        Raises what ended it; of several tasks that failed at once, our own error before others.
        """
        try:
            yield
        except anyio.get_cancelled_exc_class():
            self.end("interrupted", f"{what} was interrupted")
            raise
        except BaseExceptionGroup as group:
            error = first_of_ours(group)
            self._fail(error)
            raise error from None
        except (EventsimError, HandlerStuck) as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, JournalError):
            self.end("failed", reason_of(error, self._scenario.origin.project))


def _file(scenario: Scenario) -> str | None:
    """The scenario's file as its project calls it: no folder of this machine in a journal."""
    path, project = scenario.origin.path, scenario.origin.project
    if path is None:
        return None
    whole = path.resolve()
    return str(whole.relative_to(project)) if whole.is_relative_to(project) else path.name
