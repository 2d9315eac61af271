"""What a record carries, as JSON: bytes, a change of an item, a message."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from eventsim.rules import dynamodb, sqs
from eventsim.types import Message

KEY_CHARACTERS_MAX = 256
BYTES = ("data", "json", "base64")
TEXT_BYTES_MAX = 5 * 1024 * 1024  # of longer ones escapes could make a line that is too long
EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_CHANGE = {
    "eventID": str,
    "eventName": str,
    "StreamViewType": str,
    "Keys": dict,
    "SizeBytes": int,
    "NewImage": dict,
    "OldImage": dict,
    "userIdentity": dict,
}
_CHANGE_NEEDS = ("eventID", "eventName", "StreamViewType", "Keys", "SizeBytes")
_MESSAGE = {"MessageId": str, "Body": str, "Attributes": dict, "MessageAttributes": dict}


def dumped(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """Compact JSON in bytes that may be kept: what orjson returns holds kilobytes of its buffer."""
    return b"%b" % orjson.dumps(value, default)


def bytes_of(fields: Mapping[str, Any]) -> bytes:
    """The bytes that one of ``data``, ``json`` and ``base64`` stands for. Raises ValueError."""
    if sum(form in fields for form in BYTES) != 1:
        raise ValueError(f"a record has exactly one of: {', '.join(BYTES)}")
    if "json" in fields:
        return dumped(fields["json"])
    if "data" in fields:
        return text(fields, "data").encode()
    try:
        return a2b_base64(text(fields, "base64"), strict_mode=True)
    except ValueError as error:
        raise ValueError(f"base64 does not decode: {error}") from None


def form_of(data: bytes) -> dict[str, Any]:
    """The most readable form that gives back exactly these bytes."""
    try:
        value = orjson.loads(data)
        if orjson.dumps([value]) == b"[%b]" % data:
            return {"json": value}
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    with suppress(UnicodeDecodeError):  # which base64 is for
        if len(data) <= TEXT_BYTES_MAX:
            return {"data": data.decode()}
    return {"base64": b2a_base64(data, newline=False).decode()}


def change_of(told: Any) -> dynamodb.Change:
    """The change that a record's ``change`` tells. Raises ValueError."""
    fields = _checked("change", told, _CHANGE, _CHANGE_NEEDS)
    name, view = fields["eventName"], fields["StreamViewType"]
    if name not in EVENT_NAMES:
        raise ValueError(f"eventName is {shown(name)}; there are: {', '.join(EVENT_NAMES)}")
    if view not in VIEW_TYPES:
        raise ValueError(f"StreamViewType is {shown(view)}; there are: {', '.join(VIEW_TYPES)}")
    new, old = fields.get("NewImage"), fields.get("OldImage")
    return dynamodb.Change(
        event_id=fields["eventID"],
        event_name=name,
        view_type=view,
        keys=dumped(fields["Keys"]),
        new_image=None if new is None else dumped(new),
        old_image=None if old is None else dumped(old),
        size_bytes=fields["SizeBytes"],
        expired=fields.get("userIdentity") == dynamodb.SERVICE_IDENTITY,
    )


def told_change(change: dynamodb.Change) -> dict[str, Any]:
    """A change in the words of GetRecords."""
    told: dict[str, Any] = {
        "eventID": change.event_id,
        "eventName": change.event_name,
        "StreamViewType": change.view_type,
        "SizeBytes": change.size_bytes,
        "Keys": orjson.loads(change.keys),
    }
    if change.new_image is not None:
        told["NewImage"] = orjson.loads(change.new_image)
    if change.old_image is not None:
        told["OldImage"] = orjson.loads(change.old_image)
    if change.expired:
        told["userIdentity"] = dict(dynamodb.SERVICE_IDENTITY)
    return told


def message_of(told: Any) -> Message:
    """The message that a record's ``message`` tells. Raises ValueError."""
    fields = _checked("message", told, _MESSAGE, ("MessageId", "Body"))
    system = fields.get("Attributes", {})
    for name in system:
        text(system, name)
    held = fields.get("MessageAttributes", {})
    attributes = {name: _attribute(name, value) for name, value in held.items()}
    return message(fields["MessageId"], fields["Body"], system, attributes)


def message(
    message_id: str,
    body: str,
    system: Mapping[str, str],
    attributes: Mapping[str, Mapping[str, Any]],
) -> Message:
    """A message as it is recorded: without a receipt handle, its digests those of its content."""
    return Message(
        message_id,
        "",
        body,
        sqs.md5_of_body(body),
        system,
        attributes,
        sqs.md5_of_attributes(attributes),
    )


def as_recorded(told: Message) -> Message:
    """A message that was received, as it is recorded."""
    held = ("DataType", "StringValue", "BinaryValue")
    attributes = {
        name: {each: value[each] for each in held if each in value}
        for name, value in told.message_attributes.items()
    }
    return message(told.message_id, told.body, told.attributes, attributes)


def told_message(message: Message) -> dict[str, Any]:
    """A message in the words of ReceiveMessage, binary values in base64."""
    told: dict[str, Any] = {"MessageId": message.message_id, "Body": message.body}
    if message.attributes:
        told["Attributes"] = dict(message.attributes)
    if message.message_attributes:
        attributes = message.message_attributes
        told["MessageAttributes"] = {name: _told(value) for name, value in attributes.items()}
    return told


def text(fields: Mapping[str, Any], name: str) -> str:
    """The text of a field. Raises ValueError where it is none."""
    value = fields[name]
    if type(value) is not str:
        raise ValueError(f"{name} is {shown(value)}; it must be text")
    return value


def check_key(key: str) -> None:
    """Raise ValueError for a partition key that no stream takes."""
    if not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise ValueError(f"key has {len(key)} characters; it must have 1 to {KEY_CHARACTERS_MAX}")


def shown(value: Any) -> str:
    """A value in a sentence, cut where it is long."""
    if value is None:
        return "missing"
    told = repr(value)
    return told if len(told) <= 40 else f"{told[:37]}..."


def _checked(
    what: str, told: Any, kinds: Mapping[str, type], needs: tuple[str, ...]
) -> dict[str, Any]:
    if type(told) is not dict:
        raise ValueError(f"{what} is {shown(told)}; it must be an object")
    if unknown := told.keys() - kinds.keys():
        raise ValueError(f"unknown field {min(unknown)!r} in {what}; there are: {', '.join(kinds)}")
    for name in needs:
        if name not in told:
            raise ValueError(f"{what} has no {name}")
    for name, value in told.items():
        if type(value) is not kinds[name]:
            kind = {str: "text", dict: "an object", int: "a whole number"}[kinds[name]]
            raise ValueError(f"{name} is {shown(value)}; it must be {kind}")
    return told


def _attribute(name: str, value: Any) -> dict[str, Any]:
    kind = value.get("DataType") if type(value) is dict else None
    base = kind.partition(".")[0] if type(kind) is str else ""
    held = {"String": "StringValue", "Number": "StringValue", "Binary": "BinaryValue"}.get(base)
    if held is None or held not in value:
        raise ValueError(
            f"message attribute {shown(name)} is {shown(value)}; "
            'it must be like {"DataType": "String", "StringValue": "x"}'
        )
    if held == "StringValue":
        return {"DataType": kind, "StringValue": text(value, held)}
    try:
        content = a2b_base64(text(value, "BinaryValue"), strict_mode=True)
    except ValueError as error:
        raise ValueError(f"BinaryValue of {shown(name)} does not decode: {error}") from None
    return {"DataType": kind, "BinaryValue": content}


def _told(value: Mapping[str, Any]) -> dict[str, Any]:
    if "BinaryValue" not in value:
        return dict(value)
    return {**value, "BinaryValue": b2a_base64(value["BinaryValue"], newline=False).decode()}
