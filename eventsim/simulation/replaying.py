"""
A recording into a handler: through an event source mapping, or as the invocations that it holds.

Through a mapping, records come onto a simulated stream or queue at their times and are polled as
the mapping's settings say. A recording that names shards has as many here, in the order of their
names, and what shared one shares one again; else the keys decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import anyio

from eventsim import clock
from eventsim.errors import EventsimError, InvokeError
from eventsim.journal import Journal
from eventsim.replay import Player
from eventsim.rules.arns import service_of
from eventsim.scenario import Scenario
from eventsim.simulation.options import Options
from eventsim.simulation.running import Result, Simulation
from eventsim.types import InvokeRequest, Payload, TimedMessage, TimedRecord

EVENT = "Replay"
IN_FLIGHT_MAX = 10_000
INVOCATIONS_MAX = 1_000
PUT_AT_ONCE = 500

DEALT_WITH = {
    "batch_delivered": "records",
    "batch_discarded": "batch_size",
    "records_expired": "records",
    "records_filtered": "records",
    "messages_redriven": "records",
    "messages_expired": "records",
}

Into = Literal["poller", "invocations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What is replayed, and into which function.

    ``function`` is its block in a scenario, ``properties`` the mapping's settings in AWS's
    words. ``source_name`` is what the handler sees of the stream or queue, ``shards`` how many
    it has; with ``at_once`` nobody waits for recorded gaps, only for the handler.
    """

    player: Player
    function: Mapping[str, Any]
    folder: Path = Path()
    name: str = "replay"
    function_name: str = "function"
    source_name: str = "recording"
    properties: Mapping[str, Any] = field(default_factory=dict)
    shards: int | None = None
    into: Into = "poller"
    at_once: bool = False
    seed: int = 0

    def scenario(self) -> Scenario:
        """The scenario around the recording, in virtual time. Raises ScenarioError."""
        block = dict(self.function)
        values: dict[str, Any] = {
            "name": self.name,
            "seed": self.seed,
            "start": datetime.fromtimestamp(self.player.start, UTC),
            "functions": {self.function_name: block},
        }
        if self.into == "poller":
            name, resource = self._resource()
            given, destination = self._destination()
            if name in destination:
                raise EventsimError(f"'{name}' is the recorded source too; give that another name")
            values["resources"] = {name: resource, **destination}
            block["Events"] = {EVENT: self._event(name, given)}
        return Scenario.of(values, self.folder)

    def _resource(self) -> tuple[str, dict[str, Any]]:
        shards = self.shards or len(self.player.survey().shards) or 1
        recorded, first = self.player.source.recorded, self.player.first()
        found: tuple[str, dict[str, Any]] = recorded.resource(self.source_name, shards, first)
        return found

    def _event(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        kind = self.player.source.MAPPING
        start = {} if kind.is_queue else {"StartingPosition": "TRIM_HORIZON"}
        return {"Type": kind.event, "Properties": {**start, **given, kind.resource_key: name}}

    def _destination(self) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """The settings, and the resource that their on-failure destination is in the simulation.

        A name that is no ARN is a queue's.
        """
        match self.properties:
            case {"DestinationConfig": {"OnFailure": {"Destination": str() as arn}}}:
                name = arn.rpartition(":")[2]
                config = {"OnFailure": {"Destination": name}}
                found = {name: {"type": service_of(arn) if name != arn else "sqs"}}
                return {**self.properties, "DestinationConfig": config}, found
        return self.properties, {}


def replay(what: Replay, options: Options | None = None) -> Result:
    """Replay *what* to its end on an event loop of its own.

    Raises EventsimError when it cannot go on, HandlerStuck when a handler never returns,
    KeyboardInterrupt at Ctrl-C; the journal is whole up to there.
    """
    options, scenario = options or Options(), what.scenario()

    async def main() -> Result:
        return await replay_in(what, scenario, options)

    return clock.run(main, virtual=options.virtual(scenario))


async def replay_in(what: Replay, scenario: Scenario, options: Options) -> Result:
    """The same on the loop that is running, with the scenario of *what*."""
    async with Simulation(scenario, options) as simulation:
        return await simulation.run(feeding(what, simulation))


def feeding(what: Replay, simulation: Simulation) -> Callable[[], Awaitable[None]]:
    """What ``run`` of *simulation*, made of the scenario of *what*, is to do meanwhile.

    Raises EventsimError where no gap is to be waited for in virtual time.
    """
    if what.at_once and simulation.clock.virtual:
        raise EventsimError("virtual time does not pass, so no gap is waited for anyway")
    feed = {"poller": _through_a_mapping, "invocations": _as_invocations}[what.into]
    return partial(feed, what, simulation)


async def _through_a_mapping(what: Replay, simulation: Simulation) -> None:
    name = next(iter(simulation.scenario.resources))
    player = _heard(what, simulation.journal)
    put = partial(what.player.source.recorded.put, shards=_shards(what))
    if what.at_once:
        await _at_once(player, put, simulation, name)
    elif name in simulation.queues:
        messages = (TimedMessage(due.time, put(due.record)) for due in player.dues())
        await simulation.queues[name].feed(messages)
    else:
        records = (TimedRecord(due.time, put(due.record)) for due in player.dues())
        await simulation.streams[name].feed(records)


async def _at_once(player: Player, put: Any, simulation: Simulation, name: str) -> None:
    """Put what the function keeps up with; never more than so many records wait for it."""
    room = Room(simulation.journal)
    queue = simulation.queues.get(name)
    send = simulation.streams[name].put if queue is None else queue.send
    dues: Iterator[Any] = player.dues()
    while chunk := [put(due.record) for due in islice(dues, PUT_AT_ONCE)]:
        await room.take(len(chunk))
        await send(chunk)
        await anyio.lowlevel.checkpoint()


class Room:
    """Holds a writer back while too many records wait to be dealt with."""

    def __init__(self, journal: Journal) -> None:
        self._waiting = 0
        self._changed = anyio.Event()
        journal.watch(DEALT_WITH, self._leave)

    async def take(self, records: int) -> None:
        """Return when there is room for so many more."""
        while self._waiting >= IN_FLIGHT_MAX:
            self._changed = anyio.Event()
            await self._changed.wait()
        self._waiting += records

    def _leave(self, kind: str, fields: dict[str, Any]) -> None:
        self._waiting -= fields[DEALT_WITH[kind]]
        self._changed.set()


async def _as_invocations(what: Replay, simulation: Simulation) -> None:
    """Invoke with each event at its time; without times, one after the other."""
    clock, room = simulation.clock, anyio.Semaphore(INVOCATIONS_MAX)
    timed = what.player.file.header.start != 0.0 and not what.at_once

    async def invoke(data: bytes, request_id: str) -> None:
        request = InvokeRequest(what.function_name, Payload.of_bytes(data), request_id)
        try:
            await simulation.invoker.invoke(request)
        except InvokeError:
            return  # told in the journal
        finally:
            room.release()

    async with anyio.create_task_group() as tasks:
        for due in _heard(what, simulation.journal).dues():
            request_id = simulation.setting.chance.uuid("requests")
            await room.acquire()
            if timed:
                await clock.sleep_until(due.time)
                tasks.start_soon(invoke, due.record.data, request_id)
            else:
                await invoke(due.record.data, request_id)


def _heard(what: Replay, journal: Journal) -> Player:
    """The player, and where its recording is cut off is told in the journal besides."""
    heard = what.player.on_cut_off

    def tell(line: int) -> None:
        because = "the recording ends in the middle of a line"
        path = what.player.file.path.name
        journal.write("recording_cut_off", because, source=what.source_name, path=path, line=line)
        heard(line)

    return replace(what.player, on_cut_off=tell)


def _shards(what: Replay) -> Sequence[str]:
    """The recorded shards that have one of their own; none where keys are to decide."""
    return () if what.shards is not None else what.player.survey().shards
