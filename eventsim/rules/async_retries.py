"""
What follows an attempt at an asynchronous event.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

Pure: no clock, no I/O. A function error costs a retry, and the next attempt comes after one
minute, then after two. What kept the function from running (a throttle, an error of Lambda's own)
puts the event back into the queue and costs none: it waits 1 s, then twice as long each time, up
to five minutes. The age of an event is looked at ahead: one that would be too old at its next
attempt is given up at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from eventsim.errors import InvokeError
from eventsim.types import EventInvokeConfig, FunctionError

RETRY_SECONDS = (60.0, 120.0)
RETURN_SECONDS_MAX = 300.0

EventCondition = Literal[
    "Success",
    "RetriesExhausted",
    "EventAgeExceeded",
    "ZeroReservedConcurrency",
    "RecursiveInvocation",
]


@dataclass(frozen=True, slots=True)
class Tries:
    """What became of an event so far: how often the function ran, how often it could not."""

    invoked: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Succeed:
    """The function took the event, at its *invoke_count*-th run."""

    invoke_count: int


@dataclass(frozen=True, slots=True)
class Again:
    """The event is tried again after *wait* seconds, with this behind it."""

    tries: Tries
    wait: float
    because: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody tries the event again; *invoke_count* is how often the function ran."""

    condition: EventCondition
    invoke_count: int
    because: str


Step = Succeed | Again | GiveUp


def before_run(tries: Tries, stopped: bool, invocations: int | None) -> GiveUp | None:
    """Why the function may not even be tried; None when it may.

    *stopped* says that its reserved concurrency is 0, *invocations* how often it has run in the
    event's chain of requests where that is one too many.
    """
    if stopped:
        because = "the function's reserved concurrency is 0"
        return GiveUp("ZeroReservedConcurrency", tries.invoked, because)
    if invocations is not None:
        because = f"the function ran {invocations} times in this chain of requests"
        return GiveUp("RecursiveInvocation", tries.invoked, because)
    return None


def after_run(
    config: EventInvokeConfig, tries: Tries, error: FunctionError | None, age: float
) -> Step:
    """What follows a run of the function, *age* seconds after the event was accepted."""
    ran = replace(tries, invoked=tries.invoked + 1)
    if error is None:
        return Succeed(ran.invoked)
    if ran.invoked > config.maximum_retry_attempts:
        because = f"MaximumRetryAttempts is {config.maximum_retry_attempts}"
        return GiveUp("RetriesExhausted", ran.invoked, because)
    wait = RETRY_SECONDS[min(ran.invoked, len(RETRY_SECONDS)) - 1]
    retry = f"retry {ran.invoked} of {config.maximum_retry_attempts}"
    return _in_time(config, Again(ran, wait, f"{error.type}: {retry}"), age)


def after_refusal(
    config: EventInvokeConfig, tries: Tries, refused: InvokeError, age: float
) -> Step:
    """What follows when the function could not run."""
    wait = min(2.0 ** min(tries.returned, 32), RETURN_SECONDS_MAX)
    back = replace(tries, returned=tries.returned + 1)
    reason = refused.fields.get("Reason") or refused.code
    return _in_time(config, Again(back, wait, f"{reason}: back in the queue"), age)


def _in_time(config: EventInvokeConfig, again: Again, age: float) -> Step:
    limit = config.maximum_event_age_in_seconds
    if age + again.wait <= limit:
        return again
    because = f"{age:.3f} s old and to wait {again.wait:g} s, over MaximumEventAgeInSeconds {limit}"
    return GiveUp("EventAgeExceeded", again.tries.invoked, because)
