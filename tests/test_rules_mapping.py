"""What CreateEventSourceMapping refuses, in Lambda's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from eventsim.errors import MappingRefused
from eventsim.rules.mapping import check, refusals
from eventsim.rules.mapping_defaults import DEFAULTS
from eventsim.rules.mapping_errors import Refusal
from eventsim.rules.mapping_settings import SETTINGS
from eventsim.types import EventSourceMapping, MappingKind
from eventsim.types.mappings import STREAM_SETTINGS
from tests.mappings import (
    CHANGES,
    INVALID,
    MAPPING,
    NOW,
    QUEUE,
    QUEUED,
    SQS,
    STREAM,
    TABLE,
    constraint,
    refused,
    refused_for_queue,
)


def test_every_field_that_may_be_set_is_one_setting() -> None:
    ours = {"name", "source", "event_source_arn", "function_name", "uuid"}

    assert {setting.field for setting in SETTINGS.values()} == DEFAULTS.keys() - ours
    assert set(SETTINGS) == STREAM_SETTINGS | {"ScalingConfig"}


@pytest.mark.parametrize(
    ("mapping", "kind"),
    [
        (MAPPING, STREAM),
        (QUEUED, SQS),
        (replace(QUEUED, starting_position="TRIM_HORIZON"), SQS),  # as it is when not given
        (replace(MAPPING, event_source_arn=TABLE), CHANGES),
    ],
)
def test_the_defaults_are_taken(mapping: EventSourceMapping, kind: MappingKind) -> None:
    assert refusals(mapping, kind, NOW) == []


@pytest.mark.parametrize(
    ("field", "name", "least", "most"),
    [
        ("batch_size", "BatchSize", 1, 10_000),
        ("maximum_batching_window_in_seconds", "MaximumBatchingWindowInSeconds", 0, 300),
        ("maximum_retry_attempts", "MaximumRetryAttempts", -1, 10_000),
        ("maximum_record_age_in_seconds", "MaximumRecordAgeInSeconds", -1, 604_800),
        ("parallelization_factor", "ParallelizationFactor", 1, 10),
        ("tumbling_window_in_seconds", "TumblingWindowInSeconds", 0, 900),
    ],
)
def test_a_number_is_taken_up_to_its_limits_and_refused_beyond(
    field: str, name: str, least: int, most: int
) -> None:
    assert refused(**{field: least}) == []
    assert refused(**{field: most}) == []
    assert refused(**{field: least - 1}) == [
        constraint(name, f"'{least - 1}'", f"must have value greater than or equal to {least}")
    ]
    assert refused(**{field: most + 1}) == [
        constraint(name, f"'{most + 1}'", f"must have value less than or equal to {most}")
    ]


@pytest.mark.parametrize(
    ("value", "limit"), [(1, "greater than or equal to 2"), (1001, "less than or equal to 1000")]
)
def test_a_queues_concurrency_is_from_two_to_a_thousand(value: int, limit: str) -> None:
    assert refused_for_queue(maximum_concurrency=2) == []
    assert refused_for_queue(maximum_concurrency=1000) == []
    assert refused_for_queue(maximum_concurrency=value) == [
        constraint("ScalingConfig", f"'{value}'", f"must have value {limit}", "MaximumConcurrency")
    ]


@pytest.mark.parametrize("age", [0, 59])
def test_a_record_age_below_a_minute_is_refused_by_the_service(age: int) -> None:
    assert refused(maximum_record_age_in_seconds=60) == []
    assert refused(maximum_record_age_in_seconds=age) == [
        Refusal(
            "MaximumRecordAgeInSeconds",
            INVALID,
            "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 "
            "(inclusive)",
        )
    ]


def test_a_batch_above_ten_needs_no_window_on_a_stream() -> None:
    assert refused(batch_size=101, maximum_batching_window_in_seconds=0) == []


def test_a_batch_above_ten_needs_a_window_on_a_queue() -> None:
    assert refused_for_queue(batch_size=11, maximum_batching_window_in_seconds=1) == []
    assert refused_for_queue(batch_size=11) == [
        Refusal(
            "BatchSize",
            INVALID,
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            "greater than 10",
        )
    ]


def test_a_fifo_queue_has_neither_a_window_nor_more_than_ten() -> None:
    fifo = f"{QUEUE}.fifo"
    window = Refusal(
        "MaximumBatchingWindowInSeconds",
        INVALID,
        "Batching window is not supported for FIFO queues",
    )
    size = Refusal("BatchSize", INVALID, "Batch size must not exceed 10 for FIFO queues")

    assert refused_for_queue(event_source_arn=fifo) == []
    assert refused_for_queue(event_source_arn=fifo, maximum_batching_window_in_seconds=1) == [
        window
    ]
    assert refused_for_queue(event_source_arn=fifo, batch_size=11) == [size]


def test_a_missing_starting_position_is_a_service_error() -> None:
    assert refused(starting_position=None) == [
        Refusal(
            "StartingPosition",
            INVALID,
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null.",
        )
    ]


@pytest.mark.parametrize("kind", [STREAM, CHANGES])
def test_a_bad_starting_position_lists_the_good_ones_of_the_api(kind: MappingKind) -> None:
    mapping = replace(MAPPING, starting_position=cast(Any, "invalid"))

    assert refusals(mapping, kind, NOW) == [
        constraint(
            "StartingPosition",
            "'invalid'",
            "must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        )
    ]


@pytest.mark.parametrize("timestamp", [None, NOW])
def test_a_position_that_the_source_does_not_know_is_refused_by_its_arn(
    timestamp: float | None,
) -> None:
    mapping = replace(
        MAPPING,
        event_source_arn=TABLE,
        starting_position="AT_TIMESTAMP",
        starting_position_timestamp=timestamp,
    )

    assert refusals(mapping, CHANGES, NOW) == [
        Refusal(
            "StartingPosition",
            INVALID,
            f"Unsupported starting position for arn type: {TABLE}",
        )
    ]


def test_at_timestamp_needs_a_timestamp() -> None:
    assert refused(starting_position="AT_TIMESTAMP") == [
        Refusal("StartingPositionTimestamp", INVALID, "Need to specify a timestamp")
    ]


@pytest.mark.parametrize("position", ["TRIM_HORIZON", "LATEST"])
def test_a_timestamp_goes_with_at_timestamp_only(position: str) -> None:
    assert refused(starting_position=position, starting_position_timestamp=NOW) == [
        Refusal(
            "StartingPositionTimestamp",
            INVALID,
            "Timestamp only valid with StartingPosition AT_TIMESTAMP",
        )
    ]


def test_a_timestamp_may_be_now_but_not_later() -> None:
    assert refused(starting_position="AT_TIMESTAMP", starting_position_timestamp=NOW) == []
    later = refused(starting_position="AT_TIMESTAMP", starting_position_timestamp=NOW + 0.5)
    assert later == [
        Refusal(
            "StartingPositionTimestamp",
            INVALID,
            "Received Exception while reading from provided stream. The timestampInMillis "
            "parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
            "1767225600500, currentTimestampInMillis: 1767225600000",
        )
    ]


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("bisect_batch_on_function_error", True, "BisectBatchOnFunctionError"),
        ("maximum_record_age_in_seconds", 60, "MaximumRecordAgeInSeconds"),
        ("maximum_retry_attempts", 0, "MaximumRetryAttempts"),
        ("on_failure", QUEUE, "DestinationConfig"),
        ("parallelization_factor", 2, "ParallelizationFactor"),
        ("tumbling_window_in_seconds", 1, "TumblingWindowInSeconds"),
    ],
)
def test_a_queue_refuses_what_only_streams_have(field: str, value: Any, name: str) -> None:
    assert refused_for_queue(**{field: value}) == [
        Refusal(name, INVALID, f"Unsupported {name} parameter for given event source mapping type.")
    ]


def test_a_queue_has_no_starting_position() -> None:
    assert refused_for_queue(starting_position="LATEST") == [
        Refusal("StartingPosition", INVALID, "StartingPosition is not valid for SQS event sources.")
    ]


def test_a_stream_has_no_scaling_config() -> None:
    assert refused(maximum_concurrency=2) == [
        Refusal(
            "ScalingConfig",
            INVALID,
            "Unsupported ScalingConfig parameter for given event source mapping type.",
        )
    ]


def test_a_queue_must_hide_its_messages_as_long_as_the_function_may_run() -> None:
    def of(visibility: float, timeout: float, kind: MappingKind = SQS) -> list[Refusal]:
        mapping = QUEUED if kind is SQS else MAPPING
        return refusals(mapping, kind, NOW, visibility_timeout=visibility, function_timeout=timeout)

    assert of(60.0, 60) == []
    assert of(30.0, 60, STREAM) == []
    assert of(30.0, 60) == [
        Refusal(
            "EventSourceArn",
            INVALID,
            "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
        )
    ]


def test_a_mapping_without_a_source_is_refused() -> None:
    assert refused(event_source_arn="") == [
        Refusal("EventSourceArn", INVALID, "Unrecognized event source.")
    ]


def test_everything_refused_is_told_at_once() -> None:
    found = refused(
        batch_size=0,
        maximum_batching_window_in_seconds=301,
        maximum_retry_attempts=-2,
        starting_position=cast(Any, "invalid"),
        function_response_types=("Bad",),
    )

    assert [refusal.field for refusal in found] == [
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRetryAttempts",
        "FunctionResponseTypes",
        "StartingPosition",
    ]


def test_from_python_the_first_refusal_is_raised_with_lambdas_code() -> None:
    check(MAPPING, STREAM, NOW)

    with pytest.raises(MappingRefused) as caught:
        check(replace(MAPPING, on_failure=f"{QUEUE}.fifo"), STREAM, NOW)

    error = caught.value
    assert (error.code, error.message, error.field) == (
        INVALID,
        f"The destination ARN {QUEUE}.fifo is invalid.",
        "DestinationConfig",
    )
    assert str(error) == (
        f"DestinationConfig: {INVALID}: The destination ARN {QUEUE}.fifo is invalid. "
        "(a FIFO queue or topic is no destination of an event source mapping)"
    )
