"""
Which records a mapping's FilterCriteria let through, and which FilterCriteria AWS refuses.

Pure, and the same for every source: a source shows a record as a document and names the field
of it that holds the body. What AWS adds to a record only when it builds the event (``eventSource``,
``eventSourceARN``, ``awsRegion``, ``eventVersion``) is in no document, so no pattern sees it.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventsim.errors import PatternError
from eventsim.rules.patterns import CHARACTERS_MAX, Pattern, any_matches, compile_pattern

FILTERS_MAX = 5  # AWS's default quota; it can be raised to 10

_INVALID = "Invalid filter pattern definition."


class Refusal(NamedTuple):
    """Why CreateEventSourceMapping refuses FilterCriteria: AWS's code and text, and our reason.

    How AWS words that there are too many filters is not known: there *message* is ours too.
    """

    code: str
    message: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filter:
    """The patterns of a mapping, joined by OR; without a pattern everything matches.

    ``matches(document)`` says whether the record that a source shows so goes to the function.
    """

    patterns: tuple[Pattern, ...]
    matches: Callable[[Any], bool] = field(compare=False, repr=False)

    @classmethod
    def of(cls, patterns: Sequence[str], key: str, plain_text: bool = False) -> Filter:
        """Compile the patterns, each JSON text, for documents that have the body under *key*.

        *plain_text* lets a pattern give the body an array of strings, for a body that is not
        JSON. Raises PatternError for the first pattern that ``refusals`` would name.
        """
        compiled = [_compiled(each, index, key, plain_text) for index, each in enumerate(patterns)]
        return cls(tuple(compiled), any_matches(compiled) if compiled else _anything)


def refusals(
    patterns: Sequence[str], key: str, plain_text: bool = False, most: int = FILTERS_MAX
) -> list[Refusal]:
    """Everything for which AWS refuses FilterCriteria with these patterns; see ``Filter.of``."""
    found = [
        refusal
        for index, pattern in enumerate(patterns)
        if (refusal := _refusal(pattern, index, key, plain_text))
    ]
    if len(patterns) > most:
        reason = f"FilterCriteria has {len(patterns)} filters, over {most}"
        found.append(Refusal("InvalidParameterValueException", reason, reason))
    return found


def _refusal(pattern: str, index: int, key: str, plain_text: bool) -> Refusal | None:
    try:
        _compiled(pattern, index, key, plain_text)
    except PatternError as error:
        if len(pattern) > CHARACTERS_MAX:
            return Refusal("ValidationException", _too_long(pattern, index), str(error))
        return Refusal("InvalidParameterValueException", _INVALID, str(error))
    return None


def _compiled(text: str, index: int, key: str, plain_text: bool) -> Pattern:
    try:
        pattern = compile_pattern(text)
        for look in pattern.fields:
            if look.name == key and not look.nested and not plain_text:
                raise PatternError(look.where, "takes an object of fields: the body is JSON")
    except PatternError as error:
        where = f"Filters[{index}].Pattern" + (f", {error.where}" if error.where else "")
        raise PatternError(where, error.reason) from None
    return pattern


def _anything(_: Any) -> bool:
    return True


def _too_long(pattern: str, index: int) -> str:
    member = f"filterCriteria.filters.{index + 1}.member.pattern"
    return (
        f"1 validation error detected: Value '{pattern}' at '{member}' failed to satisfy "
        f"constraint: Member must have length less than or equal to {CHARACTERS_MAX}"
    )
