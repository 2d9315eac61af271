"""How long a command takes to answer, against a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.timing import Figure, compare

SECONDS_AT_MOST = 0.3


def command(*arguments: str) -> Callable[[], object]:
    """A whole process, its output thrown away."""
    return lambda: subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


def figures(pairs: int = 5) -> Iterator[Figure]:
    """`eventsim --help` and `generate`; the target is in seconds, on a quiet core."""
    for words in ("--help", "generate s3 put"):
        yield compare(
            f"eventsim {words}",
            command(sys.executable, "-m", "eventsim", *words.split()),
            "python -c pass",
            command(sys.executable, "-c", "pass"),
            reach=None,
            pairs=pairs,
            note=f"target: {SECONDS_AT_MOST} s on a quiet core",
        )
