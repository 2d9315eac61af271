"""
What the Lambda API answers when it refuses, in AWS's codes and texts.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from eventsim.errors import (
    InvalidParameterValue,
    InvokeError,
    MappingRefused,
    PermissionRefused,
    ResourceNotFound,
    ServiceError,
    Unreachable,
    UnsafeEndpoint,
)
from eventsim.rules.mapping_errors import Refusal
from eventsim.server.rest_json import refusal

T = TypeVar("T")

STATUS = {
    "ResourceNotFoundException": 404,
    "ResourceConflictException": 409,
    "ResourceInUseException": 400,
    "PreconditionFailedException": 412,
}


def invalid(text: str) -> InvalidParameterValue:
    """A parameter that the service does not take."""
    return InvalidParameterValue(text, Type="User")


def conflict(text: str) -> InvokeError:
    """What cannot be done to what is there."""
    return refusal("ResourceConflictException", text, 409, Type="User")


def missing(text: str) -> ResourceNotFound:
    """What is not there."""
    return ResourceNotFound(text, Type="User")


def not_here(what: str) -> InvokeError:
    """A setting of AWS's that is not simulated, and therefore not taken."""
    return invalid(f"{what} is not there in eventsim; leave it out")


def check_revision(given: Mapping[str, Any], revision: str) -> None:
    """Raises PreconditionFailedException for a RevisionId that is no longer the latest."""
    if given.get("RevisionId") not in (None, revision):
        raise refusal(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id",
            412,
            Type="User",
        )


def of_refusal(found: Refusal) -> InvokeError:
    """A refusal of the rules as an error of the API."""
    return coded(found.code, found.message)


def coded(code: str, message: str, status: int | None = None) -> InvokeError:
    """The error of a code; validation errors have no Type."""
    told = {} if code == "ValidationException" else {"Type": "User"}
    return refusal(code, message, STATUS.get(code, status or 400), **told)


def translated(error: Exception) -> InvokeError:
    """What the rest of eventsim raises, as an error of the API."""
    match error:
        case InvokeError():
            return error
        case PermissionRefused():
            return coded(error.code, error.message, error.status)
        case MappingRefused():
            return coded(error.code, error.message)
        case ServiceError():
            return invalid(error.message)
        case UnsafeEndpoint():
            return invalid(str(error))
        case Unreachable():
            return refusal("ServiceException", f"a service gave no answer: {error}", 500)
    return refusal("ServiceException", str(error), 500)


class Pages:
    """Cuts lists into pages; a marker is where the next one begins, by the key of an item."""

    def __init__(self, given: Mapping[str, Any], most: int = 50) -> None:
        self._after = given.get("Marker") or ""
        self._size = min(given.get("MaxItems") or most, most)

    def cut(self, items: list[T], key: Callable[[T], str]) -> tuple[list[T], str | None]:
        """The page, and the marker of the next one. Raises InvalidParameterValue."""
        start = 0
        if self._after:
            keys = [key(item) for item in items]
            if self._after not in keys:
                raise invalid("Invalid value for Marker")
            start = keys.index(self._after)
        page = items[start : start + self._size]
        rest = items[start + self._size :]
        return page, key(rest[0]) if rest else None
