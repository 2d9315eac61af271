"""
What a person sees of a load while it goes on: a view on a terminal, a line a second elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from eventsim.cli.talk import Talk, visible
from eventsim.clock import stopwatch

if TYPE_CHECKING:
    from rich.live import Live

    from eventsim.traffic.measuring import Shown

LINE_SECONDS = 0.95  # of real time between two lines, so that each second of it has its own
BETWEEN_SECONDS = 0.1
SPARKS = 60
_BARS = "▁▂▃▄▅▆▇█"


class View(Protocol):
    """Shown the meter once a second."""

    def tick(self, meter: Shown) -> None:
        """Show how it stands."""

    def say(self, text: str) -> None:
        """Say something beside it."""

    def stop(self) -> None:
        """Take away what does not stay."""


def view_of(talk: Talk) -> View:
    """What suits who is watching."""
    if talk.quiet:
        return Silence(talk)
    return Screen(talk) if talk.terminal else Lines(talk)


class Silence:
    """Says what has to be said."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def tick(self, meter: Shown) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        self._talk.say(text)

    def stop(self) -> None:
        """Nothing was shown."""


class Lines(Silence):
    """A line for each second of real time, or of the load where that takes longer."""

    def __init__(self, talk: Talk, elapsed: Callable[[], float] | None = None) -> None:
        super().__init__(talk)
        self._elapsed = stopwatch() if elapsed is None else elapsed
        self._last = float("-inf")

    def tick(self, meter: Shown) -> None:
        elapsed = self._elapsed()
        if elapsed - self._last >= LINE_SECONDS:
            self._last = elapsed
            self._talk.note(line(meter))


class Screen(Silence):
    """The same in place, with how the rate and the tail of the latency went lately."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)
        self._elapsed, self._last = stopwatch(), float("-inf")
        self._rates: deque[float] = deque(maxlen=SPARKS)
        self._tails: deque[float] = deque(maxlen=SPARKS)
        self._live: Live | None = None

    def tick(self, meter: Shown) -> None:
        _, point = meter.last_second()
        self._rates.append(point.answered)
        self._tails.append(point.latency.percentile(99) / 1e6)
        elapsed = self._elapsed()
        if elapsed - self._last < BETWEEN_SECONDS:
            return
        self._last = elapsed
        from rich.text import Text

        rows = [
            line(meter),
            f"answered/s {sparkline(self._rates)} {self._rates[-1]:,.0f}",
            f"p99        {sparkline(self._tails)} {_ms(self._tails[-1])}",
        ]
        text = Text("\n".join(rows), no_wrap=True, overflow="ellipsis")
        self._started().update(text, refresh=True)

    def say(self, text: str) -> None:
        if self._live is None:
            super().say(text)
        else:
            self._live.console.print(visible(text), soft_wrap=True)

    def stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _started(self) -> Live:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            # Rich must not take stdout and stderr: a handler's are swapped around calls.
            self._live = Live(
                console=Console(file=self._talk.out, highlight=False, markup=False, emoji=False),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self._live


def line(meter: Shown) -> str:
    """How it stands in one line."""
    second, point = meter.last_second()
    latency = point.latency
    tail = "  ".join(f"p{percent} {_ms(latency.percentile(percent) / 1e6)}" for percent in _SHOWN)
    errors = f"{point.errors:,.0f}/s errors" if point.errors else "no errors"
    return (
        f"{second + 1:>5,} s  sent {point.sent:,.0f}/s  answered "
        f"{point.answered:,.0f}/s  in flight {meter.in_flight:,}  {tail}  {errors}"
    )


def sparkline(values: Sequence[float]) -> str:
    """Bars from nothing to the most there was."""
    most = max(values, default=0.0)
    if not most:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(7, int(value / most * 7.999))] for value in values)


_SHOWN = (50, 95, 99)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"
