"""
A load on a function without code, worked out on a heap: no task, no entry, no payload.

It is what the environments do (``eventsim.environments``), for ``run_in: model`` alone: the same
draws in the same order, the most recently used environment first, the same Timeout, resets,
recycling and throttling. A test holds the two to the same answers, request by request. The cost
of a request does not grow with how many run at once.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from struct import pack, unpack
from typing import NamedTuple

from eventsim.environments import IDLE_SECONDS_MAX
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.rules.billing import biller
from eventsim.rules.concurrency import CONCURRENT_EXECUTIONS, ScalingRate
from eventsim.rules.distributions import invocations, sampler
from eventsim.rules.limits import INIT_SECONDS_MAX
from eventsim.rules.modelling import Fates
from eventsim.rules.placement import placement
from eventsim.rules.profiles import TODAY, Profile
from eventsim.traffic.totals import Totals
from eventsim.types import Function


class Invoked(NamedTuple):
    """One request: when it came, when it was answered, and as what it failed, if it did."""

    at: float
    answered: float
    cold: bool = False
    error: str = ""
    throttled: bool = False


TIMEOUT = "timeout"
_RESETS = frozenset({TIMEOUT, "crash"})


class _Environment:
    """An environment that is busy until, or idle since, ``free``, in an invocation since ``began``.

    ``other`` is one more that is free at the same instant, and began later.
    """

    __slots__ = ("began", "born", "free", "other", "reset")

    def __init__(self, born: float) -> None:
        self.born = self.began = self.free = born
        self.reset = False
        self.other: _Environment | None = None


class WhatIf:
    """The environments of one function under a load that begins at *start*.

    *each* is told of every request, if anybody wants to know. *latency* is told, some time later,
    how long those took that were served, to three digits, and how many took so long. Raises
    EventsimError for a function that has code, or a duration that only running it would tell.
    """

    def __init__(
        self,
        function: Function,
        chance: Chance,
        seconds: float,
        *,
        start: float = 0.0,
        concurrency: int = CONCURRENT_EXECUTIONS,
        idle_seconds: float = IDLE_SECONDS_MAX,
        profile: Profile = TODAY,
        each: Callable[[Invoked], None] | None = None,
        latency: Callable[[float, int], None] | None = None,
    ) -> None:
        if function.run_in != "model" or function.invoke_at is not None:
            raise EventsimError(
                f"'{function.name}' is not run_in: model, and only that can be worked out "
                "without running it"
            )
        name = function.name
        self._start, self._end = start, start + seconds
        self._timeout = function.timeout
        self._concurrency, self._idle_seconds, self._each = concurrency, idle_seconds, each
        self._draw_duration = invocations(function, chance.stream("durations", name))
        self._draw_init = sampler(function.init_duration, chance.stream("init_durations", name))
        self._fates = Fates(function, chance.stream("errors", name))
        self._waited, _ = placement(function, profile)
        self._rate = ScalingRate()
        self._billed, self._step = biller(profile), profile.billing_step_milliseconds / 1000
        self._busy: list[float] = []
        self._there: dict[float, _Environment] = {}
        self._idle: deque[_Environment] = deque()
        self._totals = Totals(seconds)
        self._latency, self._latencies = latency, array("d")
        self.time = start

    def run(self, arrivals: Iterable[float]) -> int:
        """Let requests come, at these seconds since the start; return how many those were."""
        totals, busy, idle, there = self._totals, self._busy, self._idle, self._there
        start, end, timeout, each = self._start, self._end, self._timeout, self._each
        concurrency, idle_seconds, fates = self._concurrency, self._idle_seconds, self._fates
        draw, bill = self._draw_duration, self._billed
        took = None if self._latency is None else self._latencies.append
        before = number = totals.requests
        duration, running, billed, now = 0.0, 0.0, 0, self.time
        for at in arrivals:
            now = start + at
            number += 1
            while busy and busy[0] <= now:
                environment = there.pop(heappop(busy))
                if environment.other is not None:
                    self._untie(environment)
                idle.append(environment)
            if len(busy) >= concurrency:
                self._throttled(now)
                continue
            while idle and idle[0].free <= now - idle_seconds:
                self._gone(idle.popleft())
            cold = not idle
            if cold and not self._rate.take(now):
                self._throttled(now)
                continue
            seconds, init, began, error = draw(), 0.0, now, ""
            if cold:
                environment = _Environment(now)
                began, init = self._first(environment, now)
            else:
                environment = idle.pop()
            if environment.reset:
                seconds = self._again(environment, seconds)
            if fates:
                error = fates.draw() or ""
            if seconds > timeout:
                seconds, error = timeout, TIMEOUT
            if error:
                self._failed(environment, error)
            environment.began, environment.free = began, (free := began + seconds)
            if free in there:
                self._tie(environment)
            else:
                there[free] = environment
            heappush(busy, free)
            duration += seconds
            billed += bill(seconds, init)
            running += (min(end, free)) - now
            if took is not None:
                took(free - now)
            if each is not None:
                each(Invoked(now, free, cold, error))
        self.time, totals.requests = now, number
        totals.duration += duration
        totals.billed += billed * self._step
        totals.running_seconds += running
        self._tell_latencies()
        return number - before

    def finish(self) -> Totals:
        """Let all that runs end; ``time`` is when the last was answered, the sums are whole."""
        while self._busy:
            self.time = heappop(self._busy)
            environment = self._there.pop(self.time)
            if environment.other is not None:
                self._untie(environment)
            self._gone(environment)
        while self._idle:
            self._gone(self._idle.popleft())
        return self._totals

    def _tell_latencies(self) -> None:
        """Tell of those since the last time, at once: most share their three digits with others.

        IEEE's half precision has those digits up to 18 hours, and turns many numbers in one call.
        """
        if self._latency is None:
            return
        halves = f"{len(self._latencies)}e"
        for seconds, count in Counter(unpack(halves, pack(halves, *self._latencies))).items():
            self._latency(seconds, count)
        del self._latencies[:]

    def _first(self, environment: _Environment, now: float) -> tuple[float, float]:
        """When a new environment is initialised, and how long that took; 0 if it took too long."""
        self._totals.cold_starts += 1
        init = self._draw_init()
        if init < INIT_SECONDS_MAX:
            return now + self._waited + init, init
        environment.reset = True
        return now + self._waited + INIT_SECONDS_MAX, 0.0

    def _again(self, environment: _Environment, seconds: float) -> float:
        """What an invocation takes after a reset: the initialisation counts against Timeout."""
        environment.reset = False
        within = min(self._draw_init(), self._timeout)
        return math.inf if within >= self._timeout else within + seconds

    def _failed(self, environment: _Environment, error: str) -> None:
        environment.reset = error in _RESETS
        self._totals.errors += 1
        self._totals.timeouts += error == TIMEOUT

    def _throttled(self, now: float) -> None:
        self._totals.throttles += 1
        if self._each is not None:
            self._each(Invoked(now, now, throttled=True))

    def _gone(self, environment: _Environment) -> None:
        """Count the time that an environment was there, in the window."""
        there = min(environment.free + self._idle_seconds, self._end) - environment.born
        self._totals.environment_seconds += max(0.0, there)

    def _tie(self, environment: _Environment) -> None:
        """Put it among those that are free at the same instant, behind what began before it."""
        ahead = self._there[environment.free]
        if environment.began < ahead.began:
            environment.other, self._there[environment.free] = ahead, environment
            return
        while ahead.other is not None and ahead.other.began <= environment.began:
            ahead = ahead.other
        environment.other, ahead.other = ahead.other, environment

    def _untie(self, environment: _Environment) -> None:
        """It has its turn; the next of the same instant is waiting."""
        if environment.other is not None:
            self._there[environment.free] = environment.other
            environment.other = None
