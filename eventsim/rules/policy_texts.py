"""
The texts of an IAM policy: wildcards, policy variables, and ARNs by their components.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

Context = Mapping[str, tuple[str, ...]]  # by the condition key in lower case

ARN_COMPONENTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_KEY = re.compile(r"[a-zA-Z0-9-]+:[a-zA-Z0-9:/@._+=-]+")
_DEFAULTED = re.compile(r"\s*([^,\s]+)\s*,\s*'(.*)'\s*")
_LITERAL_WILDCARDS = ("*", "?", "$")


class Variable(NamedTuple):
    """``${key}``, or ``${key, 'default'}``; the key is in lower case."""

    key: str
    default: str | None = None


class Literal(NamedTuple):
    """Characters that stand for themselves: ``${*}``, ``${?}`` and ``${$}``."""

    text: str


Part = str | Variable | Literal
PolicyText = tuple[Part, ...]


def read(text: str, variables: bool = True) -> PolicyText:
    """A text of a policy; without *variables*, as in version 2008-10-17, ``${…}`` is itself.

    Raises ValueError for a variable that is none.
    """
    if not variables or "${" not in text:
        return (text,)
    return tuple(part for part in _parts(text) if part != "")


def _parts(text: str) -> Iterator[Part]:
    end = 0
    for found in _VARIABLE.finditer(text):
        yield text[end : found.start()]
        yield _variable(found[1])
        end = found.end()
    if "${" in text[end:]:
        raise ValueError(f"has a policy variable without an end in '{text}'")
    yield text[end:]


def _variable(inside: str) -> Variable | Literal:
    if inside in _LITERAL_WILDCARDS:
        return Literal(inside)
    defaulted = _DEFAULTED.fullmatch(inside)
    key, default = (defaulted[1], defaulted[2]) if defaulted else (inside, None)
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"has the policy variable '${{{inside}}}'; write ${{aws:username}}, "
            "or ${aws:username, 'default'}"
        )
    return Variable(key.lower(), default)


def unresolved(text: PolicyText, context: Context) -> bool:
    """Whether a variable of *text* has no value, or several, in a request and no default."""
    return any(
        isinstance(part, Variable) and part.default is None and len(context.get(part.key, ())) != 1
        for part in text
    )


def plain(text: PolicyText, context: Context) -> str:
    """The text with the values of its variables; wildcards are characters like any other."""
    return "".join(piece for piece, _ in _filled(text, context))


def like(text: PolicyText, value: str, context: Context) -> bool:
    """Whether *value* is like *text*: ``*`` is any characters and ``?`` any one of them.

    What a variable brings in stands for itself.
    """
    return _regex(tuple(_filled(text, context))).fullmatch(value) is not None


def arn_like(text: PolicyText, value: str, context: Context) -> bool:
    """Whether the ARN *value* is like *text* in each of its six components.

    ``*`` alone is any ARN, and a component that *text* leaves out at its end is too.
    """
    pattern = _components(_filled(text, context))
    if pattern == [(("*", True),)]:
        return True
    components = value.split(":", ARN_COMPONENTS - 1)
    if len(components) != ARN_COMPONENTS:
        return False
    pattern += [(("*", True),)] * (ARN_COMPONENTS - len(pattern))
    pairs = zip(pattern, components, strict=True)
    return all(_regex(wanted).fullmatch(found) is not None for wanted, found in pairs)


Piece = tuple[str, bool]  # a text, and whether its wildcards are wildcards


def _filled(text: PolicyText, context: Context) -> Iterator[Piece]:
    for part in text:
        if isinstance(part, Literal):
            yield part.text, False
        elif isinstance(part, Variable):
            values = context.get(part.key, ())
            yield (values[0] if len(values) == 1 else part.default or ""), False
        else:
            yield part, True


def _components(pieces: Iterator[Piece]) -> list[tuple[Piece, ...]]:
    """The pieces of each component: the first five colons part them, the others do not."""
    found: list[list[Piece]] = [[]]
    for text, wild in pieces:
        head, *more = text.split(":", ARN_COMPONENTS - len(found))
        found[-1].append((head, wild))
        found += [[(component, wild)] for component in more]
    return [tuple(component) for component in found]


@lru_cache(maxsize=4096)
def _regex(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    expression = "".join(
        re.escape(text).replace(r"\*", ".*").replace(r"\?", ".") if wild else re.escape(text)
        for text, wild in pieces
    )
    return re.compile(expression, re.DOTALL)
