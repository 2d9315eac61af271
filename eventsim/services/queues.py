"""
An SQS queue, simulated: synchronous, in memory, on whatever clock it is given.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html

Whatever looks at a queue first settles what has become of its messages by now: delayed and
received ones are visible again, old ones are gone. Nobody has to poll an idle queue, since it
says when something will change next and calls back when somebody changes it.

Where AWS is vague: an older receipt handle of a standard queue's message deletes it until the
message has been received again, and nothing from then on. A group of a FIFO queue stays closed
until nothing of it is in flight. A receive leaves in the queue what would be more than 120,000
messages in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from eventsim.clock import Now
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules import sqs as rules
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.rules.refusals import check
from eventsim.services import OnMessages, QueueSettings, QueueSummary, nobody
from eventsim.services._order import GroupOrder, Order, SentOrder, Stored
from eventsim.services._timers import EXPIRES, Timers
from eventsim.types import Message, SendMessage

SENDER_ID = "AIDAEVENTSIMSENDER000"


class Sent(NamedTuple):
    """The answer to SendMessage. A duplicate gets the answer that the first one got."""

    message_id: str
    md5_of_body: str
    md5_of_message_attributes: str | None
    sequence_number: str | None


class Depth(NamedTuple):
    """How many messages a queue has, by what may become of them next."""

    visible: int
    delayed: int
    in_flight: int


class QueueStore:
    """A queue, standard or (its name ends in .fifo) FIFO. Errors are ServiceErrors of AWS's codes.

    A message that has been received ``max_receive_count`` times moves to *dead_letter* when it
    would be received once more, with its id, its body, its attributes and its receive count.
    """

    def __init__(
        self,
        name: str,
        clock: Now,
        chance: Chance,
        settings: QueueSettings,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        dead_letter: QueueStore | None = None,
        on_messages: OnMessages = nobody,
    ) -> None:
        check(rules.refuse_name(name))
        self.name, self.settings, self.fifo = name, settings, rules.is_fifo(name)
        self.arn = rules.queue_arn(name, account, region)
        if settings.content_based_deduplication and not self.fifo:
            reason = "Unknown Attribute ContentBasedDeduplication."
            raise ServiceError("InvalidAttributeName", reason)
        self._clock, self._chance, self._on_messages = clock, chance, on_messages
        self._epoch = round(clock.timestamp() - clock.time(), 3)
        self._dead_letter = dead_letter
        self._sources: list[QueueStore] = []
        if dead_letter is not None:
            self._redrive_to(dead_letter)
        self._order: Order = GroupOrder() if self.fifo else SentOrder()
        self._messages: dict[int, Stored] = {}
        self._by_id: dict[str, Stored] = {}
        self._timers = Timers(self._messages)
        self._duplicates: dict[str, tuple[float, Sent]] = {}
        self._next, self._in_flight, self._closed = 0, 0, False
        self._waiting: dict[object, Callable[[], None]] = {}

    @property
    def ended(self) -> bool:
        """Whether no message is there, and none will come, from a sender or another queue."""
        self.settle()
        mine = self._closed and not self._messages
        return mine and all(source.ended for source in self._sources)

    @property
    def depth(self) -> Depth:
        """How many messages there are, as the Approximate… attributes tell it, but exactly."""
        self.settle()
        delayed = sum(stored.state == "delayed" for stored in self._messages.values())
        rest = len(self._messages) - delayed - self._in_flight
        return Depth(rest, delayed, self._in_flight)

    def send(self, messages: Sequence[SendMessage]) -> list[Sent]:
        """Take messages now, in order. Sends none of them when one is refused."""
        content_based = self.settings.content_based_deduplication
        for message in messages:
            check(rules.refuse_message(message, self.fifo, content_based))
        self.settle()
        now = self._clock.time()
        before = self._next
        sent = [self._send(message, now) for message in messages]
        new = [stored for n in range(before, self._next) if (stored := self._messages.get(n))]
        if new:
            self._tell("sent", new)
            self._wake()
        return sent

    def receive(self, most: int, visibility_timeout: float | None = None) -> list[Message]:
        """Return up to *most* messages that are visible now; nobody else gets them for a while."""
        if not 1 <= most <= rules.RECEIVE_MESSAGES_MAX:
            raise ServiceError(
                "InvalidParameterValue",
                f"Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be "
                f"between 1 and {rules.RECEIVE_MESSAGES_MAX}, if provided.",
            )
        hidden = self.settings.visibility_timeout
        hidden = hidden if visibility_timeout is None else visibility_timeout
        check(rules.refuse_visibility(hidden))
        self.settle()
        exhausted: list[Stored] = []
        room = min(most, rules.IN_FLIGHT_MAX - self._in_flight)
        taken = self._order.take(room, lambda stored: self._may_receive(stored, exhausted))
        if exhausted:
            self._redrive(exhausted)
        now = self._clock.time()
        return [self._received(stored, now, hidden) for stored in taken]

    def delete(self, receipt_handle: str) -> None:
        """Delete a received message; one that is gone already is no error."""
        stored = self._held_by(receipt_handle)
        if stored is not None:
            self._remove(stored)
            self._wake()

    def change_visibility(self, receipt_handle: str, seconds: float) -> None:
        """Make a message that is in flight visible in so many seconds from now."""
        check(rules.refuse_visibility(seconds))
        stored, now = self._held_by(receipt_handle), self._clock.time()
        if stored is None or stored.state != "in flight":
            raise _invalid_handle(
                receipt_handle,
                "Message does not exist or is not available for visibility timeout change.",
            )
        if now + seconds > stored.received_at + rules.VISIBILITY_SECONDS_MAX:
            raise ServiceError(
                "InvalidParameterValue",
                f"Value {seconds:g} for parameter VisibilityTimeout is invalid. Reason: Total "
                "VisibilityTimeout for the message is beyond the limit "
                f"[{rules.VISIBILITY_SECONDS_MAX} seconds].",
            )
        stored.visible_at = now + seconds
        self._timers.shows(stored)
        self._wake()

    def settle(self) -> None:
        """Do what was due by now: show what is visible again, let go of what has expired."""
        expired = []
        for what, stored in self._timers.due(self._clock.time()):
            if what == EXPIRES:
                self._remove(stored)
                expired.append(stored)
            else:
                self._show(stored)
        if expired:
            self._tell("expired", expired)
            self._wake()

    def next_change(self) -> float | None:
        """When something changes next by itself, in seconds since the run began."""
        return self._timers.next()

    def close(self) -> None:
        """Nobody will send another message."""
        self._closed = True
        self._wake()

    def call_on_change(self, who: object, callback: Callable[[], None]) -> None:
        """Call back once, when somebody changes the queue."""
        self._waiting[who] = callback

    def forget(self, who: object) -> None:
        """Do not call *who* back any more."""
        self._waiting.pop(who, None)

    def _redrive_to(self, dead_letter: QueueStore) -> None:
        if dead_letter.fifo != self.fifo:
            kind = "a FIFO" if self.fifo else "a standard"
            raise ServiceError(
                "InvalidParameterValue",
                f"{self.name} is {kind} queue, and so must be its dead-letter queue "
                f"{dead_letter.name}",
            )
        dead_letter._sources.append(self)

    def _send(self, message: SendMessage, now: float) -> Sent:
        duplicate_of = message.message_deduplication_id
        if self.fifo and duplicate_of is None:
            duplicate_of = rules.content_id(message.body)
        known = self._known(duplicate_of, now)
        if known is not None:
            return known
        delay = message.delay_seconds
        visible_at = now + (self.settings.delay_seconds if delay is None or self.fifo else delay)
        stored = Stored(
            number=self._next,
            message_id=self._chance.uuid("messages", self.name),
            sent=message,
            sent_at=now,
            expires_at=now + self.settings.message_retention_period,
            visible_at=visible_at,
            md5_of_body=rules.md5_of_body(message.body),
            md5_of_attributes=rules.md5_of_attributes(message.message_attributes),
            deduplication_id=duplicate_of,
        )
        self._keep(stored)
        sent = Sent(
            stored.message_id,
            stored.md5_of_body,
            stored.md5_of_attributes,
            stored.sequence_number,
        )
        if duplicate_of is not None:
            self._duplicates[duplicate_of] = (now, sent)
        return sent

    def _known(self, deduplication_id: str | None, now: float) -> Sent | None:
        """What a message of this id was answered within the last 5 minutes."""
        while self._duplicates:
            oldest, (time, _) = next(iter(self._duplicates.items()))
            if time + rules.DEDUPLICATION_SECONDS > now:
                break
            del self._duplicates[oldest]
        known = self._duplicates.get(deduplication_id or "")
        return known[1] if known else None

    def _keep(self, stored: Stored) -> None:
        """Take a message that is new here, sent or moved."""
        self._next += 1
        if self.fifo:
            stored.sequence_number = rules.sequence_number(stored.number)
        self._messages[stored.number] = self._by_id[stored.message_id] = stored
        self._order.add(stored)
        self._timers.expires(stored)
        if stored.visible_at <= self._clock.time():
            self._show(stored)
        else:
            self._timers.shows(stored)

    def _show(self, stored: Stored) -> None:
        self._in_flight -= stored.state == "in flight"
        stored.state = "ready"
        self._order.visible(stored)

    def _remove(self, stored: Stored) -> None:
        self._in_flight -= stored.state == "in flight"
        stored.state = "gone"
        self._order.gone(stored)
        del self._messages[stored.number]
        del self._by_id[stored.message_id]

    def _may_receive(self, stored: Stored, exhausted: list[Stored]) -> bool:
        limit = self.settings.max_receive_count
        if self._dead_letter is None or limit is None or stored.receives_here < limit:
            return True
        self._remove(stored)
        exhausted.append(stored)
        return False

    def _redrive(self, exhausted: Sequence[Stored]) -> None:
        target = self._dead_letter
        assert target is not None  # _may_receive has looked
        self._tell("redriven", exhausted, target.name)
        target._tell("moved", [target._take_over(stored, self.arn) for stored in exhausted])
        target._wake()
        self._wake()

    def _take_over(self, stored: Stored, source_arn: str) -> Stored:
        """Keep a message of another queue. In a FIFO queue its time begins anew."""
        self.settle()
        now = self._clock.time()
        since = now if self.fifo else stored.sent_at
        moved = Stored(
            number=self._next,
            message_id=stored.message_id,
            sent=stored.sent,
            sent_at=stored.sent_at,
            expires_at=since + self.settings.message_retention_period,
            visible_at=now,
            md5_of_body=stored.md5_of_body,
            md5_of_attributes=stored.md5_of_attributes,
            deduplication_id=stored.deduplication_id,
            source_arn=source_arn,
            receives=stored.receives,
            first_received_at=stored.first_received_at,
        )
        self._keep(moved)
        return moved

    def _received(self, stored: Stored, now: float, hidden: float) -> Message:
        stored.receives += 1
        stored.receives_here += 1
        stored.received_at, stored.visible_at = now, now + hidden
        if stored.first_received_at is None:
            stored.first_received_at = now
        self._in_flight += 1
        self._timers.shows(stored)
        return self._message(
            stored, rules.receipt_handle(self.name, stored.message_id, stored.receives)
        )

    def _message(self, stored: Stored, receipt_handle: str = "") -> Message:
        return Message(
            stored.message_id,
            receipt_handle,
            stored.sent.body,
            stored.md5_of_body,
            self._attributes(stored),
            stored.sent.message_attributes,
            stored.md5_of_attributes,
        )

    def _attributes(self, stored: Stored) -> dict[str, str]:
        group, first = stored.sent.message_group_id, stored.first_received_at
        received = None if first is None else self._milliseconds(first)
        named: dict[str, Any] = {
            "ApproximateReceiveCount": stored.receives or None,
            "AWSTraceHeader": stored.sent.trace_header,
            "SentTimestamp": self._milliseconds(stored.sent_at),
            "SequenceNumber": stored.sequence_number,
            "MessageGroupId": group,
            "SenderId": SENDER_ID,
            "MessageDeduplicationId": stored.deduplication_id,
            "ApproximateFirstReceiveTimestamp": received,
            "DeadLetterQueueSourceArn": stored.source_arn,
        }
        return {name: str(value) for name, value in named.items() if value is not None}

    def _milliseconds(self, time: float) -> int:
        return int((self._epoch + time) * 1000 + 0.001)  # doubles cannot hold every millisecond

    def _held_by(self, receipt_handle: str) -> Stored | None:
        """The message that a handle is of, if it still stands for it."""
        received = rules.received_as(receipt_handle)
        if received is None or received[0] != self.name:
            reason = f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
            raise ServiceError("ReceiptHandleIsInvalid", reason)
        self.settle()
        _, message_id, receives = received
        stored = self._by_id.get(message_id)
        if stored is None:
            return None
        if self.fifo and (stored.state != "in flight" or stored.receives != receives):
            raise _invalid_handle(receipt_handle, "The receipt handle has expired.")
        return stored if stored.receives == receives else None

    def _tell(self, what: Any, messages: Sequence[Stored], target: str = "") -> None:
        first, last = messages[0], messages[-1]
        ids = first.message_id, last.message_id
        times = first.sent_at, last.sent_at

        def held() -> list[Message]:
            return list(map(self._message, messages))

        self._on_messages(QueueSummary(what, *ids, len(messages), *times, target, held))

    def _wake(self) -> None:
        """Call whoever waits for a change, once; also at a queue that waits for this one's end."""
        waiting, self._waiting = self._waiting, {}
        for callback in waiting.values():
            callback()
        if self._dead_letter is not None and self._closed and not self._messages:
            self._dead_letter._wake()


def _invalid_handle(handle: str, reason: str) -> ServiceError:
    text = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"
    return ServiceError("InvalidParameterValue", text)
