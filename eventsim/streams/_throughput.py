"""
How much a shard takes and gives in a second.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
(1 MiB and 1,000 records written; 5 reads and 2 MiB read. A read that brings more makes the
reader wait until the average is right again: after 10 MiB, for 5 seconds.)
"""

from __future__ import annotations

from collections import deque
from math import floor

from eventsim.rules import kinesis as rules


class WriteMeter:
    """Counts what was written in the current second; a second begins on a whole one."""

    __slots__ = ("_bytes", "_records", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._bytes = self._records = 0

    def take(self, size: int, now: float) -> bool:
        """Count a record of *size* bytes if there is room for it; a second's first always fits."""
        second = floor(now)
        if second != self._second:
            self._second, self._bytes, self._records = second, 0, 0
        full = self._bytes + size > rules.WRITE_BYTES_PER_SECOND and self._records
        if full or self._records >= rules.WRITE_RECORDS_PER_SECOND:
            # Nothing smaller may slip past it: that would break the order of the shard.
            self._records = rules.WRITE_RECORDS_PER_SECOND
            return False
        self._bytes += size
        self._records += 1
        return True


class ReadMeter:
    """Knows whether a shard may be read again."""

    __slots__ = ("_blocked_until", "_reads")

    def __init__(self) -> None:
        self._reads: deque[tuple[float, int]] = deque()
        self._blocked_until = 0.0

    def open(self, now: float) -> bool:
        """Whether a read at *now* is answered."""
        while self._reads and self._reads[0][0] <= now - 1:
            self._reads.popleft()
        return now >= self._blocked_until and len(self._reads) < rules.READS_PER_SECOND

    def count(self, size: int, now: float) -> None:
        """Count a read at *now* that brought *size* bytes."""
        self._reads.append((now, size))
        recent = sum(size for _, size in self._reads)
        if recent >= rules.READ_BYTES_PER_SECOND:
            self._blocked_until = now + recent / rules.READ_BYTES_PER_SECOND
