"""What the API answers about mappings, sources and functions that are not there, or twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eventsim.rules.mapping_errors import (
    Refusal,
    conflict,
    function_missing,
    mapping_missing,
    on_success,
    source_missing,
)
from tests.mappings import ARN, MAPPING, QUEUE, QUEUED, SQS, STREAM

INVALID = "InvalidParameterValueException"
OTHERS = [replace(MAPPING, uuid="uuid-1"), replace(QUEUED, uuid="uuid-2")]


def test_a_second_mapping_of_a_stream_and_a_function_is_a_conflict() -> None:
    found = conflict(MAPPING, OTHERS, STREAM)

    assert found == Refusal(
        "EventSourceArn",
        "ResourceConflictException",
        f'The event source arn (" {ARN} ") and function (" consumer ") provided mapping already '
        "exists. Please update or delete the existing mapping with UUID uuid-1",
    )
    assert found.status == 409


def test_a_second_mapping_of_a_queue_and_a_function_is_a_conflict() -> None:
    assert conflict(QUEUED, OTHERS, SQS) == Refusal(
        "EventSourceArn",
        "ResourceConflictException",
        f'An event source mapping with SQS arn (" {QUEUE} ") and function (" consumer ") already '
        "exists. Please update or delete the existing mapping with UUID uuid-2",
    )


@pytest.mark.parametrize("name", ["other", "consumer:live", "consumer:1"])
def test_each_qualifier_of_a_function_may_have_a_mapping(name: str) -> None:
    assert conflict(replace(MAPPING, function_name=name), OTHERS, STREAM) is None


def test_a_stream_that_is_not_there_is_named() -> None:
    assert source_missing(ARN, STREAM) == Refusal(
        "EventSourceArn", INVALID, f"Stream not found: {ARN}"
    )


def test_a_queue_that_is_not_there_is_told_as_sqs_tells_it() -> None:
    assert source_missing(QUEUE, SQS) == Refusal(
        "EventSourceArn",
        INVALID,
        "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist.",
    )


def test_a_function_that_is_not_there_is_no_404() -> None:
    assert function_missing() == Refusal("FunctionName", INVALID, "Function does not exist")
    assert function_missing().status == 400


def test_a_mapping_that_is_not_there_is_a_404() -> None:
    assert mapping_missing() == Refusal(
        "UUID", "ResourceNotFoundException", "The resource you requested does not exist."
    )
    assert mapping_missing().status == 404


def test_no_mapping_has_a_destination_for_success() -> None:
    assert on_success(STREAM) == Refusal(
        "DestinationConfig",
        INVALID,
        "OnSuccess configuration is not supported for event source mappings.",
        ("OnSuccess",),
    )
    assert on_success(SQS) == Refusal(
        "DestinationConfig",
        INVALID,
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    )
