"""How a scenario writes down what is to be written to a table."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails

from eventsim.rules import dynamodb as rules
from eventsim.rules.attribute_values import InvalidValue, Path, normalised
from eventsim.types import PutRecord


def _item(value: Any) -> Any:
    try:
        return normalised(value)
    except InvalidValue as error:
        raise _invalid(error, ()) from None


def _invalid(error: InvalidValue, below: Path) -> ValidationError:
    details = InitErrorDetails(
        type="value_error", loc=(*below, *error.path), input=None, ctx={"error": error}
    )
    return ValidationError.from_exception_data("item", [details])


Item = Annotated[
    dict[str, Any],
    BeforeValidator(_item),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "object"}}),
]


class RecordBlock(BaseModel):
    """One write: ``{put: {id: {S: "1"}}}``; ``update`` sets what it names, ``delete`` has a key."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"minProperties": 1, "maxProperties": 1}
    )

    put: Item | None = None
    update: Item | None = None
    delete: Item | None = None

    @model_validator(mode="after")
    def _one_write(self, info: ValidationInfo) -> Self:
        given = [name for name in ("put", "update", "delete") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("write one of put, update and delete")
        resource = (info.context or {}).get("resource")
        if resource is not None:
            try:
                rules.checked(self._write(), resource.key)
            except InvalidValue as error:
                raise _invalid(error, (given[0],)) from None
        return self

    def record(self) -> PutRecord:
        """What the table takes."""
        return PutRecord("", self._write())

    def _write(self) -> rules.Write:
        if self.put is not None:
            return rules.Write("put", self.put)
        if self.update is not None:
            return rules.Write("update", self.update)
        return rules.Write("delete", self.delete or {})
