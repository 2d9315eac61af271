"""
A queue behind the real SQS API: moto in this process, an emulator, or AWS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html

In real time a receive is a long poll of up to 20 seconds. In virtual time, in which an answer
takes no time, it is a short poll a second, and one at once when somebody here sends or deletes:
moto in this process stands still with the clock and would never answer a long one.

An endpoint that gives no answer is asked again, after 0.25 s, doubling, at most 10 s apart on the
simulation's clock: by a receiver until 60 s after the last sender has finished, by everybody
else ten times. What a sender sent may have arrived although the answer did not, so a standard
queue can hold a message twice then, as with every client of SQS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from typing import Any

import anyio

from eventsim.backends import Backend
from eventsim.errors import ServiceError, Unreachable
from eventsim.rules import sqs as rules
from eventsim.rules.refusals import check
from eventsim.services import OnMessages, QueueSettings, QueueSummary, nobody
from eventsim.sources._lifetimes import undo_on_close
from eventsim.sources._patience import (
    ATTEMPTS_MAX,
    FAREWELL_SECONDS,
    THROTTLES,
    Patience,
    insist,
    passes,
)
from eventsim.sources._sqs_feed import feed
from eventsim.types import Message, Queue, Received, SendMessage, TimedMessage

SHORT_POLL_SECONDS = 1.0
_THROTTLES = THROTTLES | {"OverLimit", "RequestThrottled"}
_NOT_THERE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_GONE = {"InvalidParameterValue", "ReceiptHandleIsInvalid", "MessageNotInflight"}
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


class ClientQueue:
    """A queue that is used by requests."""

    def __init__(
        self,
        url: str,
        attributes: dict[str, str],
        backend: Backend,
        dead_letter: Queue | None,
        on_messages: OnMessages,
    ) -> None:
        self.arn = attributes["QueueArn"]
        self.fifo = rules.is_fifo(self.arn)
        self.visibility_timeout = float(attributes["VisibilityTimeout"])
        self._content_based = attributes.get("ContentBasedDeduplication") == "true"
        self._url, self._backend, self._clock = url, backend, backend.clock
        self._on_messages = on_messages
        self._finished_at: float | None = None
        self._changed = anyio.Event()
        self._sources: list[ClientQueue] = []
        if isinstance(dead_letter, ClientQueue):
            dead_letter._sources.append(self)

    async def send(self, messages: Sequence[SendMessage]) -> None:
        """Send messages now, ten a request. Raises ServiceError when one is refused."""
        for message in messages:
            check(rules.refuse_message(message, self.fifo, self._content_based))
        for request in _requests(messages):
            await self._send(request)

    async def feed(self, messages: Iterator[TimedMessage]) -> None:
        await feed(self._clock, messages, self.send)

    async def receive(
        self, most: int, until: float | None, visibility_timeout: float | None = None
    ) -> Received:
        """As ``Queue`` says. A message that a cancelled request was answered with comes again."""
        deadline, polls = inf if until is None else until, 0
        patience = Patience(self._clock)
        while True:
            changed = self._changed
            polls += 1
            try:
                messages = await self._receive(most, deadline, visibility_timeout)
                if messages:
                    return Received(messages, polls)
                if self._finished_at is not None and await self._drained():
                    return Received((), polls, ended=True)
                patience = Patience(self._clock)
            except (Unreachable, ServiceError) as error:
                self._refuse_to_wait(error)
                await patience.wait(error, deadline)
            if self._clock.time() >= deadline:
                return Received((), polls)
            if not self._wait_seconds(deadline):
                await self._short_wait(changed, deadline)

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        await self._each("delete_message_batch", receipt_handles)
        self._wake()

    async def change_visibility(self, receipt_handles: Sequence[str], seconds: float) -> None:
        await self._each(
            "change_message_visibility_batch",
            receipt_handles,
            VisibilityTimeout=round(seconds),
        )
        self._wake()

    def finish(self) -> None:
        self._finished_at = self._clock.time()
        self._wake()

    async def _receive(self, most: int, deadline: float, hidden: float | None) -> list[Message]:
        parameters = {} if hidden is None else {"VisibilityTimeout": round(hidden)}
        answer = await self._call(
            "receive_message",
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=self._wait_seconds(deadline),
            **parameters,
        )
        return [_message(each) for each in answer.get("Messages", ())]

    def _wait_seconds(self, deadline: float) -> int:
        """How many real seconds the service may wait for a message."""
        if self._clock.virtual:
            return 0
        if self._finished_at is not None:
            return 1
        left = (deadline - self._clock.time()) / self._clock.speed
        return int(min(max(left, 0), rules.LONG_POLL_SECONDS_MAX))

    async def _short_wait(self, changed: anyio.Event, deadline: float) -> None:
        until = min(deadline, self._clock.time() + SHORT_POLL_SECONDS)
        with self._clock.move_on_at(until):
            await changed.wait()

    async def _drained(self) -> bool:
        """Whether nothing is in the queue, nor in those whose dead-letter queue it is.

        Those first: what leaves them meanwhile is then found here.
        """
        for source in self._sources:
            if not await source._drained():
                return False
        return await self._empty() and await self._empty()

    async def _empty(self) -> bool:
        """Whether all counts are zero. They are not of one moment: a message that becomes visible
        between two of them is in neither, once.
        """
        answer = await self._call("get_queue_attributes", AttributeNames=[*_COUNTS])
        return not any(int(answer["Attributes"][name]) for name in _COUNTS)

    async def _send(self, messages: Sequence[SendMessage]) -> None:
        left, patience = list(messages), self._patience(len(messages))
        while left:
            before = len(left)
            answer = await self._ask("send_message_batch", Entries=[*_entries(left)])
            self._tell(answer.get("Successful", ()))
            failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
            for entry in failed.values():
                if entry.get("SenderFault"):
                    raise ServiceError(entry["Code"], entry.get("Message", ""))
            left = [message for n, message in enumerate(left) if str(n) in failed]
            if len(left) < before:
                patience = self._patience(len(left))
            if left:
                await patience.wait(None)
        self._wake()

    def _patience(self, messages: int) -> Patience:
        return Patience(self._clock, f"queue {self.arn} took none of {messages} messages")

    async def _each(self, operation: str, handles: Sequence[str], **more: Any) -> None:
        """Do something to received messages; to one that is gone by now it is not done."""
        for start in range(0, len(handles), rules.SEND_MESSAGES_MAX):
            entries = {
                str(number): {"Id": str(number), "ReceiptHandle": handle, **more}
                for number, handle in enumerate(handles[start : start + rules.SEND_MESSAGES_MAX])
            }
            patience = Patience(self._clock)
            while entries:
                answer = await self._ask(operation, Entries=[*entries.values()])
                failed = [each for each in answer.get("Failed", ()) if each["Code"] not in _GONE]
                for each in failed:
                    if each.get("SenderFault", True) or patience.attempts + 1 == ATTEMPTS_MAX:
                        raise ServiceError(each["Code"], each.get("Message", ""))
                entries = {each["Id"]: entries[each["Id"]] for each in failed}
                if entries:
                    await patience.wait(None)

    async def _ask(self, operation: str, **parameters: Any) -> Any:
        """Make one request, and make it again when it gets no answer; ten times at most."""
        patience = Patience(self._clock, f"queue {self.arn} gave no answer")
        return await insist(partial(self._call, operation, **parameters), patience, _THROTTLES)

    def _refuse_to_wait(self, error: Unreachable | ServiceError) -> None:
        """Raise what another attempt does not help, or what has gone on for too long."""
        if not passes(error, _THROTTLES):
            raise error
        finished = self._finished_at
        if finished is not None and self._clock.time() > finished + FAREWELL_SECONDS:
            raise error

    async def _call(self, operation: str, **parameters: Any) -> Any:
        return await self._backend.call("sqs", operation, QueueUrl=self._url, **parameters)

    def _tell(self, sent: Sequence[dict[str, Any]]) -> None:
        if sent:
            now = self._clock.time()
            ids = sent[0]["MessageId"], sent[-1]["MessageId"]
            self._on_messages(QueueSummary("sent", *ids, len(sent), now, now))

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


async def open_client_queue(
    name: str,
    settings: QueueSettings,
    backend: Backend,
    dead_letter: Queue | None,
    on_messages: OnMessages,
) -> ClientQueue:
    """The queue *name*, created when it is missing, and then deleted when the back end closes.

    A queue that is there is taken as it is. Raises Unreachable when nobody answers,
    ServiceError when the service refuses.
    """
    try:
        url = (await backend.call("sqs", "get_queue_url", QueueName=name))["QueueUrl"]
    except ServiceError as error:
        if error.code not in _NOT_THERE:
            raise
        attributes = _attributes(name, settings, dead_letter)
        answer = await backend.call("sqs", "create_queue", QueueName=name, Attributes=attributes)
        url = answer["QueueUrl"]
        undo_on_close(backend, partial(backend.call, "sqs", "delete_queue", QueueUrl=url))
    answer = await backend.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    return ClientQueue(url, answer["Attributes"], backend, dead_letter, on_messages)


async def find_client_queue(name: str, backend: Backend) -> ClientQueue:
    """The queue *name* that is there. Raises ServiceError when it is not."""
    url = (await backend.call("sqs", "get_queue_url", QueueName=name))["QueueUrl"]
    answer = await backend.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    return ClientQueue(url, answer["Attributes"], backend, None, nobody)


def _attributes(name: str, settings: QueueSettings, dead_letter: Queue | None) -> dict[str, str]:
    attributes = {
        "VisibilityTimeout": str(round(settings.visibility_timeout)),
        "DelaySeconds": str(round(settings.delay_seconds)),
        "MessageRetentionPeriod": str(round(settings.message_retention_period)),
    }
    if rules.is_fifo(name):
        attributes["FifoQueue"] = "true"
    if settings.content_based_deduplication:
        attributes["ContentBasedDeduplication"] = "true"
    if dead_letter is not None and settings.max_receive_count is not None:
        policy = {
            "deadLetterTargetArn": dead_letter.arn,
            "maxReceiveCount": settings.max_receive_count,
        }
        attributes["RedrivePolicy"] = json.dumps(policy)
    return attributes


def _requests(messages: Sequence[SendMessage]) -> Iterator[Sequence[SendMessage]]:
    """Cut *messages* into what fits one request each: ten of them, 1 MiB together."""
    request: list[SendMessage] = []
    size = 0
    for message in messages:
        added = rules.message_size(message)
        full = size + added > rules.MESSAGE_BYTES_MAX or len(request) == rules.SEND_MESSAGES_MAX
        if request and full:
            yield request
            request, size = [], 0
        request.append(message)
        size += added
    if request:
        yield request


def _entries(messages: Sequence[SendMessage]) -> Iterator[dict[str, Any]]:
    for number, message in enumerate(messages):
        trace = message.trace_header
        traced = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
        entry = {
            "Id": str(number),
            "MessageBody": message.body,
            "MessageAttributes": message.message_attributes or None,
            "MessageSystemAttributes": traced if trace else None,
            "DelaySeconds": message.delay_seconds,
            "MessageGroupId": message.message_group_id,
            "MessageDeduplicationId": message.message_deduplication_id,
        }
        yield {key: value for key, value in entry.items() if value is not None}


def _message(received: dict[str, Any]) -> Message:
    attributes = received.get("MessageAttributes", {})
    return Message(
        received["MessageId"],
        received["ReceiptHandle"],
        received["Body"],
        received["MD5OfBody"],
        received.get("Attributes", {}),
        attributes,
        received.get("MD5OfMessageAttributes") or rules.md5_of_attributes(attributes),
    )
