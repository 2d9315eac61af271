"""
The one grammar of ``--set PATH=VALUE``: a place in a document, and what is to stand there.

``PATH`` is keys and positions (``Records[0].s3.object.size``), the whole of it or a suffix that
is one place only (``object.size``). ``VALUE`` is JSON, or else the text as it stands. Where one
value after another is tried, ``VALUE,VALUE`` or a JSON list has them all.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from eventsim.errors import EventsimError
from eventsim.registry import near

Path = tuple[str | int, ...]

_PART = re.compile(r"""\.?(?:\[(?P<index>\d+)\]|\["(?P<quoted>[^"]*)"\]|(?P<key>[^.\[\]]+))""")
_LISTED_MAX = 5
_OPENINGS = ("[", "{", '"')


def parse(assignment: str) -> tuple[Path, Any]:
    """The path and the value of ``PATH=VALUE``. Raises EventsimError for what is none."""
    path, value = _halves(assignment, "PATH=VALUE, such as object.size=5")
    return path, value_of(value)


def parse_axis(assignment: str) -> tuple[Path, tuple[Any, ...]]:
    """The path and the values of ``PATH=VALUE,VALUE``, at least one, no two of them the same.

    A value that holds a comma is written as JSON: ``"a,b"``, ``[[1,2],[3]]``. Raises
    EventsimError.
    """
    path, text = _halves(assignment, "PATH=VALUE,VALUE, such as BatchSize=1,10,100")
    values = values_of(text)
    if not values:
        raise EventsimError(f"'{assignment}' has no values; write {write(path)}=1,10,100")
    told = [orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in values]
    twice = next((one for number, one in enumerate(told) if one in told[:number]), None)
    if twice is not None:
        raise EventsimError(f"'{assignment}' has {twice.decode()} twice; leave one out")
    return path, values


def values_of(text: str) -> tuple[Any, ...]:
    """The members of a JSON list, or what stands between commas: JSON, or else text.

    What begins with a quote or a bracket ends where its JSON does. Raises EventsimError for JSON
    that does not end, and for nothing between two commas.
    """
    whole = value_of(text)
    if isinstance(whole, list):
        return tuple(whole)
    if not text:
        return ()
    values, position = list[Any](), 0
    while position <= len(text):
        value, end = _first_value(text, position)
        values.append(value)
        position = end + 1
    return tuple(values)


def _first_value(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at *start*, and where the comma behind it is."""
    if text[start : start + 1] in _OPENINGS:
        try:
            end = json.JSONDecoder().raw_decode(text, start)[1]
        except ValueError as error:
            shown = text[start:]
            raise EventsimError(f"'{shown}' begins as JSON and is none: {error}") from None
        if text[end : end + 1] not in ("", ","):
            raise EventsimError(f"there is no comma between '{text[start:end]}' and '{text[end:]}'")
    else:
        found = text.find(",", start)
        end = found if found >= 0 else len(text)
    part = text[start:end].strip()
    if not part:
        raise EventsimError(f"'{text}' has nothing between two commas; write \"\" for empty text")
    return value_of(part), end


def _halves(assignment: str, wanted: str) -> tuple[Path, str]:
    text, equals, value = assignment.partition("=")
    if not equals:
        raise EventsimError(f"'{assignment}' sets nothing; write {wanted}")
    return parse_path(text), value


def parse_path(text: str) -> Path:
    """``a.b[0]["c.d"]`` in its parts. Raises EventsimError for what is no path."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None or (position == 0 and text.startswith(".")):
            raise EventsimError(f"'{text}' is no path; write keys and positions: Records[0].s3.key")
        index, quoted = found["index"], found["quoted"]
        parts.append(int(index) if index is not None else quoted or found["key"])
        position = found.end()
    if not parts:
        raise EventsimError("a path is empty; write keys and positions: Records[0].s3.key")
    return tuple(parts)


def value_of(text: str) -> Any:
    """The JSON that *text* is, or the text."""
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def write(path: Path) -> str:
    """A path as it is parsed."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PART.fullmatch(part) and not part.startswith("["):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def changed(document: Any, path: Path, value: Any, *, create: bool = False) -> Any:
    """A copy of *document* with *value* at the one place that *path* names.

    With *create* a whole path that is not there yet is made, as far as keys and the next position
    of a list go. Raises EventsimError for a path that is nowhere, or in several places.
    """
    made = copy.deepcopy(document)
    there = place_of(document, path)
    if there is not None:
        return put(made, there, value)
    if create:
        return put(made, path, value, create=True)
    known = {write(place[-len(path) :]) for place in every_place(document)}  # said by ends too
    close = near(write(path), known)
    hint = f"; did you mean '{close}'?" if close else ""
    raise EventsimError(f"there is no '{write(path)}'{hint}; say create to make it")


def places(document: Any, path: Path) -> list[Path]:
    """Every place of *document* whose path ends in *path*."""
    return [place for place in every_place(document) if place[-len(path) :] == path]


def place_of(document: Any, path: Path) -> Path | None:
    """The whole path of the one place that *path* names; None where there is none.

    Raises EventsimError where there are several.
    """
    found = places(document, path)
    if path in found:
        return path
    if len(found) > 1:
        listed = ", ".join(write(place) for place in found[:_LISTED_MAX])
        raise EventsimError(f"'{write(path)}' is in {len(found)} places; write one of: {listed}")
    return found[0] if found else None


def value_at(document: Any, place: Path) -> Any:
    """What stands at a whole path that is there."""
    for part in place:
        document = document[part]
    return document


def every_place(document: Any, above: Path = ()) -> Iterator[Path]:
    """Each key and each position of *document*, from the outside in."""
    inner: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(document, dict):
        inner = iter(document.items())
    elif isinstance(document, list):
        inner = iter(enumerate(document))
    for key, below in inner:
        yield (*above, key)
        yield from every_place(below, (*above, key))


def put(document: Any, path: Path, value: Any, *, create: bool = False) -> Any:
    """*document*, changed: *value* stands at *path*, which *create* lets make what is not there."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        if document is None and create:
            document = []
        if not isinstance(document, list) or head > len(document) or (head < 0):
            raise EventsimError(f"position {head} is not one of a list there, nor the next")
        if head == len(document):
            document.append(None)
    else:
        if document is None and create:
            document = {}
        if not isinstance(document, dict):
            raise EventsimError(f"'{head}' cannot be a key of what is there")
        document.setdefault(head, None)
    document[head] = put(document[head], rest, value, create=create)
    return document
