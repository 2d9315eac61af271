"""What Lambda refuses in a mapping's filters, destination and window, and in an update of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eventsim.rules.mapping import refusals, update_refusals
from eventsim.rules.mapping_errors import Refusal
from eventsim.types import EventSourceMapping
from tests.mappings import (
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


@pytest.mark.parametrize(
    ("types", "shown", "member"),
    [
        (
            ("Bad",),
            "'[Bad]'",
            "must satisfy constraint: [Member must satisfy enum value set: "
            "[ReportBatchItemFailures], Member must not be null]",
        ),
        (
            ("ReportBatchItemFailures", "ReportBatchItemFailures"),
            "'[ReportBatchItemFailures, ReportBatchItemFailures]'",
            "must have length less than or equal to 1",
        ),
    ],
)
def test_the_only_response_type_may_stand_once(
    types: tuple[str, ...], shown: str, member: str
) -> None:
    assert refused(function_response_types=("ReportBatchItemFailures",)) == []
    assert refused(function_response_types=types) == [
        constraint("FunctionResponseTypes", shown, member)
    ]


def test_a_tumbling_window_goes_with_one_lane_and_no_filters() -> None:
    assert refused(tumbling_window_in_seconds=1) == []
    assert refused(
        tumbling_window_in_seconds=1, parallelization_factor=2, filters=('{"data": [1]}',)
    ) == [
        Refusal(
            "ParallelizationFactor",
            INVALID,
            "ParallelizationFactor must be 1 where there is a tumbling window",
        ),
        Refusal(
            "FilterCriteria",
            INVALID,
            "FilterCriteria must be empty where there is a tumbling window",
        ),
    ]


@pytest.mark.parametrize(
    "pattern", ["", "simple string", "[1]", "{}", '[{"eventName": ["INSERT"=123}]', "[" * 4000]
)
def test_a_pattern_that_is_no_json_object_is_refused_where_it_stands(pattern: str) -> None:
    (found,) = refused(filters=('{"data": [1]}', pattern))

    assert found.reason
    assert found._replace(reason="") == Refusal(
        "FilterCriteria",
        INVALID,
        "Invalid filter pattern definition.",
        ("Filters", 1, "Pattern"),
    )


def test_our_reason_follows_lambdas_text() -> None:
    (found,) = refusals(
        replace(MAPPING, filters=("{}",)), STREAM, NOW, pattern_fault=lambda text: f"not {text}"
    )

    assert found.text == f"{INVALID}: Invalid filter pattern definition. (not {{}})"


def test_a_pattern_has_4096_characters_at_most() -> None:
    longest = '{"data": ["' + "x" * (4096 - 14) + '"]}'
    longer = longest.replace("x", "xx", 1)

    assert refused(filters=(longest,)) == []
    assert refused(filters=(longer,)) == [
        Refusal(
            "FilterCriteria",
            "ValidationException",
            f"1 validation error detected: Value '{longer}' at "
            "'filterCriteria.filters.1.member.pattern' failed to satisfy constraint: Member must "
            "have length less than or equal to 4096",
            ("Filters", 0, "Pattern"),
        )
    ]


def test_there_are_five_filters_at_most() -> None:
    assert refused(filters=('{"data": [1]}',) * 5) == []
    assert refused(filters=('{"data": [1]}',) * 6) == [
        Refusal("FilterCriteria", INVALID, "FilterCriteria has 6 filters, over 5", ("Filters",))
    ]


@pytest.mark.parametrize(
    "arn", [QUEUE, "arn:aws:sns:us-east-1:123456789012:alarms", "arn:aws:s3:::lost.fifo"]
)
def test_a_queue_a_topic_and_a_bucket_are_destinations(arn: str) -> None:
    assert refused(on_failure=arn) == []


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (f"{QUEUE}.fifo", "a FIFO queue or topic is no destination of an event source mapping"),
        (
            "arn:aws:sns:us-east-1:123456789012:alarms.fifo",
            "a FIFO queue or topic is no destination of an event source mapping",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "a destination is an SQS queue, an SNS topic or an S3 bucket",
        ),
    ],
)
def test_another_destination_is_invalid(arn: str, reason: str) -> None:
    assert refused(on_failure=arn) == [
        Refusal(
            "DestinationConfig",
            INVALID,
            f"The destination ARN {arn} is invalid.",
            ("OnFailure", "Destination"),
            reason,
        )
    ]


def test_a_destination_that_is_no_arn_is_not_valid() -> None:
    (found,) = refused(on_failure="https://sqs.us-east-1.amazonaws.com/1/dlq")

    text, _, pattern = found.message.partition(" regular expression pattern: ")
    assert pattern.startswith("$|kafka://(")
    assert "|arn:(aws" in pattern
    assert found._replace(message=text) == Refusal(
        "DestinationConfig",
        "ValidationException",
        "1 validation error detected: Value 'https://sqs.us-east-1.amazonaws.com/1/dlq' at "
        "'destinationConfig.onFailure.destination' failed to satisfy constraint: Member must "
        "satisfy",
        ("OnFailure", "Destination"),
    )


def test_an_update_is_judged_like_a_new_mapping_but_for_where_it_began() -> None:
    began = replace(MAPPING, starting_position="AT_TIMESTAMP", starting_position_timestamp=NOW)

    assert update_refusals(began, replace(began, batch_size=1, enabled=False), STREAM) == []
    assert update_refusals(began, replace(began, batch_size=0), STREAM) == [
        constraint("BatchSize", "'0'", "must have value greater than or equal to 1")
    ]
    assert update_refusals(QUEUED, replace(QUEUED, batch_size=11), SQS) == refused_for_queue(
        batch_size=11
    )


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("starting_position", "LATEST", "StartingPosition"),
        ("starting_position_timestamp", NOW, "StartingPositionTimestamp"),
        ("event_source_arn", TABLE, "EventSourceArn"),
        ("uuid", "another", "UUID"),
    ],
)
def test_what_is_read_and_from_where_cannot_be_changed(field: str, value: Any, name: str) -> None:
    assert update_refusals(MAPPING, replace(MAPPING, **{field: value}), STREAM) == [
        Refusal(name, INVALID, f"{name} cannot be changed after the mapping was created")
    ]


def test_the_visibility_timeout_counts_again_when_the_function_changes() -> None:
    def of(after: EventSourceMapping) -> list[str]:
        found = update_refusals(QUEUED, after, SQS, function_timeout=60, visibility_timeout=30)
        return [refusal.message for refusal in found]

    assert of(replace(QUEUED, batch_size=5)) == []
    assert of(replace(QUEUED, function_name="other")) == [
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    ]
