"""JSON in UTF-8 of whatever a run may say, half characters and huge integers included."""

from __future__ import annotations

from typing import Any

import orjson


def encode(value: Any, option: int = 0) -> bytes:
    """*value* as JSON. What UTF-8 cannot carry becomes ``?``, an integer beyond 64 bits text.

    Raises TypeError for an object that JSON has no word for.
    """
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_encodable(value), option=option)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(inner) for inner in value]
    return value
