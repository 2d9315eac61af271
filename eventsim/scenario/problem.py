"""
What is wrong with a scenario, before it is known where in the file that stands.

Validators raise ``refuse("is 5, without a unit; write 5s")``: a predicate. The path of the
value in the document is put before it once it is known: ``timeline[0].at is 5, …``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from eventsim.registry import near

Path = tuple[str | int, ...]
Mark = tuple[int, int]  # line and column, from 1

REFUSED, UNKNOWN_KEY, MISSING_KEY = "refused", "unknown_key", "missing_key"


class Problem(NamedTuple):
    """A predicate (or a whole sentence, if it does not begin with `` `` or ``:``) and its place."""

    path: Path
    text: str
    at_key: bool = False
    mark: Mark | None = None  # where it stands, if not at the value or the key of its path


def refuse(predicate: str) -> PydanticCustomError:
    """An error for a validator to raise: *predicate* follows the path of the value."""
    space = "" if predicate.startswith(":") else " "
    return PydanticCustomError(REFUSED, "{predicate}", {"predicate": f"{space}{predicate}"})


def refuse_below(*predicates: tuple[Path, str]) -> ValidationError:
    """The same for places inside the value that is being validated."""
    details = [InitErrorDetails(type=refuse(text), loc=loc, input=None) for loc, text in predicates]
    return ValidationError.from_exception_data("scenario", details)


def where(path: Path) -> str:
    """A path as people write it: ``functions.consumer.Events``, ``timeline[0].at``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the scenario"


def show(value: Any) -> str:
    """A value in a message: short, and as it stands in the file where it can."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}…'"
        case int() | float():
            return str(value)
        case date():
            return value.isoformat()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return f"a Python {type(value).__name__}"


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the near one, or all there are."""
    known = list(known)
    close = near(name, known)
    if close:
        return f"; did you mean '{close}'?"
    return f"; there are: {', '.join(sorted(known))}" if known else ""


def problems_of(error: ValidationError, at: Path = ()) -> list[Problem]:
    """What pydantic found, in our words; the value that it looked at stands at *at*."""
    return [_problem(detail, at) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, at: Path) -> Problem:
    loc, context = (*at, *detail["loc"]), detail.get("ctx", {})
    at_key = loc[-1:] == ("[key]",)
    path = loc[:-1] if at_key else loc
    parent, key = where(path[:-1]), path[-1] if path else ""
    match detail["type"]:
        case "unknown_key" if context["not_simulated"]:
            return Problem(path, f"'{key}' in {parent} is not simulated yet", at_key=True)
        case "unknown_key":
            hint = meant(str(key), context["known"])
            return Problem(path, f"unknown key '{key}' in {parent}{hint}", at_key=True)
        case "missing_key":
            return Problem(path, f"no {key} in {parent}; write {context['example']}")
        case "refused":
            return Problem(path, detail["msg"], at_key)
    return Problem(path, _predicate(detail), at_key)


_KINDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text, in quotes if it looks like anything else",
    "dict_type": "a mapping of names",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}


def _predicate(detail: ErrorDetails) -> str:
    """What is wrong with one value and what would be right, to follow its path."""
    context, value = detail.get("ctx", {}), show(detail["input"])
    match detail["type"]:
        case kind if kind in _KINDS:
            return f" is {value}; it must be {_KINDS[kind]}"
        case "greater_than_equal":
            return f" is {value}; it must be at least {context['ge']}"
        case "greater_than":
            return f" is {value}; it must be more than {context['gt']:g}"
        case "less_than_equal":
            return f" is {value}; it must be at most {context['le']}"
        case "string_too_short" | "string_too_long" if detail["input"] == "":
            return " is empty text; it must not be"
        case "string_too_long":
            return f" is longer than {context['max_length']} characters"
        case "string_pattern_mismatch":
            return f" is {value}; it must match {context['pattern']}"
        case "literal_error":
            expected = str(context["expected"]).replace(" or ", ", ").replace("'", "")
            return f" is {value}; it must be one of {expected}"
    message = detail["msg"].removeprefix("Value error, ")
    return f": {message[:1].lower()}{message[1:]}"
