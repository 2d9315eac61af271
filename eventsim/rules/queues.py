"""
How Lambda polls a queue: when a batch is closed, how many are in flight, what an answer means.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html

A queue keeps no checkpoint. What the function took is deleted; everything else is left alone
and is visible again when its visibility timeout ends, however often: the queue's own redrive
policy gives up, not the mapping. Nothing but a throttle or an error of the service is tried
again before that, since the function has seen nothing of the batch then.

Where AWS is silent: a throttled batch is sent again after 0.25 s, doubling, for as long as its
messages are invisible to others; a batch that had to wait for room, or for those before it in its
group, is hidden anew when it is sent. The number of concurrent batches grows by 300 whenever it has
been reached for a minute, and falls to 5 when a receive finds the queue empty and nothing is in
flight.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from eventsim.errors import InvokeError
from eventsim.rules.batching import PAYLOAD_BYTES_MAX, Cut
from eventsim.rules.failures import retry_wait
from eventsim.types import EventSourceMapping, InvokeResult, Message

CONCURRENCY_FIRST = 5
CONCURRENCY_STEP = 300
CONCURRENCY_STEP_SECONDS = 60.0
CONCURRENCY_MAX = 1_250
VISIBILITY_MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class QueueBatch:
    """Messages to be sent together, ``size`` bytes as an event; never empty.

    Until ``lease``, in seconds since the run began, nobody else can receive one of them.
    ``refused`` counts how often the Invoke API did not take the batch.
    """

    messages: Sequence[Message]
    size: int
    lease: float
    because: str = ""
    refused: int = 0

    @property
    def attempt(self) -> int:
        """How often the message that was received most often has been received."""
        counts = (
            message.attributes.get("ApproximateReceiveCount", "1") for message in self.messages
        )
        return max(map(int, counts))


@dataclass(frozen=True, slots=True)
class Fail:
    """The function did not take the whole batch, but ``delivered`` messages of it.

    ``invoked`` says whether it ran at all, ``error`` is AWS's word for its own failure.
    """

    delivered: int
    invoked: bool
    because: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The function took these messages: they leave the queue."""

    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing is done with these messages: they are visible again when their timeout ends."""

    messages: Sequence[Message]
    because: str


@dataclass(frozen=True, slots=True)
class Again:
    """Send the batch again after ``wait`` seconds."""

    batch: QueueBatch
    wait: float
    because: str


Step = Fail | Delete | Leave | Again


class Concurrency(NamedTuple):
    """How many batches may be in flight at once now, how many ever, and since when they are."""

    limit: int
    most: int
    reached_at: float | None = None

    @classmethod
    def first(cls, maximum_concurrency: int | None) -> Concurrency:
        """What a mapping begins with."""
        most = maximum_concurrency or CONCURRENCY_MAX
        return cls(min(CONCURRENCY_FIRST, most), most)

    def reached(self, now: float) -> Concurrency:
        """As many batches as allowed are in flight."""
        return self._replace(reached_at=now) if self.reached_at is None else self

    def grown(self, now: float) -> Concurrency:
        """What is allowed at *now*: 300 more for each minute in which the limit was reached."""
        if self.reached_at is None:
            return self
        steps = int((now - self.reached_at) / CONCURRENCY_STEP_SECONDS)
        if now >= self.reached_at + (steps + 1) * CONCURRENCY_STEP_SECONDS:
            steps += 1  # the division was rounded down, and nobody waits for what is now
        limit = min(self.limit + steps * CONCURRENCY_STEP, self.most)
        return Concurrency(limit, self.most, self.reached_at + steps * CONCURRENCY_STEP_SECONDS)

    def grows_at(self) -> float | None:
        """When more will be allowed, if the limit is still reached then."""
        if self.reached_at is None or self.limit == self.most:
            return None
        return self.reached_at + CONCURRENCY_STEP_SECONDS

    def dry(self, in_flight: int) -> Concurrency:
        """A receive has found fewer messages than it asked for."""
        limit = self.limit if in_flight else min(CONCURRENCY_FIRST, self.most)
        return Concurrency(limit, self.most)


def effective_visibility(queue: float, window: int, timeout: float) -> float:
    """Return for how many seconds a mapping hides what it receives.

    *queue* is the queue's visibility timeout, *timeout* the function's.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
    """
    if window and window + timeout > queue:
        return window + timeout + VISIBILITY_MARGIN_SECONDS
    return queue


def hides_anew(batch: QueueBatch, now: float, hidden: float, timeout: float) -> bool:
    """Return whether others could receive the messages of *batch* while its function works.

    They have waited in the poller then: whatever is sent as soon as it was received is hidden for
    *hidden* seconds, and the function has *timeout*, within a second.
    """
    return batch.lease - now < min(hidden, timeout) - 1.0


def full_cut(sizes: Sequence[int], frame: int, batch_size: int) -> Cut | None:
    """Return the batch at the front of messages of these *sizes* if it is full.

    A size is that of a message in the event; *frame* is that of an event without any. A message
    that is over the limit by itself makes a batch of one.
    """
    for count, total in enumerate(accumulate(sizes, initial=frame)):
        if total + max(count - 1, 0) > PAYLOAD_BYTES_MAX:
            length = max(count - 1, 1)
            return Cut(length, event_size(sizes[:length], frame), "6 MB of payload reached")
        if count == batch_size:
            size = event_size(sizes[:count], frame)
            return Cut(count, size, f"BatchSize {batch_size} reached")
    return None


def event_size(sizes: Sequence[int], frame: int) -> int:
    """Return the bytes of an event of messages of these sizes."""
    return frame + sum(sizes) + max(len(sizes) - 1, 0)


def next_steps(
    batch: QueueBatch, answer: InvokeResult | InvokeError, mapping: EventSourceMapping, now: float
) -> list[Step]:
    """Return what follows *answer*, in the order it must happen; *now* as ``lease`` is."""
    if isinstance(answer, InvokeError):
        return _not_invoked(batch, answer, now)
    if answer.function_error is not None:
        fail = Fail(0, invoked=True, because="function error", error=answer.function_error)
        return [fail, Leave(batch.messages, "function error")]
    if not mapping.reports_batch_item_failures:
        return [Delete(batch.messages)]
    ids = [message.message_id for message in batch.messages]
    failed = reported_failures(answer.payload, ids)
    taken = [message for message in batch.messages if message.message_id not in failed]
    left = [message for message in batch.messages if message.message_id in failed]
    if not left:
        return [Delete(taken)]
    named = f"{len(left)} of {len(ids)}" if taken else "all, or none that is there"
    because = f"batchItemFailures names {named}"
    fail = Fail(len(taken), invoked=True, because=because)
    return [fail, *([Delete(taken)] if taken else ()), Leave(left, because)]


def reported_failures(payload: bytes, ids: Sequence[str]) -> frozenset[str]:
    """Return which of the messages *ids* a partial batch response leaves in the queue.

    All of them, if it is no such response or names one that was not in the batch. An empty
    answer names none, and an entry without any key is passed over (as recorded on AWS).

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    everything = frozenset(ids)
    try:
        response = orjson.loads(payload or b"null")
    except orjson.JSONDecodeError:
        return everything
    if response in (None, "", [], {}):
        return frozenset()
    entries = response.get("batchItemFailures") if isinstance(response, dict) else response
    if entries in (None, []):
        return frozenset()
    if not (isinstance(response, dict) and isinstance(entries, list)):
        return everything
    failed = {_identifier(entry) for entry in entries if entry != {}}
    return frozenset(failed) if failed <= everything else everything


def behind(
    batch: QueueBatch, groups: Collection[str | None]
) -> tuple[list[Message], list[Message]]:
    """Return the messages of *batch* that may be sent, and those of *groups*, which may not.

    What came before them in their group has failed, and they must not overtake it.
    """
    free = [each for each in batch.messages if group_of(each) not in groups]
    held = [each for each in batch.messages if group_of(each) in groups]
    return free, held


def group_of(message: Message) -> str | None:
    """Return the message's group, None where it has none."""
    return message.attributes.get("MessageGroupId")


def _not_invoked(batch: QueueBatch, answer: InvokeError, now: float) -> list[Step]:
    fail = Fail(0, invoked=False, because=answer.code)
    wait = retry_wait(batch.refused + 1)
    if _passes(answer) and now + wait < batch.lease:
        because = f"{answer.code}: not invoked, and its messages are invisible for a while yet"
        return [fail, Again(replace(batch, refused=batch.refused + 1), wait, because)]
    return [fail, Leave(batch.messages, f"{answer.code}: not invoked")]


def _passes(answer: InvokeError) -> bool:
    """Whether the same request may be taken later."""
    return answer.status == 429 or answer.status >= 500


def _identifier(entry: Any) -> Any:
    """What an entry names; None, which names no message, where it is not a text."""
    named = entry.get("itemIdentifier") if isinstance(entry, dict) else None
    return named if isinstance(named, str) else None
