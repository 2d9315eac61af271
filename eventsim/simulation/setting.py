"""Makes the objects of a run from its scenario, each in its place."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from anyio.abc import TaskGroup

from eventsim import registry
from eventsim.backends import Backend, open_backend
from eventsim.checkpoints import MemoryCheckpoints
from eventsim.clock import Clock, RealClock, VirtualClock
from eventsim.environments import Environments
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.poller import Poller, Ports
from eventsim.reports._tally import Tally
from eventsim.scenario import Scenario
from eventsim.simulation.consumption import Consumption
from eventsim.simulation.options import Options
from eventsim.types import EventSourceMapping, Stream


@dataclass(slots=True)
class Setting:
    """Everything that a run acts on; what a step of the timeline is given."""

    seed: int
    clock: Clock
    journal: Journal
    tally: Tally
    chance: Chance
    backend: Backend
    streams: dict[str, Stream]
    environments: Environments
    invoker: LocalInvoker
    pollers: Sequence[Poller] = field(default_factory=tuple)
    background: TaskGroup | None = None


async def open_setting(scenario: Scenario, options: Options, closing: AsyncExitStack) -> Setting:
    """Make every object of the run; *closing* takes each down again."""
    clock = _clock(scenario, options)
    journal = Journal(clock, detail=options.detail, sinks=options.sinks)
    closing.callback(journal.close)
    tally = Tally()
    journal.watch(Tally.KINDS, tally.add)
    seed = scenario.seed if options.seed is None else options.seed
    chance = Chance(seed)
    raise NotImplementedError
