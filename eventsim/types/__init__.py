"""
The words that travel between layers, and the seams they travel through.

Values are immutable; a seam is a Protocol of a few methods.
"""

from __future__ import annotations

from eventsim.types.buckets import Bucket, StoredObject
from eventsim.types.buses import Bus, BusEvent, PutEvent
from eventsim.types.destinations import Destination, Document
from eventsim.types.invocations import (
    Caller,
    Duration,
    EventInvokeConfig,
    Function,
    FunctionError,
    FunctionTarget,
    InvocationType,
    Invoker,
    InvokeRequest,
    InvokeResult,
    Outcome,
    Payload,
    RecursiveLoop,
)
from eventsim.types.mappings import (
    REPORT_BATCH_ITEM_FAILURES,
    Batch,
    Checkpoint,
    Condition,
    EventSourceMapping,
    MappingKind,
    Origin,
    ResponseContext,
    StartingPosition,
    TumblingWindow,
)
from eventsim.types.pushing import Answer, Scene
from eventsim.types.queues import Message, Queue, Received, SendMessage, TimedMessage
from eventsim.types.streams import (
    Deletable,
    FanOut,
    FoundStream,
    OnReshard,
    Position,
    PositionType,
    PutRecord,
    Read,
    Reader,
    Record,
    Reshardable,
    Resharding,
    Shard,
    Stream,
    TimedRecord,
    Trimmed,
)
from eventsim.types.topics import Publish, Topic

__all__ = [
    "REPORT_BATCH_ITEM_FAILURES",
    "Answer",
    "Batch",
    "Bucket",
    "Bus",
    "BusEvent",
    "Caller",
    "Checkpoint",
    "Condition",
    "Deletable",
    "Destination",
    "Document",
    "Duration",
    "EventInvokeConfig",
    "EventSourceMapping",
    "FanOut",
    "FoundStream",
    "Function",
    "FunctionError",
    "FunctionTarget",
    "InvocationType",
    "InvokeRequest",
    "InvokeResult",
    "Invoker",
    "MappingKind",
    "Message",
    "OnReshard",
    "Origin",
    "Outcome",
    "Payload",
    "Position",
    "PositionType",
    "Publish",
    "PutEvent",
    "PutRecord",
    "Queue",
    "Read",
    "Reader",
    "Received",
    "Record",
    "RecursiveLoop",
    "Reshardable",
    "Resharding",
    "ResponseContext",
    "Scene",
    "SendMessage",
    "Shard",
    "StartingPosition",
    "StoredObject",
    "Stream",
    "TimedMessage",
    "TimedRecord",
    "Topic",
    "Trimmed",
    "TumblingWindow",
]
