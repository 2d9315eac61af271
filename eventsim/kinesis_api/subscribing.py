"""
SubscribeToShard: a shard's records are sent as they come, for five minutes.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
(A second subscription of the same consumer to a shard is refused for 5 seconds, and after that
ends the first. A consumer has 2 MiB a second of each shard to itself.)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from eventsim.clock import Alarm, Clock
from eventsim.errors import ServiceError
from eventsim.kinesis_api.held import Call, Held, KeptConsumer
from eventsim.kinesis_api.records import millis, position_of, shown
from eventsim.kinesis_api.refusing import check_simulated, in_use
from eventsim.kinesis_api.shards import child_shards
from eventsim.rules import kinesis as rules
from eventsim.streams.kinesis import GetRecords, ShardIterator

SUBSCRIPTION_SECONDS = 300.0
IDLE_SECONDS = 5.0  # after which an event without records says how far the client is
_TAKEN_SECONDS = 5.0


class Subscription:
    """What one client is sent of one shard."""

    def __init__(
        self, held: Held, consumer: KeptConsumer, iterator: ShardIterator, clock: Clock
    ) -> None:
        self._held, self._consumer = held, consumer
        self._iterator, self._clock = iterator, clock
        self.began = clock.time()
        self._alarm: Alarm | None = None
        self._over = False

    def end(self) -> None:
        """Send no more."""
        self._over = True
        if self._alarm is not None:
            self._alarm.ring()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Each SubscribeToShardEvent.

        Raises ServiceError once the stream is gone, or some seconds after the consumer is.
        """
        end = self.began + SUBSCRIPTION_SECONDS
        told = -IDLE_SECONDS
        while not self._over and (now := self._clock.time()) < end:
            self._check_registered()
            answer = self._held.store.push(self._iterator)
            following = answer.next_iterator
            if answer.records or following is None or now - told >= IDLE_SECONDS:
                told = now
                yield self._event(answer)
            if following is None:
                return
            self._iterator = following
            size = sum(map(rules.record_size, answer.records))
            if size:
                await self._pause(min(end, now + size / rules.READ_BYTES_PER_SECOND))
            if not answer.behind:
                await self._changed(min(end, told + IDLE_SECONDS))

    def _event(self, answer: GetRecords) -> dict[str, Any]:
        following = answer.next_iterator
        return {
            "Records": shown(answer.records),
            "ContinuationSequenceNumber": None if following is None else following.after,
            "MillisBehindLatest": millis(answer.behind),
            "ChildShards": child_shards(self._held, answer.child_shards) or None,
        }

    def _check_registered(self) -> None:
        consumer = self._consumer
        if self._held.stream.consumers.get(consumer.name) is not consumer:
            raise ServiceError("ResourceNotFoundException", f"Consumer {consumer.arn} not found.")

    async def _pause(self, until: float) -> None:
        """Wait until the 2 MiB a second allow more."""
        self._alarm = self._clock.alarm(until)
        if not self._over:
            await self._alarm.wait()

    async def _changed(self, until: float) -> None:
        """Wait until there may be more in the shard."""
        store, shard_id = self._held.store, self._iterator.shard_id
        if self._over or store.next_arrival(self._iterator) == float("-inf"):
            return
        arrival = store.next_arrival(self._iterator)
        self._alarm = alarm = self._clock.alarm(until if arrival is None else min(until, arrival))
        store.call_on_change(shard_id, alarm, alarm.ring)
        try:
            await alarm.wait()
        finally:
            store.forget(shard_id, alarm)


class Subscriptions:
    """Those that are open: one for each consumer and shard."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Subscription] = {}

    async def subscribe(self, call: Call) -> Subscription:
        """Begin one. Raises InvokeError and ServiceError where AWS refuses it."""
        given, streams = call.given, call.streams
        check_simulated(given, "StreamId", "DryRun")
        held, consumer = streams.consumer_of_arn(given["ConsumerARN"])
        start = given["StartingPosition"]
        position = position_of(start["Type"], start.get("SequenceNumber"), start.get("Timestamp"))
        shard_id = given["ShardId"]
        iterator = held.store.get_shard_iterator(shard_id, position)
        made = Subscription(held, consumer, iterator, streams.clock)
        before = self._open.get((consumer.arn, shard_id))
        if before is not None:
            if made.began - before.began < _TAKEN_SECONDS:
                raise in_use(
                    "Another active subscription exists for this consumer: "
                    f"{held.store.account}:{held.name}:{shard_id}:{consumer.name}"
                )
            before.end()
        self._open[consumer.arn, shard_id] = made
        return made

    def forget(self, subscription: Subscription) -> None:
        """It is over, for whatever reason."""
        kept = {key: each for key, each in self._open.items() if each is not subscription}
        self._open = kept

    def end(self) -> None:
        """End them all."""
        for subscription in self._open.values():
            subscription.end()
