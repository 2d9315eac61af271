"""Requests to a function without code, worked out: beside SimFaaS where that is installed."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from heapq import heappop, heappush
from importlib.util import find_spec

from benchmarks.memory import MEBIBYTE, Peak, peak_so_far
from benchmarks.timing import Figure, compare
from eventsim import Options, Scenario, run
from eventsim.ids import Chance
from eventsim.rules import arrivals
from eventsim.traffic.what_if import WhatIf
from eventsim.types import Duration, Exponential, Function

WARM, COLD, IDLE = 1.991, 2.244, 600.0
SLOW, FAST = 0.9, 100.0
FUNCTION = Function(
    "f",
    "",
    run_in="model",
    timeout=900,
    duration=Duration(distribution=Exponential(WARM)),
    init_duration=COLD - WARM,
)
WITHOUT = "SimFaaS is not installed here: pip install simfaas beside eventsim to time it too"


def ours(rate: float, count: int) -> None:
    """So many requests at *rate* a second, Poisson, through the rules of the environments."""
    chance, seconds = Chance(1), count / rate
    what_if = WhatIf(FUNCTION, chance, seconds, concurrency=100_000)
    what_if.run(arrivals.poisson(rate, seconds, chance.stream("arrivals", "f")))
    what_if.finish()


def bare(rate: float, count: int) -> None:
    """The loop that anyone would write for the question: a heap of ends, a stack of idle ones."""
    random = Chance(1).stream("arrivals").random
    now, end = 0.0, count / rate
    busy, idle = list[float](), deque[float]()
    requests = cold = 0
    while True:
        now -= math.log(1.0 - random()) / rate
        if now >= end:
            return
        while busy and busy[0] <= now:
            idle.append(heappop(busy))
        while idle and idle[0] <= now - IDLE:
            idle.popleft()
        requests += 1
        if idle:
            idle.pop()
            mean = WARM
        else:
            cold += 1
            mean = COLD
        heappush(busy, now - math.log(1.0 - random()) * mean)


def theirs(rate: float, count: int) -> None:
    """The same by SimFaaS."""
    from simfaas.ServerlessSimulator import ServerlessSimulator

    simulator = ServerlessSimulator(
        arrival_rate=rate,
        warm_service_rate=1 / WARM,
        cold_service_rate=1 / COLD,
        expiration_threshold=IDLE,
        max_time=count / rate,
    )
    simulator.generate_trace(debug_print=False, progress=False)


def scenario(count: int) -> Scenario:
    """So many requests at the fast rate, told in one entry."""
    function = {
        "run_in": "model",
        "Timeout": 900,
        "duration": {"exponential": {"mean": f"{WARM}s"}},
        "init_duration": f"{COLD - WARM:.3f}s",
    }
    step = {"at": "0s", "load": "f", "rate": f"{FAST:g}/s", "for": f"{count / FAST:g}s"}
    totals = {"arrivals": "poisson", "entries": "totals"}
    return Scenario.of({"name": "f", "functions": {"f": function}, "timeline": [step | totals]})


def peak_of(count: int) -> Peak:
    """What the run of a scenario with so many requests needs, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.modelling", str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return Peak(*json.loads(done.stdout))


def peaks(many: int) -> Figure:
    """How the peak grows when there are ten times as many requests."""
    less, more = peak_of(many // 10), peak_of(many)
    ratio = round(more.size / less.size, 3)
    return Figure(
        f"peak memory, a scenario with {many:,} requests of a model function at {FAST:g}/s",
        "the same with a tenth of the requests",
        ratio,
        ratio,
        ratio,
        round(more.seconds, 4),
        round(less.seconds, 4),
        reach=1.1,
        note=f"{more.size / MEBIBYTE:.1f} MiB beside {less.size / MEBIBYTE:.1f} MiB",
    )


def figures(count: int = 500_000, pairs: int = 5, many: int = 10_000_000) -> Iterator[Figure]:
    """Beside a bare loop, and beside itself at a hundred times the rate; and beside SimFaaS.

    The memory is that of *many* requests.
    """
    known = find_spec("simfaas") is not None
    yield compare(
        f"{count:,} requests of a model function at {SLOW:g}/s",
        partial(ours, SLOW, count),
        "bare heap without Timeout, faults, billing or limits",
        partial(bare, SLOW, count),
        reach=4.0,
        pairs=pairs,
        note="" if known else WITHOUT,
    )
    yield compare(
        f"{count:,} requests of a model function at {FAST:g}/s",
        partial(ours, FAST, count),
        f"as many at {SLOW:g}/s: flat as concurrency grows",
        partial(ours, SLOW, count),
        reach=1.5,
        pairs=pairs,
    )
    yield peaks(many)
    if not known:
        return
    for rate, part, reach in ((SLOW, count // 5, 1 / 4), (FAST, count // 25, 1 / 40)):
        yield compare(
            f"{part:,} requests of a model function at {rate:g}/s, beside SimFaaS",
            partial(ours, rate, part),
            "SimFaaS",
            partial(theirs, rate, part),
            reach=reach,
            pairs=min(pairs, 3),
        )


def main() -> None:
    """Run one scenario, and print this process's peak and seconds as JSON."""
    start = time.perf_counter()
    run(scenario(int(sys.argv[1])), Options(detail="off"))
    print(json.dumps([peak_so_far(), time.perf_counter() - start]))


if __name__ == "__main__":
    main()
