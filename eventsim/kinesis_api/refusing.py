"""
What the Kinesis API answers when it refuses, in AWS's codes and texts.

https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.errors import EventsimError, InvokeError, ServiceError
from eventsim.server.json_members import refusal


def invalid(text: str) -> InvokeError:
    """A parameter that the service does not take."""
    return refusal("InvalidArgumentException", text)


def in_use(text: str) -> InvokeError:
    """What cannot be done to what is there."""
    return refusal("ResourceInUseException", text)


def missing(text: str) -> InvokeError:
    """What is not there."""
    return refusal("ResourceNotFoundException", text)


def over_limit(text: str) -> InvokeError:
    """More than there can be."""
    return refusal("LimitExceededException", text)


def unacceptable(text: str) -> InvokeError:
    """A request that is not valid as a whole."""
    return refusal("ValidationException", text)


def absent(path: str) -> InvokeError:
    """A member that has to be there."""
    text = f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    return unacceptable(f"1 validation error detected: {text}")


def check_simulated(given: Mapping[str, Any], *members: str) -> None:
    """Raises InvokeError for members of AWS's that are not simulated, and therefore not taken."""
    for member in members:
        if given.get(member):
            raise invalid(f"{member} is not there in eventsim; leave it out")


def translated(error: EventsimError) -> InvokeError:
    """What the rest of eventsim raises, as an error of the API."""
    match error:
        case InvokeError():
            return error
        case ServiceError():
            return refusal(error.code, error.message)
    return refusal("InternalFailure", str(error), 500)
