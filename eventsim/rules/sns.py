"""
What SNS takes, and the message that a subscriber gets.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import md5
from itertools import repeat
from typing import Any, NamedTuple

from eventsim.rules.arns import dns_suffix, region_of
from eventsim.rules.refusals import Refusal
from eventsim.rules.timestamps import iso_milliseconds
from eventsim.types import Publish

MESSAGE_BYTES_MAX = 256 * 1024
FIFO_SUFFIX = ".fifo"
SIGNATURE = "EXAMPLE"  # nobody signs here, and nothing verifies
_WAIT_SECONDS_MAX, _BACKOFF_TIMES, _LAST_TIMES = 20.0, 10, 100_000


class Notification(NamedTuple):
    """A message that a topic took; ``timestamp`` is in seconds since the epoch."""

    message_id: str
    topic_arn: str
    timestamp: float
    published: Publish
    signature_version: str = "1"
    signature: str = SIGNATURE


def refuse_message(message: Publish) -> Refusal | None:
    """Return why Publish refuses a message, or None when it is all right."""
    if not message.message:
        return Refusal("InvalidParameter", "Invalid parameter: Empty message")
    size = len(message.message.encode()) + sum(
        len(name.encode()) + sum(_size(value) for value in attribute.values())
        for name, attribute in message.message_attributes.items()
    )
    if size > MESSAGE_BYTES_MAX:
        return Refusal("InvalidParameter", "Invalid parameter: Message too long")
    return None


def envelope(notification: Notification, subscription_arn: str) -> str:
    """The JSON that a queue gets of a subscription without raw delivery, spaced as SNS does."""
    body = envelope_body(notification, subscription_arn)
    return json.dumps(body, ensure_ascii=False, indent=2, separators=(",", " : "))


def envelope_body(notification: Notification, subscription_arn: str) -> dict[str, Any]:
    """The same before it is JSON, which an HTTP endpoint gets as well.

    A subject and attributes are left out where nothing of them was published.
    """
    message_id, topic_arn, _, published, version, signature = notification
    subject = {} if published.subject is None else {"Subject": published.subject}
    attributes = attributes_of(published)
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic_arn,
        **subject,
        "Message": published.message,
        "Timestamp": _moment(notification),
        "SignatureVersion": version,
        "Signature": signature,
        "SigningCertURL": _certificate(topic_arn),
        "UnsubscribeURL": _unsubscribe(topic_arn, subscription_arn),
        **({"MessageAttributes": attributes} if attributes else {}),
    }


def record(notification: Notification, subscription_arn: str) -> dict[str, Any]:
    """The one record of the event that a function gets; unlike a queue's, always with all keys.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    message_id, topic_arn, _, published, version, signature = notification
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": topic_arn,
            "Subject": published.subject,
            "Message": published.message,
            "Timestamp": _moment(notification),
            "SignatureVersion": version,
            "Signature": signature,
            "SigningCertUrl": _certificate(topic_arn),
            "UnsubscribeUrl": _unsubscribe(topic_arn, subscription_arn),
            "MessageAttributes": attributes_of(published),
        },
    }


def retry_waits() -> Iterator[float]:
    """The waits before SNS tries again a delivery to a function or a queue, in seconds.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    (At once, before the backoff, during it, after it: 100,015 times over 23 days. SNS adds jitter,
    which is not done here. The page does not say by which factor the backoff grows from 1 to 20
    seconds: by the same one each time.)
    """
    yield from repeat(0.0, 3)
    yield from repeat(1.0, 2)
    for step in range(_BACKOFF_TIMES):
        yield _WAIT_SECONDS_MAX ** (step / (_BACKOFF_TIMES - 1))
    yield from repeat(_WAIT_SECONDS_MAX, _LAST_TIMES)


def attributes_of(published: Publish) -> dict[str, dict[str, Any]]:
    """The attributes of a message as SNS tells them: binary values are base64."""
    return {name: _attribute(given) for name, given in published.message_attributes.items()}


def _moment(notification: Notification) -> str:
    return iso_milliseconds(datetime.fromtimestamp(notification.timestamp, UTC))


def _certificate(topic_arn: str) -> str:
    """The address of a region's certificate, always the same; nobody answers there."""
    name = md5(region_of(topic_arn).encode(), usedforsecurity=False).hexdigest()
    return f"{_host(topic_arn)}/SimpleNotificationService-{name}.pem"


def _unsubscribe(topic_arn: str, subscription_arn: str) -> str:
    return f"{_host(topic_arn)}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"


def _host(topic_arn: str) -> str:
    region = region_of(topic_arn)
    return f"https://sns.{region}.{dns_suffix(region)}"


def _attribute(given: Mapping[str, Any]) -> dict[str, Any]:
    binary = given.get("BinaryValue")
    value = given.get("StringValue") if binary is None else b64encode(binary).decode()
    return {"Type": given["DataType"], "Value": value}


def _size(value: Any) -> int:
    return len(value if isinstance(value, bytes) else str(value).encode())
