"""
What happens to a stream batch after the Invoke API answered.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html

Two kinds of failure. Before the invocation (a throttle, a service error): the batch is sent
again until its records expire, and no retry is counted. During it (the function failed): sent
again until the records expire or MaximumRetryAttempts are used up. A batch whose event is over
6 MB never reaches the function and counts as a failed attempt each time (as recorded on AWS).

Pure: no clock, no I/O. The poller performs the steps returned here; that is why every row of
the AWS retry table is a plain unit test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from eventsim.errors import InvokeError, RequestEntityTooLarge
from eventsim.types import Batch, EventSourceMapping, InvokeResult

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]

# AWS does not document its waits. These give the 8 invocations recorded within 60 s.
FIRST_WAIT_SECONDS = 0.25
WAIT_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Deliver:
    """The function took the batch: the checkpoint may pass it."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Retry:
    """Send the batch again after ``wait`` seconds."""

    batch: Batch
    wait: float
    because: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Give the batch up; the checkpoint may pass it."""

    batch: Batch
    condition: Condition
    because: str


@dataclass(frozen=True, slots=True)
class Expire:
    """The stream has let go of the records; the checkpoint may pass them."""

    batch: Batch
    because: str


@dataclass(frozen=True, slots=True)
class Send:
    """Invoke the function with the batch, now."""

    batch: Batch


Step = Deliver | Retry | Discard | Expire | Send


def steps_before(batch: Batch, now: float, retention_seconds: float) -> list[Step]:
    """Return what happens to a batch that is about to be sent at epoch time *now*.

    What the stream no longer keeps leaves from the front; the rest, if any, is sent.
    """
    horizon = now - retention_seconds
    records = batch.records
    if records[0].arrival > horizon:
        return [Send(batch)]
    because = f"retention of {retention_seconds / 3600:g} h passed"
    fresh = next((n for n, record in enumerate(records) if record.arrival > horizon), None)
    if fresh is None:
        return [Expire(batch, because)]
    return [
        Expire(replace(batch, records=records[:fresh]), because),
        Send(replace(batch, records=records[fresh:])),
    ]


def next_steps(
    batch: Batch, answer: InvokeResult | InvokeError, mapping: EventSourceMapping
) -> list[Step]:
    """Return the steps that follow *answer*, in the order they must happen."""
    if isinstance(answer, InvokeError) and not isinstance(answer, RequestEntityTooLarge):
        back = replace(batch, returned=batch.returned + 1)
        because = f"{answer.code}: not invoked, which costs no retry"
        return [Retry(back, retry_wait(back.returned), because)]
    if isinstance(answer, InvokeResult) and answer.function_error is None:
        return [Deliver(batch)]
    limit = mapping.maximum_retry_attempts
    if 0 <= limit < batch.attempt:
        because = f"MaximumRetryAttempts {limit} used up"
        return [Discard(batch, "RetryAttemptsExhausted", because)]
    back = replace(batch, attempt=batch.attempt + 1, returned=batch.returned + 1)
    return [Retry(back, retry_wait(back.returned), _reason(answer, batch.attempt, limit))]


def retry_wait(returned: int) -> float:
    """Return the seconds before a batch that came back *returned* times is sent again."""
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(returned - 1, 20), WAIT_SECONDS_MAX)


def _reason(answer: InvokeResult | InvokeError, attempt: int, limit: int) -> str:
    what = "function error" if isinstance(answer, InvokeResult) else answer.code
    allowed = "until the records expire" if limit < 0 else f"retry {attempt} of {limit}"
    return f"{what}: {allowed}"
