"""How far one shard is done: the checkpoint never passes a record that is still to be sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice

from eventsim.poller.ports import Ports
from eventsim.types import Checkpoint, EventSourceMapping, TumblingWindow

# Behind a lane that is stuck, every second number is forgotten when there are more: the checkpoint
# may then be a record or two lower than it could be, once the lane goes on.
ORDER_MAX = 100_000


class ShardProgress:
    """Follows the lanes of one shard, and moves its checkpoint behind the slowest of them.

    A lane with records to deal with has a *first* of them. The checkpoint is the last sequence
    number before the lowest of these; while no lane has any, everything read is done, filtered
    records too.
    """

    def __init__(
        self,
        shard_id: str,
        mapping: EventSourceMapping,
        ports: Ports,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._shard_id, self._mapping, self._ports = shard_id, mapping, ports
        self._name = mapping.name
        self._advanced = ports.journal.channel("checkpoint_advanced")
        self._firsts: list[str | None] = [None] * mapping.parallelization_factor
        self._floor = ""  # the last number known to be done while a lane has records
        self._order: deque[str] = deque()  # the numbers after it, where there are several lanes
        self._done = checkpoint
        self.head = "" if checkpoint is None else checkpoint.sequence_number
        self._number = _number(self.head)

    def arrived(self, lane: int, first: str, before: str) -> None:
        """The lane has got records, and *before* is the number ahead of the first of them."""
        if self._firsts[lane] is None:
            self._firsts[lane] = first
            if len(self._firsts) == 1:
                self._floor = before

    def dealt_out(self, before: str, numbers: Iterable[str]) -> None:
        """Several lanes have got these records between them, in the order of the shard."""
        self._order.append(before)
        self._order.extend(numbers)
        if len(self._order) > ORDER_MAX:
            self._order = deque(islice(self._order, 0, None, 2))

    async def read_to(self, sequence_number: str) -> None:
        """Everything up to here has been read, and given to its lane or filtered out."""
        self.head = sequence_number
        if not any(first is not None for first in self._firsts):
            await self._check(self.head, None)

    async def done(
        self, lane: int, first: str | None, floor: str = "", window: TumblingWindow | None = None
    ) -> None:
        """The lane goes on with *first*, or has nothing left to deal with.

        *floor* is the last number that it has dealt with and that is not the number of *first*
        too, if there is one.
        """
        firsts = self._firsts
        firsts[lane] = first
        if len(firsts) > 1:
            left = [each for each in firsts if each is not None]
            first = min(left, key=int) if left else None
            self._pass_over(first)
        elif floor:
            self._floor = floor
        await self._check(self.head if first is None else self._floor, window)

    def _pass_over(self, first: str | None) -> None:
        """Every number before *first* is done, since it is the first of no lane."""
        order = self._order
        if first is None:
            order.clear()
            return
        lowest = _number(first)
        while order and _number(order[0]) < lowest:
            self._floor = order.popleft()

    async def _check(self, sequence_number: str, window: TumblingWindow | None) -> None:
        """Set the checkpoint, if that moves it or the window it is in has changed."""
        number, done = _number(sequence_number), self._done
        ports, name, shard_id = self._ports, self._name, self._shard_id
        if number > self._number:
            self._number = number
            self._done = done = Checkpoint(sequence_number, window)
            await ports.checkpoints.set(name, shard_id, done)
            if self._advanced.heard:
                self._tell(sequence_number)
            ports.on_checkpoint(name, shard_id, sequence_number)
        elif done is not None and done.window != window:
            self._done = done = done._replace(window=window)
            await ports.checkpoints.set(name, shard_id, done)

    def _tell(self, sequence_number: str) -> None:
        fields = {
            "mapping": self._mapping.name,
            "source": self._mapping.source,
            "shard": self._shard_id,
            "sequence_number": sequence_number,
        }
        self._advanced.enter(None, fields)


def _number(sequence_number: str) -> int:
    return int(sequence_number) if sequence_number else -1
