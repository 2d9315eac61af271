"""
Tumbling windows: which window a record belongs to, when one is over, what its event carries.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
(Windows are aligned to the epoch, and a record belongs to one by its arrival. A window is closed
by the first record of a later one, by the end of its shard, or two minutes after its end when
nothing new arrives. State of more than 1 MB ends it early.)
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from typing import Any

import orjson

from eventsim.types import Origin, TumblingWindow

IDLE_SECONDS = 120.0


def window_of(arrival: float, seconds: int) -> TumblingWindow:
    """Return the window that a record of this arrival belongs to, new."""
    start = floor(arrival / seconds) * seconds
    return TumblingWindow(float(start), float(start + seconds))


def closes_at(window: TumblingWindow) -> float:
    """Return the epoch time at which an idle window is closed."""
    return window.end + IDLE_SECONDS


def in_window(event: dict[str, Any], window: TumblingWindow, origin: Origin) -> dict[str, Any]:
    """Return *event* with what a function is told of the window that it is in."""
    return {
        **event,
        "window": {"start": _stamp(window.start), "end": _stamp(window.end)},
        "state": window.state,
        "shardId": origin.shard_id,
        "eventSourceARN": origin.arn,
        "isFinalInvokeForWindow": window.final,
        "isWindowTerminatedEarly": window.terminated_early,
    }


def window_bytes(window: TumblingWindow, origin: Origin) -> int:
    """Return how many bytes ``in_window`` adds to an event as compact JSON."""
    return len(orjson.dumps(in_window({}, window, origin))) - 1


def _stamp(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
