"""
The states of an event source mapping, and which of them follow what is asked of it.

Pure: a request answers at once with the first state of the list; the others follow on their
own. Meanwhile the mapping is in transition, and further requests are refused.

https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
"""

from __future__ import annotations

from typing import Literal

from eventsim.rules.mapping_errors import Refusal
from eventsim.types import MappingKind

State = Literal["Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating", "Deleting"]
SETTLED: tuple[State, ...] = ("Enabled", "Disabled")

NOTHING_PROCESSED = "No records processed"
PROCESSED = "OK"
CALL_FAILED = "PROBLEM: Function call failed"


def created(kind: MappingKind, enabled: bool) -> tuple[State, ...]:
    """The states after CreateEventSourceMapping; a queue's is Disabled at once if it is to be."""
    if enabled:
        return "Creating", "Enabled"
    return ("Disabled",) if kind.is_queue else ("Creating", "Disabled")


def updated(current: State, enabled: bool | None = None) -> tuple[State, ...] | Refusal:
    """The states after UpdateEventSourceMapping; *enabled* is None where it stays as it is."""
    if current not in SETTLED:
        return in_use("update")
    if enabled is None or enabled == (current == "Enabled"):
        return "Updating", current
    return ("Enabling", "Enabled") if enabled else ("Disabling", "Disabled")


def deleted(current: State) -> tuple[State, ...] | Refusal:
    """The states after DeleteEventSourceMapping; behind the last the mapping is gone."""
    return ("Deleting",) if current in SETTLED else in_use("delete")


def in_use(verb: Literal["update", "delete"]) -> Refusal:
    """The refusal of what is asked of a mapping in transition."""
    message = f"Cannot {verb} the event source mapping because it is in use."
    return Refusal("UUID", "ResourceInUseException", message)


def transition_reason(kind: MappingKind) -> str:
    """StateTransitionReason after something that a user asked for."""
    return "USER_INITIATED" if kind.is_queue else "User action"


def last_processing_result(kind: MappingKind, succeeded: bool | None = None) -> str | None:
    """LastProcessingResult after an invocation, None before the first; a queue has none at all.

    A batch that is discarded, or expires before it was sent, leaves it as it was.
    """
    if kind.is_queue:
        return None
    if succeeded is None:
        return NOTHING_PROCESSED
    return PROCESSED if succeeded else CALL_FAILED
