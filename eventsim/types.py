"""
The words that travel between layers, and the seams they travel through.

Values are immutable; a seam is a Protocol of one to three methods. Times called
``arrival`` are seconds since the epoch, as AWS stamps records; everything else is in
seconds since the run began (``Clock.time``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import orjson

InvocationType = Literal["RequestResponse", "Event", "DryRun"]
StartingPosition = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
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
    """Where a shard iterator starts. A timestamp is in seconds since the epoch."""

    type: PositionType
    sequence_number: str | None = None
    timestamp: float | None = None


class Trimmed(NamedTuple):
    """Records that passed the stream's retention before anybody read them."""

    first: str
    last: str
    records: int


class Read(NamedTuple):
    """What one wait on a shard brought.

    ``polls`` counts the requests that AWS would have made since the last read, this one
    included; ``behind`` is MillisBehindLatest in seconds; ``ended`` says that nothing will
    ever follow: the shard is closed, or the run puts no more records. ``trimmed`` names what
    was lost before these, where the back end can tell.
    """

    records: Sequence[Record]
    polls: int = 1
    behind: float = 0.0
    ended: bool = False
    trimmed: Trimmed | None = None


class Reader(Protocol):
    """Fetches one shard's records, oldest first, each exactly once."""

    async def read(self, until: float | None) -> Read:
        """Return the next records, or none when the clock reaches *until* first."""


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


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """An event source mapping, in AWS's fields and defaults; ``name`` and ``source`` are ours.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """

    name: str
    source: str
    event_source_arn: str
    function_name: str
    starting_position: StartingPosition = "TRIM_HORIZON"
    starting_position_timestamp: float | None = None
    batch_size: int = 100
    maximum_batching_window_in_seconds: int = 0
    maximum_retry_attempts: int = -1
    enabled: bool = True

    def position(self) -> Position:
        """Where a shard without a checkpoint is read from."""
        return Position(self.starting_position, timestamp=self.starting_position_timestamp)


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of records from one shard, oldest first. Never empty.

    ``attempt`` counts what MaximumRetryAttempts counts; ``returned`` counts how often the batch
    came back in all, throttles included, and sets the wait before it is sent again.
    """

    shard_id: str
    records: Sequence[Record]
    attempt: int = 1
    returned: int = 0

    @property
    def first(self) -> str:
        return self.records[0].sequence_number

    @property
    def last(self) -> str:
        return self.records[-1].sequence_number


class Payload:
    """An event on its way to a function: built when it is needed, as an object or as bytes.

    Who already knows how many bytes it will have says so, and nobody needs to encode it to ask.
    """

    __slots__ = ("_build", "_encoded", "_size", "_unchecked")

    def __init__(self, build: Callable[[], Any], size: int | None = None) -> None:
        self._build = build
        self._size = size
        self._encoded: bytes | None = None
        self._unchecked = False

    @classmethod
    def of_bytes(cls, encoded: bytes) -> Payload:
        """The payload of an Invoke request as it came; no bytes at all mean ``{}``."""
        encoded = encoded or b"{}"
        payload = cls(lambda: orjson.loads(encoded))
        payload._encoded = encoded
        payload._unchecked = True
        return payload

    def check(self) -> None:
        """Raises ValueError for bytes that are not JSON; costs nothing for what we built."""
        if self._unchecked:
            self._build()
            self._unchecked = False

    def value(self) -> Any:
        """A fresh object, which the receiver may change. Raises ValueError if it is not JSON."""
        return self._build()

    def encoded(self) -> bytes:
        """The bytes of the Invoke request."""
        if self._encoded is None:
            self._encoded = orjson.dumps(self._build())
        return self._encoded

    @property
    def size(self) -> int:
        """How many bytes ``encoded()`` has."""
        return len(self.encoded()) if self._size is None else self._size


@dataclass(frozen=True, slots=True)
class InvokeRequest:
    """A call of the Invoke API.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    function_name: str
    payload: Payload
    request_id: str
    invocation_type: InvocationType = "RequestResponse"
    log_type: Literal["None", "Tail"] = "None"
    client_context: str | None = None
    qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """The answer of the Invoke API; a function that failed has ``function_error`` set."""

    status_code: int
    payload: bytes = b""
    function_error: str | None = None
    executed_version: str | None = None
    log_result: str | None = None


class Invoker(Protocol):
    """Runs a function once. Retries, batching and destinations live elsewhere.

    Raises InvokeError when the API refuses and nothing ran.
    """

    async def invoke(self, request: InvokeRequest) -> InvokeResult: ...


@dataclass(frozen=True, slots=True)
class Duration:
    """How long an invocation takes in virtual time: declared, or measured on this machine.

    ``sigma`` above 0 makes it lognormal around ``median`` seconds.
    """

    median: float = 0.001
    sigma: float = 0.0
    measured: bool = False


class FunctionError(NamedTuple):
    """Why a function failed. After a *fatal* one its runtime is gone and has to start again."""

    type: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function's configuration, in AWS's fields and units.

    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    """

    name: str
    handler: str | Callable[[Any, Any], Any]
    code_uri: str | None = None
    timeout: int = 3
    memory_size: int = 128
    environment: tuple[tuple[str, str], ...] = ()
    runtime: str | None = None
    description: str = ""
    duration: Duration = Duration()
    init_duration: float = 0.1
    async_handler: bool = False


class Outcome(NamedTuple):
    """What one call of the handler came to, before it is wrapped as an answer.

    ``duration`` is in real seconds, as measured; ``log`` is what the function wrote.
    """

    payload: bytes
    error: FunctionError | None
    duration: float
    log: str = ""
