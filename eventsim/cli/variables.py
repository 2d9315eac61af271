"""
``--env-vars FILE``: environment variables of functions, in the JSON that sam takes.

``Parameters`` holds those of every function, a function's own name those of that one; a value
of the function wins. Numbers and booleans become text, as sam has it.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim.cli.files import read_bytes
from eventsim.errors import EventsimError
from eventsim.registry import near

EVERY_FUNCTION = "Parameters"

Variables = dict[str, dict[str, str]]


def variables(name: str, functions: Sequence[str]) -> Variables:
    """The variables in the file for each of *functions*. Raises EventsimError."""
    blocks = _blocks(name)
    for block in blocks:
        if block != EVERY_FUNCTION and block not in functions:
            meant = near(block, [EVERY_FUNCTION, *functions])
            hint = f"did you mean '{meant}'?" if meant else f"there are: {', '.join(functions)}"
            raise EventsimError(f"{name}: no function called '{block}'; {hint}")
    shared = blocks.get(EVERY_FUNCTION, {})
    return {function: shared | blocks.get(function, {}) for function in functions}


def _blocks(name: str) -> Variables:
    import orjson

    try:
        document = orjson.loads(read_bytes(name))
    except ValueError as error:
        raise EventsimError(f"{name} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise EventsimError(f'{name}: write {{"FunctionName": {{"NAME": "value"}}}}')
    return {block: _block(name, block, values) for block, values in document.items()}


def _block(name: str, block: str, values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise EventsimError(f'{name}: {block} must hold variables: {{"NAME": "value"}}')
    return {key: _text(f"{name}: {block}.{key}", value) for key, value in values.items()}


def _text(place: str, value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = value
        case int() | float():
            text = str(value)
        case _:
            raise EventsimError(f"{place} must be text, a number or a boolean")
    if "\0" in text:
        raise EventsimError(f"{place} holds a NUL character, which no variable can")
    return text
