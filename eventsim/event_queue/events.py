"""An event in the queue, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from eventsim.errors import InvokeError, TooManyRequests
from eventsim.invokers.local import recursive
from eventsim.rules import traces
from eventsim.rules.async_documents import Ended
from eventsim.rules.async_retries import GiveUp, Step, Succeed, Tries
from eventsim.runtimes import Call, FunctionVersion
from eventsim.types import Outcome


@dataclass(slots=True, eq=False)
class Event:
    """An asynchronous event; *accepted* is run time."""

    target: FunctionVersion
    call: Call
    accepted: float
    tries: Tries = field(default_factory=Tries)


def not_run(step: GiveUp) -> InvokeError:
    """What Lambda answers to an event whose function it does not even try."""
    if step.condition == "RecursiveInvocation":
        return recursive()
    return TooManyRequests("Rate Exceeded.", Type="User")


def ended(event: Event, step: Step, answer: Outcome | InvokeError, now: float) -> Ended:
    """The end of an event; *now* is epoch time. *step* is Succeed or GiveUp."""
    target, call = event.target, event.call
    how = Ended(
        call.request_id,
        target.function.name,
        call.arn,
        target.version,
        call.payload.encoded(),
        "Success",
        0,
        now,
        traces.onward(call.trace_header, call.arn, call.request_id, now),
        answer if isinstance(answer, Outcome) else None,
    )
    if isinstance(answer, InvokeError):
        how = how._replace(status=answer.status, message=answer.message)
    if isinstance(step, GiveUp):
        return how._replace(condition=step.condition, invoke_count=step.invoke_count)
    assert isinstance(step, Succeed)  # the only other end
    return how._replace(invoke_count=step.invoke_count)
