"""Where an entry belongs in a picture of the run, and how bad it is: the same for every picture."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Fields = dict[str, Any]
Group = Literal["changes", "sources", "queues", "functions", "destinations"]

RETRIED, EXPIRED, DISCARDED = 1, 2, 3

_MARKED = {
    "retry_scheduled": RETRIED,
    "messages_returned": RETRIED,
    "records_expired": EXPIRED,
    "messages_expired": EXPIRED,
    "batch_discarded": DISCARDED,
    "messages_redriven": DISCARDED,
    "event_discarded": DISCARDED,
}
_CHANGES = frozenset(
    {
        "mapping_changed",
        "function_changed",
        "permission_granted",
        "permission_revoked",
        "load_finished",
        "expectation_checked",
    }
)
_OF_AN_EVENT = ("event_queued", "event_duplicated", "event_retried", "event_discarded")
_SENDERS = ("rule", "resource", "front", "source")


class Place(NamedTuple):
    """A lane: its group, what it is called, and for a shard which one of its source."""

    group: Group
    name: str
    shard: str = ""


def place_of(kind: str, fields: Fields) -> Place | None:
    """The lane that an entry of *kind* stands on, or None when it stands on none."""
    if kind in _CHANGES:
        return Place("changes", "")
    if kind in _OF_AN_EVENT or kind in ("event_succeeded", "event_dropped"):
        return Place("queues", function_of(fields))
    if kind.startswith("destination_"):
        return Place("destinations", str(fields.get("destination", "")))
    shard = fields.get("shard", fields.get("child"))
    if shard is not None:
        return Place("sources", str(fields.get("source", "")), str(shard))
    if kind.startswith(("invocation_", "environment_", "function_")):
        return Place("functions", function_of(fields))
    sender = next((str(fields[name]) for name in _SENDERS if fields.get(name)), None)
    return None if sender is None else Place("sources", sender)


def function_of(fields: Fields) -> str:
    """The function's own name, where an entry names it by ARN or with a version or alias too."""
    name = str(fields.get("function", ""))
    parts = name.split(":")
    return (parts[6] if name.startswith("arn:") and len(parts) > 6 else parts[0]) or name


def mark_of(kind: str, fields: Fields) -> int:
    """What went wrong: RETRIED, EXPIRED, DISCARDED, or 0 for nothing."""
    if kind == "invocation_finished":
        return RETRIED if fields.get("error") else 0
    return _MARKED.get(kind, 0)
