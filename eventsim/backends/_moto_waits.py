"""
Long polls of SQS, which moto would wait out itself and let nobody else in meanwhile.

A receive is made a short poll here; who waits, and for how long, is decided outside.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import orjson

SECONDS_MAX = 20
TARGET = "AmazonSQS.ReceiveMessage"
_ACTION = b"Action=ReceiveMessage"


class LongPoll(NamedTuple):
    """A receive, whose ``body`` asks for what is there now; ``seconds`` of None are the queue's."""

    body: bytes
    queue_url: str
    seconds: int | None


class Answered(NamedTuple):
    """What moto answered to a request."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def nothing(self) -> bool:
        """Whether a receive was answered with no message, and no error."""
        return self.status < 300 and not (b'"Messages"' in self.body or b"<Message>" in self.body)


def long_poll(target: str, body: bytes) -> LongPoll | None:
    """The receive that a request is, in the JSON protocol or in that of queries; None for others.

    One that asks for a time that is no whole number from 0 to 20 is left to moto, to be refused.
    """
    if target == TARGET:
        try:
            asked = orjson.loads(body)
        except ValueError:
            return None
        return _poll(asked, orjson.dumps) if isinstance(asked, dict) else None
    if target or _ACTION not in body:
        return None
    return _poll(dict(parse_qsl(body.decode("utf-8", "replace"))), _encoded)


def _poll(asked: dict[str, Any], encode: Any) -> LongPoll | None:
    url, wanted = asked.get("QueueUrl"), asked.get("WaitTimeSeconds")
    seconds = None if wanted is None else _seconds(wanted)
    if not isinstance(url, str) or (wanted is not None and seconds is None):
        return None
    return LongPoll(encode({**asked, "WaitTimeSeconds": 0}), url, seconds)


def _seconds(wanted: Any) -> int | None:
    text = str(wanted)
    return int(text) if text.isdecimal() and int(text) <= SECONDS_MAX else None


def _encoded(asked: dict[str, Any]) -> bytes:
    return urlencode(asked).encode()
