"""
A DynamoDB table, simulated: synchronous, in memory, on whatever clock it is given.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

Items lie in partitions by the hash of their hash key; ``stream`` tells every change of them.
What has expired by its time to live is deleted by the first sweep afterwards; sweeps come every
5 minutes from the opening of the table. Nobody has to be there: whoever looks at the table or at
its stream first settles what should have happened by then, at its own time and in its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor
from typing import Any

import orjson

from eventsim.clock import Now
from eventsim.errors import ServiceError
from eventsim.rules import dynamodb as rules
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.rules.attribute_values import InvalidValue, Item, canonical
from eventsim.streams import OnPut, nobody
from eventsim.streams._expirations import Expirations
from eventsim.streams._table_stream import TableStream


class Table:
    """A table of items by their primary key, and the stream of its changes.

    With ``release_consumed``, records also leave the stream when ``consumed`` says that everybody
    is done with them; without, only by its retention of 24 hours. ``on_put`` is told of every
    record once, before it can be read. Errors are ServiceErrors with AWS's codes.
    """

    def __init__(
        self,
        name: str,
        key: rules.KeySchema,
        clock: Now,
        *,
        view_type: rules.ViewType = "NEW_AND_OLD_IMAGES",
        ttl_attribute: str | None = None,
        partitions: int = 1,
        rollover_seconds: float = 14_400.0,
        account: str = ACCOUNT,
        region: str = REGION,
        release_consumed: bool = False,
        on_put: OnPut = nobody,
    ) -> None:
        self.name, self.key, self.account, self.region = name, key, account, region
        self.view_type, self.ttl_attribute = view_type, ttl_attribute
        self.arn = rules.table_arn(name, account, region)
        self._clock = clock
        self._opened = clock.time()
        self._epoch = round(clock.timestamp() - self._opened, 3)
        self._deleted = False
        self._items: dict[str, rules.Stored] = {}
        self._expirations = [Expirations() for _ in range(partitions)]
        self.stream = TableStream(
            rules.stream_arn(name, account, region, clock.timestamp()),
            self,
            clock,
            partitions=partitions,
            rollover_seconds=rollover_seconds,
            release_consumed=release_consumed,
            on_put=on_put,
        )

    def write(self, writes: Sequence[rules.Write]) -> list[str | None]:
        """Make changes now, in order; return the sequence number of each, None for no change.

        Raises ServiceError, and changes nothing, when a write is not what the API takes or
        nobody was to write any more; only an update that makes its item too large is refused
        in its turn, after those before it.
        """
        if self._deleted:
            reason = f"Requested resource not found: Table: {self.name} not found"
            raise ServiceError("ResourceNotFoundException", reason)
        if self.stream.finished:
            reason = f"table {self.name} is closed: nobody was to write to it any more"
            raise ServiceError("ResourceInUseException", reason)
        accepted = [(rules.accepted(write, self.key), write.operation) for write in writes]
        self.settle()
        now = self._clock.time()
        try:
            return [self._write(operation, item, now) for item, operation in accepted]
        finally:
            self.stream.tell(now)

    def tell(self, changes: Iterable[tuple[int | None, rules.Change]]) -> None:
        """Tell changes that were recorded elsewhere, in order, each on the partition of that
        number, or of its hash key; no item here changes.
        """
        now, partitions = self._clock.time(), len(self._expirations)
        for number, change in changes:
            partition = number
            if partition is None:
                partition = rules.partition_of(orjson.loads(change.keys), self.key, partitions)
            self.stream.append(partition % partitions, change.keys.decode(), change, now)
        self.stream.tell(now)

    def item(self, key: Item) -> dict[str, Any] | None:
        """Return the item of a key as it is now, built afresh, or None. Raises ServiceError."""
        self.settle()
        wanted = rules.accepted(rules.Write("delete", key), self.key)
        found = self._items.get(canonical(wanted).decode())
        return None if found is None else orjson.loads(found.image)

    def items(self) -> Iterator[dict[str, Any]]:
        """Every item as it is now, built afresh, in the order in which they were first written."""
        self.settle()
        return (orjson.loads(stored.image) for stored in list(self._items.values()))

    def delete(self) -> None:
        """The table is gone, which its stream does not tell; what it has told can be read."""
        self.settle()
        self._deleted = True
        self._items.clear()
        self._expirations = [Expirations() for _ in self._expirations]
        self.stream.close()

    def settle(self) -> None:
        """Delete what has expired by now."""
        now = self._clock.time()
        for partition, expirations in enumerate(self._expirations):
            while (time := expirations.next_time()) is not None and time <= now:
                self._sweep(partition, time)

    def next_deletion(self, partition: int) -> float | None:
        """When the next item of a partition is deleted because it has expired."""
        return self._expirations[partition].next_time()

    def _write(self, operation: rules.Operation, item: dict[str, Any], now: float) -> str | None:
        key = self.key.of(item)
        name = canonical(key).decode()
        old = self._items.get(name)
        if operation == "update" and old is not None:
            item = orjson.loads(old.image) | item
        try:
            new = None if operation == "delete" else rules.stored(item)
        except InvalidValue as error:
            raise ServiceError("ValidationException", error.message) from None
        change = rules.change(old, new, key, self.view_type)
        if change is None:
            return None
        partition = rules.partition_of(key, self.key, len(self._expirations))
        self._keep(partition, name, new, None if new is None else self._sweep_after(item, now))
        return self.stream.append(partition, name, change, now).sequence_number

    def _keep(
        self, partition: int, name: str, new: rules.Stored | None, deleted_at: float | None
    ) -> None:
        if new is None:
            del self._items[name]
        else:
            self._items[name] = new
        self._expirations[partition].set(name, deleted_at)

    def _sweep_after(self, item: Item, now: float) -> float | None:
        """When the sweep that deletes the item takes place, if one will: after *now*."""
        expires = rules.expiry(item, self.ttl_attribute, self._epoch + now)
        if expires is None:
            return None
        first_after_now = floor((now - self._opened) / rules.SWEEP_SECONDS) + 1
        first_expired = ceil((expires - self._epoch - self._opened) / rules.SWEEP_SECONDS)
        return self._opened + max(first_after_now, first_expired) * rules.SWEEP_SECONDS

    def _sweep(self, partition: int, time: float) -> None:
        """Delete everything of the partition that the sweep at *time* finds expired."""
        expirations = self._expirations[partition]
        while expirations.next_time() == time:
            name = expirations.pop().key
            old = self._items.pop(name)
            change = rules.change(old, None, orjson.loads(name), self.view_type, expired=True)
            if change is not None:
                self.stream.append(partition, name, change, time)
        self.stream.tell(time)
