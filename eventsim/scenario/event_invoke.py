"""
Asynchronous invocation of a function as SAM writes it: EventInvokeConfig and DeadLetterQueue.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventinvokeconfiguration.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

from pydantic import Field

from eventsim.rules.event_invoke import EVENT_AGE_SECONDS, RETRY_ATTEMPTS
from eventsim.scenario.mapping import SamBlock
from eventsim.scenario.values import Text, Whole
from eventsim.types import EventInvokeConfig

Arn = Callable[[str], str]

# Which service each of SAM's types of destination is, in ARNs.
SERVICES = {"SQS": "sqs", "SNS": "sns", "S3": "s3", "EventBridge": "events", "Lambda": "lambda"}


def _between(least: int, most: int) -> dict[str, Any]:
    """The range for editors; the refusal is Lambda's."""
    return {"minimum": least, "maximum": most}


class DeadLetterQueue(SamBlock):
    """The queue or topic that takes the events which the function could not."""

    type: Literal["SQS", "SNS"]
    target_arn: Text = Field(examples=["!GetAtt failed.Arn"])


class OnSuccess(SamBlock):
    """Where a record of each event goes that the function took."""

    type: Literal["SQS", "SNS", "Lambda", "EventBridge"] | None = None
    destination: Text = Field(examples=["!GetAtt done.Arn"])


class OnFailure(SamBlock):
    """Where a record of each event goes that was given up."""

    type: Literal["SQS", "SNS", "S3", "Lambda", "EventBridge"] | None = None
    destination: Text = Field(examples=["!GetAtt failed.Arn"])


class EventDestinations(SamBlock):
    """Where records of asynchronous invocations go: queues, topics, buses, other functions."""

    on_success: OnSuccess | None = None
    on_failure: OnFailure | None = None


class EventInvokeBlock(SamBlock):
    """How often and for how long an asynchronous event is tried, and who is told of its end."""

    maximum_retry_attempts: Whole | None = Field(
        default=None, json_schema_extra=cast(Any, _between(*RETRY_ATTEMPTS))
    )
    maximum_event_age_in_seconds: Whole | None = Field(
        default=None, json_schema_extra=cast(Any, _between(*EVENT_AGE_SECONDS))
    )
    destination_config: EventDestinations = EventDestinations()

    def destinations(self) -> Iterator[str]:
        """Where records go, as it is written."""
        to = self.destination_config
        yield from (each.destination for each in (to.on_success, to.on_failure) if each)

    def config(self, arn: Arn) -> EventInvokeConfig:
        """The same in AWS's fields; *arn* gives the ARN that a text means."""
        default, to = EventInvokeConfig(), self.destination_config
        attempts, age = self.maximum_retry_attempts, self.maximum_event_age_in_seconds
        return EventInvokeConfig(
            default.maximum_retry_attempts if attempts is None else attempts,
            default.maximum_event_age_in_seconds if age is None else age,
            arn(to.on_success.destination) if to.on_success else None,
            arn(to.on_failure.destination) if to.on_failure else None,
        )
