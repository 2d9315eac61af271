"""``python -m benchmarks``: every figure as a ratio to its baseline, and as JSON."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import (
    calling,
    course,
    failing_shard,
    flights,
    loading,
    memory,
    modelling,
    page,
    polling,
    retrying,
    sparse,
    starting,
    sweeping,
)
from benchmarks.timing import Figure


def figures(quick: bool) -> Iterator[Figure]:
    """All of them, one after the other; *quick* is for seeing that they run."""
    pairs = 1 if quick else 5
    yield from polling.figures(20_000 if quick else 1_000_000, pairs)
    yield from failing_shard.figures(64_000 if quick else 1_000_000, pairs)
    yield from memory.figures(2_000 if quick else 100_000)
    yield from retrying.figures(pairs)
    yield from sparse.figures(500 if quick else 300_000, 1 if quick else 3)
    yield from flights.figures(not quick, 1 if quick else 3)
    yield from modelling.figures(
        5_000 if quick else 500_000, pairs, 20_000 if quick else 10_000_000
    )
    if not quick:  # each worker takes longer to start than all else here
        yield from sweeping.figures()
    yield from page.figures(2_000 if quick else 50_000, 500, pairs)
    yield from loading.figures(0.3 if quick else 30.0, 20 if quick else 1_000, pairs)
    if calling.possible():
        yield from calling.figures(10 if quick else 100, 8 if quick else 64, pairs)
    yield from course.figures(1 if quick else 100, 1 if quick else 3)
    yield from starting.figures(pairs)


def main() -> None:
    """Print a line per figure as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write them as JSON")
    parser.add_argument("--quick", action="store_true", help="small sizes, one pair each")
    arguments = parser.parse_args()
    measured = []
    for figure in figures(arguments.quick):
        measured.append(figure)
        print(line(figure), flush=True)
    if arguments.json:
        document = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "figures": [figure.as_json() for figure in measured],
        }
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    sys.stdout.flush()


def line(figure: Figure) -> str:
    """One figure as a person reads it."""
    verdict = {None: "", True: "reached", False: "MISSED"}[figure.met]
    reach = "" if figure.reach is None else f"  at most {figure.reach:g}: {verdict}"
    spread = f"({figure.lowest:.2f} to {figure.highest:.2f})"
    return (
        f"{figure.name}\n"
        f"    {figure.ratio:.2f} x {figure.baseline} {spread}{reach}\n"
        f"    {figure.seconds:.3f} s beside {figure.baseline_seconds:.3f} s  {figure.note}".rstrip()
    )


if __name__ == "__main__":
    main()
