"""
EventBridge: a bus, for the records of asynchronous invocations.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from eventsim.backends import Backend
from eventsim.ids import Chance
from eventsim.sources._refusing import RefusalCode, refuse_to_refuse
from eventsim.types import Bus

ARN_SERVICE = "events"  # what EventBridge is called in ARNs


class Resource(BaseModel):
    """A bus in a scenario: ``audit: {type: eventbridge}``.

    ``refuse: AccessDeniedException`` lets a simulated bus refuse every event with that code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["eventbridge"] = "eventbridge"
    refuse: RefusalCode | None = None


async def open_bus(name: str, resource: Resource, backend: Backend, chance: Chance) -> Bus:
    """The bus *name* on *backend*, made if it is not there.

    A bus that is made is deleted when the back end closes. Raises BackendError, ServiceError or
    Unreachable when the back end cannot give it.
    """
    if backend.name == "simulated":
        from eventsim.services.buses import EventBus

        return EventBus(
            name,
            region=backend.region,
            account=backend.account,
            clock=backend.clock,
            chance=chance,
            refuse=resource.refuse,
        )
    refuse_to_refuse(f"bus {name}", resource.refuse, backend)
    from eventsim.sources._eventbridge_client import open_client_bus

    return await open_client_bus(name, backend)
