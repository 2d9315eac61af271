"""Which of a queue's visible messages is received next: any, or the first of an open group."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Literal, Protocol

from eventsim.types import SendMessage

STALE_MAX = 1_024
Accept = Callable[["Stored"], bool]


@dataclass(slots=True, eq=False)
class Stored:
    """A message as its queue keeps it; times are in seconds since the run began.

    ``number`` is its place among the queue's messages, ``receives`` what a receiver is told,
    ``receives_here`` what the queue's redrive policy counts.
    """

    number: int
    message_id: str
    sent: SendMessage
    sent_at: float
    expires_at: float
    visible_at: float
    md5_of_body: str
    md5_of_attributes: str | None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    source_arn: str | None = None
    receives: int = 0
    receives_here: int = 0
    first_received_at: float | None = None
    received_at: float = 0.0
    state: Literal["delayed", "ready", "in flight", "gone"] = "delayed"


class Order(Protocol):
    """Knows the messages of a queue by what may be received."""

    def add(self, stored: Stored) -> None:
        """It was sent; it may still be delayed."""

    def visible(self, stored: Stored) -> None:
        """It became ready, for the first time or again."""

    def gone(self, stored: Stored) -> None:
        """It was deleted, moved away or expired, from whatever state."""

    def take(self, most: int, accept: Accept) -> list[Stored]:
        """Hand out up to *most* ready messages; one that is not accepted is gone already."""


class SentOrder:
    """A standard queue: the oldest visible first, as AWS mostly does and never promises."""

    def __init__(self) -> None:
        self._ready: list[tuple[int, Stored]] = []
        self._stale = 0  # how many of them may be gone

    def add(self, stored: Stored) -> None: ...

    def visible(self, stored: Stored) -> None:
        heappush(self._ready, (stored.number, stored))

    def gone(self, stored: Stored) -> None:
        self._stale += 1
        if self._stale > STALE_MAX + len(self._ready) // 2:
            self._ready = [entry for entry in self._ready if entry[1].state == "ready"]
            heapify(self._ready)
            self._stale = 0

    def take(self, most: int, accept: Accept) -> list[Stored]:
        taken: list[Stored] = []
        while self._ready and len(taken) < most:
            _, stored = heappop(self._ready)
            if stored.state == "ready" and accept(stored):
                stored.state = "in flight"
                taken.append(stored)
        return taken


@dataclass(slots=True, eq=False)
class _Group:
    name: str
    messages: deque[Stored] = field(default_factory=deque)
    in_flight: set[int] = field(default_factory=set)

    def first_ready(self) -> Stored | None:
        """What may be received of it: nothing as long as anything of it is in flight."""
        if self.in_flight or not self.messages or self.messages[0].state != "ready":
            return None
        return self.messages[0]


class GroupOrder:
    """A FIFO queue: each group in its order, and closed while anything of it is in flight.

    One receive takes as many messages of one group as it can before it goes on to the next.
    """

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._open: list[tuple[int, str]] = []  # some of them are out of date

    def add(self, stored: Stored) -> None:
        name = stored.sent.message_group_id or ""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(name)
        group.messages.append(stored)

    def visible(self, stored: Stored) -> None:
        group = self._of(stored)
        group.in_flight.discard(stored.number)
        self._offer(group)

    def gone(self, stored: Stored) -> None:
        group = self._of(stored)
        group.in_flight.discard(stored.number)
        group.messages.remove(stored)  # near the front: only the front is received or expires
        if group.messages:
            self._offer(group)
        else:
            del self._groups[group.name]

    def take(self, most: int, accept: Accept) -> list[Stored]:
        taken: list[Stored] = []
        while self._open and len(taken) < most:
            number, name = heappop(self._open)
            group = self._groups.get(name)
            first = group.first_ready() if group else None
            if group and first and first.number == number:
                taken += self._of_group(group, most - len(taken), accept)
        return taken

    def _of_group(self, group: _Group, most: int, accept: Accept) -> list[Stored]:
        taken: list[Stored] = []
        while len(taken) < most and len(taken) < len(group.messages):
            stored = group.messages[len(taken)]
            if stored.state != "ready":
                break
            if accept(stored):
                stored.state = "in flight"
                group.in_flight.add(stored.number)
                taken.append(stored)
        return taken

    def _offer(self, group: _Group) -> None:
        first = group.first_ready()
        if first is not None:
            heappush(self._open, (first.number, group.name))

    def _of(self, stored: Stored) -> _Group:
        return self._groups[stored.sent.message_group_id or ""]
