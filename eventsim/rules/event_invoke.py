"""
Which configuration of asynchronous invocation Lambda refuses, with its own codes and texts.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html

Pure. A FIFO queue or topic is accepted, as on AWS, and refuses what is sent to it later. Nobody
has recorded what Lambda says to a bucket as OnSuccess, or to a dead-letter queue that is neither
a queue nor a topic: the text is that of another service's ARN, and our reason follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eventsim.rules.arns import service_of
from eventsim.rules.function_names import LATEST
from eventsim.rules.mapping_errors import INVALID, NOT_VALID, Refusal
from eventsim.types import EventInvokeConfig, Function

RETRY_ATTEMPTS = (0, 2)
EVENT_AGE_SECONDS = (60, 21_600)
ON_SUCCESS_SERVICES = ("sqs", "sns", "lambda", "events")
ON_FAILURE_SERVICES = (*ON_SUCCESS_SERVICES, "s3")
DEAD_LETTER_SERVICES = ("sqs", "sns")

Exists = Callable[[str], bool]
_RANGE = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member {}"
_NOTHING = "You must specify at least one of error handling or destination setting."
_ITSELF = "You can't specify the function as a destination for itself."


def config_of(function: Function, function_arn: str) -> EventInvokeConfig:
    """The configuration that counts for who is invoked by *function_arn*, else the defaults."""
    qualifier = function_arn.split(":")[7:] or [LATEST]
    for config in (*function.further_event_invokes, function.event_invoke):
        if qualifier[0] == config.qualifier:
            return config
    return _DEFAULTS


def nothing() -> Refusal:
    """The refusal of a configuration without any setting."""
    return Refusal("EventInvokeConfig", INVALID, _NOTHING)


def refusals(config: EventInvokeConfig, function_arn: str, exists: Exists) -> Iterator[Refusal]:
    """Everything that PutFunctionEventInvokeConfig refuses in *config*.

    *exists* says whether there is a function of an ARN.
    """
    attempts, age = config.maximum_retry_attempts, config.maximum_event_age_in_seconds
    yield from _range("MaximumRetryAttempts", attempts, *RETRY_ATTEMPTS)
    yield from _range("MaximumEventAgeInSeconds", age, *EVENT_AGE_SECONDS)
    for key, arn, services in (
        ("OnSuccess", config.on_success, ON_SUCCESS_SERVICES),
        ("OnFailure", config.on_failure, ON_FAILURE_SERVICES),
    ):
        if arn is None:
            continue
        path = key, "Destination"
        if service_of(arn) not in services:
            reason = f"{key} is one of {', '.join(services)}"
            yield Refusal("DestinationConfig", INVALID, _not_valid(key, arn), path, reason)
        elif service_of(arn) == "lambda":
            yield from _function(arn, function_arn, path, exists)


def dead_letter_refusals(arn: str | None) -> Iterator[Refusal]:
    """What is wrong with a dead-letter queue."""
    if arn is not None and service_of(arn) not in DEAD_LETTER_SERVICES:
        reason = "a dead-letter queue is an SQS queue or an SNS topic"
        message = f"The provided dead letter target {arn} is invalid."
        yield Refusal("DeadLetterQueue", INVALID, message, ("TargetArn",), reason)


def _function(
    arn: str, function_arn: str, path: tuple[str, str], exists: Exists
) -> Iterator[Refusal]:
    if arn.split(":")[:7] == function_arn.split(":")[:7]:
        yield Refusal("DestinationConfig", INVALID, _ITSELF, path)
    elif not exists(arn):
        message = f"The destination ARN {arn} is invalid."
        yield Refusal("DestinationConfig", INVALID, message, path)


def _range(name: str, value: int, least: int, most: int) -> Iterator[Refusal]:
    if least <= value <= most:
        return
    bound = (
        f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
    )
    member = name[0].lower() + name[1:]
    message = _RANGE.format(value, member, f"must have value {bound}")
    yield Refusal(name, NOT_VALID, message)


def _not_valid(key: str, arn: str) -> str:
    given = f"{key}(destination={arn})"
    success, failure = (given, "null") if key == "OnSuccess" else ("null", given)
    config = f"DestinationConfig(onSuccess={success}, onFailure={failure})"
    return f"The provided destination config {config} is invalid."


_DEFAULTS = EventInvokeConfig()
