"""One part of a load, or all of it, where a worker sends it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import anyio

from eventsim import clock
from eventsim.clock import Clock, machine_time, stopwatch
from eventsim.errors import EventsimError, HandlerStuck
from eventsim.rules.arrivals import Share
from eventsim.rules.measured import Point
from eventsim.scenario import Source
from eventsim.simulation.loading import Loading
from eventsim.simulation.options import Options
from eventsim.traffic.measuring import Meter
from eventsim.workers import Part

FUNCTION = f"{__name__}:run"
TELL_SECONDS = 0.25  # of real time, at least, between two things told in virtual time


class Talk(Protocol):
    """What a part says to who asked for it, and hears from there."""

    def tell(self, value: Any) -> None: ...

    def listen(self, heard: Any) -> None: ...


class Origin(NamedTuple):
    """A scenario as it goes to a worker: its text, what is changed of it, and its load."""

    source: Source
    changes: Sequence[str]
    block: Mapping[str, Any]


def part_of(origin: Origin, block: Mapping[str, Any], options: Options, share: Share) -> Part:
    """What a worker is asked for, with *block* as the load."""
    source = origin.source
    given = {
        "text": source.text,
        "path": source.path,
        "folder": source.folder,
        "changes": list(origin.changes),
        "block": block,
        "options": {
            "time": options.time,
            "seed": options.seed,
            "allow_aws": options.allow_aws,
            "variables": options.variables,
        },
        "share": list(share),
    }
    return Part(FUNCTION, given, talks=True)


def run(
    *,
    text: str,
    path: str,
    folder: str,
    changes: Sequence[str],
    block: Any,
    options: Mapping[str, Any],
    share: Sequence[int],
    talk: Talk,
) -> dict[str, Any]:
    """Load the scenario; what was measured, the entries of its journal, and how it ended.

    In real time it tells that it is ready, begins at the instant that it then hears of, and tells
    each second what was measured in it; its answer is the rest.
    """
    scenario = Source(text, path, folder).changed(changes, lambda said: {**said, "load": block})
    kept = _Kept()
    told = Options(**options, detail="off", sinks=[kept])
    return _Part(Loading(scenario, told, Share(*share)), kept, talk).run()


class _Kept:
    """The few entries that a journal has at this detail."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def write(self, flat: dict[str, Any]) -> None:
        self.entries.append(dict(flat))

    def close(self) -> None:
        """Nothing to let go of."""


class _Part:
    def __init__(self, loading: Loading, kept: _Kept, talk: Talk) -> None:
        self._loading, self._kept, self._talk = loading, kept, talk
        self._virtual = loading.options.virtual(loading.scenario)
        self._elapsed, self._last = stopwatch(), float("-inf")
        self._at: float | None = None
        loading.on_tick = self._whole_tick if self._virtual else self._tick
        loading.on_error = lambda kind, message: talk.tell({"error": [kind, message]})
        if not self._virtual:
            loading.begins = self._begins

    def run(self) -> dict[str, Any]:
        because, stuck, interrupted = None, None, False
        try:
            clock.run(self._main, virtual=self._virtual)
        except KeyboardInterrupt:
            interrupted = True
        except EventsimError as error:
            because = str(error)
        except HandlerStuck as error:
            because, stuck = str(error), [error.function, error.seconds]
        return {
            "entries": self._kept.entries,
            "measured": self._loading.measured.as_json(),
            "ok": self._loading.ok,
            "because": because,
            "stuck": stuck,
            "interrupted": interrupted,
        }

    async def _main(self) -> None:
        self._said = anyio.Event()
        self._loop = asyncio.get_running_loop()
        self._talk.listen(self._end if self._virtual else self._hear)
        try:
            await self._loading.main()
        finally:
            self._talk.listen(None)

    def _end(self, message: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)  # ends virtual time between two of its steps

    def _hear(self, message: Any) -> None:
        with suppress(RuntimeError):  # the load is over, and so is its loop
            self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: Any) -> None:
        if "begin" in message:
            self._at = message["begin"]
        else:
            self._loading.interrupt(message["stop"])
        self._said.set()

    async def _begins(self, time: Clock) -> float:
        self._talk.tell({"ready": True})
        await self._said.wait()
        if self._at is None:
            return time.time()
        begun = time.time() + self._at - machine_time().timestamp()
        await time.sleep_until(begun)
        return begun

    def _tick(self, meter: Meter) -> None:
        """Tell what was measured since the last time: whoever hears it adds it up.

        The whole of it would be told ever more slowly, and what is due meanwhile would be late.
        """
        told = meter.measured
        meter.measured = self._loading.measured = told.next()
        told.seconds = min(round(meter.now, 6), told.seconds)
        self._tell(meter, *meter.last_second(), {"measured": told.as_json()})

    def _whole_tick(self, meter: Meter) -> None:
        if self._elapsed() - self._last >= TELL_SECONDS:
            self._last = self._elapsed()
            self._tell(meter, *meter.last_second(), {})

    def _tell(self, meter: Meter, second: int, point: Point, more: dict[str, Any]) -> None:
        shown = {"second": second, "point": point.as_json(), "in_flight": meter.in_flight}
        self._talk.tell({**shown, **more})
