"""
CloudWatch Logs: what an export task put into S3, and what its API and subscriptions tell as JSON.

Each log event is a record: its message the data, its time the arrival, the name of its log stream
the key. An export has the name in the folder that the object is in; a line in it that does not
begin with a time belongs to the event above.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from eventsim.recordings import Asked, BadLine, RecordedRecord
from eventsim.recordings._documents import documents
from eventsim.recordings._lines import TOO_LONG, Lines, Readable, foreign

TAKES: frozenset[str] = frozenset()
SUFFIXES: tuple[str, ...] = ()
EVENT_BYTES_MAX = 1024 * 1024  # what CloudWatch Logs takes
_TIMED = re.compile(rb"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z) ?")


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The log events of a file, in its order."""
    with foreign(path) as file:
        is_json = _begins_with_json(file)
    with foreign(path) as file:
        if not is_json:
            yield from _exported(path, file, asked)
            return
        for number, content, value in documents(path, file, asked.on_bad_line):
            yield from asked.taken(path, number, content, _told(value, asked))


def _begins_with_json(file: Readable) -> bool:
    try:
        return file.read1(64).lstrip()[:1] in (b"{", b"[")
    except (EOFError, OSError):
        return False  # whoever reads it in earnest tells what is wrong


def _told(value: dict[str, Any], asked: Asked) -> Iterator[Callable[[], RecordedRecord]]:
    """The events of an answer of GetLogEvents or FilterLogEvents, of a subscription, or one."""
    events = value.get("logEvents", value.get("events"))
    if value.get("messageType") == "CONTROL_MESSAGE":
        return
    if events is None:
        events = [value]
    if not isinstance(events, list):
        raise ValueError("has no list of events")
    for event in events:
        yield partial(_event, event, value.get("logStream"), asked)


def _event(event: Any, stream: Any, asked: Asked) -> RecordedRecord:
    if not isinstance(event, dict) or not isinstance(event.get("message"), str):
        raise ValueError("is no log event: it has no message")
    key = event.get("logStreamName", stream)
    return RecordedRecord(
        asked.arrival_in(event, event.get("timestamp")),
        asked.key_in(event, str(key or "logs")),
        event["message"].encode(),
    )


def _exported(path: Path, file: Readable, asked: Asked) -> Iterator[RecordedRecord]:
    lines = Lines(path, file)
    lines.on_long = lambda piece, more: asked.on_bad_line(
        BadLine(path, lines.number, TOO_LONG, piece, more)
    )
    key = path.parent.name or "logs"
    number, held = 0, list[bytes]()
    for line in lines:
        if held and (_TIMED.match(line) or sum(map(len, held)) > EVENT_BYTES_MAX):
            yield from _line(path, number, held, key, asked)
            held = []
        number = number if held else lines.number
        held.append(line)
    if held:
        yield from _line(path, number, held, key, asked)
    if lines.cut_off:
        asked.on_bad_line(BadLine(path, lines.number, "cut off in this line", lines.rest))


def _line(
    path: Path, number: int, held: list[bytes], key: str, asked: Asked
) -> Iterator[RecordedRecord]:
    content = b"\n".join(held)
    timed = _TIMED.match(content)
    if timed is None and not content.strip():
        return

    def made() -> RecordedRecord:
        if timed is None:
            raise ValueError("does not begin with a time such as 2013-01-01T10:17:00.000Z")
        return RecordedRecord(
            asked.arrival_in({}, timed[1].decode()), key, content[timed.end() :].rstrip(b"\n")
        )

    yield from asked.taken(path, number, content, (made,))
