"""
What Lambda refuses about a function's configuration, in its own words.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from eventsim.rules.limits import ENVIRONMENT_BYTES_MAX, PACKAGE_BYTES_MAX, UNZIPPED_BYTES_MAX
from eventsim.rules.mapping_errors import INVALID, NOT_VALID, Refusal
from eventsim.rules.profiles import Profile

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_NOT_CONFIGURED = (
    "Lambda was unable to configure your environment variables because the environment "
    "variables you have provided"
)


def environment_refusals(variables: Mapping[str, str]) -> Iterator[Refusal]:
    """Names that are Lambda's own, and more than 4 KB of variables as compact JSON."""
    reserved = [name for name in variables if name in RESERVED_VARIABLES]
    if reserved:
        text = (
            f"{_NOT_CONFIGURED} contains reserved keys that are currently not supported for "
            f"modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
        yield Refusal("Environment", INVALID, text, ("Variables", reserved[0]))
    measured = orjson.dumps(dict(variables))
    if len(measured) > ENVIRONMENT_BYTES_MAX:
        text = f"{_NOT_CONFIGURED} exceeded the 4KB limit. String measured: {measured.decode()}"
        yield Refusal("Environment", INVALID, text, ("Variables",))


def profile_refusals(
    memory_size: int | None, timeout: int | None, profile: Profile
) -> list[Refusal]:
    """Memory in MB and a Timeout in seconds that were more than could be had at the time."""
    found = []
    limits = (
        ("MemorySize", "memorySize", memory_size, profile.memory_size_max),
        ("Timeout", "timeout", timeout, profile.timeout_max),
    )
    for field, member, value, most in limits:
        if value is not None and value > most:
            text = (
                f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
                f"constraint: Member must have value less than or equal to {most}"
            )
            found.append(Refusal(field, NOT_VALID, text, reason=f"profile {profile.name}"))
    return found


def package_refusal(zipped_bytes: int = 0, unzipped_bytes: int = 0) -> Refusal | None:
    """Why a deployment package is too large, zipped or not, or None if it is not."""
    text = None
    if zipped_bytes > PACKAGE_BYTES_MAX:
        text = f"Zipped size must be smaller than {PACKAGE_BYTES_MAX} bytes"
    elif unzipped_bytes > UNZIPPED_BYTES_MAX:
        text = f"Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes"
    return None if text is None else Refusal("CodeUri", INVALID, text)
