"""Kinds of source and a mapping for the tests of mappings."""

from __future__ import annotations

from eventsim.types import EventSourceMapping, MappingKind

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
NOW = 1_767_225_600.0

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
