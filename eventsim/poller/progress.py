"""How far one shard is done: the checkpoint never passes a record that is still to be sent."""

from __future__ import annotations

from eventsim.poller.ports import Ports
from eventsim.types import Checkpoint, EventSourceMapping, TumblingWindow


class ShardProgress:
    """Follows the lanes of one shard, and moves its checkpoint behind the slowest of them.

    A lane with records to deal with has a *floor*: the last sequence number before the first of
    them. While no lane has any, everything read is done, filtered records too.
    """

    def __init__(
        self,
        shard_id: str,
        mapping: EventSourceMapping,
        ports: Ports,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._shard_id, self._mapping, self._ports = shard_id, mapping, ports
        self._floors: list[str | None] = [None] * mapping.parallelization_factor
        self._done = checkpoint
        self.head = "" if checkpoint is None else checkpoint.sequence_number
        self._number = _number(self.head)

    def arrived(self, lane: int, before: str) -> None:
        """The lane has records to deal with; *before* is the sequence number ahead of them."""
        if self._floors[lane] is None:
            self._floors[lane] = before

    async def read_to(self, sequence_number: str) -> None:
        """Everything up to here has been read, and given to its lane or filtered out."""
        self.head = sequence_number
        if not any(floor is not None for floor in self._floors):
            await self._check(self.head, None)

    def floor(self, lane: int) -> str | None:
        """The last sequence number before what the lane still has to deal with, if anything."""
        return self._floors[lane]

    async def done(
        self, lane: int, floor: str | None, window: TumblingWindow | None = None
    ) -> None:
        """The lane has dealt with what it had up to *floor*, with everything when None."""
        self._floors[lane] = floor
        if len(self._floors) > 1:
            left = [each for each in self._floors if each is not None]
            floor = min(left, key=_number) if left else None
        await self._check(self.head if floor is None else floor, window)

    async def _check(self, sequence_number: str, window: TumblingWindow | None) -> None:
        """Set the checkpoint, if that moves it or the window it is in has changed."""
        number = _number(sequence_number)
        moved = number > self._number
        if not moved and (self._done is None or self._done.window == window):
            return
        if moved or self._done is None:
            self._number = number
            self._done = Checkpoint(sequence_number, window)
        else:
            self._done = self._done._replace(window=window)
        ports, name = self._ports, self._mapping.name
        await ports.checkpoints.set(name, self._shard_id, self._done)
        if moved:
            self._tell(sequence_number)
            ports.on_checkpoint(name, self._shard_id, sequence_number)

    def _tell(self, sequence_number: str) -> None:
        if self._ports.journal.hears("checkpoint_advanced"):
            self._ports.journal.write(
                "checkpoint_advanced",
                mapping=self._mapping.name,
                source=self._mapping.source,
                shard=self._shard_id,
                sequence_number=sequence_number,
            )


def _number(sequence_number: str) -> int:
    return int(sequence_number) if sequence_number else -1
