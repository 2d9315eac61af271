"""
A simulated EventBridge bus: keeps the events that were put on it last.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
(Rules and targets are not its own: whoever subscribed is told of every event.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.rules.arns import arn
from eventsim.types import BusEvent, PutEvent

EVENTS_KEPT_MAX = 1_000
EVENT_BYTES_MAX = 1024 * 1024

OnEvent = Callable[[BusEvent], None]


class EventBus:
    """A bus. With *refuse*, an AWS error code, it takes no event at all."""

    def __init__(
        self,
        name: str,
        *,
        region: str,
        account: str,
        clock: Clock,
        chance: Chance,
        refuse: str | None = None,
    ) -> None:
        self.arn = arn("events", region, account, f"event-bus/{name}")
        self._name, self._region, self._account = name, region, account
        self._clock, self._chance = clock, chance
        self._refuse = refuse
        self._subscribers: list[OnEvent] = []
        self._events: deque[BusEvent] = deque(maxlen=EVENTS_KEPT_MAX)

    @property
    def events(self) -> Sequence[BusEvent]:
        """The last events, oldest first; no more than ``EVENTS_KEPT_MAX``."""
        return tuple(self._events)

    def subscribe(self, on_event: OnEvent) -> None:
        """Call *on_event* with every event from now on."""
        self._subscribers.append(on_event)

    async def put_document(self, document: Mapping[str, Any], hops: int = 0) -> None:
        """Put an event in its envelope; who subscribed has been told when this returns."""
        self._check_refusal()
        self._put(BusEvent(str(document["id"]), dict(document), hops))

    async def put_event(self, event: PutEvent) -> None:
        """Put an event; it is there when this returns."""
        self._check_refusal()
        if _size(event) > EVENT_BYTES_MAX:
            text = "Total size of the entries in the request is over the limit."
            raise ServiceError("ValidationException", text)
        id_ = self._chance.uuid("bus events", self._name)
        moment = datetime.fromtimestamp(self._clock.timestamp(), UTC).replace(tzinfo=None)
        document = {
            "version": "0",
            "id": id_,
            "detail-type": event.detail_type,
            "source": event.source,
            "account": self._account,
            "time": moment.isoformat(timespec="seconds") + "Z",
            "region": self._region,
            "resources": list(event.resources),
            "detail": _detail(event.detail),
        }
        self._put(BusEvent(id_, document))

    def _put(self, event: BusEvent) -> None:
        self._events.append(event)
        for on_event in self._subscribers:
            on_event(event)

    def _check_refusal(self) -> None:
        if self._refuse is not None:
            text = f"{self.arn} refuses every event, as its resource says"
            raise ServiceError(self._refuse, text)


def _detail(text: str) -> object:
    try:
        detail = orjson.loads(text)
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise ServiceError("MalformedDetail", "Detail is malformed.")
    return detail


def _size(event: PutEvent) -> int:
    texts = (event.source, event.detail_type, event.detail, *event.resources)
    return sum(len(text.encode()) for text in texts)
