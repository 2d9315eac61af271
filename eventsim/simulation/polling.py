"""
An event source mapping on a stream or queue that is there already, at an endpoint, in real time.

Nothing is created and nothing is deleted but what the function does. Dates and the ages of
records go by the endpoint's clock where that differs from this machine's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import Any, Self, cast

import anyio
from anyio import AsyncContextManagerMixin

from eventsim.backends import open_backend
from eventsim.checkpoints import Checkpoints, FileCheckpoints, Identity, MemoryCheckpoints
from eventsim.clock import Clock, RealClock, machine_time
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.poller import Ports
from eventsim.poller.lifecycle import MappingPoller
from eventsim.reports import Tally
from eventsim.rules import mapping as mapping_rules
from eventsim.rules.arns import account_of, arn, region_of
from eventsim.scenario import Scenario
from eventsim.scenario.mapping import pattern_fault
from eventsim.simulation.endpoint_watch import EndpointWatch
from eventsim.simulation.finding import Polled, find, find_destination
from eventsim.simulation.frame import Frame
from eventsim.simulation.mappings import ROLE, matching, poller_of
from eventsim.simulation.options import Options
from eventsim.simulation.running import Result
from eventsim.simulation.setting import open_environments
from eventsim.types import EventSourceMapping, MappingKind, Queue, Stream

DEALT_WITH = {
    "batch_delivered": "records",
    "batch_discarded": "batch_size",
    "records_expired": "records",
    "records_filtered": "records",
}


class Polling(AsyncContextManagerMixin):
    """One mapping at work between what is polled and the only function of *scenario*.

    An async context manager. Entering finds the stream, and raises EventsimError with the
    service's words where there is none, MappingRefused for a setting that Lambda refuses,
    CheckpointError for a file that cannot be used. *on_note* is told what a person should know
    about the endpoint.
    """

    def __init__(
        self,
        polled: Polled,
        scenario: Scenario,
        options: Options,
        on_note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._polled, self._scenario, self._options = polled, scenario, options
        self._on_note = on_note
        self._clock = RealClock(machine_time())
        self.journal = Journal(self._clock, detail=options.detail, sinks=options.sinks)
        self._tally = Tally()
        self._chance = Chance(_seed(options, self._clock))
        self._stopped: str | None = None
        self._dealt_with = 0
        self._lost = False
        self._mapping: EventSourceMapping
        self._poller: MappingPoller
        self._frame: Frame

    @property
    def clock(self) -> Clock:
        return self._clock

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with AsyncExitStack() as closing:
            await self._open(closing)
            yield self

    async def run(self) -> Result:
        """Poll until ``stop``, or until the stream ends; what is in flight then is finished.

        Raises EventsimError when polling cannot go on; the journal ends with that outcome.
        """
        self._tell_start()
        with self._frame.survived("polling"):
            async with anyio.create_task_group() as tasks:
                if self._polled.run_for is not None:
                    tasks.start_soon(self._stop_after, self._polled.run_for)
                await self._poller.run()
                tasks.cancel_scope.cancel()
            if self._lost and self._stopped is None:
                raise EventsimError(f"{self._polled.name} is not there any more")
        self._frame.end("ok", self._stopped or "the stream has ended")
        return Result("ok", round(self._clock.time(), 6), self._tally.counts())

    def stop(self, because: str) -> None:
        """Read nothing more, finish what is in flight and set its checkpoint; then ``run`` ends."""
        if self._stopped is None:
            self._stopped = because
            self._poller.stop()

    async def _open(self, closing: AsyncExitStack) -> None:
        options, scenario = self._options, self._scenario
        closing.callback(self.journal.close)
        self.journal.watch_each(self._tally.ways)
        module = self._polled.source()
        backend = await open_backend(
            "endpoint",
            self._clock,
            account=scenario.account,
            region=self._polled.region or "",
            endpoint_url=options.endpoint_url,
            allow_aws=options.allow_aws,
        )
        closing.push_async_callback(backend.aclose)
        watch = EndpointWatch(self._clock, self._on_note)
        backend.on_answer = watch.see
        source, created = await find(self._polled, module, backend)
        watch.agree()
        place = {"region": region_of(source.arn), "account": account_of(source.arn)}
        self._scenario = scenario = scenario.model_copy(update=place)
        self._mapping = mapping = self._checked(source, module)
        environments = open_environments(
            scenario, options, self._clock, self.journal, self._chance, closing
        )
        self._frame = Frame(scenario, self._clock, self.journal, self._tally, environments)
        ports = Ports(
            invoker=LocalInvoker(environments, self.journal),
            journal=self.journal,
            clock=self._clock,
            chance=self._chance,
            checkpoints=await self._checkpoints(source, created, closing),
            role_arn=arn("iam", place["region"], place["account"], f"role/{ROLE}"),
            matches=matching(module, mapping),
            destination=await find_destination(mapping.on_failure, backend, self._chance),
        )
        timeout = scenario.function_of(mapping).timeout
        self._poller = poller_of(mapping, module, source, ports, timeout)
        self.journal.watch(DEALT_WITH, self._count)
        self.journal.watch(["shard_lost"], self._note_loss)

    def _checked(self, source: Stream | Queue, module: ModuleType) -> EventSourceMapping:
        """The mapping. Raises MappingRefused for what Lambda would not make."""
        (function,) = self._scenario.function_values()
        kind: MappingKind = module.MAPPING
        mapping = EventSourceMapping(
            name=f"{function.name}.{self._polled.name}",
            source=self._polled.name,
            event_source_arn=source.arn,
            function_name=function.name,
            uuid=Chance(0).uuid("mappings", f"{source.arn} {function.name}"),
            **self._polled.settings(kind),
        )
        mapping_rules.check(
            mapping,
            kind,
            self._clock.timestamp(),
            function_timeout=function.timeout,
            visibility_timeout=getattr(source, "visibility_timeout", None),
            pattern_fault=pattern_fault(module),
        )
        return mapping

    async def _checkpoints(
        self, source: Stream | Queue, created: float | None, closing: AsyncExitStack
    ) -> Checkpoints:
        path, mapping = self._polled.checkpoints, self._mapping
        if path is None:
            return MemoryCheckpoints()
        identity = Identity(mapping.name, mapping.event_source_arn, mapping.function_name, created)
        checkpoints = FileCheckpoints(path, [identity], self._clock)
        closing.callback(checkpoints.close)
        shards = await cast(Stream, source).shards()
        checkpoints.keep_only(mapping.name, [shard.shard_id for shard in shards])
        return checkpoints

    async def _stop_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self.stop(f"{seconds:g} s have passed")

    def _count(self, kind: str, fields: dict[str, Any]) -> None:
        self._dealt_with += fields[DEALT_WITH[kind]]
        if self._polled.count is not None and self._dealt_with >= self._polled.count:
            self.stop(f"{self._dealt_with:,} records are dealt with")

    def _note_loss(self, kind: str, fields: dict[str, Any]) -> None:
        self._lost = True

    def _tell_start(self) -> None:
        mapping = self._mapping
        self._frame.begin(
            seed=self._chance.seed,
            backend="endpoint",
            start=self._clock.wall(),
            command=self._polled.command,
        )
        self.journal.write(
            "mapping_changed",
            "it is polled by hand",
            mapping=mapping.name,
            state="Enabled",
            function=mapping.function_name,
            source=mapping.source,
        )


def _seed(options: Options, clock: Clock) -> int:
    """Another one each time, so that no two runs make the same request ids."""
    return round(clock.timestamp() * 1000) if options.seed is None else options.seed
