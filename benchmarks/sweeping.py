"""A sweep by two workers beside one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from benchmarks.timing import Figure, compare
from eventsim.scenario import Source
from eventsim.sweep import Plan, Sweep, plan
from eventsim.sweep.keeping import Kept
from eventsim.workers import Pool
from eventsim.workers.local import open_worker

SCENARIO = """
name: sweep
functions:
  f: {run_in: model, Timeout: 30, duration: {exponential: {mean: 100ms}}}
timeline:
  - {at: 0s, load: f, rate: 100/s, arrivals: poisson, for: 1s}
"""


def swept(made: Plan, workers: int) -> None:
    """All points, by so many processes."""
    with Kept(None, made.source) as kept:
        anyio.run(Sweep(made, kept).run, Pool(open_worker, workers))


def figures(points: int = 8, requests: int = 4_000, pairs: int = 3) -> Iterator[Figure]:
    """With so many seeds of one scenario, each of so many requests."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "s.yaml"
        file.write_text(SCENARIO)
        axes = [f"seed={','.join(map(str, range(points)))}"]
        made = plan(Source.of(file), [*axes, f"for={requests / 100:g}s"])
        name = f"a sweep of {points} points of {requests:,} requests each"
        yield compare(
            f"{name}, two workers",
            partial(swept, made, 2),
            "one worker",
            partial(swept, made, 1),
            reach=None,
            pairs=pairs,
            note="0.5 is the least, on two quiet cores",
        )
