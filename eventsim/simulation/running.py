"""Runs a scenario to its end, and takes it down again, whatever happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import anyio
from anyio import AsyncContextManagerMixin
from anyio.abc import TaskGroup

from eventsim import clock
from eventsim.clock import Clock
from eventsim.environments.permissions import Permissions
from eventsim.errors import EventsimError
from eventsim.journal import Journal
from eventsim.poller.lifecycle import MappingLifecycle
from eventsim.scenario import Scenario
from eventsim.simulation.expecting import Expecting, Verdict
from eventsim.simulation.frame import Frame
from eventsim.simulation.options import Options
from eventsim.simulation.setting import Setting, open_setting
from eventsim.types import Bucket, Bus, Invoker, Queue, Stream, Topic


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

    return clock.run(main, virtual=options.virtual(scenario))


class Simulation(AsyncContextManagerMixin):
    """A scenario set up and ready to run; an async context manager.

    Inside, ``streams``, ``queues``, ``topics``, ``buckets`` and ``buses`` hold those of the
    scenario by name, ``mappings`` its event source mappings, called ``function.Event``;
    ``invoker`` calls its functions, ``permissions`` says who may; ``clock`` and ``journal`` are
    those of the run.
    """

    def __init__(self, scenario: Scenario, options: Options | None = None) -> None:
        self.scenario = scenario
        self.options = options or Options()
        self._ran = False
        self._setting: Setting

    @property
    def setting(self) -> Setting:
        """Everything that the run acts on, for the parts of eventsim."""
        return self._setting

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
    def buses(self) -> Mapping[str, Bus]:
        return self._setting.stores.buses

    @property
    def mappings(self) -> Mapping[str, MappingLifecycle]:
        return self._setting.mappings

    @property
    def permissions(self) -> Permissions:
        return self._setting.permissions

    @property
    def invoker(self) -> Invoker:
        return self._setting.invoker

    async def client(self, service: str) -> Any:
        """The ordinary aiobotocore client of a service of the run's back end.

        Raises BackendError where that is simulated and has none.
        """
        return await self._setting.backend.client(service)

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with AsyncExitStack() as closing:
            self._setting = await open_setting(self.scenario, self.options, closing)
            yield self

    async def run(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> Result:
        """Play the timeline, poll until every stream is drained, and judge the expectations.

        *meanwhile*, where there is such a thing, decides when the timeline ends: at its own end.
        A run that is interrupted, or that cannot go on, closes its journal with that outcome
        and raises.
        """
        if self._ran:
            raise EventsimError("a Simulation runs once; make another for another run")
        self._ran = True
        setting = self._setting
        expecting = Expecting(self.scenario.expect, self.journal)
        frame = Frame(self.scenario, self.clock, self.journal, setting.tally, setting.environments)
        more = {"command": self.options.command} if self.options.command else {}
        start = self.scenario.start
        frame.begin(seed=setting.seed, backend=setting.backend.name, start=start, **more)
        with frame.survived("the run"):
            await self._play(meanwhile)
        return self._judge(expecting, frame)

    async def _play(self, meanwhile: Callable[[], Awaitable[None]] | None) -> None:
        try:
            with self._until():
                async with anyio.create_task_group() as tasks:
                    self._setting.background.begin(tasks)
                    self._setting.in_flight.begin()
                    provision(self._setting, tasks)
                    async with anyio.create_task_group() as on_streams:
                        for mapping in self._setting.mappings.values():
                            await mapping.create(on_streams if mapping.on_stream else tasks)
                        await self._timeline_and(meanwhile)
                        await self._setting.in_flight.idle()
                        self._finish_streams()
                    await self._setting.settled()
                    self._finish_queues()  # they got what the streams and events gave up
        finally:
            self._finish_streams()  # a run cut short also tells what has been put by now
            self._finish_queues()
            self._setting.environments.close()
            self._setting.background.end()

    def _finish_streams(self) -> None:
        for stream in self.streams.values():
            stream.finish()

    def _finish_queues(self) -> None:
        for queue in self.queues.values():
            queue.finish()

    def _until(self) -> anyio.CancelScope:
        limit = self.scenario.run_for
        return anyio.CancelScope() if limit is None else self.clock.move_on_at(limit)

    async def _timeline_and(self, meanwhile: Callable[[], Awaitable[None]] | None) -> None:
        if meanwhile is None:
            await timeline(self._setting)
            return
        async with anyio.create_task_group() as both:
            both.start_soon(timeline, self._setting)
            await meanwhile()
            both.cancel_scope.cancel()

    def _judge(self, expecting: Expecting, frame: Frame) -> Result:
        verdicts = expecting.verdicts()
        for verdict in verdicts:
            self.journal.write("expectation_checked", **verdict._asdict())
        outcome = "ok" if all(verdict.passed for verdict in verdicts) else "failed"
        frame.end(outcome)
        return Result(outcome, round(self.clock.time(), 6), self._setting.tally.counts(), verdicts)


def provision(setting: Setting, tasks: TaskGroup) -> None:
    """Have the environments made, in *tasks*, that are to be there before any request."""
    for name, block in setting.scenario.functions.items():
        provisioned, alias = block.provisioned_concurrency_config, block.auto_publish_alias
        if provisioned is not None and alias is not None:
            number = provisioned.provisioned_concurrent_executions
            tasks.start_soon(setting.environments.provision, name, alias, number)


async def timeline(setting: Setting) -> None:
    """Start each step at its time; return when the last of them has ended."""
    scenario, clock = setting.scenario, setting.clock
    async with anyio.create_task_group() as steps:
        for fire in setting.rules.timers(scenario.start):
            steps.start_soon(fire, name="schedule")
        for alarm in setting.alarms.names():
            steps.start_soon(setting.alarms.watch, alarm, name=f"alarm {alarm}")
        for step in scenario.timeline_in_order():
            await clock.sleep_until(step.at)
            steps.start_soon(step.perform, setting, name=f"timeline at {step.at:g}s")
