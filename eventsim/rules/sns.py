"""
What SNS takes, and the message that a subscriber gets.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from eventsim.rules.arns import region_of
from eventsim.rules.refusals import Refusal
from eventsim.types import Publish

MESSAGE_BYTES_MAX = 256 * 1024
FIFO_SUFFIX = ".fifo"
SIGNATURE = "EXAMPLE"  # nobody signs here, and nothing verifies
_CERTIFICATE = "SimpleNotificationService-00000000000000000000000000000000.pem"


class Notification(NamedTuple):
    """A message that a topic took; ``timestamp`` is in seconds since the epoch."""

    message_id: str
    topic_arn: str
    timestamp: float
    published: Publish


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
    message_id, topic_arn, timestamp, published = notification
    moment = datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
    host = f"https://sns.{region_of(topic_arn)}.amazonaws.com"
    subject = {} if published.subject is None else {"Subject": published.subject}
    attributes = _told(published.message_attributes)
    body = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic_arn,
        **subject,
        "Message": published.message,
        "Timestamp": moment.isoformat(timespec="milliseconds") + "Z",
        "SignatureVersion": "1",
        "Signature": SIGNATURE,
        "SigningCertURL": f"{host}/{_CERTIFICATE}",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
        **({"MessageAttributes": attributes} if attributes else {}),
    }
    return json.dumps(body, ensure_ascii=False, indent=2, separators=(",", " : "))


def _told(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: _attribute(given) for name, given in attributes.items()}


def _attribute(given: Mapping[str, Any]) -> dict[str, Any]:
    binary = given.get("BinaryValue")
    value = given.get("StringValue") if binary is None else b64encode(binary).decode()
    return {"Type": given["DataType"], "Value": value}


def _size(value: Any) -> int:
    return len(value if isinstance(value, bytes) else str(value).encode())
