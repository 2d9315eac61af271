"""
Measures a load while it goes on: what is sent and answered, and what the journal tells meanwhile.

Latency counts from the instant at which a request was due, so that a request that had to wait
before it was sent has waited. Beside it stands the time from when it was in fact sent, and beside
both how late the generator was, which has nothing to do with the target.

What was turned away before anything ran (a throttle, a refused connection) is an error, and has
no latency: it is answered faster than anything that ran.

A request counts if it was due after the warm-up, with whatever becomes of it. What the journal
tells (durations, cold starts, batches, what is billed) counts from the end of the warm-up on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import anyio

from eventsim.clock import Clock
from eventsim.journal import Journal
from eventsim.rules.function_errors import TIMED_OUT
from eventsim.rules.histograms import micros
from eventsim.rules.measured import Measured, Point, counted_as
from eventsim.types import Function

OnError = Callable[[str, str], None]
ERRORS_TOLD_MAX = 20
_SECONDS_KEPT = 3
_A_LITTLE = 1e-3  # a timer for the end of a second may ring that much too early


class Sending(NamedTuple):
    """A request on its way: when it was due and when it was sent, in seconds of the load."""

    due: float
    began: float


class Shown(Protocol):
    """What who looks on sees of a load."""

    @property
    def in_flight(self) -> int:
        """How many requests have no answer."""

    def last_second(self) -> tuple[int, Point]:
        """The last whole second, and what was sent and answered in it."""


class Meter:
    """Fills *measured*. *functions* are those that the load is on, by name.

    *on_error* is told of each type of error once, at once.
    """

    def __init__(
        self,
        measured: Measured,
        functions: Mapping[str, Function],
        clock: Clock,
        on_error: OnError = lambda kind, message: None,
    ) -> None:
        self.measured, self._functions, self._clock = measured, functions, clock
        self._on_error = on_error
        self._told: set[str] = set()
        self._begun = 0.0
        self.began = self._over = False
        self._in_flight = 0
        self._idle = anyio.Event()
        self._seconds: dict[int, Point] = {}

    def begin(self, journal: Journal, at: float | None = None) -> None:
        """The load begins now, or began *at* that time."""
        self._begun, self.began = self._clock.time() if at is None else at, True
        journal.watch_each(
            {
                "invocation_finished": self._finished,
                "environment_started": self._environment,
                "batch_delivered": self._delivered,
                "batch_failed": self._batch_failed,
                "batch_discarded": self._discarded,
                "records_expired": self._expired,
                "retry_scheduled": self._retried,
            }
        )

    @property
    def in_flight(self) -> int:
        """How many requests have no answer."""
        return self._in_flight

    @property
    def now(self) -> float:
        """Seconds since the load began."""
        return self._clock.time() - self._begun

    def due(self, at: float) -> None:
        """A request was due *at* that second, and it is now that the generator has come to it."""
        now, measured = self.now, self.measured
        measured.point(at).sent += 1
        self._recent(now).sent += 1
        self._in_flight += 1
        if at >= measured.warm_up:
            measured.counts["requests"] += 1
            measured.times["lateness"].add(micros(now - at))

    def dropped(self, at: float) -> None:
        """A request that was due is not sent: too many are waiting for their answers."""
        self.refused(Sending(at, self.now), "dropped", "too many requests wait for answers")
        if at >= self.measured.warm_up:
            self.measured.counts["dropped"] += 1

    def skipped(self) -> None:
        """A request that was sent concerns nobody, and will have no answer."""
        self._no_longer_in_flight()
        self.measured.counts["filtered"] += 1

    def answered(self, sending: Sending, error: str = "", message: str = "") -> None:
        """A request has its answer now; *error* is its type unless it was answered well."""
        now, measured = self.now, self.measured
        latency = micros(now - sending.due)
        for point in self._ended(sending, now, error, message):
            point.latency.add(latency)
        if sending.due >= measured.warm_up and not self._over:
            measured.times["latency"].add(latency)
            measured.times["uncorrected"].add(micros(now - sending.began))

    def refused(
        self, sending: Sending, error: str, message: str, *, throttled: bool = False
    ) -> None:
        """A request was turned away: nothing ran, and how fast that went is no latency."""
        self._ended(sending, self.now, error, message)
        if sending.due >= self.measured.warm_up and not self._over:
            self.measured.counts["throttles"] += throttled

    def _ended(self, sending: Sending, now: float, error: str, message: str) -> Sequence[Point]:
        """Count a request that is over, and give the points that it belongs to."""
        self._no_longer_in_flight()
        if self._over:
            return ()
        measured = self.measured
        points = measured.point(now), self._recent(now)
        for point in points:
            point.answered += 1
            point.errors += bool(error)
        measured.at_work("in_flight", sending.began, now)
        if error and error not in self._told and len(self._told) < ERRORS_TOLD_MAX:
            self._told.add(error)
            self._on_error(error, message)
        if sending.due >= measured.warm_up:
            self._count(now, error)
        return points

    def last_second(self) -> tuple[int, Point]:
        """The last whole second, and what was sent and answered in it."""
        second = max(0, int(self.now + _A_LITTLE) - 1)
        return second, self._seconds.get(second) or Point()

    def _recent(self, now: float) -> Point:
        """What is sent and answered in this second, for who looks on."""
        second = int(now)
        found = self._seconds.get(second)
        if found is None:
            found = self._seconds[second] = Point()
            for old in [each for each in self._seconds if each < second - _SECONDS_KEPT]:
                del self._seconds[old]
        return found

    async def idle(self) -> None:
        """Return when every request has its answer."""
        while self.in_flight:
            self._idle = anyio.Event()
            await self._idle.wait()

    def finish(self) -> Measured:
        """The load is over: what has no answer yet has none."""
        self._over = True
        self.measured.counts["unanswered"] += self.in_flight
        return self.measured

    def _no_longer_in_flight(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()

    def _count(self, now: float, error: str) -> None:
        counts = self.measured.counts
        counts["answered"] += 1
        if error:
            errors = self.measured.errors
            errors[counted_as(errors, error)] += 1
            return
        counts["good"] += 1
        if now <= self.measured.seconds:
            counts["in_time"] += 1

    def _counts(self, name: str) -> bool:
        """Whether what happens to a function now is counted."""
        if self._over or name.partition(":")[0] not in self._functions:
            return False
        return self.now >= self.measured.warm_up

    def _finished(self, fields: dict[str, Any]) -> None:
        function = self._functions.get(fields["function"])
        if function is None or self._over:
            return
        now, duration, init = self.now, fields["duration"], fields.get("init")
        measured = self.measured
        measured.at_work("busy", now - duration - (init or 0.0), now)
        if now < measured.warm_up:
            return
        counts, billed = measured.counts, round(fields["billed"] * 1000)
        counts["invocations"] += 1
        counts["billed"] += billed
        measured.memory[function.architecture] += billed * function.memory_size
        measured.times["duration"].add(micros(duration))
        if init is not None:
            counts["cold_starts"] += 1
            measured.times["init"].add(micros(init))
        if fields.get("error"):
            kind = fields["error_type"]
            measured.failures[counted_as(measured.failures, kind)] += 1
            counts["timeouts"] += kind == TIMED_OUT

    def _environment(self, fields: dict[str, Any]) -> None:
        """One whose first initialisation failed is a cold start that no invocation tells of."""
        if "error" in fields and self._counts(fields["function"]):
            self.measured.counts["cold_starts"] += 1

    def _delivered(self, fields: dict[str, Any]) -> None:
        if self._counts(fields["function"]) and fields["records"]:
            self.measured.counts["records"] += fields["records"]
            self.measured.batch_sizes[fields["records"]] += 1
            if fields.get("shard"):
                self.measured.times["iterator_age"].add(micros(fields["age"]))

    def _batch_failed(self, fields: dict[str, Any]) -> None:
        if self._counts(fields["function"]):
            self.measured.counts["batches_failed"] += 1

    def _discarded(self, fields: dict[str, Any]) -> None:
        if self._counts(fields["function"]):
            self.measured.counts["discarded"] += fields["batch_size"]

    def _expired(self, fields: dict[str, Any]) -> None:
        if self._counts(fields["mapping"].partition(".")[0]):
            self.measured.counts["discarded"] += fields["records"]

    def _retried(self, fields: dict[str, Any]) -> None:
        if self._counts(fields["function"]):
            self.measured.counts["retries"] += 1
