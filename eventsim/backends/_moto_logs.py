"""
CloudWatch Logs in moto, written without a request: one for each invocation would cost more than it.

moto keeps every line for good; here a stream keeps the last ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

EVENTS_MAX = 20_000  # of one stream


def put(
    account: str, region: str, group: str, stream: str, events: Sequence[dict[str, Any]]
) -> None:
    """Put lines into a stream, which is made where it is missing; subscriptions are told."""
    from moto.logs.models import logs_backends

    backend = logs_backends[account][region]
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    backend.put_log_events(group, stream, list(events))
    kept = backend.groups[group].streams[stream].events
    if len(kept) > EVENTS_MAX:
        del kept[:-EVENTS_MAX]
