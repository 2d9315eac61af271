"""
When a batch is full, and when its window is over.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
(A batch is sent when the first of three is reached: the batch size, the batching window, 6 MB
of payload. For streams and queues the next window starts when the previous invocation ends.)

Where AWS is silent: a window that ends without a record is over, and the next one starts with
the next record that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from eventsim.types import Record

PAYLOAD_BYTES_MAX = 6 * 1024 * 1024


class Cut(NamedTuple):
    """The first ``length`` records make a batch, of ``size`` bytes as an event, because …"""

    length: int
    size: int
    because: str


def full_cut(
    records: Sequence[Record],
    batch_size: int,
    encoded_size: Callable[[Sequence[Record]], int],
) -> Cut | None:
    """Return the batch at the front of *records* if it is full, by count or by bytes.

    *encoded_size* gives the bytes of an event of these records, no fewer, and exactly above 6 MB.
    A record that is over the limit by itself makes a batch of one.
    """
    head = records if len(records) <= batch_size else records[:batch_size]
    size = encoded_size(head)
    if size <= PAYLOAD_BYTES_MAX:
        return _whole(batch_size, size) if len(head) == batch_size else None
    length = _longest_prefix(head, encoded_size)
    return Cut(length, encoded_size(head[:length]), "6 MB of payload reached")


def window_start(opened: float, window: float, now: float) -> float:
    """Return when the window began that the first record in it, read *now*, belongs to."""
    return opened if now < opened + window else now


def window_reason(window: int) -> str:
    """Why a batch that is not full is sent."""
    return f"window of {window} s expired" if window else "MaximumBatchingWindowInSeconds is 0"


@lru_cache(maxsize=1024)  # batches of one read are measured alike
def _whole(batch_size: int, size: int) -> Cut:
    return Cut(batch_size, size, f"BatchSize {batch_size} reached")


def _longest_prefix(
    records: Sequence[Record], encoded_size: Callable[[Sequence[Record]], int]
) -> int:
    fits, over = 1, len(records)
    while over - fits > 1:
        middle = (fits + over) // 2
        if encoded_size(records[:middle]) <= PAYLOAD_BYTES_MAX:
            fits = middle
        else:
            over = middle
    return fits
