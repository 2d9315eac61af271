"""
Sending at a rate: how late the generator is, and what it costs beside a bare loop.

Lateness is measured twice: as the generator itself does, with a target that does nothing, beside a
bare asyncio pacer; and on the wire, by the server, beside a bare pacer with the same client and
beside Locust where that is installed (``pip install locust``, on the PATH). On the wire the
measure is how far the arrivals are from an even 1,000 a second, at p99, around their median.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.answering import answering, arrivals
from benchmarks.timing import Figure, compare
from eventsim import clock
from eventsim.clock import Clock, RealClock, VirtualClock
from eventsim.environments import Environments
from eventsim.ids import Chance
from eventsim.invokers.aws import AwsInvoker, open_lambda
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.rules.arrivals import constant
from eventsim.rules.histograms import Histogram, micros
from eventsim.rules.measured import Measured
from eventsim.runtimes import RuntimeOptions, Runtimes
from eventsim.traffic.driving import OpenModel, Target
from eventsim.traffic.fronts import Front
from eventsim.traffic.measuring import Meter, Sending
from eventsim.traffic.targets import Asked
from eventsim.types import Function, Invoker, InvokeRequest, Payload

START = datetime(2026, 1, 1, tzinfo=UTC)
RATE = 1_000
BODY = b'{"id": 1}'
LOCUST = """\
from locust import FastHttpUser, constant_throughput, task

class Caller(FastHttpUser):
    wait_time = constant_throughput(10)

    @task
    def ask(self):
        self.client.post("/", data=b'{"id": 1}')
"""
WITHOUT = "Locust is not on the PATH: pip install locust beside eventsim to time it too"

T = TypeVar("T")
Bare = Callable[[], Coroutine[Any, Any, object]]


class Nothing:
    """A target that answers at once."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    async def send(self, sending: Sending) -> None:
        self._meter.answered(sending)


def metered(time: Clock, seconds: float, functions: Sequence[Function] = ()) -> Meter:
    meter = Meter(Measured(seconds), {each.name: each for each in functions}, time)
    meter.begin(Journal(time))
    return meter


def real(main: Callable[[], Awaitable[T]]) -> T:
    """Run *main* as eventsim runs it in real time."""
    return clock.run(main, virtual=False)


async def ours_to_nothing(seconds: float, precise: bool) -> Histogram:
    """How late our generator is."""
    time = RealClock(START)
    meter = metered(time, seconds)
    model = OpenModel(Nothing(meter), meter, time, precise=precise)
    await model.drive(constant(RATE, seconds), seconds)
    return meter.finish().times["lateness"]


async def paced(seconds: float, send: Bare) -> Histogram:
    """How late the pacer is that anyone would write: all that is due at each waking."""
    loop, late, number = asyncio.get_running_loop(), Histogram(), 0
    begun, tasks = time.monotonic(), set[asyncio.Task[object]]()
    while number < RATE * seconds:
        now = time.monotonic() - begun
        while number / RATE <= now and number < RATE * seconds:
            late.add(micros(now - number / RATE))
            task: asyncio.Task[object] = loop.create_task(send())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.sleep(max(0.0, number / RATE - (time.monotonic() - begun)))
    await asyncio.gather(*tasks)
    return late


async def nothing() -> None:
    """What the bare pacer starts."""


async def ours_on_the_wire(url: str, seconds: float) -> None:
    time = RealClock(START)
    meter = metered(time, seconds)
    front = Front(url, meter, lambda: BODY)
    try:
        await OpenModel(front, meter, time).drive(constant(RATE, seconds), seconds)
    finally:
        await front.aclose()


async def bare_on_the_wire(url: str, seconds: float) -> None:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1_000)) as session:

        async def ask() -> None:
            async with session.post(url, data=BODY) as response:
                await response.read()

        await paced(seconds, ask)


def locust_on_the_wire(url: str, seconds: float) -> None:
    """Locust's users, ten requests a second each, spawned before they count."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "locustfile.py")
        file.write_text(LOCUST)
        words = ["locust", "-f", str(file), "--headless", "-u", str(RATE // 10), "-r", "100"]
        words += ["-t", f"{seconds + 3:g}s", "-H", url, "--only-summary"]
        subprocess.run(words, capture_output=True, check=False, timeout=seconds + 60)


def spread(times: Sequence[float], seconds: float) -> float:
    """How far arrivals are from an even rate at p99, around their median; the ends left out."""
    skipped = len(times) // 10 if len(times) > RATE * seconds else 0  # while users are spawned
    kept = times[skipped : skipped + int(RATE * seconds)]
    off = [at - number / RATE for number, at in enumerate(kept)]
    median = statistics.median(off)
    return statistics.quantiles([abs(each - median) for each in off], n=100)[98]


def figure(
    name: str, ours: list[float], baseline: str, theirs: list[float], note: str = ""
) -> Figure:
    """Two series as a figure: the ratio of their medians, and of each slice."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    one, other = statistics.median(ours), statistics.median(theirs)
    figures = (round(value, 6) for value in (one / other, min(ratios), max(ratios), one, other))
    ratio, lowest, highest, seconds, baseline_seconds = figures
    lowest, highest = min(lowest, ratio), max(highest, ratio)
    return Figure(name, baseline, ratio, lowest, highest, seconds, baseline_seconds, None, note)


def p99(histogram: Histogram) -> float:
    return max(histogram.percentile(99), 1) / 1e6


def lateness(seconds: float, slices: int) -> Iterator[Figure]:
    """How late 1,000 arrivals a second are, as each generator measures itself.

    They take turns, a slice each, so that whatever else runs here disturbs them alike.
    """
    each = seconds / slices
    bare, ours, precise = list[float](), list[float](), list[float]()
    for _ in range(slices):
        bare.append(p99(asyncio.run(paced(each, nothing))))
        ours.append(p99(real(lambda: ours_to_nothing(each, precise=False))))
        precise.append(p99(real(lambda: ours_to_nothing(each, precise=True))))
    what = f"lateness at p99 of {RATE:,}/s for {seconds:g} s to a target that does nothing"
    note = f"medians of {slices} slices"
    yield figure(what, ours, "a bare asyncio pacer", bare, note)
    yield figure(f"{what}, with --precise", precise, "a bare asyncio pacer", bare, note)


def on_the_wire(seconds: float, slices: int) -> Iterator[Figure]:
    """How even the same arrivals are for the server that they come to, in turns."""
    each = seconds / slices
    has_locust = shutil.which("locust") is not None
    ways: dict[str, Callable[[str], object]] = {
        "ours": lambda url: real(lambda: ours_on_the_wire(url, each)),
        "bare": lambda url: asyncio.run(bare_on_the_wire(url, each)),
    }
    if has_locust:
        ways["locust"] = lambda url: locust_on_the_wire(url, each)
    found = {name: list[float]() for name in ways}
    with answering() as url:
        for _ in range(slices):
            for name, send in ways.items():
                send(url)
                found[name].append(spread(arrivals(url), each))
    what = f"unevenness at p99 of {RATE:,}/s for {seconds:g} s at a server"
    note = f"medians of {slices} slices" if has_locust else WITHOUT
    yield figure(what, found["ours"], "a bare pacer with aiohttp", found["bare"], note)
    if has_locust:
        yield figure(what, found["ours"], "Locust", found["locust"], note)


async def in_turn(time: Clock, make: Callable[[Meter], Target], count: int, *on: Function) -> None:
    """So many requests through the generator, one after the other."""
    meter = metered(time, 1e6, on)
    model = OpenModel(make(meter), meter, time, in_flight_max=1)
    meter.measured.seconds = 0.0
    await model.drive([0.0] * count, 1e-9)


def request(name: str = "f") -> InvokeRequest:
    return InvokeRequest(name, Payload.of_bytes(BODY), "00000000-0000-4000-8000-000000000000")


async def bare_loop(invoker: Invoker, count: int) -> None:
    for _ in range(count):
        await invoker.invoke(request())


async def local(time: Clock, function: Function, closing: AsyncExitStack) -> Invoker:
    """The invoker of a function that runs here, warm."""
    journal, runtimes = Journal(time, detail="off"), Runtimes(RuntimeOptions(time))
    closing.push_async_callback(runtimes.aclose)
    environments = Environments([function], runtimes, clock=time, journal=journal, chance=Chance(0))
    closing.callback(environments.close)
    invoker = LocalInvoker(environments, journal)
    await invoker.invoke(request())
    return invoker


def model(count: int, generated: bool) -> None:
    """A function without code, in virtual time."""
    function = Function("f", "", run_in="model", timeout=60)

    async def main() -> None:
        time = VirtualClock(START)
        async with AsyncExitStack() as closing:
            invoker = await local(time, function, closing)
            if generated:
                await in_turn(time, lambda meter: Asked(invoker, meter, request), count, function)
            else:
                await bare_loop(invoker, count)

    clock.run(main, virtual=True)


def answer(event: Any, context: Any) -> Any:
    """A handler that does nothing."""
    return event


def overheads(count: int, pairs: int) -> Iterator[Figure]:
    """What a request costs through the generator, beside a bare loop over the same invoker."""
    what = "a request through the generator, measured, {}"
    yield compare(
        what.format("to a model function in virtual time"),
        lambda: model(10 * count, generated=True),
        "a bare loop over the same invoker",
        lambda: model(10 * count, generated=False),
        reach=None,
        pairs=pairs,
    )
    with asyncio.Runner() as runner, answering() as url, tempfile.TemporaryDirectory() as folder:
        closing, time = AsyncExitStack(), RealClock(START)
        Path(folder, "app.py").write_text("def handler(event, context):\n    return event\n")
        inline = Function("f", answer, timeout=60)
        child = Function("f", "app.handler", code_uri=folder, run_in="python", timeout=60)
        functions = {"to an inline function": inline}
        if find_spec("awslambdaric") is not None:
            functions["to a Python process"] = child
        try:
            for where, function in functions.items():
                invoker = runner.run(local(time, function, closing))
                yield beside(runner, what.format(where), time, invoker, count, pairs)
            api = open_lambda(url, "us-east-1", allow_aws=False, timeout=3)
            closing.push_async_callback(api.aclose)
            aws = AwsInvoker("f", "f", api, time, Journal(time))
            name = what.format("to an Invoke API through aiobotocore")
            yield beside(runner, name, time, aws, count, pairs)
            yield from to_api(runner, time, aws, api, count, pairs)
            yield to_front(runner, what.format("to an HTTP front"), time, url, count, pairs)
        finally:
            runner.run(closing.aclose())


def beside(
    runner: asyncio.Runner, name: str, time: Clock, invoker: Invoker, count: int, pairs: int
) -> Figure:
    """Requests through the generator beside a bare loop, both over *invoker*."""

    def target(meter: Meter) -> Target:
        return Asked(invoker, meter, request)

    return compare(
        name,
        lambda: runner.run(in_turn(time, target, count)),
        "a bare loop over the same invoker",
        lambda: runner.run(bare_loop(invoker, count)),
        reach=None,
        pairs=pairs,
    )


def to_api(
    runner: asyncio.Runner, time: Clock, invoker: Invoker, api: Any, count: int, pairs: int
) -> Iterator[Figure]:
    """Our invoker beside botocore's own calls with the same client."""

    async def botocore() -> None:
        client = await api.client("lambda")
        for _ in range(count):
            answer = await client.invoke(FunctionName="f", Payload=BODY)
            await answer["Payload"].read()

    yield compare(
        "an invocation through the aws invoker",
        lambda: runner.run(bare_loop(invoker, count)),
        "botocore's own call with the same client",
        lambda: runner.run(botocore()),
        reach=1.1,
        pairs=pairs,
    )


def to_front(
    runner: asyncio.Runner, name: str, time: Clock, url: str, count: int, pairs: int
) -> Figure:
    """Requests to an address beside a bare loop over aiohttp."""

    async def ours() -> None:
        fronts = list[Front]()

        def target(meter: Meter) -> Target:
            fronts.append(Front(url, meter, lambda: BODY))
            return fronts[0]

        try:
            await in_turn(time, target, count)
        finally:
            await fronts[0].aclose()

    async def bare() -> None:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            for _ in range(count):
                async with session.post(url, data=BODY) as response:
                    await response.read()

    return compare(
        name,
        lambda: runner.run(ours()),
        "a bare loop over aiohttp",
        lambda: runner.run(bare()),
        reach=None,
        pairs=pairs,
    )


def figures(seconds: float = 30.0, count: int = 1_000, pairs: int = 5) -> Iterator[Figure]:
    """Lateness over so many *seconds*, twice; what *count* requests cost, in *pairs*."""
    yield from lateness(seconds, 2 * pairs)
    if find_spec("aiohttp") is None:
        return
    yield from on_the_wire(seconds, pairs)
    yield from overheads(count, pairs)
