"""
Which settings of an event source mapping Lambda refuses, with its own codes and texts.

Pure. The API checks the ranges and enumerations of its model first (ValidationException) and
the service its own rules after that (InvalidParameterValueException); here all of them are
told at once. A client such as botocore refuses a number below its minimum on its own, before
it asks; the text here is the service's.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from eventsim.types import EventSourceMapping

RANGES = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "MaximumRetryAttempts": (-1, 10_000),
}
STARTING_POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")

_DETECTED = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: Member {}"


class Refusal(NamedTuple):
    """One setting that the API refuses: its field in AWS's spelling, the error, the text."""

    field: str
    code: str
    message: str


def refusals(mapping: EventSourceMapping, now: float) -> list[Refusal]:
    """Everything that CreateEventSourceMapping refuses in *mapping*; *now* in epoch seconds."""
    numbers = {
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.maximum_batching_window_in_seconds,
        "MaximumRetryAttempts": mapping.maximum_retry_attempts,
    }
    ranges = (_out_of_range(field, value) for field, value in numbers.items())
    return [refusal for refusal in ranges if refusal] + list(_starting_position(mapping, now))


def already_exists(arn: str, function: str, existing: str) -> Refusal:
    """The refusal of a second mapping between one source and one function."""
    return Refusal(
        "EventSourceArn",
        "ResourceConflictException",
        f'The event source arn (" {arn} ") and function (" {function} ") provided mapping already '
        f"exists. Please update or delete the existing mapping with UUID {existing}",
    )


def _out_of_range(field: str, value: int) -> Refusal | None:
    least, most = RANGES[field]
    if value < least:
        constraint = f"must have value greater than or equal to {least}"
    elif value > most:
        constraint = f"must have value less than or equal to {most}"
    else:
        return None
    return _not_valid(field, f"'{value}'", constraint)


def _starting_position(mapping: EventSourceMapping, now: float) -> Iterator[Refusal]:
    position: str | None = mapping.starting_position
    timestamp = mapping.starting_position_timestamp
    if position is None:
        refusal = _not_valid("StartingPosition", "null", "must not be null.")
        yield refusal._replace(code="InvalidParameterValueException")
    elif position not in STARTING_POSITIONS:
        constraint = f"must satisfy enum value set: [{', '.join(STARTING_POSITIONS)}]"
        yield _not_valid("StartingPosition", f"'{position}'", constraint)
    elif position != "AT_TIMESTAMP" and timestamp is not None:
        yield _timestamp("Timestamp only valid with StartingPosition AT_TIMESTAMP")
    elif position == "AT_TIMESTAMP" and timestamp is None:
        yield _timestamp("Need to specify a timestamp")
    elif timestamp is not None and timestamp > now:
        yield _timestamp(
            "Received Exception while reading from provided stream. The timestampInMillis "
            "parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
            f"{round(timestamp * 1000)}, currentTimestampInMillis: {round(now * 1000)}"
        )


def _not_valid(field: str, value: str, constraint: str) -> Refusal:
    member = field[0].lower() + field[1:]
    return Refusal(field, "ValidationException", _DETECTED.format(value, member, constraint))


def _timestamp(message: str) -> Refusal:
    return Refusal("StartingPositionTimestamp", "InvalidParameterValueException", message)
