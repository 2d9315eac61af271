"""Small recordings for the tests of replays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from eventsim.recordings import Header, RecordedRecord, jsonl
from eventsim.replay import Player, Recording

START = 1_700_000_000.0


def record(at: float, key: str, value: Any, shard: str | None = None) -> RecordedRecord:
    """A record that arrived *at* seconds after START; its sequence number tells when, too."""
    number = None if shard is None else str(int(at * 1000) + 1)
    return RecordedRecord(START + at, key, orjson.dumps(value), shard, number)


def save(
    path: Path, records: Iterable[RecordedRecord], source: str = "kinesis", origin: str = ""
) -> Path:
    """Write a recording that began at START."""
    jsonl.write(path, Header(source, origin, start=START), records)
    return path


def player(path: Path, records: Iterable[RecordedRecord], **how: Any) -> Player:
    """A player of these records."""
    return Player(Recording.of(save(path / "orders.jsonl", records)), **how)
