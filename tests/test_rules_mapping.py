"""What CreateEventSourceMapping refuses, in Lambda's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from eventsim.rules.mapping import Refusal, already_exists, refusals
from eventsim.types import EventSourceMapping

NOW = 1_767_225_600.0
MAPPING = EventSourceMapping(
    name="consumer.Orders",
    source="orders",
    event_source_arn="arn:aws:kinesis:us-east-1:123456789012:stream/orders",
    function_name="consumer",
)


def refused(**settings: Any) -> list[Refusal]:
    return refusals(replace(MAPPING, **settings), NOW)


def constraint(field: str, value: str, member: str) -> Refusal:
    name = field[0].lower() + field[1:]
    return Refusal(
        field,
        "ValidationException",
        f"1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: "
        f"Member {member}",
    )


def test_the_defaults_are_taken() -> None:
    assert refusals(MAPPING, NOW) == []


@pytest.mark.parametrize(
    ("field", "name", "least", "most"),
    [
        ("batch_size", "BatchSize", 1, 10_000),
        ("maximum_batching_window_in_seconds", "MaximumBatchingWindowInSeconds", 0, 300),
        ("maximum_retry_attempts", "MaximumRetryAttempts", -1, 10_000),
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


def test_a_batch_above_ten_needs_no_window_on_a_stream() -> None:
    assert refused(batch_size=101, maximum_batching_window_in_seconds=0) == []


def test_a_missing_starting_position_is_a_service_error() -> None:
    assert refused(starting_position=cast(Any, None)) == [
        Refusal(
            "StartingPosition",
            "InvalidParameterValueException",
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null.",
        )
    ]


def test_a_bad_starting_position_lists_the_good_ones() -> None:
    assert refused(starting_position=cast(Any, "invalid")) == [
        constraint(
            "StartingPosition",
            "'invalid'",
            "must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        )
    ]


def test_at_timestamp_needs_a_timestamp() -> None:
    assert refused(starting_position="AT_TIMESTAMP") == [
        Refusal(
            "StartingPositionTimestamp",
            "InvalidParameterValueException",
            "Need to specify a timestamp",
        )
    ]


@pytest.mark.parametrize("position", ["TRIM_HORIZON", "LATEST"])
def test_a_timestamp_goes_with_at_timestamp_only(position: str) -> None:
    assert refused(starting_position=position, starting_position_timestamp=NOW) == [
        Refusal(
            "StartingPositionTimestamp",
            "InvalidParameterValueException",
            "Timestamp only valid with StartingPosition AT_TIMESTAMP",
        )
    ]


def test_a_timestamp_may_be_now_but_not_later() -> None:
    assert refused(starting_position="AT_TIMESTAMP", starting_position_timestamp=NOW) == []
    later = refused(starting_position="AT_TIMESTAMP", starting_position_timestamp=NOW + 0.5)
    assert later == [
        Refusal(
            "StartingPositionTimestamp",
            "InvalidParameterValueException",
            "Received Exception while reading from provided stream. The timestampInMillis "
            "parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
            "1767225600500, currentTimestampInMillis: 1767225600000",
        )
    ]


def test_everything_refused_is_told_at_once() -> None:
    found = refused(
        batch_size=0,
        maximum_batching_window_in_seconds=301,
        maximum_retry_attempts=-2,
        starting_position=cast(Any, "invalid"),
    )

    assert [refusal.field for refusal in found] == [
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRetryAttempts",
        "StartingPosition",
    ]


def test_a_second_mapping_of_the_same_two_is_a_conflict() -> None:
    assert already_exists("arn:x", "consumer", "uuid-1") == Refusal(
        "EventSourceArn",
        "ResourceConflictException",
        'The event source arn (" arn:x ") and function (" consumer ") provided mapping already '
        "exists. Please update or delete the existing mapping with UUID uuid-1",
    )
