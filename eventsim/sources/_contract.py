"""Answers of functions that are held to a service's contract, and what breaks one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from eventsim.types import Answer, InvokeResult

T = TypeVar("T")
_KINDS: dict[type, str] = {bool: "a boolean", str: "a string", list: "an array", dict: "an object"}


class Broken(Exception):
    """An answer is not what its service's contract asks for; says what would be."""

    def answer(self) -> Answer:
        """What the service makes of it."""
        return Answer(False, None, str(self))


def value_of(result: InvokeResult) -> Any:
    """The JSON that a function answered. Raises Broken when it failed or answered no JSON."""
    if result.function_error is not None:
        raise Broken(f"the function failed: {result.function_error}")
    try:
        return orjson.loads(result.payload or b"null")
    except ValueError:
        raise Broken("the answer is not JSON") from None


def object_of(result: InvokeResult) -> dict[str, Any]:
    """The JSON object that a function answered. Raises Broken for anything else."""
    value = value_of(result)
    if not isinstance(value, dict):
        raise Broken(f"the answer is {kind_of(value)}, not an object")
    return value


def kept(result: InvokeResult, check: Callable[[dict[str, Any]], None]) -> Answer:
    """The JSON object that a function answered, unless *check* raises Broken for it."""
    try:
        told = object_of(result)
        check(told)
    except Broken as broken:
        return broken.answer()
    return Answer(value=told)


def value_at(told: dict[str, Any], key: str, kind: type[T], where: str = "") -> T:
    """The value of *key*. Raises Broken when it is not of that *kind*."""
    value = told.get(key)
    if not isinstance(value, kind):
        place = f"{where}.{key}" if where else key
        raise Broken(f"{place} is {kind_of(value)}; it has to be {_KINDS[kind]}")
    return value


def status_of(told: dict[str, Any]) -> int:
    """The ``statusCode`` of an answer to HTTP. Raises Broken when it is none."""
    status = told.get("statusCode")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        raise Broken(f"statusCode is {status!r}; it has to be a number from 100 to 599")
    return status


def one_of(told: dict[str, Any], key: str, choices: tuple[str, ...], where: str = "") -> str:
    """The value of *key*. Raises Broken when it is none of *choices*."""
    value = told.get(key)
    if value not in choices:
        place = f"{where}.{key}" if where else key
        raise Broken(f"{place} is {value!r}; it has to be one of {', '.join(choices)}")
    return str(value)


def kind_of(value: Any) -> str:
    """What JSON calls a value's type, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
