"""
Whom a bucket of a scenario tells: below the bucket, or as SAM writes it below a function.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-s3.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_pascal

from eventsim.rules.notifications import Notification, refuse
from eventsim.sources._refusing import RefusalCode
from eventsim.types import Trigger

ALL_CREATED = "s3:ObjectCreated:*"
KINDS = ("function", "queue", "topic")

Name = Annotated[str, Field(min_length=1)]
ArnOf = Callable[[str, str], str]  # of a kind, function, queue or topic, and a name


class NotificationBlock(BaseModel):
    """Whom to tell of which events: a function, a queue or a topic of the scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: tuple[str, ...] = (ALL_CREATED,)
    prefix: str = ""
    suffix: str = ""
    function: Name | None = None
    queue: Name | None = None
    topic: Name | None = None
    id: Name | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError("must have one of function, queue and topic")
        return self

    def notification(self, id_: str, arn_of: ArnOf) -> Notification:
        """The same as S3 has it; *id_* is for one that has none of its own."""
        kind = next(kind for kind in KINDS if getattr(self, kind) is not None)
        target = arn_of(kind, getattr(self, kind))
        return Notification(self.id or id_, target, self.events, self.prefix, self.suffix)


class Resource(BaseModel):
    """A bucket in a scenario: ``photos: {type: s3, notifications: [{function: thumbnails}]}``.

    With ``eventbridge`` it tells the default bus of all its events. A queue and a topic get
    S3's test event first, unless ``test_event`` is false. ``refuse: AccessDenied`` lets a
    simulated bucket refuse every object with that code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["s3"] = "s3"
    notifications: tuple[NotificationBlock, ...] = ()
    eventbridge: Annotated[bool, Field(strict=True)] = False
    test_event: Annotated[bool, Field(strict=True)] = True
    refuse: RefusalCode | None = None

    @model_validator(mode="after")
    def _taken(self) -> Self:
        refusal = refuse([*_own("notification", self, _as_named)])
        if refusal is not None:
            raise ValueError(f"{refusal.code}: {refusal.message}")
        return self

    def functions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The functions that it names, with the keys that lead there."""
        for index, each in enumerate(self.notifications):
            if each.function is not None:
                yield ("notifications", index, "function"), each.function


class Rule(BaseModel):
    """A part of the key that an object has to begin or to end with."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)

    name: Literal["prefix", "suffix", "Prefix", "Suffix"]
    value: str


class S3Key(BaseModel):
    """The rules for a key, at most one for its beginning and one for its end."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)

    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [rule.name.lower() for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("has two rules of the same name")
        return self

    def value(self, name: str) -> str:
        """What the key has to begin or end with."""
        return next((rule.value for rule in self.rules if rule.name.lower() == name), "")


class Filter(BaseModel):
    """Which keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)

    s3_key: S3Key = Field(alias="S3Key")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_ONE_OR_MORE: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
}


class S3Event(BaseModel):
    """A notification of a bucket to a function, as SAM writes it below the function."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)
    not_simulated: ClassVar[Collection[str]] = ()
    references: ClassVar[Mapping[tuple[str, ...], str]] = {("Bucket",): "open_bucket"}

    bucket: Name = Field(examples=["!Ref photos"])
    events: Annotated[tuple[str, ...], BeforeValidator(_listed), WithJsonSchema(_ONE_OR_MORE)] = (
        Field(examples=[ALL_CREATED])
    )
    filter: Filter | None = None

    @model_validator(mode="after")
    def _taken(self) -> Self:
        refusal = refuse([self.notification("notification", "")])
        if refusal is not None:
            raise ValueError(f"{refusal.code}: {refusal.message}")
        return self

    @property
    def resource(self) -> str:
        """The bucket."""
        return self.bucket

    def notification(self, id_: str, target: str) -> Notification:
        """The same as S3 has it."""
        if self.filter is None:
            return Notification(id_, target, self.events)
        key = self.filter.s3_key
        return Notification(id_, target, self.events, key.value("prefix"), key.value("suffix"))


def notifications_of(
    name: str, settings: Resource, triggers: Sequence[Trigger], arn_of: ArnOf
) -> list[Notification]:
    """The notifications of the bucket *name*: its own, and those of functions' events."""
    below = [
        trigger.properties.notification(trigger.name, arn_of("function", trigger.function))
        for trigger in triggers
    ]
    return [*_own(name, settings, arn_of), *below]


def disagreement(name: str, settings: Resource, triggers: Sequence[Trigger]) -> str | None:
    """Why S3 does not take all notifications of the bucket *name* together, if it does not."""
    refusal = refuse(notifications_of(name, settings, triggers, _as_named))
    return None if refusal is None else f"{refusal.code}: {refusal.message}"


def _own(name: str, settings: Resource, arn_of: ArnOf) -> Iterator[Notification]:
    for index, each in enumerate(settings.notifications):
        yield each.notification(f"{name}-{index + 1}", arn_of)


def _as_named(kind: str, name: str) -> str:
    return name
