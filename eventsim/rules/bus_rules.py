"""
Rules of an event bus: which events they match, what their targets are given, and how often.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html

Where AWS is silent: the wait between attempts begins at a second and doubles up to eight minutes,
so that the 185 attempts of the default policy take about its 24 hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from eventsim.rules.arns import arn
from eventsim.rules.patterns import Pattern
from eventsim.rules.scheduler import Timer
from eventsim.rules.target_inputs import UNCHANGED, TargetInput

DEFAULT_BUS = "default"
EVENT_AGE_MAX = 86_400
ATTEMPTS_MAX = 185
WAIT_FIRST, WAIT_MAX = 1.0, 480.0
# What another attempt cannot mend, and goes to the dead-letter queue at once.
FINAL = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AWS.SimpleQueueService.NonExistentQueue",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "NotFound",
    "QueueDoesNotExist",
    "RequestEntityTooLargeException",
    "RequestTooLargeException",
    "ResourceNotFoundException",
    "ValidationException",
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How old an event may become, in seconds, and how often it is tried again."""

    maximum_event_age_in_seconds: int = EVENT_AGE_MAX
    maximum_retry_attempts: int = ATTEMPTS_MAX

    def waits(self) -> Iterator[float]:
        """The seconds before each further attempt, until one of the two is used up."""
        wait, age = WAIT_FIRST, 0.0
        for _ in range(self.maximum_retry_attempts):
            age += wait
            if age > self.maximum_event_age_in_seconds:
                return
            yield wait
            wait = min(wait * 2, WAIT_MAX)

    def exhausted(self, retries: int) -> str:
        """Which of the two is used up after so many."""
        attempts = retries >= self.maximum_retry_attempts
        return "MaximumRetryAttempts" if attempts else "MaximumEventAgeInSeconds"


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told, by ARN. ``dead_letter`` is the ARN of a queue."""

    id: str
    arn: str
    input: TargetInput = UNCHANGED
    retry_policy: RetryPolicy = RetryPolicy()
    dead_letter: str | None = None
    message_group_id: str | None = None
    partition_key_path: tuple[str | int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the bus of that name, or a schedule, by the service that it is of.

    Without a pattern it matches nothing: its schedule makes its events.
    """

    name: str
    arn: str
    targets: tuple[Target, ...] = ()
    bus: str = DEFAULT_BUS
    pattern: Pattern | None = None
    timer: Timer | None = None
    group: str = DEFAULT_BUS
    enabled: bool = True

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the targets are to be told of *event*."""
        return self.enabled and self.pattern is not None and self.pattern.matches(event)


class Naming(NamedTuple):
    """Where a rule is made: what its ARNs are of, and how ARNs are found.

    ``target`` is the ARN of the function whose event the rule is, ``name`` what the rule is called
    unless it says so itself; ``arn`` gives the ARN of a resource or a function.
    """

    region: str
    account: str
    name: str
    target: str
    since: datetime
    arn: Callable[[str], str]


def rule_arn(region: str, account: str, bus: str, name: str) -> str:
    """The ARN of a rule; those on the default bus do not name it."""
    place = name if bus == DEFAULT_BUS else f"{bus}/{name}"
    return arn("events", region, account, f"rule/{place}")


def dead_letter_attributes(
    rule: Rule, target: Target, code: str, message: str, retries: int
) -> dict[str, dict[str, str]]:
    """The attributes of the message that a dead-letter queue gets; its body is the payload."""
    final = code in FINAL
    said = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target.arn,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        **({} if final else {"EXHAUSTED_RETRY_CONDITION": target.retry_policy.exhausted(retries)}),
        "RETRY_ATTEMPTS": str(retries),
    }
    return {
        name: {"DataType": "String", "StringValue": text} for name, text in said.items() if text
    }
