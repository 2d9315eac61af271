"""
An event source mapping on a queue: one receiver, and as many batches in flight as allowed.

Messages are received, filtered and made into batches; each batch is sent once, and what the
function took is deleted. The rest is left to the queue, which shows it again when its visibility
timeout ends, and moves it to a dead-letter queue when its redrive policy says so. A FIFO queue
gives nothing more of a group while something of it is in flight, so batches side by side never
hold messages of one group.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from anyio.abc import TaskStatus

from eventsim.poller.ports import Ports
from eventsim.poller.queue_batches import QueueAssembler, QueueSource, QueueWords
from eventsim.poller.queue_entries import QueueEntries
from eventsim.poller.queue_lane import QueueLane
from eventsim.poller.stopping import Stop
from eventsim.rules.arns import region_of
from eventsim.rules.queues import Concurrency, QueueBatch, effective_visibility
from eventsim.types import EventSourceMapping, Origin, Queue

__all__ = ["QueuePoller", "QueueSource"]


class QueuePoller:
    """Polls one mapping's queue until the queue ends, or until it is told to stop.

    ``function_timeout``, in seconds, is the function's Timeout.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        source: QueueSource,
        queue: Queue,
        ports: Ports,
        *,
        function_timeout: float,
    ) -> None:
        self.mapping = mapping
        self._clock, self._stop = ports.clock, Stop()
        self._in_flight, self._freed = 0, anyio.Event()
        self._concurrency = Concurrency.first(mapping.maximum_concurrency)
        window, arn = mapping.maximum_batching_window_in_seconds, mapping.event_source_arn
        origin = Origin(arn=arn, region=region_of(arn), role_arn=ports.role_arn)
        words = QueueWords(source, origin, window > 0)
        entries = QueueEntries(mapping, ports.journal, ports.clock)
        timeout = function_timeout
        visibility = effective_visibility(queue.visibility_timeout, window, timeout)
        self._lane = QueueLane(
            queue, mapping, words, ports, entries, self._stop, visibility, timeout
        )
        self._assembler = QueueAssembler(
            queue,
            mapping,
            words,
            visibility,
            ports.matches,
            ports.clock,
            entries,
            self._stop,
            self._received,
        )

    def stop(self) -> None:
        """Receive nothing more; ``run`` returns when what is in flight is dealt with.

        What was received and has not been sent is visible to others again at once.
        """
        self._stop.ask()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Return when the queue has ended, or after ``stop``, with nothing in flight."""
        async with anyio.create_task_group() as tasks:
            task_status.started()
            self._assembler.open_window()
            while await self._room():
                batches = await self._assembler.next()
                if batches is None:
                    break
                self._in_flight += 1
                tasks.start_soon(self._deliver, batches, name=self.mapping.name)
            await self._assembler.give_back()

    async def _deliver(self, batches: Sequence[QueueBatch]) -> None:
        try:
            await self._lane.deliver(batches)
        finally:
            self._in_flight -= 1
            self._assembler.open_window()
            self._freed.set()

    async def _room(self) -> bool:
        """Wait until another batch may be in flight; False when the poller is to stop."""
        while not self._stop.asked:
            self._concurrency = self._concurrency.grown(self._clock.time())
            if self._in_flight < self._concurrency.limit:
                return True
            self._concurrency = self._concurrency.reached(self._clock.time())
            self._freed = anyio.Event()
            await self._stop.until(self._changed)
        return False

    async def _changed(self) -> None:
        """Wait until a batch is dealt with, or the limit grows."""
        grows_at = self._concurrency.grows_at()
        if grows_at is None:
            await self._freed.wait()
        else:
            with self._clock.move_on_at(grows_at):
                await self._freed.wait()

    def _received(self, wanted: int, received: int) -> None:
        if received < wanted:
            self._concurrency = self._concurrency.dry(self._in_flight)
