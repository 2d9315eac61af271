"""One shard of a mapping at work: an intake, an assembler and a lane, or several lanes."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from eventsim.poller.assembler import Assembler, Supply
from eventsim.poller.intake import Intake
from eventsim.poller.lane import Lane
from eventsim.poller.ports import Ports, Words
from eventsim.poller.progress import ShardProgress
from eventsim.poller.routing import Router
from eventsim.poller.windows import Windows
from eventsim.types import Checkpoint, EventSourceMapping, Reader, Record


class ShardPoller:
    """Polls one shard until it ends, or until it is stopped."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        words: Words,
        reader: Reader,
        retention_seconds: float,
        ports: Ports,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._mapping, self._words, self._ports = mapping, words, ports
        self._retention_seconds = retention_seconds
        self._progress = ShardProgress(words.origin.shard_id, mapping, ports, checkpoint)
        self._router: Router | None = None
        if mapping.parallelization_factor > 1:
            self._router = Router(mapping, self._progress, ports.clock)
        self._intake = Intake(
            words.origin.shard_id,
            reader,
            mapping,
            retention_seconds,
            self._progress,
            ports,
            self._to_the_lane if self._router is None else self._router.hand_out,
        )
        supplies: Sequence[Supply] = self._router.inboxes if self._router else [self._intake]
        self._lanes = [
            self._lane(number, supply, checkpoint) for number, supply in enumerate(supplies)
        ]

    @property
    def closed(self) -> bool:
        """Whether the shard ended because it was split or merged: its children go on."""
        return self._intake.closed

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop, so that there may be more to read."""
        return self._lanes[0].halt.asked

    async def run(self) -> None:
        """Return when the shard has ended and every record read is dealt with, or when stopped."""
        if self._router is None:
            await self._lanes[0].run()
            return
        async with anyio.create_task_group() as tasks:
            for lane in self._lanes:
                tasks.start_soon(lane.run)
            tasks.start_soon(self._router.run, self._intake)

    def stop(self) -> None:
        """Read and send nothing more; what is in flight is finished, its checkpoint set."""
        if self._router is not None:
            self._router.halt.ask()
        for lane in self._lanes:
            lane.halt.ask()

    def _lane(self, number: int, supply: Supply, checkpoint: Checkpoint | None) -> Lane:
        mapping, ports, words = self._mapping, self._ports, self._words
        windows = None
        if mapping.tumbling_window_in_seconds:
            open_window = None if checkpoint is None else checkpoint.window
            epoch = ports.clock.timestamp() - ports.clock.time()
            windows = Windows(mapping.tumbling_window_in_seconds, epoch, open_window)
        shard_id = words.origin.shard_id
        assembler = Assembler(shard_id, supply, mapping, ports.clock, words.size, windows)
        retention, progress = self._retention_seconds, self._progress
        return Lane(number, mapping, words, retention, assembler, progress, ports, windows)

    def _to_the_lane(self, records: Sequence[Record], before: str) -> None:
        self._progress.arrived(0, records[0].sequence_number, before)
