"""An event source mapping, and what it sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from eventsim.types.streams import Position, Record

StartingPosition = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
REPORT_BATCH_ITEM_FAILURES = "ReportBatchItemFailures"
STREAM_SETTINGS = frozenset(
    {
        "BatchSize",
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "Enabled",
        "FilterCriteria",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "StartingPosition",
        "StartingPositionTimestamp",
        "TumblingWindowInSeconds",
    }
)


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """An event source mapping, in AWS's fields and defaults; ``name`` and ``source`` are ours.

    ``filters`` are the patterns of FilterCriteria, as JSON text; ``on_failure`` is the ARN in
    DestinationConfig.OnFailure, ``maximum_concurrency`` that of ScalingConfig. The default batch
    size is that of a stream; a source that has another says so in its settings.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """

    name: str
    source: str
    event_source_arn: str
    function_name: str
    starting_position: StartingPosition | None = "TRIM_HORIZON"
    starting_position_timestamp: float | None = None
    batch_size: int = 100
    maximum_batching_window_in_seconds: int = 0
    maximum_retry_attempts: int = -1
    maximum_record_age_in_seconds: int = -1
    bisect_batch_on_function_error: bool = False
    function_response_types: tuple[str, ...] = ()
    parallelization_factor: int = 1
    tumbling_window_in_seconds: int = 0
    filters: tuple[str, ...] = ()
    on_failure: str | None = None
    maximum_concurrency: int | None = None
    enabled: bool = True
    uuid: str = ""

    def position(self) -> Position:
        """Where a shard without a checkpoint is read from."""
        return Position(
            self.starting_position or "TRIM_HORIZON", timestamp=self.starting_position_timestamp
        )

    @property
    def reports_batch_item_failures(self) -> bool:
        """Whether a partial batch response is looked at."""
        return REPORT_BATCH_ITEM_FAILURES in self.function_response_types


@dataclass(frozen=True, slots=True)
class MappingKind:
    """What a source lets a mapping set, in AWS's words.

    ``event`` is SAM's type of event (``Kinesis``), ``resource_key`` the property that names what
    is read (``Stream``, ``Queue``), ``settings`` the other properties that this source takes,
    ``starting_positions`` those that it knows, none for a queue.
    """

    event: str
    resource_key: str = "Stream"
    settings: frozenset[str] = STREAM_SETTINGS
    batch_size: int = 100
    starting_positions: tuple[StartingPosition, ...] = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")

    @property
    def is_queue(self) -> bool:
        """Whether the source is a queue, which has no place to start from."""
        return not self.starting_positions


@dataclass(frozen=True, slots=True)
class Origin:
    """What is the same in every record of an event: where it is from, who asks for it."""

    shard_id: str = ""
    arn: str = ""
    region: str = ""
    role_arn: str = ""


@dataclass(frozen=True, slots=True)
class TumblingWindow:
    """A tumbling window of one shard; ``start`` and ``end`` are in seconds since the epoch.

    ``state`` is what the function answered last, ``{}`` at first.
    """

    start: float
    end: float
    state: Any = field(default_factory=dict)
    final: bool = False
    terminated_early: bool = False


class Batch(NamedTuple):
    """A run of records from one shard, oldest first.

    Empty only as the final invocation of a tumbling window. ``attempt`` counts what
    MaximumRetryAttempts counts; ``returned`` counts how often the batch came back in all,
    throttles included, and sets the wait before it is sent again.
    """

    shard_id: str
    records: Sequence[Record]
    attempt: int = 1
    returned: int = 0
    window: TumblingWindow | None = None

    @property
    def first(self) -> str | None:
        return self.records[0].sequence_number if self.records else None

    @property
    def last(self) -> str | None:
        return self.records[-1].sequence_number if self.records else None


class Checkpoint(NamedTuple):
    """Where a shard stands: the last sequence number done, and the tumbling window it is in."""

    sequence_number: str
    window: TumblingWindow | None = None


class ResponseContext(NamedTuple):
    """The function's answer as an on-failure document tells it."""

    status_code: int
    executed_version: str | None
    function_error: str | None
