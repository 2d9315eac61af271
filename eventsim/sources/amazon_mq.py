"""
Amazon MQ: messages of an ActiveMQ or a RabbitMQ broker, as a function gets them.

https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html
(Lambda polls. An ActiveMQ broker hands over text or bytes, both base64. RabbitMQ's messages are
grouped by queue and virtual host, and the text of a header is an array of bytes.)

AWS's pages differ on what an ActiveMQ broker is called: ``aws:mq``, unless you say otherwise. Of
``correlationId`` and ``correlationID`` it is the latter, as in AWS's own types for Java and Go.
"""

from __future__ import annotations

from base64 import b64encode
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.rules.arns import arn, dns_suffix
from eventsim.rules.timestamps import epoch_milliseconds, java_local_date
from eventsim.sources._base64 import decoded
from eventsim.sources._names import uuid_of
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)

Broker = Annotated[str, "the broker's name"]
QueueName = Annotated[str, "the queue's name"]
Data = Annotated[str, "text of each message; - reads it from stdin"]
Encoding = Annotated[str | None, "the data as base64, instead of a text"]
Records = Annotated[int, Field(ge=1, le=10_000), "messages in the event"]
Redelivered = Annotated[bool, "whether they were delivered before"]
Expiration = Annotated[int, Field(ge=0), "milliseconds that they live; 0 is for ever"]


def active_mq(
    scene: Scene,
    *,
    broker: Broker = "orders-broker",
    queue: QueueName = "orders",
    data: Data = '{"order": 1}',
    encoded: Encoding = None,
    message_type: Annotated[
        Literal["jms/text-message", "jms/bytes-message"], "what JMS makes of the data"
    ] = "jms/text-message",
    properties: Annotated[dict[str, str] | None, "JSON of the message's own properties"] = None,
    correlation_id: Annotated[str | None, "of JMS"] = None,
    priority: Annotated[int, Field(ge=0, le=9), "of JMS"] = 4,
    expiration: Expiration = 0,
    redelivered: Redelivered = False,
    event_source: Annotated[Literal["aws:mq", "aws:amq"], "what the broker is called"] = "aws:mq",
    records: Records = 1,
) -> dict[str, Any]:
    """Messages of a queue of an ActiveMQ broker."""
    described = {
        "messageType": message_type,
        "deliveryMode": 1,
        "replyTo": None,
        "type": None,
        "expiration": str(expiration),
        "priority": priority,
        "correlationID": correlation_id,
        "redelivered": redelivered,
        "destination": {"physicalName": queue},
        "data": b64encode(data.encode() if encoded is None else decoded(encoded)).decode(),
        "timestamp": epoch_milliseconds(scene.at),
        "brokerInTime": epoch_milliseconds(scene.at),
        "brokerOutTime": epoch_milliseconds(scene.at) + 1,
        "properties": properties or {},
    }
    return {
        "eventSource": event_source,
        "eventSourceArn": _broker_arn(scene, broker),
        "messages": [
            {"messageID": _message_id(scene, broker), **deepcopy(described)} for _ in range(records)
        ],
    }


def rabbit_mq(
    scene: Scene,
    *,
    broker: Broker = "orders-broker",
    queue: QueueName = "orders",
    virtual_host: Annotated[str, "where the queue is"] = "/",
    data: Data = '{"order": 1}',
    encoded: Encoding = None,
    content_type: Annotated[str | None, "of the data"] = "application/json",
    headers: Annotated[dict[str, str | int] | None, "JSON of texts and numbers"] = None,
    priority: Annotated[int, Field(ge=0, le=255), "of the message"] = 0,
    expiration: Expiration = 60_000,
    redelivered: Redelivered = False,
    records: Records = 1,
) -> dict[str, Any]:
    """Messages of a queue of a RabbitMQ broker."""
    payload = data.encode() if encoded is None else decoded(encoded)
    message = {
        "basicProperties": {
            "contentType": content_type,
            "contentEncoding": None,
            "headers": {name: _header(value) for name, value in (headers or {}).items()},
            "deliveryMode": 1,
            "priority": priority,
            "correlationId": None,
            "replyTo": None,
            "expiration": str(expiration),
            "messageId": None,
            "timestamp": java_local_date(scene.at),
            "type": None,
            "userId": "orders-publisher",
            "appId": None,
            "clusterId": None,
            "bodySize": len(payload),
        },
        "redelivered": redelivered,
        "data": b64encode(payload).decode(),
    }
    return {
        "eventSource": "aws:rmq",
        "eventSourceArn": _broker_arn(scene, broker),
        "rmqMessagesByQueue": {
            f"{queue}::{virtual_host}": [deepcopy(message) for _ in range(records)]
        },
    }


EVENTS = (active_mq, rabbit_mq)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The broker's ARN."""
    return str(event["eventSourceArn"])


def _broker_arn(scene: Scene, broker: str) -> str:
    name = f"broker:{broker}:b-{uuid_of(broker)}"
    return arn("mq", scene.region, scene.account, name)


def _message_id(scene: Scene, broker: str) -> str:
    host = f"b-{uuid_of(broker)}-1.mq.{scene.region}.{dns_suffix(scene.region)}"
    port, number = scene.number(32_768, 60_999), scene.count("jms messages") + 1
    return f"ID:{host}-{port}-{epoch_milliseconds(scene.at)}-4:1:1:1:{number}"


def _header(value: str | int) -> Any:
    if isinstance(value, int):
        return value
    return {"bytes": list(value.encode())}
