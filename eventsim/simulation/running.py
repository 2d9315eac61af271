"""Runs a scenario to its end, and takes it down again, whatever happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import anyio
from anyio.abc import TaskGroup

from eventsim import __version__, clock
from eventsim.clock import Clock
from eventsim.errors import EventsimError, HandlerStuck, JournalError
from eventsim.journal import SCHEMA_VERSION, Journal
from eventsim.poller.lifecycle import MappingLifecycle
from eventsim.scenario import Scenario
from eventsim.simulation.expecting import Expecting, Verdict
from eventsim.simulation.failing import first_of_ours, reason_of
from eventsim.simulation.options import Options
from eventsim.simulation.setting import Setting, is_virtual, open_setting
from eventsim.types import Bucket, Invoker, Queue, Stream, Topic


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. ``outcome`` is ``ok`` or ``failed``; ``seconds`` are simulated."""

    outcome: str
    seconds: float
    counts: dict[str, Any]
    verdicts: Sequence[Verdict] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


def run(scenario: Scenario, options: Options | None = None) -> Result:
    """Run *scenario* to its end on an event loop of its own.

    Raises EventsimError when the run cannot go on, HandlerStuck when a handler never returns,
    KeyboardInterrupt at Ctrl-C; the journal is whole up to there.
    """
    options = options or Options()

    async def main() -> Result:
        async with Simulation(scenario, options) as simulation:
            return await simulation.run()

    return clock.run(main, virtual=is_virtual(scenario, options))


class Simulation:
    """A scenario set up and ready to run; an async context manager.

    Inside, ``streams``, ``queues``, ``topics`` and ``buckets`` hold those of the scenario by name,
    ``mappings`` its event source mappings, called ``function.Event``; ``invoker`` calls its
    functions, ``clock`` and ``journal`` are those of the run.
    """

    def __init__(self, scenario: Scenario, options: Options | None = None) -> None:
        self.scenario = scenario
        self.options = options or Options()
        self._closing = AsyncExitStack()
        self._ran = False
        self._setting: Setting

    @property
    def clock(self) -> Clock:
        return self._setting.clock

    @property
    def journal(self) -> Journal:
        return self._setting.journal

    @property
    def streams(self) -> Mapping[str, Stream]:
        return self._setting.streams

    @property
    def queues(self) -> Mapping[str, Queue]:
        return self._setting.queues

    @property
    def topics(self) -> Mapping[str, Topic]:
        return self._setting.stores.topics

    @property
    def buckets(self) -> Mapping[str, Bucket]:
        return self._setting.stores.buckets

    @property
    def mappings(self) -> Mapping[str, MappingLifecycle]:
        return self._setting.mappings

    @property
    def invoker(self) -> Invoker:
        return self._setting.invoker

    async def __aenter__(self) -> Simulation:
        try:
            self._setting = await open_setting(self.scenario, self.options, self._closing)
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._closing.__aexit__(kind, error, trace)

    async def run(self) -> Result:
        """Play the timeline, poll until every stream is drained, and judge the expectations.

        A run that is interrupted, or that cannot go on, closes its journal with that outcome
        and raises.
        """
        if self._ran:
            raise EventsimError("a Simulation runs once; make another for another run")
        self._ran = True
        expecting = Expecting(self.scenario.expect, self.journal)
        self._tell_start()
        try:
            await self._play()
        except anyio.get_cancelled_exc_class():
            self._tell_end("interrupted", "the run was interrupted")
            raise
        except BaseExceptionGroup as group:
            error = first_of_ours(group)
            self._tell_failure(error)
            raise error from None
        except (EventsimError, HandlerStuck) as error:
            self._tell_failure(error)
            raise
        return self._judge(expecting)

    async def _play(self) -> None:
        try:
            with self._until():
                async with anyio.create_task_group() as tasks:
                    self._setting.background = tasks
                    self._provision(tasks)
                    async with anyio.create_task_group() as on_streams:
                        for mapping in self._setting.mappings.values():
                            await mapping.create(on_streams if mapping.on_stream else tasks)
                        await self._timeline()
                        self._finish_streams()
                    self._finish_queues()  # they got what the streams' mappings gave up
        finally:
            self._finish_streams()  # a run cut short also tells what has been put by now
            self._finish_queues()
            self._setting.environments.close()

    def _provision(self, tasks: TaskGroup) -> None:
        """Have the environments made that are to be there before any request."""
        for name, block in self.scenario.functions.items():
            provisioned, alias = block.provisioned_concurrency_config, block.auto_publish_alias
            if provisioned is not None and alias is not None:
                number = provisioned.provisioned_concurrent_executions
                provision = self._setting.environments.provision
                tasks.start_soon(provision, name, alias, number)

    def _finish_streams(self) -> None:
        for stream in self.streams.values():
            stream.finish()

    def _finish_queues(self) -> None:
        for queue in self.queues.values():
            queue.finish()

    def _until(self) -> anyio.CancelScope:
        limit = self.scenario.run_for
        return anyio.CancelScope() if limit is None else self.clock.move_on_at(limit)

    async def _timeline(self) -> None:
        """Start each step at its time; return when the last of them has ended."""
        async with anyio.create_task_group() as steps:
            for step in self.scenario.timeline_in_order():
                await self.clock.sleep_until(step.at)
                steps.start_soon(step.perform, self._setting, name=f"timeline at {step.at:g}s")

    def _judge(self, expecting: Expecting) -> Result:
        verdicts = expecting.verdicts()
        for verdict in verdicts:
            self.journal.write("expectation_checked", **verdict._asdict())
        outcome = "ok" if all(verdict.passed for verdict in verdicts) else "failed"
        self._tell_end(outcome)
        return Result(outcome, round(self.clock.time(), 6), self._setting.tally.counts(), verdicts)

    def _tell_start(self) -> None:
        scenario, setting = self.scenario, self._setting
        self.journal.write(
            "run_started",
            scenario=scenario.name,
            file=_file(scenario),
            lesson=scenario.lesson,
            seed=setting.seed,
            clock="virtual" if self.clock.virtual else "real",
            speed=self.clock.speed,
            backend=setting.backend.name,
            start=scenario.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            detail=self.journal.detail,
            schema=SCHEMA_VERSION,
            version=__version__,
        )

    def _tell_failure(self, error: BaseException) -> None:
        if not isinstance(error, JournalError):
            self._tell_end("failed", reason_of(error, self.scenario.origin.project))

    def _tell_end(self, outcome: str, because: str | None = None) -> None:
        self._setting.environments.close()  # an interrupted run has not done so yet
        self.journal.write(
            "run_finished",
            because,
            outcome=outcome,
            seconds=round(self.clock.time(), 6),
            counts=self._setting.tally.counts(),
        )


def _file(scenario: Scenario) -> str | None:
    """The scenario's file as its project calls it: no folder of this machine in a journal."""
    path, project = scenario.origin.path, scenario.origin.project
    if path is None:
        return None
    whole = path.resolve()
    return str(whole.relative_to(project)) if whole.is_relative_to(project) else path.name
