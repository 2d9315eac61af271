"""Attributes of messages, as a scenario writes them for queues and topics."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from eventsim.scenario.problem import refuse, show


def _attribute(value: Any) -> dict[str, Any]:
    """A message attribute in AWS's words, or its value alone."""
    match value:
        case str():
            return {"DataType": "String", "StringValue": value}
        case bool():
            pass
        case int() | float():
            return {"DataType": "Number", "StringValue": str(value)}
        case bytes():
            return {"DataType": "Binary", "BinaryValue": value}
        case {"DataType": str() as kind, "StringValue": str() as text, **rest} if not rest:
            return {"DataType": kind, "StringValue": text}
        case {"DataType": str() as kind, "BinaryValue": str() | bytes() as data, **rest} if (
            not rest
        ):
            return {"DataType": kind, "BinaryValue": _binary(data)}
    raise refuse(f"is {show(value)}; write text, a number, or {{DataType: String, StringValue: …}}")


def _binary(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise refuse(f"is {show(value)}; a BinaryValue is in base64") from None


Attribute = Annotated[dict[str, Any], PlainValidator(_attribute), WithJsonSchema({})]
