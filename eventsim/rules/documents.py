"""
What an event pattern looks at: JSON values, and a body that is decoded when a pattern asks for it.

Pure. Numbers keep their text where a pattern needs it: to AWS 300, 300.0 and 3e2 are three values.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson


class _Mark:
    """A value that stands for itself and is no JSON value."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ABSENT = _Mark("ABSENT")  # there is no such field
UNMATCHABLE = _Mark("UNMATCHABLE")  # no pattern matches it, not even exists: false


class Number(float):
    """A JSON number that knows how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


class Encoded:
    """A record's body as it came: decoded as JSON when a pattern looks into it, and only once.

    The bytes themselves are never changed. JSON here means an object or an array: any other body
    is plain text.
    """

    __slots__ = ("_decoded", "_literal", "_raw")

    def __init__(self, raw: bytes | str) -> None:
        self._raw = raw
        self._decoded: Any = ABSENT
        self._literal: Any = ABSENT

    def structure(self, literal: bool = False) -> Any:
        """The object or array that the body is as JSON, or UNMATCHABLE when it is not JSON.

        With *literal* its numbers know their text, which takes several times as long.
        """
        if literal:
            if self._literal is ABSENT:
                self._literal = decode_literally(self._raw) if self._opens() else UNMATCHABLE
            return self._literal
        if self._decoded is ABSENT:
            self._decoded = _decode(self._raw) if self._opens() else UNMATCHABLE
        return self._decoded

    def text(self) -> Any:
        """The body as plain text, or UNMATCHABLE when it is JSON or not in UTF-8."""
        if self._opens() and self.structure() is not UNMATCHABLE:
            return UNMATCHABLE
        try:
            return self._raw.decode() if isinstance(self._raw, bytes) else self._raw
        except UnicodeDecodeError:
            return UNMATCHABLE

    def _opens(self) -> bool:
        """Whether the body begins as an object or an array does."""
        if isinstance(self._raw, bytes):
            return self._raw.lstrip(b" \t\n\r")[:1] in _OPENING_BYTES
        return self._raw.lstrip(" \t\n\r")[:1] in _OPENING


def decode_literally(raw: bytes | str) -> Any:
    """What *raw* is as JSON, with numbers that know their text; UNMATCHABLE when it is not JSON."""
    try:
        return read_literally(raw.decode() if isinstance(raw, bytes) else raw)
    except (ValueError, RecursionError):
        return UNMATCHABLE


def read_literally(text: str) -> Any:
    """The JSON value *text*, with numbers that know their text; of equal keys the last one counts.

    Raises json.JSONDecodeError or another ValueError where it is wrong, RecursionError where it
    is nested too deeply.
    """
    return _LITERAL.decode(text)


def elements(array: list[Any]) -> Iterator[Any]:
    """What an array holds, and what the arrays in it hold, in order; however deep they are."""
    open_arrays = [iter(array)]
    while open_arrays:
        for each in open_arrays[-1]:
            if isinstance(each, list):
                open_arrays.append(iter(each))
                break
            yield each
        else:
            open_arrays.pop()


def _decode(raw: bytes | str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return decode_literally(raw)  # which knows numbers that no double holds


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_LITERAL = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)
_OPENING = ("{", "[")
_OPENING_BYTES = (b"{", b"[")
