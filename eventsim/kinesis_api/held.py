"""
The streams of one region, and what the API keeps of each.

https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeGuard, cast

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import InvokeError
from eventsim.journal import Journal
from eventsim.kinesis_api.refusing import check_simulated, in_use, invalid, missing, over_limit
from eventsim.kinesis_api.tokens import Tokens
from eventsim.rules.function_names import Place
from eventsim.rules.kinesis import SHARDS_MAX
from eventsim.simulation.streams import tell_resharding, telling
from eventsim.sources import kinesis
from eventsim.streams.kinesis import KinesisStream
from eventsim.types import OnReshard, Resharding, Stream

SHARDS_LIMIT = 20_000  # in a region; AWS's default in the larger ones
RECORD_KIB = 1_024
RECORD_KIB_MAX = 10_240
ON_DEMAND, PROVISIONED = "ON_DEMAND", "PROVISIONED"


class KeptConsumer(Stream, Protocol):
    """A consumer with enhanced fan-out, as the API knows it."""

    name: str
    created: float


class KeptStream(Stream, Protocol):
    """A simulated stream, as the API works with it."""

    store: KinesisStream
    consumers: dict[str, KeptConsumer]

    def register(self, name: str) -> KeptConsumer: ...

    def retain(self, hours: int) -> None: ...

    async def split(self, shard_id: str, new_starting_hash_key: int | None = None) -> Resharding:
        """Split a shard. Raises ServiceError."""

    async def merge(self, shard_id: str, adjacent_shard_id: str) -> Resharding:
        """Merge two shards. Raises ServiceError."""

    def on_reshard(self, tell: OnReshard) -> None: ...

    async def delete(self) -> None: ...


@dataclass(slots=True)
class Held:
    """A stream, and what is not the stream's own; ``created`` is in epoch seconds."""

    stream: KeptStream
    created: float
    mode: str = PROVISIONED
    record_kib: int = RECORD_KIB
    tags: dict[str, str] = field(default_factory=dict)
    consumer_tags: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def store(self) -> KinesisStream:
        return self.stream.store

    @property
    def name(self) -> str:
        return self.store.name

    @property
    def open_shards(self) -> int:
        return sum(shard.closed_at is None for shard in self.store.described())

    @property
    def under(self) -> str:
        """The stream as AWS names it in an error."""
        return f"stream {self.name} under account {self.store.account}"


class Streams:
    """The streams of a region, by name."""

    def __init__(self, place: Place, clock: Clock, journal: Journal, tokens: Tokens) -> None:
        self.place, self.clock, self.tokens = place, clock, tokens
        self._journal = journal
        self._held: dict[str, Held] = {}

    def __iter__(self) -> Any:
        return iter(sorted(self._held.values(), key=lambda held: held.name))

    def adopt(self, stream: KeptStream) -> None:
        """Have a stream of the scenario."""
        self._hold(stream, record_kib=RECORD_KIB_MAX)

    async def create(self, name: str, shard_count: int, **kept: Any) -> Held:
        """Make a stream. Raises InvokeError for a name that is taken, and for too many shards."""
        if name in self._held:
            raise in_use(f"Stream {name} under account {self.place.account} already exists.")
        self.check_room(shard_count)
        backend = Backend("simulated", self.clock, self.place.account, self.place.region)
        resource = kinesis.Resource(shards=shard_count, release="retention", limits=True)
        tell = telling(self._journal, name, None)
        made = await kinesis.open_stream(name, resource, backend, tell)
        stream = cast(KeptStream, made)
        stream.on_reshard(lambda change: tell_resharding(self._journal, name, change))
        return self._hold(stream, **kept)

    def _hold(self, stream: KeptStream, **kept: Any) -> Held:
        created = stream.store.described()[0].opened_at
        held = self._held[stream.store.name] = Held(stream, created, **kept)
        return held

    async def delete(self, held: Held) -> None:
        """Delete a stream with all that is in it."""
        del self._held[held.name]
        await held.stream.delete()

    def check_room(self, more: int) -> None:
        """Raises InvokeError where so many more shards are too many for a region or a stream."""
        current = self.open_shards()
        if more > SHARDS_MAX or current + more > SHARDS_LIMIT:
            limit = min(SHARDS_MAX, SHARDS_LIMIT)
            raise over_limit(
                "This request would exceed the shard limit for the account "
                f"{self.place.account} in {self.place.region}. Current shard count for the "
                f"account: {current}. Limit: {limit if more > limit else SHARDS_LIMIT}. Number "
                f"of additional shards that would have resulted from this request: {more}."
            )

    def open_shards(self) -> int:
        """How many shards of all streams are open."""
        return sum(held.open_shards for held in self._held.values())

    def named(self, given: Mapping[str, Any]) -> Held:
        """The stream that a request is about, by its name or its ARN. Raises InvokeError."""
        check_simulated(given, "StreamId", "DryRun")
        name, arn = given.get("StreamName"), given.get("StreamARN")
        if arn is not None:
            held = self.of_arn(arn)
            if name not in (None, held.name):
                raise invalid(f"StreamARN {arn} is not that of StreamName {name}.")
            return held
        if name is None:
            raise invalid("Either StreamName or StreamARN must be provided.")
        return self.of_name(name)

    def of_name(self, name: str, created: float | None = None) -> Held:
        """The stream of a name, the one that was made then if that is given."""
        held = self._held.get(name)
        if held is None or created not in (None, held.created):
            raise missing(f"Stream {name} under account {self.place.account} not found.")
        return held

    def of_arn(self, arn: str) -> Held:
        """The stream of an ARN, which may be that of a consumer. Raises InvokeError."""
        name = kinesis.stream_name(arn).resource
        held = self.of_name(name)
        if held.stream.arn != arn.partition("/consumer/")[0]:
            raise missing(f"Stream {arn} not found.")
        return held

    def consumer_of_arn(self, arn: str) -> tuple[Held, KeptConsumer]:
        """A consumer and its stream. Raises InvokeError."""
        held = self.of_arn(arn)
        consumer = held.stream.consumers.get(kinesis.stream_name(arn).consumer or "")
        if consumer is None or consumer.arn != arn:
            raise missing(f"Consumer {arn} not found.")
        return held, consumer

    async def find(self, arn: str) -> Stream | None:
        """What a mapping on this ARN reads: a stream, a consumer, or nothing that is here."""
        try:
            if "/consumer/" in arn:
                return self.consumer_of_arn(arn)[1]
            return self.of_arn(arn).stream
        except InvokeError:
            return None


class Call(NamedTuple):
    """A request: the members that it has, and the region that it is for."""

    streams: Streams
    given: Mapping[str, Any]


Handler = Callable[[Call], Awaitable[Any]]


def is_kept(stream: Stream) -> TypeGuard[KeptStream]:
    """Whether a stream is a simulated one of Kinesis."""
    return isinstance(getattr(stream, "store", None), KinesisStream)
