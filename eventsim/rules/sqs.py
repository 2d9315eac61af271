"""
What SQS takes, and how it names and signs what it took.

Pure. The limits are today's: a message is at most 1 MiB, body and attributes together (256 KiB
until August 2025), and at most 120,000 messages of a queue are in flight, FIFO or not.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import md5, sha256
from typing import Any

from eventsim.rules.arns import arn
from eventsim.rules.refusals import Refusal
from eventsim.types import SendMessage

MESSAGE_BYTES_MAX = 1024 * 1024
RECEIVE_MESSAGES_MAX = 10
SEND_MESSAGES_MAX = 10
ATTRIBUTES_MAX = 10
IN_FLIGHT_MAX = 120_000
DELAY_SECONDS_MAX = 900
VISIBILITY_SECONDS_MAX = 43_200
RETENTION_SECONDS_MIN = 60
RETENTION_SECONDS_MAX = 1_209_600
RETENTION_SECONDS = 345_600
RECEIVES_MAX = 1_000
DEDUPLICATION_SECONDS = 300.0
LONG_POLL_SECONDS_MAX = 20

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_ATTRIBUTE_NAME = re.compile(
    r"(?!aws\.|amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE
)
_ID = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")
_NOT_TEXT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIRST_SEQUENCE_NUMBER = 18_849_496_460_467_696_128
_SEQUENCE_STEP = 256
_TRANSPORT = {"String": b"\x01", "Number": b"\x01", "Binary": b"\x02"}
_HANDLE_MARK = "AQEB"
_WRONG_TYPE = "The request include parameter that is not valid for this queue type"


def queue_arn(name: str, account: str, region: str) -> str:
    """Return the ARN of a queue."""
    return arn("sqs", region, account, name)


def is_fifo(name: str) -> bool:
    """Whether a queue of this name is a FIFO queue."""
    return name.endswith(".fifo")


def refuse_name(name: str) -> Refusal | None:
    """Return why CreateQueue refuses *name*, or None when it is all right."""
    if _NAME.fullmatch(name):
        return None
    return Refusal(
        "InvalidParameterValue",
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    )


def sequence_number(number: int) -> str:
    """Return the 20 digits of a FIFO queue's message *number*; they grow, with gaps."""
    return str(_FIRST_SEQUENCE_NUMBER + number * _SEQUENCE_STEP)


def content_id(body: str) -> str:
    """Return the deduplication id of content-based deduplication."""
    return sha256(body.encode()).hexdigest()


def receipt_handle(queue: str, message_id: str, receives: int) -> str:
    """Return the handle of one receive; opaque to whoever gets it."""
    text = f"{queue} {message_id} {receives}"
    return _HANDLE_MARK + urlsafe_b64encode(text.encode()).decode()


def received_as(handle: str) -> tuple[str, str, int] | None:
    """Return the queue, the message and the receive that a handle is of; None if it is none."""
    try:
        text = urlsafe_b64decode(handle.removeprefix(_HANDLE_MARK)).decode()
        queue, message_id, receives = text.split(" ")
        return queue, message_id, int(receives)
    except ValueError:
        return None


def md5_of_body(body: str) -> str:
    """Return MD5OfBody."""
    return md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return MD5OfMessageAttributes, None without any.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    (Names in order; of each the name, the data type and the value, each behind its length in 4
    bytes, the value also behind a byte that says whether it is text or binary.)
    """
    if not attributes:
        return None
    digest = md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        kind = value["DataType"]
        digest.update(_with_length(name.encode()) + _with_length(kind.encode()))
        digest.update(_TRANSPORT[kind.split(".")[0]] + _with_length(_value(value)))
    return digest.hexdigest()


def message_size(message: SendMessage) -> int:
    """Return the bytes that count for the limit: body, and names, types and values."""
    size = len(message.body.encode())
    for name, value in message.message_attributes.items():
        size += len(name.encode()) + len(value["DataType"].encode()) + len(_value(value))
    return size


def refuse_message(message: SendMessage, fifo: bool, content_based: bool) -> Refusal | None:
    """Return why SendMessage refuses *message*, or None when it is all right."""
    return (
        _refuse_body(message.body)
        or _refuse_attributes(message.message_attributes)
        or (_refuse_fifo(message, content_based) if fifo else _refuse_standard(message))
        or _refuse_size(message)
    )


def refuse_visibility(seconds: float) -> Refusal | None:
    """Return why a visibility timeout is refused, or None when it is all right."""
    if 0 <= seconds <= VISIBILITY_SECONDS_MAX:
        return None
    return Refusal(
        "InvalidParameterValue",
        f"Value {seconds:g} for parameter VisibilityTimeout is invalid. Reason: "
        f"VisibilityTimeout must be an integer between 0 and {VISIBILITY_SECONDS_MAX}.",
    )


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _value(attribute: Mapping[str, Any]) -> bytes:
    if attribute["DataType"].split(".")[0] == "Binary":
        return bytes(attribute["BinaryValue"])
    return str(attribute["StringValue"]).encode()


def _refuse_body(body: str) -> Refusal | None:
    if not body:
        return Refusal("MissingParameter", "The request must contain the parameter MessageBody.")
    if _NOT_TEXT.search(body):
        return Refusal(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are "
            "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )
    return None


def _refuse_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> Refusal | None:
    if len(attributes) > ATTRIBUTES_MAX:
        return _invalid(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{ATTRIBUTES_MAX}]."
        )
    for name, value in attributes.items():
        reason = _attribute_fault(name, value)
        if reason:
            return _invalid(reason)
    return None


def _attribute_fault(name: str, value: Mapping[str, Any]) -> str | None:
    if not _ATTRIBUTE_NAME.fullmatch(name):
        return (
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, "
            "a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."
        )
    kind = value.get("DataType")
    if not isinstance(kind, str) or kind.split(".")[0] not in _TRANSPORT or len(kind) > 256:
        return (
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    held = value.get("BinaryValue" if kind.startswith("Binary") else "StringValue")
    if not held:
        return (
            f"The message attribute '{name}' must contain a non-empty message attribute value "
            f"for message attribute type '{kind}'."
        )
    if isinstance(held, str) and _NOT_TEXT.search(held):
        return f"The message attribute '{name}' holds characters that are not allowed."
    if kind.split(".")[0] == "Number" and not _is_number(held):
        return f"Could not cast message attribute '{name}' value to number."
    return None


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def _refuse_fifo(message: SendMessage, content_based: bool) -> Refusal | None:
    group, deduplication = message.message_group_id, message.message_deduplication_id
    if group is None:
        return Refusal("MissingParameter", "The request must contain the parameter MessageGroupId.")
    if message.delay_seconds:
        return _invalid(
            f"Value {message.delay_seconds} for parameter DelaySeconds is invalid. Reason: "
            f"{_WRONG_TYPE}."
        )
    if deduplication is None and not content_based:
        return _invalid(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )
    return _refuse_id("MessageGroupId", group) or _refuse_id(
        "MessageDeduplicationId", deduplication
    )


def _refuse_standard(message: SendMessage) -> Refusal | None:
    if message.message_deduplication_id is not None:
        return _invalid(
            f"Value {message.message_deduplication_id} for parameter MessageDeduplicationId is "
            f"invalid. Reason: {_WRONG_TYPE}."
        )
    delay = message.delay_seconds
    if delay is not None and not 0 <= delay <= DELAY_SECONDS_MAX:
        return _invalid(
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
            f">= 0 and <= {DELAY_SECONDS_MAX}."
        )
    return _refuse_id("MessageGroupId", message.message_group_id)


def _refuse_id(parameter: str, value: str | None) -> Refusal | None:
    if value is None or _ID.fullmatch(value):
        return None
    return _invalid(
        f"Value {value} for parameter {parameter} is invalid. Reason: {parameter} can only "
        "include alphanumeric and punctuation characters. 1 to 128 in length."
    )


def _refuse_size(message: SendMessage) -> Refusal | None:
    if message_size(message) <= MESSAGE_BYTES_MAX:
        return None
    return _invalid(
        "One or more parameters are invalid. Reason: Message must be shorter than "
        f"{MESSAGE_BYTES_MAX} bytes."
    )


def _invalid(reason: str) -> Refusal:
    return Refusal("InvalidParameterValue", reason)
