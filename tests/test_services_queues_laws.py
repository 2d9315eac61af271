"""Laws of a simulated queue, under every order of sends, receives, deletes and waits."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.services import QueueSettings, QueueSummary
from eventsim.services.queues import QueueStore
from eventsim.types import Message, SendMessage
from tests.hand_clock import HandClock

WAITS = st.sampled_from([0.0, 0.5, 1.0, 3.0, 10.0, 40.0])


class QueueMachine(RuleBasedStateMachine):
    """A queue with a dead-letter queue; every message is known by its body."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.told = HandClock(), list[QueueSummary]()
        self.sent: list[str] = []
        self.deleted: set[str] = set()
        self.held: dict[str, tuple[Message, float]] = {}
        self.receives: dict[str, int] = {}
        self.dead: list[str] = []

    @initialize(limit=st.sampled_from([1, 2, 4]), retention=st.sampled_from([60.0, 1e6]))
    def open(self, limit: int, retention: float) -> None:
        kept = QueueSettings(message_retention_period=1e9)
        self.dlq = QueueStore("d", self.clock, Chance(1), kept)
        self.limit, self.retention = limit, retention
        self.queue = QueueStore(
            "q",
            self.clock,
            Chance(0),
            QueueSettings(3.0, 0.0, retention, max_receive_count=limit),
            dead_letter=self.dlq,
            on_messages=self.told.append,
        )

    @rule(count=st.integers(1, 4), delay=WAITS)
    def send(self, count: int, delay: float) -> None:
        bodies = [str(len(self.sent) + n) for n in range(count)]
        self.queue.send([SendMessage(body, delay_seconds=int(delay)) for body in bodies])
        self.sent += bodies

    @rule(most=st.integers(1, 4))
    def receive(self, most: int) -> None:
        for message in self.queue.receive(most):
            held = self.held.get(message.body)
            assert held is None or held[1] <= self.clock.now, "it was invisible"
            self.receives[message.body] = self.receives.get(message.body, 0) + 1
            count = message.attributes["ApproximateReceiveCount"]
            assert int(count) == self.receives[message.body] <= self.limit
            self.held[message.body] = message, self.clock.now + 3.0

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        body = data.draw(st.sampled_from(sorted(self.held)))
        message, _ = self.held.pop(body)
        before = self.queue.depth
        self.queue.delete(message.receipt_handle)
        if sum(self.queue.depth) < sum(before):
            self.deleted.add(body)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), seconds=WAITS)
    def change_visibility(self, data: st.DataObject, seconds: float) -> None:
        body = data.draw(st.sampled_from(sorted(self.held)))
        message, until = self.held[body]
        try:
            self.queue.change_visibility(message.receipt_handle, seconds)
        except ServiceError:
            assert until <= self.clock.now or self.gone(body)
            return
        self.held[body] = message, self.clock.now + seconds

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def drain_the_dead(self) -> None:
        while messages := self.dlq.receive(10):
            for message in messages:
                self.dlq.delete(message.receipt_handle)
                self.dead.append(message.body)
                assert self.receives[message.body] == self.limit

    def gone(self, body: str) -> bool:
        return body in self.deleted or body in self.dead or self.expired() > 0

    def expired(self) -> int:
        return sum(each.messages for each in self.told if each.what == "expired")

    @invariant()
    def no_message_is_lost(self) -> None:
        if not hasattr(self, "queue"):
            return
        there = sum(self.queue.depth) + sum(self.dlq.depth)
        assert len(self.sent) == there + len(self.dead) + len(self.deleted) + self.expired()

    @invariant()
    def what_is_told_is_what_happened(self) -> None:
        told = sum(each.messages for each in self.told if each.what == "sent")
        assert told == len(self.sent)

    def teardown(self) -> None:
        if hasattr(self, "queue"):
            self.queue.close()
            self.dlq.close()
            self.clock.now += 2e9
            assert self.queue.ended
            assert self.dlq.ended
            assert self.queue.next_change() is None


class FifoMachine(RuleBasedStateMachine):
    """A FIFO queue beside a model of it: what is left of each group, and what is in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.dlq = QueueStore("d.fifo", self.clock, Chance(1), QueueSettings())
        policy = QueueSettings(3.0, max_receive_count=2)
        self.queue = QueueStore("q.fifo", self.clock, Chance(0), policy, dead_letter=self.dlq)
        self.left: dict[str, list[int]] = {"a": [], "b": []}
        self.receives: dict[int, int] = {}
        self.flying: dict[int, tuple[str, float]] = {}
        self.next = 0

    @rule(groups=st.lists(st.sampled_from("ab"), min_size=1, max_size=4))
    def send(self, groups: list[str]) -> None:
        for group in groups:
            self.left[group].append(self.next)
            body = str(self.next)
            self.queue.send(
                [SendMessage(body, message_group_id=group, message_deduplication_id=body)]
            )
            self.next += 1

    @rule(most=st.integers(1, 5))
    def receive(self, most: int) -> None:
        before = {group: self.open(group) for group in self.left}
        received = self.queue.receive(most)
        taken: dict[str, list[int]] = {"a": [], "b": []}
        for message in received:
            taken[message.attributes["MessageGroupId"]].append(int(message.body))
        for group, numbers in taken.items():
            if numbers:
                assert before[group], "something of the group was in flight"
                self.bury(group)
            assert numbers == self.left[group][: len(numbers)]
        for message in received:
            number = int(message.body)
            self.receives[number] = self.receives.get(number, 0) + 1
            self.flying[number] = message.receipt_handle, self.clock.now + 3.0

    def open(self, group: str) -> bool:
        now = self.clock.now
        return all(until <= now for n, (_, until) in self.flying.items() if n in self.left[group])

    def bury(self, group: str) -> None:
        """What was received twice stands in the way of nobody: it is in the other queue."""
        while self.left[group] and self.receives.get(self.left[group][0], 0) == 2:
            self.left[group].pop(0)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), seconds=st.sampled_from([None, 0.0, 5.0]))
    def finish(self, data: st.DataObject, seconds: float | None) -> None:
        """Delete, or change the visibility; with an expired handle neither is done."""
        number = data.draw(st.sampled_from(sorted(self.flying)))
        handle, until = self.flying[number]
        try:
            if seconds is None:
                self.queue.delete(handle)
            else:
                self.queue.change_visibility(handle, seconds)
        except ServiceError:
            assert until <= self.clock.now
            return
        if seconds is None:
            del self.flying[number]
            for numbers in self.left.values():
                if number in numbers:  # else it is in the other queue, and this deletes nothing
                    numbers.remove(number)
        else:
            self.flying[number] = handle, self.clock.now + seconds

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def teardown(self) -> None:
        """What is left comes out in the order of its group, here or in the other queue."""
        self.clock.now += 100.0
        found: dict[str, list[int]] = {"a": [], "b": []}
        while messages := [*self.queue.receive(10)]:
            for message in messages:
                found[message.attributes["MessageGroupId"]].append(int(message.body))
                self.queue.delete(message.receipt_handle)
        for group, numbers in found.items():
            alive = [n for n in self.left[group] if self.receives.get(n, 0) < 2]
            assert numbers == alive


TestStandard = QueueMachine.TestCase
TestStandard.settings = settings(max_examples=100, stateful_step_count=30)
TestFifo = FifoMachine.TestCase
TestFifo.settings = settings(max_examples=100, stateful_step_count=30)
