"""
An event source mapping at work: one task per shard, each of a few small things.

A *reader* fetches a shard's records, an *intake* leaves out what the filter does not want, an
*assembler* makes batches, a *lane* sends each batch until it is dealt with, and *progress* moves
the shard's checkpoint behind it. Within a lane order is kept, and nothing is sent before what
came before it is done with; lanes and shards know nothing of each other, but that a parent shard
is drained before its children are read. A checkpoint is a sequence number: whoever starts again
goes on behind it, so every record is delivered at least once.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import anyio
from anyio.abc import TaskGroup, TaskStatus

from eventsim.errors import ServiceError, Unreachable
from eventsim.poller.intake import tell_lost
from eventsim.poller.ports import Ports, StreamSource, Words
from eventsim.poller.shard import ShardPoller
from eventsim.rules.arns import region_of
from eventsim.rules.lineage import TRIM_HORIZON, first_positions, ready
from eventsim.types import EventSourceMapping, Origin, Position, Reader, Shard, Stream

__all__ = ["Poller", "Ports", "StreamSource"]

CHILDREN_WAIT_SECONDS = 1.0
CHILDREN_WAITS_MAX = 60
SILENT_WAITS_MAX = 600


class Poller:
    """Polls every shard of one mapping's stream until the stream ends, or until it is stopped.

    *retention_seconds* is how long records are taken to be there by their arrivals; as long as
    the stream says unless given.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        source: StreamSource,
        stream: Stream,
        ports: Ports,
        retention_seconds: float | None = None,
    ) -> None:
        self.mapping = mapping
        self._source = source
        self._stream = stream
        self._ports = ports
        self._keeps = stream.retention_seconds if retention_seconds is None else retention_seconds
        self._readers: dict[str, Reader] = {}
        self._drained: set[str] = set()
        self._begun: set[str] = set()
        self._at_work: dict[str, ShardPoller] = {}
        self._stopped = False

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Return when the stream has ended and every record read is dealt with, or when stopped.

        It has started when each shard's position is set: what is put from then on is seen.
        """
        async with anyio.create_task_group() as tasks:
            shards = await self._shards()
            positions = await self._first_positions(shards)
            for shard in shards:
                if shard.shard_id in positions:
                    self._open(shard, positions[shard.shard_id])
                else:
                    self._drained.add(shard.shard_id)
                    self._begun.add(shard.shard_id)
            self._begin(shards, tasks)
            task_status.started()

    def stop(self) -> None:
        """Read and send nothing more; ``run`` returns when what is in flight is finished."""
        self._stopped = True
        for shard_poller in self._at_work.values():
            shard_poller.stop()

    async def _shards(self, shard_id: str = "") -> Sequence[Shard]:
        """Every shard, those that follow *shard_id* above all; none of a stream that is gone.

        A service may be silent for a while. Raises Unreachable when it is for ten minutes.
        """
        for waits in count():
            try:
                return await self._stream.shards()
            except Unreachable:
                if waits == SILENT_WAITS_MAX:
                    raise
            except ServiceError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                tell_lost(shard_id, self.mapping, self._ports.journal, error)
                break
            if self._stopped:
                break
            await self._ports.clock.sleep(CHILDREN_WAIT_SECONDS)
        return ()

    async def _first_positions(self, shards: Sequence[Shard]) -> dict[str, Position]:
        ports, name = self._ports, self.mapping.name
        began = await ports.checkpoints.begin(name, ports.clock.timestamp())
        found = {shard.shard_id: ports.checkpoints.get(name, shard.shard_id) for shard in shards}
        checkpoints = {shard_id: done for shard_id, done in found.items() if done is not None}
        return first_positions(shards, checkpoints, self.mapping, began)

    def _open(self, shard: Shard, position: Position) -> None:
        self._readers[shard.shard_id] = self._stream.reader(shard.shard_id, position)

    def _begin(self, shards: Sequence[Shard], tasks: TaskGroup) -> None:
        """Start to poll every shard whose parents are drained."""
        for shard in ready(shards, self._begun, self._drained):
            self._begun.add(shard.shard_id)
            if shard.shard_id not in self._readers:
                self._open(shard, TRIM_HORIZON)
            name = f"{self.mapping.name} {shard.shard_id}"
            tasks.start_soon(self._poll, shard.shard_id, tasks, name=name)

    async def _poll(self, shard_id: str, tasks: TaskGroup) -> None:
        ports, arn = self._ports, self.mapping.event_source_arn
        words = Words(self._source, Origin(shard_id, arn, region_of(arn), ports.role_arn))
        checkpoint = ports.checkpoints.get(self.mapping.name, shard_id)
        reader = self._readers.pop(shard_id)
        at_work = ShardPoller(self.mapping, words, reader, self._keeps, ports, checkpoint)
        self._at_work[shard_id] = at_work
        if self._stopped:
            at_work.stop()
        try:
            await at_work.run()
        finally:
            del self._at_work[shard_id]
        if at_work.closed and not at_work.stopped:
            self._drained.add(shard_id)
            await self._go_on_with_children(shard_id, tasks)

    async def _go_on_with_children(self, shard_id: str, tasks: TaskGroup) -> None:
        """Poll the children of a drained shard; a service may take a while to list them."""
        for _ in range(CHILDREN_WAITS_MAX):
            shards = await self._shards(shard_id)
            if not shards or self._stopped:
                return
            self._begin(shards, tasks)
            if any(shard_id in shard.parent_shard_ids for shard in shards):
                return
            await self._ports.clock.sleep(CHILDREN_WAIT_SECONDS)
