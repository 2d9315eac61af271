"""A stream to a recording, to a new stream, to a recording: the same but for where and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim.recordings import RecordedRecord, jsonl
from tests.commands import eventsim
from tests.endpoints import Endpoint

BODIES = [b"%d" % number for number in range(40)]


def recorded(path: Path) -> list[RecordedRecord]:
    """The records of a recording without sequence numbers and arrivals, by shard and in order."""
    plain = [each._replace(arrival=0.0, sequence_number=None) for each in jsonl.read(path)]
    return sorted(plain, key=lambda each: each.shard or "")


def record(endpoint: Endpoint, stream: str, path: Path) -> None:
    """Record all that is put on a stream."""
    words: list[Any] = ["record", f"kinesis://{stream}", "-o", path, "--count", len(BODIES)]
    ended = eventsim(*words, "--endpoint-url", endpoint.url, "--quiet")
    assert ended.code == 0, ended.stderr


@pytest.mark.parametrize("shards", [1, 3])
def test_nothing_is_lost_changed_or_moved_on_the_way(
    tmp_path: Path, endpoint: Endpoint, shards: int
) -> None:
    first, second = endpoint.stream(shards), endpoint.stream(shards)
    endpoint.put(first, BODIES, shards)
    record(endpoint, first, tmp_path / "first.jsonl")
    words: list[Any] = ["replay", tmp_path / "first.jsonl", "--to", f"kinesis://{second}"]
    ended = eventsim(*words, "--speed", "max", "--endpoint-url", endpoint.url)
    record(endpoint, second, tmp_path / "second.jsonl")

    assert ended.code == 0, ended.stderr
    assert recorded(tmp_path / "second.jsonl") == recorded(tmp_path / "first.jsonl")
    assert sorted(each.data for each in recorded(tmp_path / "second.jsonl")) == sorted(BODIES)
