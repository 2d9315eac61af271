"""What a run cost in reality; nothing of it enters the journal or a report."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from eventsim.journal import Entry


@dataclass(frozen=True, slots=True)
class Figures:
    """Real and simulated seconds, records delivered, and the most memory that was in use."""

    real_seconds: float
    simulated_seconds: float
    records: int
    records_per_second: float
    peak_memory_bytes: int
    python: str

    def json(self) -> str:
        """The figures as a JSON object."""
        import orjson

        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2).decode() + "\n"

    def line(self) -> str:
        """The figures as a person reads them."""
        return (
            f"{self.simulated_seconds:,.1f} s simulated in {self.real_seconds:.2f} real seconds, "
            f"{self.records:,} records delivered ({self.records_per_second:,.0f}/s), "
            f"peak memory {self.peak_memory_bytes / 2**20:.0f} MiB, Python {self.python}"
        )


class Stats:
    """Measures a run from its first moment to its last."""

    def __init__(self) -> None:
        self._elapsed: Callable[[], float] = lambda: 0.0
        self._seconds = 0.0

    def start(self, stopwatch: Callable[[], float]) -> None:
        """Measure by *stopwatch*, from now on."""
        self._elapsed = stopwatch

    def stop(self) -> None:
        """The run has ended."""
        self._seconds = self._elapsed()

    def figures(self, last: Entry) -> Figures:
        """The figures of the run whose last entry is *last*, wherever it ended."""
        records = last.fields.get("counts", {}).get("records", {}).get("delivered", 0)
        return Figures(
            real_seconds=round(self._seconds, 6),
            simulated_seconds=last.fields.get("seconds", last.time),
            records=records,
            records_per_second=round(records / self._seconds, 1) if self._seconds else 0.0,
            peak_memory_bytes=peak_memory_bytes(),
            python=platform.python_version(),
        )


def peak_memory_bytes() -> int:
    """The most memory that this process ever held; its children's is their own."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
