"""Small recordings for the tests of replays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from eventsim.recordings import Header, RecordedRecord, jsonl
from eventsim.replay import Player, Recording
from eventsim.rules.sqs import md5_of_body
from eventsim.types import Message

START = 1_700_000_000.0


def record(at: float, key: str, value: Any, shard: str | None = None) -> RecordedRecord:
    """A record that arrived *at* seconds after START; its sequence number tells when, too."""
    number = None if shard is None else str(int(at * 1000) + 1)
    return RecordedRecord(START + at, key, orjson.dumps(value), shard, number)


def message(record: RecordedRecord, **attributes: str) -> Message:
    """The message that has a record's data as its body, its number as its id."""
    body = record.data.decode()
    number = str(int((record.arrival - START) * 1000))
    return Message(f"m{number}", "", body, md5_of_body(body), attributes)


def save(
    path: Path, records: Iterable[RecordedRecord], source: str = "kinesis", origin: str = ""
) -> Path:
    """Write a recording that began at START; of a queue, the data are the bodies."""
    if source == "sqs":
        records = [each._replace(key="", data=message(each), shard=None) for each in records]
    jsonl.write(path, Header(source, origin, start=START), records)
    return path


def player(path: Path, records: Iterable[RecordedRecord], **how: Any) -> Player:
    """A player of these records."""
    return Player(Recording.of(save(path / "orders.jsonl", records)), **how)
