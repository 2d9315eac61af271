"""
A mapping of the scenario format: known keys, everything else refused by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from eventsim.scenario.problem import MISSING_KEY, REFUSED, UNKNOWN_KEY, Path, Problem, refuse
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Seconds


class Block(BaseModel):
    """A mapping with these keys and no other; the values never change.

    ``not_simulated`` are keys that AWS knows and we do not yet, ``refused`` those that AWS
    refuses here, with its code and text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    not_simulated: ClassVar[Collection[str]] = ()
    refused: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise named_faults(cls, error) from None


class Step(Block):
    """One entry of the timeline. A file of ``steps/`` holds a subclass of it called ``Step``.

    The file's name is the verb, and the verb is a key. ``resource_keys`` are the keys that
    name a resource, of a type whose source has ``resource_opener``; ``shard_keys`` are those that
    name a shard as ``resource/shard``, ``recording_keys`` those that name the file of a recording,
    ``mapping_keys`` a mapping as function.Event, ``function_keys`` a function, ``target_keys`` one
    with its version or alias if need be, ``alias_keys``
    an alias as function:alias, ``changeable_keys`` a mapping or a function, ``deletable_keys`` a
    mapping or a stream, ``receiver_keys`` a function like ``target_keys``, or a bus,
    ``policy_keys`` a function whose policy changes.
    ``meanings`` have, for a key that says what the step is about (``objects``), the key that then
    names a resource, whatever else it may name, and the opener that its source must have.
    ``record_keys`` are those that hold a list of records, with the key of the resource that they
    are for; a record is a ``record_block`` where its source has no shape of its own.
    """

    resource_keys: ClassVar[Collection[str]] = ()
    resource_opener: ClassVar[str | None] = None
    meanings: ClassVar[Mapping[str, tuple[str, str]]] = {}
    shard_keys: ClassVar[Collection[str]] = ()
    recording_keys: ClassVar[Collection[str]] = ()
    mapping_keys: ClassVar[Collection[str]] = ()
    function_keys: ClassVar[Collection[str]] = ()
    target_keys: ClassVar[Collection[str]] = ()
    receiver_keys: ClassVar[Collection[str]] = ()
    alias_keys: ClassVar[Collection[str]] = ()
    changeable_keys: ClassVar[Collection[str]] = ()
    deletable_keys: ClassVar[Collection[str]] = ()
    policy_keys: ClassVar[Collection[str]] = ()
    record_keys: ClassVar[Mapping[str, str]] = {}
    record_block: ClassVar[type[BaseModel]] = Block

    at: Seconds = Field(examples=["5s"])

    async def perform(self, stage: Stage) -> None:
        """Do it, on a run whose clock stands at ``at``; return when it is done."""
        raise NotImplementedError(f"{self.verb} has no perform")

    @classmethod
    def problems(cls, values: Mapping[str, Any], at: Path) -> Iterable[Problem]:
        """What does not agree in a step of these plain *values*, whatever shape they have.

        The step stands *at* that path. A value of the wrong shape is told elsewhere.
        """
        return ()

    @property
    def verb(self) -> str:
        """The name of the plug-in in ``steps/`` that this step is of."""
        return type(self).__module__.removeprefix("eventsim.steps.")


def keys(model: type[BaseModel]) -> list[str]:
    """The keys of a mapping, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def validated(
    model: type[BaseModel], data: Any, context: Mapping[str, Any] | None = None
) -> BaseModel:
    """*data* as *model*, whoever wrote the model; raises ValidationError in our words."""
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        raise named_faults(model, error) from None


def named_faults(model: type[BaseModel], error: ValidationError) -> ValidationError:
    """The same error, its unknown and missing keys told as those of *model*."""
    details = [_named_fault(model, detail) for detail in error.errors(include_url=False)]
    return ValidationError.from_exception_data(error.title, details)


def _named_fault(model: type[BaseModel], detail: ErrorDetails) -> InitErrorDetails:
    loc, context = detail["loc"], detail.get("ctx", {})
    kind: str | PydanticCustomError = detail["type"]
    refused: Mapping[str, str] = getattr(model, "refused", {})
    if len(loc) == 1 and kind == "extra_forbidden" and loc[0] in refused:
        kind = refuse(f": {refused[str(loc[0])]}")
    elif len(loc) == 1 and kind == "extra_forbidden":
        not_simulated = loc[0] in getattr(model, "not_simulated", ())
        context = {"known": keys(model), "not_simulated": not_simulated}
        kind = PydanticCustomError(UNKNOWN_KEY, "unknown key", context)
    elif len(loc) == 1 and kind == "missing":
        context = {"example": _example(model, str(loc[0]))}
        kind = PydanticCustomError(MISSING_KEY, "missing key", context)
    elif kind in (REFUSED, UNKNOWN_KEY, MISSING_KEY):
        kind = PydanticCustomError(kind, detail["msg"], context)
    return InitErrorDetails(type=kind, loc=loc, input=detail["input"], ctx=context)


def _example(model: type[BaseModel], key: str) -> str:
    """How a missing key might be written."""
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return f"{key}: {field.examples[0] if field.examples else '…'}"
    return key
