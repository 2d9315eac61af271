"""
Asynchronous invocation: what becomes of an event after its 202.

The queue holds every event until its fate is decided: the function took it, or it was given up
and went to the function's dead-letter queue and its on-failure destination, or it was lost, with
an entry. All attempts have the request id of the first. An event that waits is an entry in one
heap and no task: there are tasks only for the attempts under way.

Where AWS is silent: an event is tried at once when nothing keeps it; an event that is delivered
twice comes again within ten seconds, and both deliveries have their own retries and documents;
the queue refuses what would be more than ``EVENTS_MAX`` events with 429.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

import anyio

from eventsim.clock import Clock
from eventsim.environments.concurrency import Concurrency
from eventsim.errors import InvokeError, TooManyRequests
from eventsim.event_queue.delivering import Delivering, MaySend, OpenDestination, anything, nowhere
from eventsim.event_queue.events import Event, ended, not_run
from eventsim.ids import Chance
from eventsim.invokers.local import Functions, tell_refusal
from eventsim.journal import Journal
from eventsim.rules import async_retries as rules
from eventsim.rules import traces
from eventsim.rules.async_retries import Again, GiveUp, Succeed
from eventsim.rules.event_invoke import config_of
from eventsim.runtimes import Call, FunctionVersion
from eventsim.types import Outcome

__all__ = ["EVENTS_MAX", "EventQueue"]

EVENTS_MAX = 250_000
DUPLICATE_SECONDS_MAX = 10.0
STARTED_AT_ONCE_MAX = 1_000


class Invocable(Functions, Protocol):
    """The functions whose events are queued, and what may run of them."""

    @property
    def concurrency(self) -> Concurrency: ...


class EventQueue:
    """Takes the events that the Invoke API accepted and runs each of them afterwards.

    *start_soon* starts a task that outlives the call, as a task group's method does. *destination*
    opens what a function names by an ARN; *may_send* raises ServiceError where the function's role
    may not send to it.
    """

    def __init__(
        self,
        functions: Invocable,
        journal: Journal,
        start_soon: Callable[..., object],
        clock: Clock,
        chance: Chance,
        *,
        destination: OpenDestination = nowhere,
        may_send: MaySend = anything,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self._functions, self._journal, self._start_soon = functions, journal, start_soon
        self._clock, self._chance, self._events_max = clock, chance, events_max
        self._delivering = Delivering(journal, destination, may_send)
        self._numbers = count()
        self._waiting: list[tuple[float, int, Event]] = []
        self._open = 0
        self._watched = False
        self._earlier, self._idle = anyio.Event(), anyio.Event()

    def __len__(self) -> int:
        """How many events are in the queue, those under way included."""
        return self._open

    def accept(self, target: FunctionVersion, call: Call) -> None:
        """Take the event; return at once. Raises TooManyRequests when the queue is full."""
        if self._open >= self._events_max:
            raise TooManyRequests(
                "Rate Exceeded.", Reason="FunctionInvocationRateLimitExceeded", Type="User"
            )
        if call.trace_header is None:  # all its attempts, and what they send, are of one trace
            begun = traces.begun(call.request_id, self._clock.timestamp())
            call = call._replace(trace_header=begun)
        event = Event(target, call, self._clock.time())
        self._add(event, 0.0)
        self._tell("event_queued", event, None, queued=self._open)
        likely = target.function.duplicate_deliveries
        if likely and self._open < self._events_max:
            drawn = self._chance.stream("duplicates", target.function.name)
            if drawn.random() < likely:
                wait = round(drawn.uniform(0.0, DUPLICATE_SECONDS_MAX), 3)
                self._add(Event(target, call, event.accepted), wait)
                self._tell("event_duplicated", event, "delivery is at least once", wait=wait)

    def abandon(self, because: str) -> None:
        """Give up what waits to be tried: each such event is told to be lost."""
        for _, _, event in self._waiting:
            self._tell("event_dropped", event, because, condition="Abandoned")
        self._open -= len(self._waiting)
        self._waiting.clear()
        self._earlier.set()
        if not self._open:
            self._idle.set()

    async def idle(self) -> None:
        """Return when no event is in the queue."""
        while self._open:
            self._idle = anyio.Event()
            await self._idle.wait()

    def _add(self, event: Event, wait: float) -> None:
        self._wait(event, wait)
        self._open += 1

    def _wait(self, event: Event, seconds: float) -> None:
        """Try the event in so many seconds. Raises what *start_soon* does, and keeps nothing."""
        if not self._watched:
            self._start_soon(self._watch)
            self._watched = True
        due = self._clock.time() + seconds
        heappush(self._waiting, (due, next(self._numbers), event))
        if self._waiting[0][2] is event:
            self._earlier.set()

    async def _watch(self) -> None:
        """Start each attempt when it is due, equal times in the order they were asked for."""
        started = 0
        while self._waiting:
            due = self._waiting[0][0]
            if due > self._clock.time():
                self._earlier = anyio.Event()
                with self._clock.move_on_at(due):
                    await self._earlier.wait()
                continue
            self._start_soon(self._attempt, heappop(self._waiting)[2])
            started += 1
            if started % STARTED_AT_ONCE_MAX == 0:
                await self._clock.sleep(0)
        self._watched = False

    async def _attempt(self, event: Event) -> None:
        """Try the event once, and do what follows."""
        age = round(self._clock.time() - event.accepted, 6)
        step, answer = await self._tried(event)
        match step:
            case Again(tries, wait, because):
                event.tries = tries
                number, invoked = tries.invoked + tries.returned, isinstance(answer, Outcome)
                fields = {"attempt": number, "invoked": invoked, "wait": wait, "age": age}
                self._tell("event_retried", event, because, **fields)
                self._wait(event, wait)
                return
            case Succeed(invoke_count):
                how_often = {"approximate_invoke_count": invoke_count, "age": age}
                self._tell("event_succeeded", event, None, **how_often)
            case GiveUp(condition, invoke_count, because):
                given_up = {"condition": condition, "approximate_invoke_count": invoke_count}
                self._tell("event_discarded", event, because, **given_up, age=age)
        fate = ended(event, step, answer, self._clock.timestamp())
        await self._delivering.deliver(event.target, fate)
        self._open -= 1
        if not self._open:
            self._idle.set()

    async def _tried(self, event: Event) -> tuple[rules.Step, Outcome | InvokeError]:
        function = event.target.function
        stopped = self._functions.concurrency.stopped(function.name)
        untried = rules.before_run(event.tries, stopped, _too_many(event))
        if untried is not None:
            return untried, not_run(untried)
        config = config_of(function, event.call.arn)
        try:
            if self._clock.time() > event.accepted:  # it has waited, and its ARN may mean another
                event.target = self._functions.find(event.call.arn)
                config = config_of(event.target.function, event.call.arn)
            answer = await self._functions.run(event.target, event.call)
        except InvokeError as refused:
            tell_refusal(self._journal, function.name, event.call.request_id, refused)
            age = self._clock.time() - event.accepted
            return rules.after_refusal(config, event.tries, refused, age), refused
        age = self._clock.time() - event.accepted
        return rules.after_run(config, event.tries, answer.error, age), answer

    def _tell(self, kind: str, event: Event, because: str | None, **fields: Any) -> None:
        if self._journal.hears(kind):
            name, request_id = event.target.function.name, event.call.request_id
            self._journal.write(kind, because, function=name, request_id=request_id, **fields)


def _too_many(event: Event) -> int | None:
    """How often the function has run in the event's chain of requests, if that is too often."""
    header, function = event.call.trace_header, event.target.function
    if function.recursive_loop == "Allow" or not traces.is_loop(header, event.call.arn):
        return None
    return traces.invocations(header, event.call.arn)
