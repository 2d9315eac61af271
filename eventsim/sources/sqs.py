"""
Simple Queue Service: the event a function gets, and the queue it comes from.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html

Names in a scenario are ours, as those of every resource are; what they are called in
CloudFormation stands beside each.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from eventsim.backends import Backend
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules import sqs as rules
from eventsim.rules.documents import Encoded
from eventsim.rules.durations import PATTERN, seconds_of
from eventsim.rules.refusals import check
from eventsim.rules.roles import Need
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.services import OnMessages, QueueSettings, nobody
from eventsim.sources import _sqs_replaying
from eventsim.sources._message_attributes import ATTRIBUTES_TEXT, attributes_of
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import (
    InvocationType,
    MappingKind,
    Message,
    Origin,
    Queue,
    Scene,
    SendMessage,
)

MAPPING = MappingKind(
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
EXECUTION_POLICY = "AWSLambdaSQSQueueExecutionRole"
recorded = _sqs_replaying
ROLE_REFUSED = "The function execution role does not have permissions to call {action} on SQS"
INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
REFERENCES = {("redrive", "queue"): "open_queue"}
FILTER_KEY = "body"
FILTER_PLAIN_TEXT = True  # a pattern may give the body an array of strings


class Redrive(BaseModel):
    """RedrivePolicy: which queue takes what was received *max_receive_count* times."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: Annotated[str, Field(min_length=1)]
    max_receive_count: Annotated[int, Field(strict=True, ge=1, le=rules.RECEIVES_MAX)]

    @property
    def name(self) -> str:
        """The queue's name, also where its ARN is given."""
        return self.queue.rpartition(":")[2]


def _whole_seconds(least: int, most: int) -> tuple[Any, ...]:
    """What makes a key one with a duration in whole seconds, as SQS counts them."""

    def read(value: Any) -> int:
        seconds = seconds_of(value) if isinstance(value, str) else None
        if seconds is None or seconds % 1 or not least <= seconds <= most:
            limits = f"{least}s and {most}s"
            raise ValueError(f"write a duration of whole seconds between {limits}, such as 60s")
        return int(seconds)

    schema = WithJsonSchema({"type": "string", "pattern": PATTERN})
    return BeforeValidator(read), Field(ge=least, le=most), schema


VisibilityTimeout = Annotated[int, *_whole_seconds(0, rules.VISIBILITY_SECONDS_MAX)]
Delay = Annotated[int, *_whole_seconds(0, rules.DELAY_SECONDS_MAX)]
Retention = Annotated[
    int, *_whole_seconds(rules.RETENTION_SECONDS_MIN, rules.RETENTION_SECONDS_MAX)
]


class Resource(BaseModel):
    """A queue in a scenario: ``orders: {type: sqs, visibility_timeout: 60s}``.

    It is a FIFO queue if its name ends in ``.fifo``. In CloudFormation the keys are
    VisibilityTimeout, DelaySeconds, MessageRetentionPeriod, ContentBasedDeduplication and
    RedrivePolicy. ``refuse: AccessDenied`` lets a simulated queue refuse every message with that
    code. A queue that an endpoint has already is taken as it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["sqs"] = "sqs"
    visibility_timeout: VisibilityTimeout = Field(30, json_schema_extra={"default": "30s"})
    delay: Delay = Field(0, json_schema_extra={"default": "0s"})
    retention: Retention = Field(rules.RETENTION_SECONDS, json_schema_extra={"default": "4d"})
    content_based_deduplication: Annotated[bool, Field(strict=True)] = False
    redrive: Redrive | None = None
    refuse: RefusalCode | None = None

    def settings(self) -> QueueSettings:
        """The same in AWS's words."""
        return QueueSettings(
            self.visibility_timeout,
            self.delay,
            self.retention,
            self.content_based_deduplication,
            self.redrive.max_receive_count if self.redrive else None,
        )


def event(messages: Sequence[Message], origin: Origin, windowed: bool = False) -> dict[str, Any]:
    """The event of a batch, built afresh; *windowed* if the mapping has a batching window.

    With a window, ``md5OfMessageAttributes`` is null where there are no attributes; without one
    the key is absent then (both as recorded on AWS).
    """
    arn, region = origin.arn, origin.region
    return {
        "Records": [
            {
                "messageId": message.message_id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": dict(message.attributes),
                "messageAttributes": _message_attributes(message.message_attributes),
                **_md5_of_attributes(message.md5_of_message_attributes, windowed),
                "md5OfBody": message.md5_of_body,
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": region,
            }
            for message in messages
        ]
    }


def filterable(message: Message) -> dict[str, Any]:
    """What FilterCriteria see of a message: its body, and beside it what SQS tells.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
    """
    return {
        "messageId": message.message_id,
        "body": Encoded(message.body),
        "attributes": message.attributes,
        "messageAttributes": _message_attributes(message.message_attributes),
    }


def encoded_size(messages: Sequence[Message], origin: Origin, windowed: bool = False) -> int:
    """How many bytes ``event`` of the same arguments has as compact JSON in UTF-8."""
    return len(orjson.dumps(event(messages, origin, windowed)))


def message(
    scene: Scene,
    *,
    queue: Annotated[str, "the queue's name; a FIFO queue ends in .fifo"] = "orders",
    body: Annotated[str, "of each message; - reads it from stdin"] = '{"order": 1}',
    attributes: Annotated[dict[str, Any] | None, ATTRIBUTES_TEXT] = None,
    records: Annotated[int, Field(ge=1, le=10_000), "messages in the event"] = 1,
    receive_count: Annotated[int, Field(ge=1), "how often each was received"] = 1,
    group_id: Annotated[str | None, "MessageGroupId; of a FIFO queue, or for fair queues"] = None,
    deduplication_id: Annotated[str | None, "of a FIFO queue; the body's SHA-256"] = None,
    trace_header: Annotated[str | None, "AWSTraceHeader"] = None,
    dead_letter_of: Annotated[str | None, "the queue that gave the messages up"] = None,
) -> dict[str, Any]:
    """Messages of a queue, as a mapping's function gets them."""
    given = attributes_of(attributes or {})
    group = "orders" if group_id is None and rules.is_fifo(queue) else group_id
    deduplication = deduplication_id or rules.content_id(body) if rules.is_fifo(queue) else None
    asked = SendMessage(body, given, None, group, deduplication)
    check(rules.refuse_message(asked, rules.is_fifo(queue), content_based=False))
    system = {"ApproximateReceiveCount": str(receive_count)}
    if trace_header is not None:
        system["AWSTraceHeader"] = trace_header
    system["SentTimestamp"] = str(epoch_milliseconds(scene.at))
    system["SenderId"] = f"AROA{scene.letters(17)}:sender"
    if dead_letter_of is not None:
        dead_letter = rules.queue_arn(dead_letter_of, scene.account, scene.region)
        system["DeadLetterQueueSourceArn"] = dead_letter
    if group is not None:
        system["MessageGroupId"] = group
    if deduplication is not None:
        system["MessageDeduplicationId"] = deduplication
    system["ApproximateFirstReceiveTimestamp"] = str(epoch_milliseconds(scene.at) + 1)
    made = [_message(scene, queue, asked, system, receive_count) for _ in range(records)]
    arn = rules.queue_arn(queue, scene.account, scene.region)
    return event(made, Origin(arn=arn, region=scene.region))


EVENTS = (message,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The queue's ARN."""
    return str(event["Records"][0]["eventSourceARN"])


def _message(
    scene: Scene, queue: str, asked: SendMessage, system: dict[str, str], receives: int
) -> Message:
    message_id = scene.uuid()
    attributes = dict(system)
    if rules.is_fifo(queue):
        attributes["SequenceNumber"] = rules.sequence_number(scene.count("messages"))
    return Message(
        message_id,
        rules.receipt_handle(queue, message_id, receives),
        asked.body,
        rules.md5_of_body(asked.body),
        attributes,
        asked.message_attributes,
        rules.md5_of_attributes(asked.message_attributes),
    )


async def open_queue(
    name: str,
    resource: Resource,
    backend: Backend,
    chance: Chance,
    *,
    dead_letter: Queue | None = None,
    on_messages: OnMessages = nobody,
) -> Queue:
    """The queue *name* on *backend*, made if it is not there.

    *dead_letter* is the queue that ``resource.redrive`` names, opened on the same back end
    before. Raises BackendError, ServiceError or Unreachable when the back end cannot give it.
    """
    if backend.name == "simulated":
        from eventsim.sources._sqs_simulated import open_simulated_queue

        return open_simulated_queue(
            name, resource.settings(), backend, chance, dead_letter, on_messages, resource.refuse
        )
    refuse_to_refuse(f"queue {name}", resource.refuse, backend)
    from eventsim.sources._sqs_client import open_client_queue

    return await open_client_queue(name, resource.settings(), backend, dead_letter, on_messages)


async def find_queue(name: str, backend: Backend) -> Queue:
    """The queue of that name or ARN as it is on a back end that has an API.

    Raises ServiceError when it is not there, BackendError, Unreachable.
    """
    from eventsim.sources._sqs_client import find_client_queue

    return await find_client_queue(name.rpartition(":")[2], backend)


def arn_of(name: str, account: str, region: str, opened: float) -> str:
    """The ARN of a queue of that name."""
    return rules.queue_arn(name, account, region)


def role_needs(arn: str) -> tuple[Need, ...]:
    """What an execution role needs for a mapping on a queue."""
    actions = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return tuple(Need((f"sqs:{action}",), arn) for action in actions)


async def open_queues(
    resources: Mapping[str, Resource],
    backend: Backend,
    chance: Chance,
    on_messages: Mapping[str, OnMessages] | None = None,
) -> dict[str, Queue]:
    """Every queue of *resources*, each after its dead-letter queue.

    Raises ServiceError when a dead-letter queue is not among them or they go round in circles;
    otherwise as ``open_queue``.
    """
    told, queues = on_messages or {}, dict[str, Queue]()
    for name in _dead_letters_first(resources):
        redrive = resources[name].redrive
        queues[name] = await open_queue(
            name,
            resources[name],
            backend,
            chance,
            dead_letter=queues[redrive.name] if redrive else None,
            on_messages=told.get(name, nobody),
        )
    return {name: queues[name] for name in resources}


def _dead_letters_first(resources: Mapping[str, Resource]) -> list[str]:
    ordered: dict[str, None] = {}
    for name in resources:
        chain = _chain(name, resources)
        ordered.update(dict.fromkeys(reversed(chain)))
    return list(ordered)


def _chain(name: str, resources: Mapping[str, Resource]) -> list[str]:
    """A queue, its dead-letter queue, that one's, and so on."""
    chain = [name]
    while redrive := resources[chain[-1]].redrive:
        if redrive.name not in resources:
            raise ServiceError(
                "AWS.SimpleQueueService.NonExistentQueue",
                f"{chain[-1]} redrives to '{redrive.name}', which is no queue; "
                f"there are: {', '.join(sorted(resources))}",
            )
        if redrive.name in chain:
            circle = " to ".join([*chain, redrive.name])
            raise ServiceError("InvalidParameterValue", f"redrive goes round in circles: {circle}")
        chain.append(redrive.name)
    return chain


def _message_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _message_attribute(value) for name, value in attributes.items()}


def _message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    if "StringValue" in value:
        held["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        held["binaryValue"] = b64encode(value["BinaryValue"]).decode("ascii")
    return {
        **held,
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def _md5_of_attributes(digest: str | None, windowed: bool) -> dict[str, str | None]:
    return {"md5OfMessageAttributes": digest} if digest is not None or windowed else {}
