"""
EventBridge: a document is the detail of an event on a bus.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from eventsim.ids import Chance
from eventsim.rules.deliveries import as_bus_event
from eventsim.types import Bus, Document


class EventsDestination:
    """Puts documents on a bus, from source ``lambda``."""

    def __init__(self, bus: Bus) -> None:
        self.arn = bus.arn
        self._bus = bus

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError when it is refused, Unreachable without an answer."""
        await self._bus.put_event(as_bus_event(document, self.arn))


def open_destination(bus: Bus, chance: Chance) -> EventsDestination:
    """The destination that writes to *bus*."""
    return EventsDestination(bus)
