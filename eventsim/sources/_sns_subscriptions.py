"""
Who a topic of a scenario tells: below the topic, or as SAM writes it below a function.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sns.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_pascal

from eventsim.rules.sns_filters import FilterPolicy, Scope, filter_policy
from eventsim.sources._refusing import RefusalCode
from eventsim.types import Trigger

Name = Annotated[str, Field(min_length=1)]


class FunctionSubscription(NamedTuple):
    """A function that a topic invokes; ``dead_letter`` is a queue's name or ARN.

    ``event`` is the function's own event that says so, where it has one.
    """

    function: str
    filter_policy: dict[str, Any] | None = None
    scope: Scope = "MessageAttributes"
    dead_letter: str | None = None
    event: str | None = None

    def filter(self) -> FilterPolicy | None:
        """The policy, ready to be asked."""
        return filter_policy(self.filter_policy or {}, self.scope)


class Subscription(BaseModel):
    """A queue of the scenario that gets what is published, in SNS's envelope or as it is, or a
    function that is invoked with it.

    Of what is published it gets what the ``filter_policy`` accepts. What it does not take goes to
    the queue ``dead_letter``. In CloudFormation the keys are RawMessageDelivery, FilterPolicy,
    FilterPolicyScope and RedrivePolicy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: Name | None = None
    function: Name | None = None
    raw_message_delivery: Annotated[bool, Field(strict=True)] = False
    filter_policy: dict[str, Any] | None = None
    filter_policy_scope: Scope = "MessageAttributes"
    dead_letter: Name | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.queue is None) == (self.function is None):
            raise ValueError("must have either queue or function")
        if self.function is not None and self.raw_message_delivery:
            raise ValueError("a function never gets a message raw; leave raw_message_delivery out")
        self.filter()
        return self

    def filter(self) -> FilterPolicy | None:
        """The policy, ready to be asked. Raises PatternError for one that SNS refuses."""
        return filter_policy(self.filter_policy or {}, self.filter_policy_scope)


class Resource(BaseModel):
    """A topic in a scenario: ``alerts: {type: sns, subscriptions: [{queue: inbox}]}``.

    ``refuse: AuthorizationError`` lets a simulated topic refuse every message with that code.
    On AWS the policy of a queue must let the topic send; none is written here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["sns"] = "sns"
    subscriptions: tuple[Subscription, ...] = ()
    refuse: RefusalCode | None = None

    def functions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The functions that it names, with the keys that lead there."""
        for index, each in enumerate(self.subscriptions):
            if each.function is not None:
                yield ("subscriptions", index, "function"), each.function


class RedrivePolicy(BaseModel):
    """Where undelivered messages go. The one key is SNS's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dead_letter_target_arn: Name = Field(alias="deadLetterTargetArn")


class SnsEvent(BaseModel):
    """A subscription of a function to a topic, as SAM writes it below the function."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)
    not_simulated: ClassVar[Collection[str]] = ("SqsSubscription", "Region")
    references: ClassVar[Mapping[tuple[str, ...], str]] = {
        ("Topic",): "open_topic",
        ("RedrivePolicy", "deadLetterTargetArn"): "open_queue",
    }

    topic: Name = Field(examples=["!Ref alerts"])
    filter_policy: dict[str, Any] | None = None
    filter_policy_scope: Scope = "MessageAttributes"
    redrive_policy: RedrivePolicy | None = None

    @model_validator(mode="after")
    def _filters(self) -> Self:
        filter_policy(self.filter_policy or {}, self.filter_policy_scope)
        return self

    @property
    def resource(self) -> str:
        """The topic."""
        return self.topic


def subscriptions_of(
    settings: Resource, triggers: Sequence[Trigger]
) -> Iterator[FunctionSubscription]:
    """The functions that a topic invokes: its own, and those with an event that says so."""
    for each in settings.subscriptions:
        if each.function is not None:
            policy, scope = each.filter_policy, each.filter_policy_scope
            yield FunctionSubscription(each.function, policy, scope, each.dead_letter)
    for trigger in triggers:
        event: SnsEvent = trigger.properties
        redrive = event.redrive_policy
        yield FunctionSubscription(
            trigger.function,
            event.filter_policy,
            event.filter_policy_scope,
            None if redrive is None else redrive.dead_letter_target_arn,
            trigger.name,
        )
