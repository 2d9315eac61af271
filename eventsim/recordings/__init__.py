"""
Event streams on disk: one file of this folder per format, named like the format.

A format has ``check_header(path) -> Header``, ``read(path, on_cut_off=None)``, which streams
records oldest first, and ``write(path, header, records)``. eventsim's own is ``jsonl``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording says of itself: the source it was made from, and where that stood.

    ``start`` is when the recording began, in seconds since the epoch; a replay counts from
    there, or from the first record where it is None. ``notes`` holds whatever else its maker
    wrote down; nothing reads it.
    """

    source: str
    origin: str = ""
    schema: int = 1
    start: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


class RecordedRecord(NamedTuple):
    """One record as it was seen: arrival in seconds since the epoch, key, and the bytes carried.

    Shard and sequence number are those of the stream it was read from, where they are known.
    """

    arrival: float
    key: str
    data: bytes
    shard: str | None = None
    sequence_number: str | None = None
    explicit_hash_key: int | None = None
