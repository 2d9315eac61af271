"""
Every setting of an event source mapping, once: AWS's name, our field, its range, what it does.

The scenario's properties, their JSON Schema, the refusals of ``rules.mapping`` and the page
docs/mappings.md and the flags of ``eventsim poll`` are made from this table, which therefore
imports nothing; defaults are those of ``EventSourceMapping``.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from typing import NamedTuple

STARTING_POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")
RESPONSE_TYPES = ("ReportBatchItemFailures",)
DESTINATION_SERVICES = ("sqs", "sns", "s3")
FILTERS_MAX = 5  # the default quota; AWS raises it to 10 on request
RECORD_AGE_SECONDS_MIN = 60
FIFO_BATCH_SIZE_MAX = 10


class Setting(NamedTuple):
    """One setting: ``field`` is that of EventSourceMapping, ``inside`` where a number stands.

    ``least`` and ``most`` are the range in the API's model, None for what is no number;
    ``values`` says what may stand there in words.
    """

    name: str
    field: str
    says: str
    values: str = ""
    least: int | None = None
    most: int | None = None
    inside: tuple[str, ...] = ()
    fixed: bool = False

    @property
    def member(self) -> str:
        """The setting's number as the API's texts call it: ``scalingConfig.maximumConcurrency``."""
        return ".".join(part[0].lower() + part[1:] for part in (self.name, *self.inside))


_ALL = (
    Setting(
        "StartingPosition",
        "starting_position",
        "where a shard without a checkpoint is read from; cannot be changed later",
        "TRIM_HORIZON, LATEST, or AT_TIMESTAMP where the source knows it; must be given",
        fixed=True,
    ),
    Setting(
        "StartingPositionTimestamp",
        "starting_position_timestamp",
        "the time of AT_TIMESTAMP, not in the future; cannot be changed later",
        "a date with its zone, or seconds since 1970",
        fixed=True,
    ),
    Setting(
        "BatchSize",
        "batch_size",
        "the most records in one invocation; above 10, a queue needs a batching window",
        least=1,
        most=10_000,
    ),
    Setting(
        "MaximumBatchingWindowInSeconds",
        "maximum_batching_window_in_seconds",
        "how long a batch is gathered before it is sent with fewer records",
        least=0,
        most=300,
    ),
    Setting(
        "ParallelizationFactor",
        "parallelization_factor",
        "how many batches of one shard are in flight at once, in order per partition key",
        least=1,
        most=10,
    ),
    Setting(
        "TumblingWindowInSeconds",
        "tumbling_window_in_seconds",
        "the length of a tumbling window, 0 for none; not with ParallelizationFactor or filters",
        least=0,
        most=900,
    ),
    Setting(
        "FilterCriteria",
        "filters",
        "a record that matches none of the patterns never reaches the function",
        f"`{{Filters: [{{Pattern: '…'}}]}}`, up to {FILTERS_MAX}, each a pattern as JSON text",
    ),
    Setting(
        "MaximumRetryAttempts",
        "maximum_retry_attempts",
        "how often a failed batch is sent again, -1 until its records expire",
        least=-1,
        most=10_000,
    ),
    Setting(
        "MaximumRecordAgeInSeconds",
        "maximum_record_age_in_seconds",
        f"when a record is given up, -1 for never; {RECORD_AGE_SECONDS_MIN} at least",
        least=-1,
        most=604_800,
    ),
    Setting(
        "BisectBatchOnFunctionError",
        "bisect_batch_on_function_error",
        "split a failed batch in two and send each half",
        "true or false",
    ),
    Setting(
        "FunctionResponseTypes",
        "function_response_types",
        "let the function name the records that failed",
        "`[ReportBatchItemFailures]`",
    ),
    Setting(
        "DestinationConfig",
        "on_failure",
        "where a document about each discarded batch is sent",
        "`{OnFailure: {Destination: …}}`: a queue, topic or bucket, none of them FIFO",
    ),
    Setting(
        "ScalingConfig",
        "maximum_concurrency",
        "the most invocations at once, as `{MaximumConcurrency: …}`",
        least=2,
        most=1_000,
        inside=("MaximumConcurrency",),
    ),
    Setting(
        "Enabled",
        "enabled",
        "whether the mapping reads at all",
        "true or false",
    ),
)
SETTINGS = {setting.name: setting for setting in _ALL}
