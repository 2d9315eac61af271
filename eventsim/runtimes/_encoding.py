"""
How the Python runtime encodes what a handler returns.

It uses simplejson: named tuples become objects, bytes text, and a Decimal keeps its digits.
The standard library is told to do the same. From python3.12 on, text is not escaped.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

_ESCAPED_UP_TO = (3, 11)
_PLACEHOLDER = "\x00decimal {}\x00"  # where a Decimal goes, once everything else is text
_ENCODED_PLACEHOLDER = re.compile(r'"\\u0000decimal (\d+)\\u0000"')
_PLAIN = frozenset({str, int, float, bool, type(None)})


class _Encoder(json.JSONEncoder):
    def __init__(self, *, ensure_ascii: bool) -> None:
        super().__init__(ensure_ascii=ensure_ascii)
        self.decimals: list[str] = []

    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            self.decimals.append("NaN" if o.is_nan() else str(o))
            return _PLACEHOLDER.format(len(self.decimals) - 1)
        if isinstance(o, bytes):
            return o.decode()
        return super().default(o)


def encode(value: Any, *, ensure_ascii: bool) -> bytes:
    """The JSON of a handler's result. Raises what the encoder raises, ValueError or TypeError."""
    if value is None:
        return b"null"
    with suppress(RecursionError):  # it contains itself, which the encoder says better
        value = _without_named_tuples(value)
    encoder = _Encoder(ensure_ascii=ensure_ascii)
    text = encoder.encode(value)
    if encoder.decimals:
        text = _ENCODED_PLACEHOLDER.sub(lambda found: encoder.decimals[int(found[1])], text)
    return text.encode("utf-8", "surrogatepass")


def _without_named_tuples(value: Any) -> Any:
    """The same value with objects for named tuples; the value itself when it has none."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _without_named_tuples(value._asdict())
    if isinstance(value, dict):
        changed = {key: _without_named_tuples(inner) for key, inner in value.items()}
        same = all(changed[key] is inner for key, inner in value.items())
        return value if same else changed
    if isinstance(value, list | tuple):
        items = [_without_named_tuples(inner) for inner in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    return value


def escapes(runtime: str) -> bool:
    """Whether this runtime (``python3.11``) writes what is not ASCII as escapes."""
    version = runtime.removeprefix("python").split(".")
    return tuple(int(part) for part in version if part.isdigit()) <= _ESCAPED_UP_TO
