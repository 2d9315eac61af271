"""
A scenario under load: what is sent, measured and held against its thresholds.

The timeline goes on beside the load, so that a fault can come in the middle of it. When the last
request is sent, those on their way have ``drain`` to be answered, and then the run ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import anyio

from eventsim import clock
from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.journal import Journal
from eventsim.poller.lifecycle import MappingLifecycle
from eventsim.rules.arrivals import WHOLE, Share
from eventsim.rules.measured import Measured, interval_of
from eventsim.rules.thresholds import Verdict, judge
from eventsim.scenario import Scenario
from eventsim.scenario.loads import LoadBlock
from eventsim.scenario.lookup import source_of
from eventsim.simulation.expecting import Expecting
from eventsim.simulation.expecting import Verdict as Expected
from eventsim.simulation.frame import Frame
from eventsim.simulation.load_contents import invocation_type, payloads, records, requests
from eventsim.simulation.load_plan import (
    function_of,
    instants_of,
    load_of,
    plan_of,
    seconds_of,
    time_of,
)
from eventsim.simulation.mappings import matching
from eventsim.simulation.options import Options
from eventsim.simulation.running import provision, timeline
from eventsim.simulation.setting import Setting, open_setting
from eventsim.traffic.driving import ClosedModel, OpenModel, Target
from eventsim.traffic.fronts import Front
from eventsim.traffic.measuring import Meter, OnError
from eventsim.traffic.records import Matches, Records
from eventsim.traffic.targets import Asked, Told
from eventsim.types import EventSourceMapping, Function

ABORT_REQUESTS_MIN = 100  # before a threshold can end a load
OnTick = Callable[[Meter], None]


def nobody(_: Any) -> None:
    """Nobody looks."""


async def now(time: Clock) -> float:
    """It begins as soon as it can."""
    return time.time()


class Lost(NamedTuple):
    """A part of a load whose worker was lost, and why.

    It was to send ``asked`` requests, None where nobody can say, and had told of ``sent`` of them
    by the second ``told``; what it did after that is not known.
    """

    part: str
    because: str
    asked: int | None
    sent: int
    told: float


@dataclass(slots=True)
class Loading:
    """A load of *scenario*, run once by ``run``; what was measured is there whatever ends it.

    *share* is the part of the load that this is. ``on_tick`` is shown the meter once a second (in
    virtual time at each point of the series, if those are further apart), ``on_error`` is told
    of each type of error as soon as one comes. ``begins`` returns at the time at which the load
    begins, on the clock that it is given, and says which that was. ``lost`` are parts of it.
    """

    scenario: Scenario
    options: Options = field(default_factory=Options)
    share: Share = WHOLE
    on_tick: OnTick = nobody
    on_error: OnError = lambda kind, message: None
    begins: Callable[[Clock], Awaitable[float]] = now
    parts: int = field(default=1, init=False)
    lost: list[Lost] = field(default_factory=list, init=False)
    verdicts: list[Verdict] = field(default_factory=list, init=False)
    expected: list[Expected] = field(default_factory=list, init=False)
    aborted: str | None = field(default=None, init=False)
    interrupted: str | None = field(default=None, init=False)
    block: LoadBlock = field(init=False)
    seconds: float = field(init=False)
    measured: Measured = field(init=False)
    _stopped: float | None = field(default=None, init=False)
    _setting: Setting = field(init=False)
    _meter: Meter = field(init=False)
    _model: OpenModel | ClosedModel | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Raises EventsimError for a scenario that does not say enough of a load."""
        self.block = load_of(self.scenario)
        self.options = replace(self.options, time=time_of(self.scenario, self.options))
        self.seconds = seconds_of(self.scenario, self.block)
        seconds = round(self.seconds, 6)
        self.measured = Measured(seconds, self.block.warm_up, interval_of(seconds))

    def run(self) -> None:
        """Load it, on an event loop of its own.

        Raises EventsimError when the load cannot go on, KeyboardInterrupt at Ctrl-C; what was
        measured by then is in ``measured``, and the journal is whole up to there.
        """
        clock.run(self.main, virtual=self.options.virtual(self.scenario))

    async def main(self) -> None:
        """The same, on the loop that is running."""
        async with AsyncExitStack() as closing:
            self._setting = setting = await open_setting(self.scenario, self.options, closing)
            expecting = Expecting(self.scenario.expect, setting.journal)
            frame = Frame(
                self.scenario, setting.clock, setting.journal, setting.tally, setting.environments
            )
            backend, start = setting.backend.name, self.scenario.start
            frame.begin(seed=setting.seed, backend=backend, start=start)
            with frame.survived("the load"):
                await self._play(closing)
            self.expected = expecting.verdicts()
            for verdict in self.expected:
                setting.journal.write("expectation_checked", **verdict._asdict())
            if self.interrupted is not None:
                frame.end("interrupted", self.interrupted)
            else:
                frame.end("ok" if self.ok else "failed")

    @property
    def ok(self) -> bool:
        """Whether every threshold was kept and every expectation met, by a load that is valid and
        got an answer.
        """
        answered = not self.measured.requests or self.measured.counts["good"] > 0
        kept = all(verdict.passed for verdict in self.verdicts)
        met = all(verdict.passed for verdict in self.expected)
        return answered and kept and met and self.valid

    @property
    def valid(self) -> bool:
        """Whether the generator was in time, and no part of the load is missing."""
        return not self.lost and self.measured.valid(self.block.lateness)

    def interrupt(self, because: str) -> None:
        """Send nothing more; what is on its way is answered, and the load ends."""
        self.interrupted = because
        self._stop()

    def _stop(self) -> None:
        if self._model is not None and self._stopped is None:
            self._stopped = self._meter.now
            self._model.stop()

    async def _play(self, closing: AsyncExitStack) -> None:
        setting, block = self._setting, self.block
        self._meter = Meter(self.measured, self._functions(), setting.clock, self.on_error)
        model = self._model = self._made(self._target(closing))
        try:
            async with anyio.create_task_group() as tasks:
                setting.background.begin(tasks)
                setting.in_flight.begin()
                provision(setting, tasks)
                for mapping in setting.mappings.values():
                    await mapping.create(tasks)
                tasks.start_soon(timeline, setting)
                await self._drive(model)
                with setting.clock.move_on_at(setting.clock.time() + block.drain):
                    await self._meter.idle()
                tasks.cancel_scope.cancel()
        finally:
            setting.environments.close()
            if self._meter.began:
                self._judge()

    async def _drive(self, model: OpenModel | ClosedModel) -> None:
        meter, block = self._meter, self.block
        meter.begin(self._setting.journal, await self.begins(self._setting.clock))
        if self.interrupted is not None:
            self._stopped = 0.0
            return
        async with anyio.create_task_group() as watching:
            watching.start_soon(self._watch)
            if isinstance(model, ClosedModel):
                await model.drive(self.seconds)
            else:
                chance = self._setting.chance
                due = instants_of(self.scenario, block, self.share, chance)
                await model.drive(due, self.seconds)
            watching.cancel_scope.cancel()

    async def _watch(self) -> None:
        """Show how it goes, and stop it where a threshold cannot be kept any more."""
        time, number = self._setting.clock, 0
        begun = time.time() - self._meter.now
        every = self.measured.interval if time.virtual else 1
        while True:
            number += 1
            await time.sleep_until(begun + number * every)
            self.on_tick(self._meter)
            if self.block.abort and self.measured.requests >= ABORT_REQUESTS_MIN:
                failed = next((each for each in self.judged() if not each.passed), None)
                if failed is not None:
                    self.aborted = failed.threshold
                    self._stop()

    def judged(self) -> list[Verdict]:
        """The thresholds, held against what is measured."""
        measured = self.measured
        return judge(self.block.thresholds, measured.figure, measured.requests)

    def _judge(self) -> None:
        meter = self._meter
        ended = meter.now if self._stopped is None else self._stopped
        self.measured.seconds = max(min(round(ended, 6), self.measured.seconds), 0.0)
        meter.finish()
        self.judge(self._setting.journal)

    def judge(self, journal: Journal) -> None:
        """Hold it against its thresholds, and write down all of it."""
        self.verdicts = self.judged()
        journal.write(
            "load_measured",
            self.aborted and f"{self.aborted} was not kept",
            plan=plan_of(self.scenario, self.block, self.seconds, self.parts),
            measured=self.measured.as_json(),
            thresholds=[verdict._asdict() for verdict in self.verdicts],
            valid=self.valid,
            lost=[part._asdict() for part in self.lost],
        )

    def _functions(self) -> dict[str, Function]:
        """The functions that the load is on: one, or those whose mappings read the stream."""
        block, values = self.block, {each.name: each for each in self.scenario.function_values()}
        if block.url is not None:
            return {}
        if block.put is None:
            name = function_of(self.scenario, block).partition(":")[0]
            return {name: values[name]}
        read = [each.mapping.function_name.partition(":")[0] for each in self._read()]
        return {name: values[name] for name in read}

    def _read(self) -> list[MappingLifecycle]:
        """The mappings that read the stream."""
        mappings = self._setting.mappings.values()
        return [each for each in mappings if each.mapping.source == self.block.put]

    def _target(self, closing: AsyncExitStack) -> Target:
        setting, block, meter, share = self._setting, self.block, self._meter, self.share
        if block.url is not None:
            bodies = payloads(setting, block, share)
            front = Front(
                block.url,
                meter,
                lambda: next(bodies),
                method=block.method,
                headers=block.headers,
                connections=max(block.in_flight_max, block.in_flight or 0),
                allow_aws=self.options.allow_aws,
            )
            closing.push_async_callback(front.aclose)
            return front
        if block.put is not None:
            if setting.backend.name != "simulated":
                raise EventsimError(
                    "records are followed to their delivery on the simulated back end only; "
                    "leave --backend out"
                )
            mappings = [(each.mapping, _filter(setting, each.mapping)) for each in self._read()]
            found = records(setting, block, block.put, share)
            stream = setting.streams[block.put]
            return Records(block.put, stream, mappings, meter, found, setting.journal)
        draw = requests(setting, block, function_of(self.scenario, block), share)
        if invocation_type(self.scenario, block) == "Event":
            return Told(setting.invoker, meter, draw, setting.journal)
        return Asked(setting.invoker, meter, draw)

    def _made(self, target: Target) -> OpenModel | ClosedModel:
        block, time = self.block, self._setting.clock
        if block.in_flight is not None:
            if isinstance(target, Told):
                raise EventsimError(
                    f"{block.push} invokes asynchronously, and nobody waits for an answer; "
                    "write a rate, or type: RequestResponse"
                )
            return ClosedModel(target, self._meter, time, block.in_flight)
        most, precise = block.in_flight_max, block.precise
        return OpenModel(target, self._meter, time, in_flight_max=most, precise=precise)


def _filter(setting: Setting, mapping: EventSourceMapping) -> Matches | None:
    """Whether a record that is put passes the filter of a mapping. Raises EventsimError."""
    module = source_of(setting.resource_type(mapping.source))
    if module is None or not mapping.filters:
        return None
    if hasattr(module, "RecordBlock"):  # what is put is not yet what is read
        raise EventsimError(
            f"{mapping.name} has FilterCriteria, through which changes of a table are not "
            "followed; load it without them"
        )
    return matching(module, mapping)
