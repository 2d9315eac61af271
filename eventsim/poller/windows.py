"""The tumbling window that a shard is in, and its state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eventsim.rules.tumbling import closes_at, window_of
from eventsim.types import Record, TumblingWindow


class Windows:
    """One shard's tumbling windows: none or one is open, and records decide which."""

    def __init__(self, seconds: int, epoch: float, current: TumblingWindow | None = None) -> None:
        self._seconds, self._epoch = seconds, epoch
        self.current = current

    @property
    def closes_at(self) -> float:
        """When the open window is closed if nothing comes, in seconds since the run began."""
        return float("inf") if self.current is None else closes_at(self.current) - self._epoch

    def count_inside(self, records: Sequence[Record]) -> int:
        """How many of *records*, from the first on, belong to the open window; opens it."""
        if self.current is None:
            self.current = window_of(records[0].arrival, self._seconds)
        end = self.current.end
        return next((n for n, record in enumerate(records) if record.arrival >= end), len(records))

    def reopen(self, window: TumblingWindow) -> None:
        """A batch of *window* is sent: if that was ended early, it begins again from nothing."""
        if self.current is None and not window.final:
            self.current = TumblingWindow(window.start, window.end)

    def with_state(self, window: TumblingWindow) -> TumblingWindow:
        """*window* as it is sent now, with what the function last returned."""
        if window.terminated_early or self.current is None:
            return window
        return replace(window, state=self.current.state)

    def answered(self, window: TumblingWindow, state: Any) -> None:
        """The function took a batch of *window*: keep its state, or close the window."""
        if window.final:
            self.current = None
        elif self.current is not None:
            self.current = replace(self.current, state=state)

    def gave_up(self, window: TumblingWindow) -> None:
        """A batch of *window* was discarded; the state of one that was not final stays."""
        if window.final:
            self.current = None
