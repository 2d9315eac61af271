"""
Simulated SQS, SNS, S3, EventBridge: what AWS keeps, without the API in front of it.

What a service sets off (an entry in a journal, later a notification) is a callback that it is
given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from eventsim.rules import sqs as rules
from eventsim.types import Message


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue's attributes, in AWS's words; ``max_receive_count`` None is no redrive policy."""

    visibility_timeout: float = 30.0
    delay_seconds: float = 0.0
    message_retention_period: float = rules.RETENTION_SECONDS
    content_based_deduplication: bool = False
    max_receive_count: int | None = None


class QueueSummary(NamedTuple):
    """What became of some messages of a queue, told once; ids of the first and the last.

    ``sent`` is told before anybody can receive them; ``redriven`` when they moved to the
    dead-letter queue ``target``, which tells them as ``moved``; ``expired`` when the queue's
    retention was over. ``since`` and ``until`` are when the first and the last were sent, in
    seconds since the run began. ``held`` has the messages themselves as they stand now, where
    the back end has them at hand.
    """

    what: Literal["sent", "redriven", "moved", "expired"]
    first: str
    last: str
    messages: int
    since: float
    until: float
    target: str = ""
    held: Callable[[], Sequence[Message]] = tuple


OnMessages = Callable[[QueueSummary], None]


def nobody(summary: QueueSummary) -> None:
    """For a queue whose messages interest nobody."""
