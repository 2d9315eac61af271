"""
What the API answers when it refuses a request about an event source mapping.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from eventsim.rules.roles import Need
from eventsim.types import EventSourceMapping, MappingKind

INVALID = "InvalidParameterValueException"  # the service's own rules
NOT_VALID = "ValidationException"  # the ranges and enumerations of the API's model

_STATUS = {"ResourceNotFoundException": 404, "ResourceConflictException": 409}


class Refusal(NamedTuple):
    """What the API refuses: the setting in AWS's spelling, the error code, AWS's text.

    ``path`` leads to the value inside the setting; ``reason`` is what we know besides.
    """

    field: str
    code: str
    message: str
    path: tuple[str | int, ...] = ()
    reason: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of the error."""
        return _STATUS.get(self.code, 400)

    @property
    def text(self) -> str:
        """Code, AWS's text, and our reason in brackets."""
        added = f" ({self.reason})" if self.reason else ""
        return f"{self.code}: {self.message}{added}"


def conflict(
    mapping: EventSourceMapping, others: Iterable[EventSourceMapping], kind: MappingKind
) -> Refusal | None:
    """The refusal of a second mapping between one source and one function with its qualifier.

    ``f``, ``f:alias`` and ``f:1`` are three functions here, as they are to AWS.
    """
    key = mapping.event_source_arn, mapping.function_name
    for other in others:
        if (other.event_source_arn, other.function_name) == key:
            return already_exists(*key, other.uuid or other.name, kind)
    return None


def already_exists(arn: str, function: str, existing: str, kind: MappingKind) -> Refusal:
    """The refusal of a second mapping between one source and one function."""
    if kind.is_queue:
        message = (
            f'An event source mapping with {kind.event} arn (" {arn} ") and function '
            f'(" {function} ") already exists.'
        )
    else:
        message = (
            f'The event source arn (" {arn} ") and function (" {function} ") provided mapping '
            "already exists."
        )
    message += f" Please update or delete the existing mapping with UUID {existing}"
    return Refusal("EventSourceArn", "ResourceConflictException", message)


def source_missing(arn: str, kind: MappingKind) -> Refusal:
    """The refusal of a stream or queue that is not there."""
    message = f"Stream not found: {arn}"
    if kind.is_queue:
        message = (
            "Error occurred while ReceiveMessage. SQS Error Code: "
            "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue "
            "does not exist."
        )
    return Refusal("EventSourceArn", INVALID, message)


def function_missing() -> Refusal:
    """The refusal of a function that is not there; AWS gives no 404 for it."""
    return Refusal("FunctionName", INVALID, "Function does not exist")


def role_denied(arn: str, text: str, need: Need) -> Refusal:
    """The refusal of a source that the execution role may not read, in the source's *text*."""
    action = need.actions[0].partition(":")[2]
    message = text.format(arn=arn, action=action)
    reason = f"the role may not {' or '.join(need.actions)} on {need.resource}"
    return Refusal("EventSourceArn", INVALID, message, reason=reason)


def mapping_missing() -> Refusal:
    """The refusal to get, update or delete a mapping that is not there."""
    message = "The resource you requested does not exist."
    return Refusal("UUID", "ResourceNotFoundException", message)


def unsupported(name: str, kind: MappingKind) -> Refusal:
    """The refusal of a setting that other sources have and this one does not."""
    if name == "StartingPosition":
        message = f"StartingPosition is not valid for {kind.event} event sources."
    else:
        message = f"Unsupported {name} parameter for given event source mapping type."
    return Refusal(name, INVALID, message)


def on_success(kind: MappingKind) -> Refusal:
    """The refusal of DestinationConfig.OnSuccess, which only asynchronous invocation has."""
    if "DestinationConfig" not in kind.settings:
        return unsupported("DestinationConfig", kind)
    message = "OnSuccess configuration is not supported for event source mappings."
    return Refusal("DestinationConfig", INVALID, message, ("OnSuccess",))
