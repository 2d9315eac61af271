"""A clock for what is synchronous: it stands still until a test moves it."""

from __future__ import annotations

EPOCH = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class HandClock:
    """A clock that is moved by hand, ``now`` seconds after ``EPOCH``."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def timestamp(self) -> float:
        return EPOCH + self.now
