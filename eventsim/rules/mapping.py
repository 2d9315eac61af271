"""
Which settings of an event source mapping Lambda refuses, with its own codes and texts.

Pure. The API checks the ranges and enumerations of its model first (ValidationException) and
the service its own rules after that (InvalidParameterValueException) and tells one of them;
here all are told at once, each as AWS tells it when it is alone. A client such as botocore
refuses a number below its minimum on its own, before it asks; the text here is the service's.

Where nobody has recorded AWS's text, the message is in our words under the code that AWS
would use: tumbling windows together with lanes or filters, more filters than the quota, a
setting that cannot be changed. What a source does not take is told in the form that AWS is
known to use for ScalingConfig, DestinationConfig and ParallelizationFactor. A refusal's
``message`` is AWS's alone; what we can add is its ``reason``.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eventsim.errors import MappingRefused
from eventsim.rules.filtering import fault
from eventsim.rules.mapping_defaults import DEFAULTS
from eventsim.rules.mapping_errors import INVALID, NOT_VALID, Refusal, unsupported
from eventsim.rules.mapping_settings import (
    DESTINATION_SERVICES,
    FIFO_BATCH_SIZE_MAX,
    FILTERS_MAX,
    RECORD_AGE_SECONDS_MIN,
    RESPONSE_TYPES,
    SETTINGS,
    STARTING_POSITIONS,
    Setting,
)
from eventsim.rules.patterns import CHARACTERS_MAX
from eventsim.types import EventSourceMapping, MappingKind

PatternFault = Callable[[str], str | None]

_DETECTED = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: Member {}"
_DESTINATION = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)


def check(
    mapping: EventSourceMapping,
    kind: MappingKind,
    now: float,
    *,
    function_timeout: float | None = None,
    visibility_timeout: float | None = None,
    pattern_fault: PatternFault = fault,
) -> None:
    """Raise MappingRefused for the first of the ``refusals`` of these arguments, if any."""
    _raise(
        refusals(
            mapping,
            kind,
            now,
            function_timeout=function_timeout,
            visibility_timeout=visibility_timeout,
            pattern_fault=pattern_fault,
        )
    )


def check_update(
    before: EventSourceMapping,
    after: EventSourceMapping,
    kind: MappingKind,
    *,
    pattern_fault: PatternFault = fault,
) -> None:
    """Raise MappingRefused for the first of the ``update_refusals`` of these arguments, if any."""
    _raise(update_refusals(before, after, kind, pattern_fault=pattern_fault))


def _raise(found: list[Refusal]) -> None:
    for refusal in found:
        raise MappingRefused(refusal.code, refusal.message, refusal.field, refusal.reason)


def refusals(
    mapping: EventSourceMapping,
    kind: MappingKind,
    now: float,
    *,
    function_timeout: float | None = None,
    visibility_timeout: float | None = None,
    pattern_fault: PatternFault = fault,
) -> list[Refusal]:
    """Everything that CreateEventSourceMapping refuses in *mapping*; *now* in epoch seconds.

    The timeouts of the function and of the queue are in seconds, None where not known.
    *pattern_fault* says what is wrong with a filter pattern, as ``filtering.fault`` does for the
    source's body. A field that has its default
    counts as not given, so a queue's mapping may have TRIM_HORIZON or None.
    """
    found = list(_settings(mapping, kind, pattern_fault))
    found += _starting_position(mapping, kind, now)
    if not mapping.event_source_arn:
        found.append(Refusal("EventSourceArn", INVALID, "Unrecognized event source."))
    return found + list(_visibility(kind, visibility_timeout, function_timeout))


def update_refusals(
    before: EventSourceMapping,
    after: EventSourceMapping,
    kind: MappingKind,
    *,
    function_timeout: float | None = None,
    visibility_timeout: float | None = None,
    pattern_fault: PatternFault = fault,
) -> list[Refusal]:
    """Everything that UpdateEventSourceMapping refuses in making *before* into *after*.

    The source and where reading starts are fixed: the API has no parameter for them. The
    queue's visibility timeout is looked at only when the function changes.
    """
    fixed = [("EventSourceArn", "event_source_arn"), ("UUID", "uuid")]
    fixed += [(setting.name, setting.field) for setting in SETTINGS.values() if setting.fixed]
    found = [
        Refusal(name, INVALID, f"{name} cannot be changed after the mapping was created")
        for name, field in fixed
        if getattr(before, field) != getattr(after, field)
    ]
    found += _settings(after, kind, pattern_fault)
    if before.function_name != after.function_name:
        found += _visibility(kind, visibility_timeout, function_timeout)
    return found


def _settings(
    mapping: EventSourceMapping, kind: MappingKind, pattern_fault: PatternFault
) -> Iterator[Refusal]:
    for setting in SETTINGS.values():
        value = getattr(mapping, setting.field)
        if setting.name not in kind.settings:
            if value not in (None, DEFAULTS[setting.field]):
                yield unsupported(setting.name, kind)
        elif setting.least is not None and value is not None:
            yield from _range(setting, value)
    yield from _record_age(mapping)
    yield from _filters(mapping, pattern_fault)
    yield from _response_types(mapping)
    yield from _destination(mapping)
    yield from _tumbling_window(mapping)
    if kind.is_queue:
        yield from _queue_batch(mapping)


def _range(setting: Setting, value: int) -> Iterator[Refusal]:
    if setting.least is not None and value < setting.least:
        constraint = f"must have value greater than or equal to {setting.least}"
    elif setting.most is not None and value > setting.most:
        constraint = f"must have value less than or equal to {setting.most}"
    else:
        return
    message = _DETECTED.format(f"'{value}'", setting.member, constraint)
    yield Refusal(setting.name, NOT_VALID, message, setting.inside)


def _starting_position(
    mapping: EventSourceMapping, kind: MappingKind, now: float
) -> Iterator[Refusal]:
    position: str | None = mapping.starting_position
    timestamp = mapping.starting_position_timestamp
    if kind.is_queue:
        return
    if position is None:
        message = _DETECTED.format("null", "startingPosition", "must not be null.")
        yield Refusal("StartingPosition", INVALID, message)
    elif position not in STARTING_POSITIONS:
        constraint = f"must satisfy enum value set: [{', '.join(STARTING_POSITIONS)}]"
        message = _DETECTED.format(f"'{position}'", "startingPosition", constraint)
        yield Refusal("StartingPosition", NOT_VALID, message)
    elif position not in kind.starting_positions:
        message = f"Unsupported starting position for arn type: {mapping.event_source_arn}"
        yield Refusal("StartingPosition", INVALID, message)
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


def _timestamp(message: str) -> Refusal:
    return Refusal("StartingPositionTimestamp", INVALID, message)


def _record_age(mapping: EventSourceMapping) -> Iterator[Refusal]:
    if 0 <= mapping.maximum_record_age_in_seconds < RECORD_AGE_SECONDS_MIN:
        most = SETTINGS["MaximumRecordAgeInSeconds"].most
        message = (
            "MaximumRecordAgeInSeconds must be either -1 (forever) or between "
            f"{RECORD_AGE_SECONDS_MIN} and {most} (inclusive)"
        )
        yield Refusal("MaximumRecordAgeInSeconds", INVALID, message)


def _filters(mapping: EventSourceMapping, pattern_fault: PatternFault) -> Iterator[Refusal]:
    if len(mapping.filters) > FILTERS_MAX:
        message = f"FilterCriteria has {len(mapping.filters)} filters, over {FILTERS_MAX}"
        yield Refusal("FilterCriteria", INVALID, message, ("Filters",))
    for index, pattern in enumerate(mapping.filters):
        path = "Filters", index, "Pattern"
        if len(pattern) > CHARACTERS_MAX:
            member = f"filterCriteria.filters.{index + 1}.member.pattern"
            constraint = f"must have length less than or equal to {CHARACTERS_MAX}"
            message = _DETECTED.format(f"'{pattern}'", member, constraint)
            yield Refusal("FilterCriteria", NOT_VALID, message, path)
        elif reason := pattern_fault(pattern):
            message = "Invalid filter pattern definition."
            yield Refusal("FilterCriteria", INVALID, message, path, reason)


def _response_types(mapping: EventSourceMapping) -> Iterator[Refusal]:
    types = mapping.function_response_types
    if any(name not in RESPONSE_TYPES for name in types):
        constraint = (
            "must satisfy constraint: [Member must satisfy enum value set: "
            f"[{', '.join(RESPONSE_TYPES)}], Member must not be null]"
        )
    elif len(types) > len(RESPONSE_TYPES):
        constraint = f"must have length less than or equal to {len(RESPONSE_TYPES)}"
    else:
        return
    message = _DETECTED.format(f"'[{', '.join(types)}]'", "functionResponseTypes", constraint)
    yield Refusal("FunctionResponseTypes", NOT_VALID, message)


def _destination(mapping: EventSourceMapping) -> Iterator[Refusal]:
    """A destination is an ARN of a queue, a topic or a bucket, and not a FIFO one."""
    arn = mapping.on_failure
    path = "OnFailure", "Destination"
    if not arn:
        return
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        constraint = f"must satisfy regular expression pattern: {_DESTINATION}"
        member = "destinationConfig.onFailure.destination"
        message = _DETECTED.format(f"'{arn}'", member, constraint)
        yield Refusal("DestinationConfig", NOT_VALID, message, path)
        return
    if parts[2] not in DESTINATION_SERVICES:
        reason = "a destination is an SQS queue, an SNS topic or an S3 bucket"
    elif parts[2] != "s3" and arn.endswith(".fifo"):
        reason = "a FIFO queue or topic is no destination of an event source mapping"
    else:
        return
    message = f"The destination ARN {arn} is invalid."
    yield Refusal("DestinationConfig", INVALID, message, path, reason)


def _tumbling_window(mapping: EventSourceMapping) -> Iterator[Refusal]:
    if mapping.tumbling_window_in_seconds <= 0:
        return
    if mapping.parallelization_factor > 1:
        message = "ParallelizationFactor must be 1 where there is a tumbling window"
        yield Refusal("ParallelizationFactor", INVALID, message)
    if mapping.filters:
        message = "FilterCriteria must be empty where there is a tumbling window"
        yield Refusal("FilterCriteria", INVALID, message)


def _queue_batch(mapping: EventSourceMapping) -> Iterator[Refusal]:
    """A FIFO queue is told its own limits only: the advice to add a window would mislead."""
    size, window = mapping.batch_size, mapping.maximum_batching_window_in_seconds
    if mapping.event_source_arn.endswith(".fifo"):
        if window > 0:
            message = "Batching window is not supported for FIFO queues"
            yield Refusal("MaximumBatchingWindowInSeconds", INVALID, message)
        if size > FIFO_BATCH_SIZE_MAX:
            message = f"Batch size must not exceed {FIFO_BATCH_SIZE_MAX} for FIFO queues"
            yield Refusal("BatchSize", INVALID, message)
    elif size > FIFO_BATCH_SIZE_MAX and window == 0:
        message = (
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            f"greater than {FIFO_BATCH_SIZE_MAX}"
        )
        yield Refusal("BatchSize", INVALID, message)


def _visibility(
    kind: MappingKind, visibility_timeout: float | None, function_timeout: float | None
) -> Iterator[Refusal]:
    if not kind.is_queue or visibility_timeout is None or function_timeout is None:
        return
    if visibility_timeout < function_timeout:
        message = (
            f"Queue visibility timeout: {visibility_timeout:g} seconds is less than Function "
            f"timeout: {function_timeout:g} seconds"
        )
        yield Refusal("EventSourceArn", INVALID, message)
