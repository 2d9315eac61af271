"""
EventBridge, which was CloudWatch Events: buses, the events on them, and the rules about these.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
"""

from __future__ import annotations

from typing import Any

from eventsim.backends import Backend
from eventsim.errors import BackendError, InvokeError
from eventsim.ids import Chance
from eventsim.rules.bus_rules import FINAL, Rule
from eventsim.sources._eventbridge_events import (
    alarm_state_change,
    custom,
    ec2_state_change,
    scheduled,
    trusted_advisor,
)
from eventsim.sources._eventbridge_rules import (
    CloudWatchEvent,
    EventBridgeRule,
    Resource,
    Schedule,
)
from eventsim.sources._eventbridge_taking import taken
from eventsim.sources._refusing import refuse_to_refuse
from eventsim.types import Bus, InvocationType, Scene

__all__ = [
    "Resource",
    "alarm_state_change",
    "custom",
    "ec2_state_change",
    "scheduled",
    "taken",
    "trusted_advisor",
]

ARN_SERVICE = "events"  # what EventBridge is called in ARNs
INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "events.amazonaws.com"
EVENTS = (custom, scheduled, ec2_state_change, trusted_advisor, alarm_state_change)
SAM_EVENTS = {
    "EventBridgeRule": EventBridgeRule,
    "CloudWatchEvent": CloudWatchEvent,
    "Schedule": Schedule,
}
# What a resource sends to: resources, or functions.
SENDS_TO = (("rules", "*", "Targets", "Arn"),)
REFERENCES = {("rules", "*", "Targets", "DeadLetterConfig", "Arn"): "open_queue"}


def retried(error: InvokeError) -> bool:
    """Whether another attempt may help."""
    return error.code not in FINAL


def fired(scene: Scene, rule: Rule) -> dict[str, Any]:
    """The event that a rule's schedule makes."""
    return scheduled(scene, rule=rule.name)


async def find_bus(name: str, backend: Backend) -> Bus:
    """The bus of that name or ARN as it is on a back end that has an API.

    Raises ServiceError when it is not there, BackendError, Unreachable.
    """
    from eventsim.sources._eventbridge_client import find_client_bus

    return await find_client_bus(name, backend)


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
    if resource.rules or resource.archives:
        text = f"bus {name} has rules or archives, which only the simulated back end serves"
        raise BackendError(text)
    from eventsim.sources._eventbridge_client import open_client_bus

    return await open_client_bus(name, backend)
