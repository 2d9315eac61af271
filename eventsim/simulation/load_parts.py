"""
A load in other processes: cut by share of the rate in real time, whole in virtual time.

The parts of a load begin at one instant, by the clocks of their machines. What they measured is
merged exactly. One whose worker is lost is not sent again, since what it sent has arrived: the
load is not valid then, and says what the part was to send and had told of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import anyio

from eventsim.clock import RealClock, machine_time
from eventsim.errors import EventsimError, HandlerStuck
from eventsim.journal import Journal
from eventsim.reports import Tally
from eventsim.rules.arrivals import Share
from eventsim.rules.measured import Measured, Point
from eventsim.simulation.frame import Frame
from eventsim.simulation.load_part import Origin, part_of
from eventsim.simulation.load_plan import asked_of
from eventsim.simulation.loading import ABORT_REQUESTS_MIN, Loading, Lost
from eventsim.traffic.measuring import Shown
from eventsim.workers import ATTEMPTS_MAX, Answer, Opening, Part, first_failure, merged
from eventsim.workers.together import Together

READY_SECONDS_MAX = 60.0
BEGIN_SECONDS = 0.5  # between the last part that is ready and the instant at which all begin
OnShown = Callable[[Shown], None]
OnError = Callable[[str, str], None]


class Merged:
    """The last second that all parts have told of, as one."""

    def __init__(self) -> None:
        self._told: dict[int, Mapping[str, Any]] = {}
        self._shown = -1

    @property
    def in_flight(self) -> int:
        """How many requests have no answer."""
        return sum(told["in_flight"] for told in self._told.values())

    def last_second(self) -> tuple[int, Point]:
        """The last whole second, and what was sent and answered in it."""
        points = [Point.of(told["point"]) for told in self._told.values()]
        return self._shown, merged(Point(), points)

    def add(self, number: int, told: Mapping[str, Any], parts: int) -> bool:
        """Take what a part has told; whether all *parts* have now told of a new second."""
        self._told[number] = told
        second = min(each["second"] for each in self._told.values())
        is_new = len(self._told) >= parts and second > self._shown
        self._shown = second if is_new else self._shown
        return is_new

    def end(self, number: int) -> None:
        """A part will tell no more."""
        self._told.pop(number, None)


class Whole:
    """All of a load in one worker, which is what virtual time allows: it is one simulation.

    A worker that is lost has sent nothing to anybody, so another one tries it again.
    """

    def __init__(self, loading: Loading, origin: Origin, opening: Opening) -> None:
        self._loading, self._origin, self._opening = loading, origin, opening
        self._together: Together | None = None
        self._stop, self._merged = anyio.Event(), Merged()
        self._answer: Answer | None = None
        self.on_shown: OnShown = lambda shown: None
        self.ok = False
        self.lost: str | None = None

    async def main(self) -> None:
        """When it ends, ``lost`` says why there are no figures, if there are none.

        Raises EventsimError or HandlerStuck when the load cannot go on, as ``Loading`` does.
        """
        loading = self._loading
        part = part_of(self._origin, self._origin.block, loading.options, loading.share)
        for _ in range(ATTEMPTS_MAX):
            answer = await self._asked(part)
            if answer.lost is None or self._stop.is_set():
                break
        if answer.lost is not None:
            self.lost = answer.lost
            return
        for sink in loading.options.sinks:
            for flat in answer.value["entries"]:
                sink.write(flat)
            sink.close()
        self.ok = answer.value["ok"] and not answer.value["interrupted"]
        _raise(answer.value)

    def interrupt(self, because: str) -> None:
        """End it; what was measured by then is there."""
        self._stop.set()

    async def _asked(self, part: Part) -> Answer:
        found: list[Answer] = []
        together = Together(self._opening, [part], self._told, found.append)
        await _with_stop(together, self._stop, lambda: "interrupted")
        return found[0]

    def _told(self, number: int, message: Mapping[str, Any]) -> None:
        if "error" in message:
            self._loading.on_error(*message["error"])
        elif self._merged.add(number, message, 1):
            self.on_shown(self._merged)


class Parts:
    """So many parts of a load, each in a worker of its own, at the same time.

    Raises EventsimError for a load that has no share for each. ``on_begin`` is told of the instant
    at which all begin, a moment before.
    """

    def __init__(self, loading: Loading, origin: Origin, opening: Opening, count: int) -> None:
        self._loading, self._origin, self._count = loading, origin, count
        loading.parts = count
        shares = [Share(number, count) for number in range(count)]
        blocks = [_block(loading, origin.block, share) for share in shares]
        parts = [
            part_of(origin, block, loading.options, share)
            for block, share in zip(blocks, shares, strict=True)
        ]
        self._together = Together(opening, parts, self._told, self._answered)
        self._stop, self._all_ready = anyio.Event(), anyio.Event()
        self._ready: set[int] = set()
        self._merged, self._kinds = Merged(), set[str]()
        self._sum = self._nothing()
        self._to_add: list[Measured] = []
        self._last: dict[int, Mapping[str, Any]] = {}
        self._sent = Counter[int]()
        self._answers: dict[int, Answer] = {}
        self._began = False
        self.on_shown: OnShown = lambda shown: None
        self.on_begin: Callable[[datetime], None] = lambda at: None

    async def main(self) -> None:
        """Raises EventsimError when no load can begin, and when a part of it cannot go on."""
        loading, options = self._loading, self._loading.options
        scenario = loading.scenario
        clock = RealClock(scenario.start)
        journal = Journal(clock, detail="off", sinks=options.sinks)
        with ExitStack() as closing:
            closing.callback(journal.close)
            frame = Frame(scenario, clock, journal, Tally(), closing.enter_context(ExitStack()))
            frame.begin(seed=self._seed, backend=scenario.backend, start=scenario.start)
            with frame.survived("the load"):
                try:
                    await self._run()
                finally:
                    if self._began:
                        self._judge(journal)
                for answer in self._answers.values():
                    _raise(answer.value or {"because": None})
            if loading.interrupted is not None:
                frame.end("interrupted", loading.interrupted)
            else:
                frame.end("ok" if loading.ok else "failed")

    @property
    def ok(self) -> bool:
        """Whether every threshold was kept, by a load that is valid and got an answer."""
        return self._loading.ok and len(self._answers) == self._count

    def interrupt(self, because: str) -> None:
        """Send nothing more; what is on its way is answered, and the load ends."""
        self._loading.interrupted = because
        self._stop.set()

    @property
    def _seed(self) -> int:
        seed = self._loading.options.seed
        return self._loading.scenario.seed if seed is None else seed

    async def _run(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._begin)
                await _with_stop(self._together, self._stop, self._why)
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as failures:
            raise first_failure(failures) from None

    def _why(self) -> str:
        return self._loading.interrupted or self._loading.aborted or "another part cannot go on"

    async def _begin(self) -> None:
        with anyio.move_on_after(READY_SECONDS_MAX):
            await self._all_ready.wait()
        if self._stop.is_set():
            return
        if len(self._ready) < self._count:
            raise EventsimError(
                f"{len(self._ready)} of {self._count} workers were there after "
                f"{READY_SECONDS_MAX:g} s; write --workers for as many as there are"
            )
        at = machine_time().timestamp() + BEGIN_SECONDS
        self._began = True
        self.on_begin(datetime.fromtimestamp(at, UTC))
        await self._together.say({"begin": at})

    def _told(self, number: int, message: Mapping[str, Any]) -> None:
        if "error" in message:
            self._tell_error(*message["error"])
        elif "ready" in message:
            self._take_ready(number)
        else:
            self._last[number] = message
            measured = Measured.of(message["measured"])
            self._sent[number] += sum(point.sent for point in measured.series.values())
            self._to_add.append(measured)
            if self._merged.add(number, message, self._count - len(self._answers)):
                self.on_shown(self._merged)
                self._add_up()
                self._abort()

    def _tell_error(self, kind: str, message: str) -> None:
        if kind not in self._kinds:
            self._kinds.add(kind)
            self._loading.on_error(kind, message)

    def _take_ready(self, number: int) -> None:
        if number in self._ready:  # a cluster has it done anew, and half of it has been sent
            self._together.give_up(number, "its worker was lost")
            return
        self._ready.add(number)
        if len(self._ready) == self._count:
            self._all_ready.set()

    def _answered(self, answer: Answer) -> None:
        self._answers[answer.number] = answer
        self._merged.end(answer.number)
        if answer.lost is None:
            self._to_add.append(Measured.of(answer.value["measured"]))
        because = answer.lost if answer.lost is not None else answer.value["because"]
        if because is not None and not self._began and not self._stop.is_set():
            name = f"part {answer.number + 1} of {self._count}: " if answer.value is None else ""
            raise EventsimError(f"{name}{because}")
        if answer.lost is None and because is not None:
            self._stop.set()

    def _abort(self) -> None:
        """Stop it where a threshold cannot be kept any more."""
        loading = self._loading
        if not loading.block.abort or self._stop.is_set():
            return
        loading.measured = self._sum
        if loading.measured.requests >= ABORT_REQUESTS_MIN:
            failed = next((each for each in loading.judged() if not each.passed), None)
            if failed is not None:
                loading.aborted = failed.threshold
                self._stop.set()

    def _nothing(self) -> Measured:
        whole = self._loading.measured
        return Measured(0.0, whole.warm_up, whole.interval)

    def _add_up(self) -> None:
        """What was told since the last time is little, and is put together first."""
        self._sum = self._sum.merge(merged(self._nothing(), self._to_add))
        self._to_add.clear()

    def _judge(self, journal: Journal) -> None:
        """Merge what was measured, and hold it against the thresholds."""
        loading = self._loading
        for number in range(self._count):
            answer = self._answers.get(number)
            if answer is None or answer.lost is not None:
                self._lose(number, "it was ended" if answer is None else answer.lost or "")
        self._add_up()
        loading.measured = self._sum
        loading.judge(journal)

    def _lose(self, number: int, because: str) -> None:
        loading, last = self._loading, self._last.get(number)
        if last is not None:
            rest = self._nothing()
            rest.counts["unanswered"] = last["in_flight"]
            self._to_add.append(rest)
        share = Share(number, self._count)
        asked = asked_of(loading.scenario, loading.block, share, loading.seconds, self._seed)
        told = 0.0 if last is None else round(last["measured"]["seconds"], 6)
        loading.lost.append(
            Lost(f"{number + 1} of {self._count}", because, asked, self._sent[number], told)
        )


async def _with_stop(together: Together, stop: anyio.Event, why: Callable[[], str]) -> None:
    """Have the parts done, and tell them when they are to stop."""

    async def tell() -> None:
        await stop.wait()
        await together.say({"stop": why()})

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tell)
            await together.run()
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as failures:
        raise first_failure(failures) from None


def _block(loading: Loading, block: Mapping[str, Any], share: Share) -> dict[str, Any]:
    """The load of one part: its share of what is in flight, and nothing to be judged."""
    given = {key: value for key, value in block.items() if key not in ("thresholds", "abort")}
    for key, whole in (
        ("in_flight", loading.block.in_flight),
        ("in_flight_max", loading.block.in_flight_max),
    ):
        if whole is not None:
            given[key] = _dealt(whole, share, key)
    return given


def _dealt(whole: int, share: Share, key: str) -> int:
    if whole < share.parts:
        flag = f"--{key.replace('_', '-')}"
        raise EventsimError(
            f"{flag} {whole} is less than one for each of {share.parts} workers; "
            f"write --workers {whole}"
        )
    return whole // share.parts + (share.part < whole % share.parts)


def _raise(value: Mapping[str, Any]) -> None:
    """Raise what ended a part."""
    if value["because"] is None:
        return
    if value["stuck"] is not None:
        raise HandlerStuck(*value["stuck"])
    raise EventsimError(value["because"])
