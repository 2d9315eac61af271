"""Kinds of source and a mapping for the tests of mappings, and what Lambda refuses of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eventsim.rules.mapping import refusals
from eventsim.rules.mapping_errors import Refusal
from eventsim.types import EventSourceMapping, MappingKind

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
NOW = 1_767_225_600.0
INVALID = "InvalidParameterValueException"

STREAM = MappingKind("Kinesis")
CHANGES = MappingKind("DynamoDB", starting_positions=("LATEST", "TRIM_HORIZON"))
SQS = MappingKind(
    "SQS",
    resource_key="Queue",
    settings=frozenset(
        {
            "BatchSize",
            "Enabled",
            "FilterCriteria",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "ScalingConfig",
        }
    ),
    batch_size=10,
    starting_positions=(),
)

MAPPING = EventSourceMapping(
    name="consumer.Orders", source="orders", event_source_arn=ARN, function_name="consumer"
)
QUEUED = EventSourceMapping(
    name="consumer.Orders",
    source="orders",
    event_source_arn=QUEUE,
    function_name="consumer",
    starting_position=None,
    batch_size=10,
)


def refused(**settings: Any) -> list[Refusal]:
    return refusals(replace(MAPPING, **settings), STREAM, NOW)


def refused_for_queue(**settings: Any) -> list[Refusal]:
    return refusals(replace(QUEUED, **settings), SQS, NOW)


def constraint(field: str, value: str, member: str, *path: str | int) -> Refusal:
    name = ".".join(str(part)[0].lower() + str(part)[1:] for part in (field, *path))
    return Refusal(
        field,
        "ValidationException",
        f"1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: "
        f"Member {member}",
        path,
    )
