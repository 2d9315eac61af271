"""
What a stream holds, and how it is written and read.

Times called ``arrival`` are seconds since the epoch, as AWS stamps records; everything else is in
seconds since the run began (``Clock.time``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

PositionType = Literal[
    "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"
]


class Record(NamedTuple):
    """One item of a stream. A named tuple, since a run makes millions of them.

    ``data`` is what the source carries: bytes for Kinesis, a change for DynamoDB Streams.
    """

    sequence_number: str
    partition_key: str
    data: Any
    arrival: float


class PutRecord(NamedTuple):
    """What a writer hands to a stream; the hash key, if given, overrides the key's MD5."""

    partition_key: str
    data: Any
    explicit_hash_key: int | None = None


class TimedRecord(NamedTuple):
    """A record to be put at a time, in seconds since the run began."""

    time: float
    record: PutRecord


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as a reader of the stream sees it; parents are drained before children."""

    shard_id: str
    parent_shard_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a shard iterator starts. A timestamp is in seconds since the epoch.

    Every reader understands every type, also where the service's own API has no such iterator.
    """

    type: PositionType
    sequence_number: str | None = None
    timestamp: float | None = None


class Trimmed(NamedTuple):
    """Records that are not handed out, by the sequence numbers of the first and the last."""

    first: str
    last: str
    records: int


class Read(NamedTuple):
    """What one wait on a shard brought.

    ``polls`` counts the requests that AWS would have made since the last read, this one
    included; ``behind`` is MillisBehindLatest in seconds; ``ended`` says that nothing will
    ever follow, because the shard is ``closed`` (it was split or merged; its children go on) or
    because the run puts no more records. ``trimmed`` names what was lost before these, where
    the back end can tell; ``dropped`` what is not for this reader, and so not among them.
    """

    records: Sequence[Record]
    polls: int = 1
    behind: float = 0.0
    ended: bool = False
    trimmed: Trimmed | None = None
    closed: bool = False
    dropped: Trimmed | None = None


class Reader(Protocol):
    """Fetches one shard's records, oldest first, each exactly once."""

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first.

        May be cancelled while it waits, and called again: no record is lost or repeated.
        """


class Stream(Protocol):
    """A stream on one back end, as writers and mappings see it."""

    arn: str
    retention_seconds: float

    async def put(self, records: Sequence[PutRecord]) -> None:
        """Put records now, in this order."""

    async def feed(self, records: Iterator[TimedRecord]) -> None:
        """Put records at their times; return after the last. Never holds them all."""

    async def shards(self) -> Sequence[Shard]:
        """Every shard there is, parents before children."""

    def reader(self, shard_id: str, position: Position) -> Reader:
        """A reader of one shard from *position* on."""

    def finish(self) -> None:
        """Nobody will put another record: readers end once they have read what there is."""

    def consumed(self, shard_id: str, sequence_number: str) -> None:
        """Every mapping is done with the shard up to here: the back end may let go of it."""


class FoundStream(NamedTuple):
    """A stream that was there already, and when it was created, in epoch seconds.

    ``created`` is None where the ARN tells one stream of a name from the next, or nobody knows.
    """

    stream: Stream
    created: float | None = None


class Resharding(NamedTuple):
    """Shards that were closed, and what took their place: two for a split, one for a merge."""

    parents: tuple[str, ...]
    children: tuple[str, ...]


OnReshard = Callable[[Resharding], None]


@runtime_checkable
class Reshardable(Protocol):
    """A stream whose shards can be split and merged while it is written and read.

    Raises ServiceError for a shard that is not there or closed, BackendError where the back end
    cannot do it.
    """

    async def split(self, shard_id: str, new_starting_hash_key: int | None = None) -> Resharding:
        """Close a shard and open two; the second begins at that hash key, in the middle on None."""

    async def merge(self, shard_id: str, adjacent_shard_id: str) -> Resharding:
        """Close two shards whose hash keys meet, and open one."""

    def on_reshard(self, tell: OnReshard) -> None:
        """Tell of every split and merge from now on, at once and before a child is read."""


@runtime_checkable
class Deletable(Protocol):
    """A stream that can be deleted while it is written and read."""

    async def delete(self) -> None:
        """Delete it with all that is in it: to read or write it is a ServiceError from now on."""


@runtime_checkable
class FanOut(Protocol):
    """A stream with consumers that have enhanced fan-out."""

    def consumer(self, name: str) -> Stream:
        """The stream as it is pushed to that consumer, whose ARN it has.

        Raises ServiceError when there is no such consumer, BackendError where the back end
        cannot push.
        """
