"""
An event source mapping at work: one task per shard, each of three small things.

A *reader* fetches a shard's records, an *assembler* makes batches of them, a *lane* sends each
batch until it is dealt with, and *progress* moves the shard's checkpoint behind it. Within a
shard order is kept, and nothing is sent before what came before it is done with; shards know
nothing of each other. A checkpoint is a sequence number: whoever starts again goes on behind it,
so every record is delivered at least once.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import anyio
from anyio.abc import TaskStatus

from eventsim.poller.assembler import Assembler
from eventsim.poller.lane import Lane
from eventsim.poller.ports import Ports, StreamSource, Words
from eventsim.poller.progress import ShardProgress
from eventsim.rules.arns import region_of
from eventsim.types import EventSourceMapping, Origin, Position, Read, Reader, Stream

__all__ = ["Poller", "Ports", "StreamSource"]


class Poller:
    """Polls every shard of one mapping's stream until the stream ends."""

    def __init__(
        self, mapping: EventSourceMapping, source: StreamSource, stream: Stream, ports: Ports
    ) -> None:
        self.mapping = mapping
        self._source = source
        self._stream = stream
        self._ports = ports

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Return when the stream has ended and every record read is dealt with.

        It has started when each shard's position is set: what is put from then on is seen.
        """
        async with anyio.create_task_group() as tasks:
            for shard in await self._stream.shards():
                reader = self._stream.reader(shard.shard_id, self._position(shard.shard_id))
                name = f"{self.mapping.name} {shard.shard_id}"
                tasks.start_soon(self._poll, shard.shard_id, reader, name=name)
            task_status.started()

    async def _poll(self, shard_id: str, reader: Reader) -> None:
        ports = self._ports
        arn = self.mapping.event_source_arn
        words = Words(self._source, Origin(shard_id, arn, region_of(arn), ports.role_arn))
        assembler = Assembler(
            shard_id,
            reader,
            self.mapping,
            ports.clock,
            words.size,
            lambda read: self._tell_read(shard_id, read),
        )
        progress = ShardProgress()
        lane = Lane(shard_id, self.mapping, words, self._stream, progress, ports)
        while (assembled := await assembler.next()) is not None:
            await lane.deliver(assembled)
            assembler.open_window()

    def _position(self, shard_id: str) -> Position:
        checkpoint = self._ports.checkpoints.get(self.mapping.name, shard_id)
        if checkpoint is None:
            return self.mapping.position()
        return Position("AFTER_SEQUENCE_NUMBER", sequence_number=checkpoint)

    def _tell_read(self, shard_id: str, read: Read) -> None:
        place = {"mapping": self.mapping.name, "source": self.mapping.source, "shard": shard_id}
        journal = self._ports.journal
        if read.trimmed is not None:
            hours = self._stream.retention_seconds / 3600
            because = f"retention of {hours:g} h passed before they were read"
            journal.write("records_expired", because, **place, **read.trimmed._asdict())
        if read.records:
            journal.write(
                "records_read",
                **place,
                first=read.records[0].sequence_number,
                last=read.records[-1].sequence_number,
                records=len(read.records),
                polls=read.polls,
                behind=read.behind,
            )
