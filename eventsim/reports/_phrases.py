"""Parts of sentences about entries: which records, where, by which function, and why."""

from __future__ import annotations

import re
from typing import Any

from eventsim.journal import Entry
from eventsim.reports._lanes import short_shard
from eventsim.reports._page import plural, shown
from eventsim.reports._words import reason
from eventsim.rules.mapping_settings import SETTINGS

Fields = dict[str, Any]

# Reasons that say nothing which the sentence does not say already.
_SAID = frozenset({"the scenario says so", "the function took them", "function error"})
_SETTING = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")


def function_of(fields: Fields) -> str:
    """The function of an entry, as text."""
    return shown(fields.get("function", "the function"))


def shard_name(shard: Any) -> str:
    """``0`` for ``shardId-000000000000``, the end of a table's shard."""
    return shown(short_shard(str(shard)).removeprefix("/"))


def place_of(fields: Fields) -> str:
    """``shard 0 of orders``, ``the queue orders``."""
    source = shown(fields.get("source", ""))
    shard = fields.get("shard")
    return f"shard {shard_name(shard)} of {source}" if shard else f"the queue {source}"


def number_of(fields: Fields) -> str:
    """``1 record``, ``3 records``; messages of a queue."""
    return plural(fields.get("records", 0), "record" if fields.get("shard") else "message")


def them(fields: Fields) -> str:
    """``1 message stays``, ``3 messages stay``."""
    return f"{number_of(fields)} {'stays' if fields.get('records') == 1 else 'stay'}"


def because(text: str, entry: Entry, joint: str = ",") -> str:
    """*text* and the reason that the journal gives, where it says more than the text."""
    if not entry.because or entry.because in _SAID:
        return text
    why = reason(entry).rstrip(".")
    if joint == ",":
        return f"{text}: {why}"
    return f"{text}{joint} {why}"


def error_of(fields: Fields) -> str:
    """The error of a function: its type and message, or AWS's word for it."""
    parts = [fields.get("error_type"), fields.get("error_message")]
    return ": ".join(shown(part) for part in parts if part) or shown(fields.get("error"))


def setting_in(text: str | None, otherwise: str) -> str:
    """The setting of a mapping that a reason names, or else *otherwise*."""
    found = (name for name in _SETTING.findall(text or "") if name in SETTINGS)
    return next(found, otherwise)
