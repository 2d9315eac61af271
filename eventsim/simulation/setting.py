"""Makes the objects of a run from its scenario, each in its place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eventsim.backends import Backend, open_backend
from eventsim.checkpoints import Checkpoints, MemoryCheckpoints
from eventsim.clock import Clock, RealClock, VirtualClock
from eventsim.environments import Environments
from eventsim.environments.permissions import Permissions
from eventsim.errors import EventsimError
from eventsim.event_queue import EventQueue
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.poller.lifecycle import MappingLifecycle
from eventsim.push import Pusher
from eventsim.push.alarms import Alarms
from eventsim.push.logs import LogGroups
from eventsim.push.rules import Rules
from eventsim.reports import Tally
from eventsim.rules.function_names import Place
from eventsim.rules.profiles import PROFILES
from eventsim.runtimes import WATCHDOG_SECONDS, Endpoint, RuntimeOptions, Runtimes
from eventsim.scenario import Scenario
from eventsim.scenario.policies import Arns
from eventsim.services.metrics import Metric
from eventsim.simulation.alarms import open_alarms
from eventsim.simulation.background import Background, InFlight
from eventsim.simulation.dispatching import open_functions, open_invoker
from eventsim.simulation.logs import configure_log_groups, open_log_groups
from eventsim.simulation.mappings import open_mappings
from eventsim.simulation.notifications import open_notifications
from eventsim.simulation.options import Options
from eventsim.simulation.own_calls import open_endpoint, own_calls
from eventsim.simulation.permissions import open_permissions, policy_arns
from eventsim.simulation.queues import open_queues
from eventsim.simulation.rules import open_rules
from eventsim.simulation.run_recordings import open_recordings
from eventsim.simulation.stamps import watched
from eventsim.simulation.stores import Stores, open_stores
from eventsim.simulation.streams import open_streams
from eventsim.types import (
    Bucket,
    Bus,
    Destination,
    Function,
    Invoker,
    Queue,
    Scene,
    Stream,
    Topic,
)

TIMEOUT_MAX = 900


@dataclass(slots=True)
class Setting:
    """Everything that a run acts on; what a step of the timeline is given."""

    scenario: Scenario
    seed: int
    clock: Clock
    journal: Journal
    tally: Tally
    chance: Chance
    backend: Backend
    streams: Mapping[str, Stream]
    stores: Stores
    environments: Environments
    names: Arns
    permissions: Permissions
    invoker: Invoker
    pusher: Pusher
    background: Background
    in_flight: InFlight
    events: EventQueue
    rules: Rules = field(init=False)
    alarms: Alarms = field(init=False)
    log_groups: LogGroups = field(init=False)
    mappings: Mapping[str, MappingLifecycle] = field(default_factory=dict)
    checkpoints: Checkpoints = field(default_factory=MemoryCheckpoints)
    invoked_here: bool = True

    @property
    def queues(self) -> Mapping[str, Queue]:
        """The queues of the scenario by name."""
        return self.stores.queues

    @property
    def topics(self) -> Mapping[str, Topic]:
        """The topics of the scenario by name."""
        return self.stores.topics

    @property
    def buckets(self) -> Mapping[str, Bucket]:
        """The buckets of the scenario by name."""
        return self.stores.buckets

    async def settled(self) -> None:
        """Return when no event is on its way or in the queue of asynchronous invocation."""
        while len(self.in_flight) or len(self.events):
            await self.in_flight.idle()
            await self.events.idle()

    def scene(self) -> Scene:
        """Where and when an event comes about now."""
        scenario = self.scenario
        return Scene(
            scenario.region,
            scenario.account,
            self.clock.wall(),
            self.chance,
            profile=scenario.profile,
        )

    def arn(self, resource: str) -> str:
        """The ARN of a queue, topic, bucket or bus of the scenario."""
        return self.stores.arns()[resource]

    def arn_of_text(self, text: str) -> str:
        """The ARN that a text of the scenario means: a resource's, a function's, or itself."""
        streams = {name: stream.arn for name, stream in self.streams.items()}
        buses = {name: bus.arn for name, bus in self.stores.every_bus().items()}
        return self.scenario.arn_of_text(text, {**streams, **buses, **self.stores.arns()})

    def replay(self, bus: str, archive: str, name: str, since: float, until: float) -> None:
        """Send what an archive has to the rules of its bus again. Raises EventsimError."""
        self.rules.replay(bus, archive, name, since, until)

    def write_log(self, group: str, stream: str, messages: Sequence[str]) -> None:
        """Write lines to a stream of a log group, now."""
        self.log_groups.write(group, stream, messages)

    def measure(self, metric: Metric, values: Sequence[float]) -> None:
        """Have *values* of a metric measured now."""
        self.alarms.put(metric, values)

    def is_function(self, name: str) -> bool:
        """Whether a name, with an alias or not, is that of a function of the scenario."""
        return name.partition(":")[0] in self.scenario.functions

    @property
    def buses(self) -> Mapping[str, Bus]:
        """The buses by name, the default one among them if it is simulated."""
        return self.stores.every_bus()

    def role(self, function_name: str) -> str | None:
        """The ARN of a function's execution role, also by the name of its alias; None without."""
        name = function_name.partition(":")[0]
        functions = self.scenario.function_values()
        return next(each.role for each in functions if each.name == name)

    @property
    def identities(self) -> Mapping[str, str]:
        """The ARNs of the identities by their names."""
        return self.scenario.identity_arns()

    def functions(self, name: str) -> Environments:
        """The functions of the run, of which *name* is to be changed.

        Raises EventsimError when an invoker of the caller's own runs the functions.
        """
        block = self.scenario.functions.get(name)
        if not self.invoked_here or (block is not None and block.invoke_at is not None):
            raise EventsimError(f"cannot change {name}: it is not this run that invokes it")
        return self.environments

    def start_soon(self, work: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        """Start work that the timeline does not wait for, and the run does."""
        self.background.start_soon(work, *given)

    def resource_type(self, name: str) -> str:
        """The type of a resource of the scenario, which is the name of its source."""
        return self.scenario.resources[name].type

    def file(self, text: str) -> Path:
        """The whole path of a file that the scenario names."""
        return self.scenario.file(text)


async def open_setting(scenario: Scenario, options: Options, closing: AsyncExitStack) -> Setting:
    """Make every object of the run; *closing* takes each down again.

    Raises EventsimError where the back end or the options do not allow the run, MappingRefused
    for a mapping that Lambda would not make.
    """
    options.check(scenario)
    clock = _clock(scenario, options)
    journal = Journal(clock, detail=options.detail, sinks=options.sinks)
    closing.callback(journal.close)
    tally = Tally()
    journal.watch_each(tally.ways)
    seed = scenario.seed if options.seed is None else options.seed
    chance = Chance(seed)
    backend = await _backend(scenario, options, clock)
    closing.push_async_callback(backend.aclose)
    go_by_its_clock = watched(backend)
    recordings = open_recordings(options.recordings, scenario, seed, options.on_recorded, closing)
    streams = await open_streams(scenario, backend, journal, recordings)
    queues = await open_queues(scenario, backend, chance, journal, recordings)
    stores = await open_stores(scenario, backend, chance, queues)
    go_by_its_clock()
    endpoint = await open_endpoint(backend, options, closing)
    environments = open_environments(
        scenario, options, clock, journal, chance, closing, stores.arns(), endpoint
    )
    background = Background()
    names = policy_arns(scenario, streams, stores)
    permissions = open_permissions(scenario, environments, clock, journal, names)
    events, invoker = _invoking(
        scenario, options, environments, permissions, stores, background, closing
    )
    setting = Setting(
        scenario=scenario,
        seed=seed,
        clock=clock,
        journal=journal,
        tally=tally,
        chance=chance,
        backend=backend,
        streams=streams,
        stores=stores,
        environments=environments,
        names=names,
        permissions=permissions,
        invoker=invoker,
        pusher=Pusher(invoker, journal, clock, chance),
        background=background,
        in_flight=InFlight(background),
        invoked_here=options.invoker is None,
        events=events,
    )
    if endpoint is not None and backend.services is not None:
        calls = own_calls(scenario, backend.services, permissions, invoker, journal, chance)
        endpoint.respond = calls.respond
    await _connect(setting)
    return setting


async def _connect(setting: Setting) -> None:
    """Let what is there set off what follows from it."""
    await open_notifications(setting)
    setting.rules, setting.alarms = open_rules(setting), open_alarms(setting)
    setting.log_groups = open_log_groups(setting)
    await configure_log_groups(setting)
    setting.mappings = open_mappings(setting)


def _invoking(
    scenario: Scenario,
    options: Options,
    environments: Environments,
    permissions: Permissions,
    stores: Stores,
    background: Background,
    closing: AsyncExitStack,
) -> tuple[EventQueue, Invoker]:
    """The queue of asynchronous events, and the invoker that fills it and that it sends by."""
    clock, journal, chance = environments.clock, environments.journal, environments.chance
    functions = open_functions(scenario, options, environments, closing)
    invoker: Invoker

    def destination(arn: str) -> Destination:
        return stores.event_destination(arn, invoker, chance)

    events = EventQueue(
        functions,
        journal,
        background.start_soon,
        clock,
        chance,
        destination=destination,
        may_send=permissions.may_send,
    )
    invoker = options.invoker or open_invoker(
        scenario, options, functions, events, permissions.authorize, closing
    )
    return events, invoker


async def _backend(scenario: Scenario, options: Options, clock: Clock) -> Backend:
    name = options.backend or scenario.backend
    if name == "moto" and options.moto is not None:
        return options.moto(scenario.region, clock)
    return await open_backend(
        name,
        clock,
        account=scenario.account,
        region=scenario.region,
        endpoint_url=options.endpoint_url,
        allow_aws=options.allow_aws,
    )


def _clock(scenario: Scenario, options: Options) -> Clock:
    if options.virtual(scenario):
        return VirtualClock(scenario.start)
    return RealClock(scenario.start, options.speed or scenario.time.speed)


def open_environments(
    scenario: Scenario,
    options: Options,
    clock: Clock,
    journal: Journal,
    chance: Chance,
    closing: AsyncExitStack,
    arns: Mapping[str, str] | None = None,
    endpoint: Endpoint | None = None,
) -> Environments:
    """The functions of *scenario* and what runs them; *closing* takes both down again.

    *arns* has the ARN of every resource that they send to, by its name; *endpoint* is where their
    handlers find AWS.
    """
    runtimes = Runtimes(
        RuntimeOptions(
            clock,
            endpoint_url=options.functions_endpoint or (None if endpoint is None else endpoint.url),
            allow_aws=options.allow_aws,
            watchdog_seconds=None if options.debug else WATCHDOG_SECONDS,
            echo=sys.stderr if options.debug else None,
            chance=chance,
        )
    )
    closing.push_async_callback(runtimes.aclose)
    environments = Environments(
        [
            _function(_with_code(function, scenario, closing), options)
            for function in scenario.function_values(arns)
        ],
        runtimes,
        clock=clock,
        journal=journal,
        chance=chance,
        place=Place(scenario.region, scenario.account),
        on_log=options.on_log,
        concurrent_executions=scenario.concurrent_executions,
        profile=PROFILES[scenario.profile],
    )
    closing.callback(environments.close)
    for name, block in scenario.functions.items():
        if block.auto_publish_alias is not None:
            version, _ = environments.functions.publish(name, block.version_description or None)
            environments.functions.put_alias(name, block.auto_publish_alias, version)
        if block.reserved_concurrent_executions is not None:
            environments.concurrency.reserve(name, block.reserved_concurrent_executions)
    return environments


def _with_code(function: Function, scenario: Scenario, closing: AsyncExitStack) -> Function:
    """The function, whose InlineCode is a file in a folder that *closing* removes."""
    inline = scenario.functions[function.name].inline_file()
    if inline is None:
        return function
    name, text = inline
    folder = closing.enter_context(TemporaryDirectory(prefix="eventsim-code-"))
    Path(folder, name).write_text(text, encoding="utf-8")
    return replace(function, code_uri=folder)


def _function(function: Function, options: Options) -> Function:
    """The function with what the caller overrides."""
    variables = dict(function.environment) | dict(options.variables.get(function.name, {}))
    timeout = TIMEOUT_MAX if options.debug else function.timeout
    return replace(function, environment=tuple(variables.items()), timeout=timeout)
