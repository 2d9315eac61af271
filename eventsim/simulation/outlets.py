"""What rules send to: the queues, topics, streams and buses of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from eventsim.errors import EventsimError
from eventsim.rules.bus_rules import Target
from eventsim.simulation.stores import Stores
from eventsim.types import BusEvent, Publish, PutRecord, SendMessage, Stream


class StoreOutlets:
    """Finds them by their ARNs, as the run's back end calls them."""

    def __init__(self, stores: Stores, streams: Mapping[str, Stream]) -> None:
        self._queues = {queue.arn: queue for queue in stores.queues.values()}
        self._topics = {topic.arn: topic for topic in stores.topics.values()}
        self._buses = {bus.arn: bus for bus in stores.every_bus().values()}
        self._streams = {stream.arn: stream for stream in streams.values()}

    async def send(self, target: Target, payload: str, event: BusEvent) -> None:
        """Give a target its payload."""
        arn = target.arn
        if arn in self._queues:
            group = target.message_group_id
            await self._queues[arn].send([SendMessage(payload, message_group_id=group)])
        elif arn in self._topics:
            await self._topics[arn].publish(Publish(payload))
        elif arn in self._buses:
            await self._buses[arn].put_document(event.document, event.hops + 1)
        elif arn in self._streams:
            key = _partition_key(target, event)
            await self._streams[arn].put([PutRecord(key, payload.encode())])
        else:
            known = ", ".join(sorted([*self._queues, *self._topics, *self._buses, *self._streams]))
            raise EventsimError(f"{arn} is no target that a rule can have; there are: {known}")

    async def dead_letter(
        self, arn: str, payload: str, attributes: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Give a queue what could not be delivered."""
        await self._queues[arn].send([SendMessage(payload, attributes)])


def _partition_key(target: Target, event: BusEvent) -> str:
    """What the event has at the target's path, its id without one."""
    value: Any = event.document
    for step in target.partition_key_path or ("id",):
        try:
            value = value[step]
        except (LookupError, TypeError):
            return event.id
    return value if isinstance(value, str) else orjson.dumps(value).decode()
