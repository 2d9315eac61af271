"""
A line on the terminal that follows a long run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eventsim.cli.talk import Talk, visible

if TYPE_CHECKING:
    from rich.live import Live

KINDS = ("records_read", "batch_delivered", "retry_scheduled", "batch_discarded")
FIRST_SECONDS = 1.0
BETWEEN_SECONDS = 0.1


class Progress(Talk):
    """Talk with a line below it: simulated time, records delivered, and how fast.

    ``watch`` is a watcher of the journal. The line comes after the first real second, on a
    terminal only, and is gone after ``stop``; what is said meanwhile stands above it.
    """

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk.out, quiet=talk.quiet)
        self._live: Live | None = None
        self._delivered = 0
        self._due = FIRST_SECONDS

    def start(self, stopwatch: Callable[[], float], simulated: Callable[[], float]) -> None:
        """Count real seconds by *stopwatch*, and show the run time that *simulated* tells."""
        self._stopwatch, self._simulated = stopwatch, simulated

    def watch(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == "batch_delivered":
            self._delivered += fields["records"]
        elapsed = self._stopwatch()
        if elapsed >= self._due:
            self._due = elapsed + BETWEEN_SECONDS
            self._refresh(elapsed)

    def stop(self) -> None:
        """Take the line away."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _refresh(self, elapsed: float) -> None:
        from rich.text import Text

        rate = self._delivered / elapsed
        line = f"{clock(self._simulated())}  {self._delivered:,} records delivered  {rate:,.0f}/s"
        try:
            self._started().update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
        except BrokenPipeError:
            self._live, self._due = None, float("inf")

    def _started(self) -> Live:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            # Rich must not take stdout and stderr for itself: a handler's are swapped around calls.
            self._live = Live(
                console=Console(file=self.out, highlight=False, markup=False, emoji=False),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self._live

    def _show(self, line: str) -> None:
        if self._live is None:
            super()._show(line)
        else:
            self._live.console.print(visible(line), soft_wrap=True)


def clock(seconds: float) -> str:
    """Run time as people read it: ``1d 02:03:04``."""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, whole = divmod(rest, 60)
    return (f"{days}d " if days else "") + f"{hours:02}:{minutes:02}:{whole:02}"
