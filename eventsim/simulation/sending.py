"""A recording into a stream or queue that is there already, at an endpoint, in real time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from eventsim import registry
from eventsim.backends import Backend, open_backend
from eventsim.clock import RealClock, machine_time
from eventsim.errors import EventsimError, Unreachable
from eventsim.replay import Player
from eventsim.replay.resuming import Resume, fingerprint
from eventsim.replay.sending import Sender, landed_on
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.simulation.endpoint_watch import EndpointWatch
from eventsim.types import Queue, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where records are sent: ``type`` is a source's (``kinesis``), ``name`` the stream's.

    ``speed`` divides the recorded gaps, None leaves them out. ``resume`` is the file that keeps
    how far the replay has come, ``said`` what was asked besides, which it must be the same for.
    """

    type: str
    name: str
    region: str | None = REGION
    endpoint_url: str | None = None
    allow_aws: bool = False
    speed: float | None = 1.0
    resume: Path | None = None
    said: Sequence[str] = ()


class Overtaken:
    """Counts what PutRecords refused while it took a record behind it in the same request.

    Nobody can put it in front again: it is put once more, and its shard is known only then.
    """

    def __init__(self) -> None:
        self.records = 0

    def see(self, answer: Any) -> None:
        """Take note of an answer, or of Unreachable in place of one."""
        results = () if isinstance(answer, Unreachable) else answer.get("Records", ())
        taken = False
        for result in reversed(results):
            refused = bool(result.get("ErrorCode"))
            self.records += refused and taken
            taken = taken or not refused

    def tell(self, on_note: Callable[[str], None]) -> None:
        """Say how many there were, if any."""
        if self.records:
            on_note(
                f"{self.records:,} records were refused for the stream's throughput and put again: "
                "they may stand behind later ones of their shard; more shards, or a lower --speed, "
                "keep the order"
            )


@asynccontextmanager
async def open_sender(
    player: Player, target: Target, on_note: Callable[[str], None]
) -> AsyncIterator[Sender]:
    """What sends *player*'s records to *target*; *on_note* is told what a person should know.

    Raises ServiceError when the target is not there, CheckpointError for a resume file that
    cannot be used, UnknownPlugin for a type of target that nothing is replayed into.
    """
    source = player.file.header.source
    if source != target.type:
        raise EventsimError(
            f"a recording of {source} cannot go to {target.type}://{target.name}; "
            f"write a target such as {source}://{target.name}"
        )
    async with AsyncExitStack() as closing:
        clock = RealClock(machine_time())
        backend = await open_backend(
            "endpoint",
            clock,
            account=ACCOUNT,
            region=target.region or "",
            endpoint_url=target.endpoint_url,
            allow_aws=target.allow_aws,
        )
        closing.push_async_callback(backend.aclose)
        watch = EndpointWatch(clock, on_note)
        overtaken = Overtaken()
        closing.callback(overtaken.tell, on_note)

        def see(answer: Any) -> None:
            watch.see(answer)
            overtaken.see(answer)

        backend.on_answer = see
        module = registry.load("sources", target.type, wants=["MAPPING", "recorded"])
        is_queue = module.MAPPING.is_queue
        found, created = await _find(module, target.name, backend)
        watch.agree()
        resume = None
        if target.resume is not None:
            identity = [fingerprint(player.file.path), found.arn, *created, *target.said]
            resume = Resume(target.resume, identity)
            closing.callback(resume.close)
        if not is_queue:
            await _note_shards(player, found, target, on_note)
        yield Sender(
            player=player,
            put=partial(module.recorded.write, shards=player.survey().shards),
            send=cast(Queue, found).send if is_queue else cast(Stream, found).put,
            at_once=module.recorded.AT_ONCE,
            clock=RealClock(machine_time(), target.speed or 1.0),
            now=clock.timestamp,
            gaps=target.speed is not None,
            resume=resume,
            landed=landed_on(found, clock) if module.recorded.LOOKED_FOR else None,
        )


async def _find(module: ModuleType, name: str, backend: Backend) -> tuple[Any, list[str]]:
    """The queue or stream, and what tells a stream from another of its name, if that is known."""
    if module.MAPPING.is_queue:
        return await module.find_queue(name, backend), []
    there = await module.find_stream(name, backend)
    if there.created is None:
        return there.stream, []
    moment = datetime.fromtimestamp(there.created, UTC)
    return there.stream, [f"created {moment.isoformat(timespec='milliseconds')}"]


async def _note_shards(
    player: Player, stream: Stream, target: Target, on_note: Callable[[str], None]
) -> None:
    """Say that order is kept for each key only, where shards of the recording come together."""
    shards = await stream.shards()
    parents = {parent for shard in shards for parent in shard.parent_shard_ids}
    there = sum(shard.shard_id not in parents for shard in shards)
    recorded = len(player.survey().shards)
    if recorded > there:
        on_note(
            f"the recording has {recorded} shards and {target.name} has {there}: records of "
            "several come to one, in the order of the recording"
        )


def check_speed(speed: float | None) -> None:
    """Raise EventsimError for a speed that is none."""
    if speed is not None and not 0 < speed <= 1_000_000:
        raise EventsimError(f"--speed {speed:g} is no speed; write a number above 0, or max")
