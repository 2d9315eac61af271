"""
How much fits into the Invoke API, and what it says to more.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from eventsim.errors import InvalidRequestContent, InvokeError, RequestEntityTooLarge
from eventsim.rules.profiles import TODAY, Profile
from eventsim.types import InvocationType

SYNC_REQUEST_BYTES_MAX = 6 * 1024 * 1024
RESPONSE_BYTES_MAX = 6 * 1024 * 1024 + 100
CLIENT_CONTEXT_BYTES_MAX = 3_583
LOG_TAIL_BYTES_MAX = 4 * 1024
INIT_SECONDS_MAX = 10.0
PROVISIONED_INIT_SECONDS = (130.0, 900.0)
PACKAGE_BYTES_MAX = 50 * 1024 * 1024
UNZIPPED_BYTES_MAX = 250 * 1024 * 1024
ENVIRONMENT_BYTES_MAX = 4 * 1024


def init_seconds_max(provisioned: bool, timeout: float) -> float:
    """How long the first phase of an initialisation may take, under a Timeout of *timeout*.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    if not provisioned:
        return INIT_SECONDS_MAX
    least, most = PROVISIONED_INIT_SECONDS
    return min(max(least, timeout), most)


def too_large(
    invocation_type: InvocationType, payload_bytes: int, profile: Profile = TODAY
) -> InvokeError | None:
    """The error for a request payload of this size, or None if it fits."""
    if invocation_type == "Event":
        if payload_bytes > profile.async_request_bytes_max:
            return RequestEntityTooLarge(
                f"{payload_bytes} byte payload is too large for the Event invocation type "
                f"(limit {profile.async_request_bytes_max} bytes)",
                Type="User",
            )
    elif payload_bytes > SYNC_REQUEST_BYTES_MAX:
        return RequestEntityTooLarge(
            f"Request must be smaller than {SYNC_REQUEST_BYTES_MAX} bytes "
            "for the InvokeFunction operation",
            Type="User",
        )
    return None


def not_json(error: ValueError) -> InvalidRequestContent:
    """The error for a request payload that is not JSON."""
    return InvalidRequestContent(
        "Could not parse request body into json: Could not parse payload into json: "
        f"{error}\n at [Source: REDACTED]",
        Type="User",
    )
