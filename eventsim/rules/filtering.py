"""
Which records a mapping's FilterCriteria let through, and why a pattern is none.

Pure, and the same for every source: a source shows a record as a document and names the field
of it that holds the body. What AWS adds to a record only when it builds the event (``eventSource``,
``eventSourceARN``, ``awsRegion``, ``eventVersion``) is in no document, so no pattern sees it.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventsim.errors import PatternError
from eventsim.rules.patterns import Pattern, any_matches, compile_pattern


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
        JSON. Raises PatternError for the first pattern that is none.
        """
        compiled = [_numbered(each, index, key, plain_text) for index, each in enumerate(patterns)]
        return cls(tuple(compiled), any_matches(compiled) if compiled else _anything)


def fault(pattern: str, key: str | None = None, plain_text: bool = False) -> str | None:
    """Why AWS refuses *pattern*, and where in it, or None; see ``Filter.of``.

    Without a *key* a pattern may ask for the body as it likes.
    """
    try:
        _compiled(pattern, key, plain_text)
    except PatternError as error:
        return str(error)
    return None


def _numbered(text: str, index: int, key: str, plain_text: bool) -> Pattern:
    try:
        return _compiled(text, key, plain_text)
    except PatternError as error:
        where = f"Filters[{index}].Pattern" + (f", {error.where}" if error.where else "")
        raise PatternError(where, error.reason) from None


def _compiled(text: str, key: str | None, plain_text: bool) -> Pattern:
    pattern = compile_pattern(text)
    for look in pattern.fields:
        if look.name == key and not look.nested and not plain_text:
            raise PatternError(look.where, "takes an object of fields: the body is JSON")
    return pattern


def _anything(_: Any) -> bool:
    return True
