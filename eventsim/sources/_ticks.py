"""The moments at which a reader asks: every interval from when it was made."""

from __future__ import annotations

from eventsim.rules.cadence import next_tick


class Ticks:
    """Ticks number 1, 2, 3 and so on, each *interval* seconds after the one before."""

    def __init__(self, start: float, interval: float) -> None:
        self._start, self._interval = start, interval

    def time(self, tick: float) -> float:
        """When that tick is; an infinite one never is."""
        return self._start + tick * self._interval

    def at_or_after(self, time: float) -> int:
        """The first tick that is not before *time*."""
        if time <= self._start:
            return 1
        return next_tick(self._start, self._interval, time).ticks

    def after(self, time: float) -> int:
        """The first tick later than *time*."""
        tick = self.at_or_after(time)
        return tick + 1 if self.time(tick) <= time else tick
