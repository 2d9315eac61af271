"""
What happens to a stream batch before it is sent, and after the Invoke API answered.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html

Two kinds of failure. Before the invocation (a throttle, a service error): the batch is sent
again until its records expire, and no retry is counted. During it (the function failed): sent
again until the records expire or MaximumRetryAttempts are used up. Progress renews the budget:
what is left of a batch after a partial batch response, and each half of a bisected one, starts
at its first attempt. A batch whose event is over 6 MB never reaches the function and counts as
a failed attempt each time (as recorded on AWS).

Pure: no clock, no I/O. The poller performs the steps returned here; that is why every row of
the AWS retry table is a plain unit test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from math import inf
from typing import Any, NamedTuple

from eventsim.errors import InvokeError, RequestEntityTooLarge
from eventsim.rules.answers import Verdict, read_answer
from eventsim.types import Batch, Condition, EventSourceMapping, InvokeResult, Record

# AWS does not document its waits. These give the 8 invocations recorded within 60 s.
FIRST_WAIT_SECONDS = 0.25
WAIT_SECONDS_MAX = 60.0

_CLOCK_NOISE = 1e-6  # what a double loses of an epoch time: what is due now is due


class Deliver(NamedTuple):
    """The function took the batch: the checkpoint may pass it. ``state`` is its window's."""

    batch: Batch
    state: Any = None


class Fail(NamedTuple):
    """The function did not take the whole batch, but ``delivered`` records of it.

    ``invoked`` says whether it ran at all.
    """

    batch: Batch
    delivered: int
    invoked: bool
    because: str


class Retry(NamedTuple):
    """Send the batch again after ``wait`` seconds."""

    batch: Batch
    wait: float
    because: str


class Bisect(NamedTuple):
    """Send the two halves of the batch in its place, one after the other."""

    batch: Batch
    halves: tuple[Batch, Batch]
    because: str


class Discard(NamedTuple):
    """Give the batch up, tell the on-failure destination; the checkpoint may pass it."""

    batch: Batch
    condition: Condition
    invoke_count: int
    because: str


class Expire(NamedTuple):
    """The stream has let go of the records; the checkpoint may pass them."""

    batch: Batch
    because: str


class Send(NamedTuple):
    """Invoke the function with the batch, now."""

    batch: Batch


Step = Deliver | Fail | Retry | Bisect | Discard | Expire | Send


def steps_before(
    batch: Batch, now: float, mapping: EventSourceMapping, retention_seconds: float
) -> list[Step]:
    """Return what happens to a batch that is about to be sent at epoch time *now*.

    What the stream no longer keeps, and what is older than MaximumRecordAgeInSeconds, leaves
    from the front; the rest, if any, is sent. The final invocation of a tumbling window is as
    old as its window's end, and made once however old it is.
    """
    if not batch.records and not batch.returned:
        return [Send(batch)]
    if now + _CLOCK_NOISE < expires_at(batch, mapping, retention_seconds):
        return [Send(batch)]
    steps: list[Step] = []
    gone, left = _split_at_age(batch, now, retention_seconds)
    if gone is not None:
        steps.append(Expire(gone, f"retention of {retention_seconds / 3600:g} h passed"))
    age = _age_max(mapping)
    old, left = _split_at_age(left, now, age) if left is not None else (None, None)
    if old is not None:
        count = max(1, batch.attempt - 1)
        because = f"MaximumRecordAgeInSeconds {age:g} reached"
        steps.append(Discard(old, "RecordAgeExceeded", count, because))
    return [*steps, Send(left)] if left is not None else steps


def expires_at(batch: Batch, mapping: EventSourceMapping, retention_seconds: float) -> float:
    """Return the epoch time at which the first record of the batch has to leave it."""
    age = mapping.maximum_record_age_in_seconds
    return _oldest(batch) + (retention_seconds if age < 0 else min(retention_seconds, age))


def next_steps(
    batch: Batch, answer: InvokeResult | InvokeError, mapping: EventSourceMapping
) -> list[Step]:
    """Return the steps that follow *answer*, in the order they must happen."""
    if isinstance(answer, InvokeError):
        return _not_invoked(batch, answer, mapping)
    if not succeeded(answer):
        return _failed(batch, mapping, "function error", invoked=True)
    reports = mapping.reports_batch_item_failures
    if not reports and batch.window is None:
        return [Deliver(batch)]
    verdict = read_answer(
        answer.payload, batch.records, reports=reports, windowed=batch.window is not None
    )
    if verdict.because is None:
        return _delivered(batch, verdict)
    if verdict.taken == 0:
        bisects = verdict.outright
        return _failed(batch, mapping, verdict.because, invoked=True, bisects=bisects)
    return _partly_delivered(batch, verdict, verdict.because)


def reads_answers(mapping: EventSourceMapping) -> bool:
    """Whether what the function returns matters: without, success delivers the whole batch."""
    return mapping.reports_batch_item_failures or mapping.tumbling_window_in_seconds > 0


def succeeded(answer: InvokeResult | InvokeError) -> bool:
    """Whether the function ran and did not fail."""
    return isinstance(answer, InvokeResult) and answer.function_error is None


def retry_wait(returned: int) -> float:
    """Return the seconds before a batch that came back *returned* times is sent again."""
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(returned - 1, 20), WAIT_SECONDS_MAX)


def _not_invoked(batch: Batch, refused: InvokeError, mapping: EventSourceMapping) -> list[Step]:
    if isinstance(refused, RequestEntityTooLarge):
        return _failed(batch, mapping, refused.code, invoked=False)
    back = batch._replace(returned=batch.returned + 1)
    because = f"{refused.code}: not invoked, which costs no retry"
    fail = Fail(batch, 0, invoked=False, because=refused.code)
    return [fail, Retry(back, retry_wait(back.returned), because)]


def _delivered(batch: Batch, verdict: Verdict) -> list[Step]:
    done = Deliver(batch, verdict.state)
    window = batch.window
    if not verdict.oversized or window is None or window.final:
        return [done]
    early = replace(window, final=True, terminated_early=True, state=verdict.state)
    return [done, Send(Batch(batch.shard_id, (), window=early))]


def _partly_delivered(batch: Batch, verdict: Verdict, because: str) -> list[Step]:
    taken, left = batch.records[: verdict.taken], batch.records[verdict.taken :]
    done = batch._replace(records=taken)
    rest = Batch(batch.shard_id, left, returned=1, window=batch.window)
    return [
        Fail(batch, len(taken), invoked=True, because=because),
        *_delivered(done, verdict),
        Retry(rest, retry_wait(1), f"{because}: the rest has all its retries"),
    ]


def _failed(
    batch: Batch, mapping: EventSourceMapping, what: str, *, invoked: bool, bisects: bool = True
) -> list[Step]:
    fail = Fail(batch, 0, invoked, what)
    if bisects and mapping.bisect_batch_on_function_error and len(batch.records) > 1:
        return [fail, Bisect(batch, _halves(batch), f"{what}: BisectBatchOnFunctionError")]
    limit = mapping.maximum_retry_attempts
    if 0 <= limit < batch.attempt:
        because = f"MaximumRetryAttempts {limit} used up"
        return [fail, Discard(batch, "RetryAttemptsExhausted", batch.attempt, because)]
    allowed = "until the records expire" if limit < 0 else f"retry {batch.attempt} of {limit}"
    attempt, returned = batch.attempt + 1, batch.returned + 1
    back = Batch(batch.shard_id, batch.records, attempt, returned, batch.window)
    return [fail, Retry(back, retry_wait(returned), f"{what}: {allowed}")]


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    """Both halves with a budget of their own; the first has the odd record."""
    middle = (len(batch.records) + 1) // 2
    first, second = batch.records[:middle], batch.records[middle:]
    window = batch.window
    return Batch(batch.shard_id, first, window=window), Batch(batch.shard_id, second, window=window)


def _age_max(mapping: EventSourceMapping) -> float:
    age = mapping.maximum_record_age_in_seconds
    return inf if age < 0 else float(age)


def _oldest(batch: Batch) -> float:
    """When the batch's first record arrived; of a window's final invocation, when it ended."""
    if batch.records:
        return batch.records[0].arrival
    return batch.window.end if batch.window is not None else inf


def _split_at_age(batch: Batch, now: float, seconds: float) -> tuple[Batch | None, Batch | None]:
    """The front of the batch that is at least so old, and the rest; None where there is none."""
    horizon = now - seconds + _CLOCK_NOISE
    if _oldest(batch) > horizon:
        return None, batch
    records = batch.records
    old = _count_old(records, horizon)
    if old == len(records):
        return batch, None
    return batch._replace(records=records[:old]), batch._replace(records=records[old:])


def _count_old(records: Sequence[Record], horizon: float) -> int:
    return sum(1 for _ in takewhile(lambda record: record.arrival <= horizon, records))
