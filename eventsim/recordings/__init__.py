"""
Event streams on disk: one file of this folder per format, named like the format.

eventsim's own is ``jsonl``: ``check_header``, ``read``, ``write`` and ``Appender``. Every other
one is what people already have, and ``eventsim convert`` reads it. It has ``read_foreign``, which
takes a path and what is asked of it (``Asked``) and yields records, streamed and in bounded
memory; ``TAKES``, the fields of ``Asked`` that it looks at, of key, time and data; ``SUFFIXES``,
the endings of a name that mean this format, compressed or not; and ``SOURCE`` where its records
are of another source than what they carry says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventsim.recordings._asked import Asked, stop
from eventsim.recordings._bad_lines import POLICIES, BadLine, BadLines, OnBadLine, Policy
from eventsim.recordings._lines import lines_of

__all__ = [
    "POLICIES",
    "Asked",
    "BadLine",
    "BadLines",
    "Header",
    "OnBadLine",
    "Policy",
    "RecordedRecord",
    "lines_of",
    "stop",
]


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording says of itself: the source it was made from, and where that stood.

    ``source`` is a type of source, and says what the records carry; ``lambda`` means whole events
    of a function. ``origin`` is the ARN of the stream or queue, or says otherwise where the
    records are from. ``start`` is when the recording began, in seconds since the epoch; a replay
    counts from there, or from the first record where it is None. ``notes`` holds whatever else
    its maker wrote down.
    """

    source: str
    origin: str = ""
    schema: int = 1
    start: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


class RecordedRecord(NamedTuple):
    """One record as it was seen: arrival in seconds since the epoch, key, and what it carries.

    ``data`` is a ``Change`` (``eventsim.rules.dynamodb``) where the source is ``dynamodb``, a
    ``Message`` (``eventsim.types``, without a receipt handle) where it is ``sqs``, the event as
    JSON where it is ``lambda``, and bytes otherwise. ``key`` is the partition key, the item's key
    as compact JSON, the message group; "" for a message without one and for a whole event.
    Shard and sequence number are those of the stream it was read from, where they are known.
    """

    arrival: float
    key: str
    data: Any
    shard: str | None = None
    sequence_number: str | None = None
    explicit_hash_key: int | None = None
