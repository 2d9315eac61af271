"""
What a scenario expects of its run: counts and sums over journal entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from eventsim.journal.kinds import KINDS
from eventsim.scenario.block import Block
from eventsim.scenario.problem import Path, meant, refuse, refuse_below, show
from eventsim.scenario.values import Text, Whole

# Written when the run is judged already: an expectation of one would always find none.
AFTERWARDS = frozenset({"expectation_checked", "run_finished"})
EXPECTABLE = KINDS.keys() - AFTERWARDS


def _kind(value: str) -> str:
    if value not in KINDS:
        hint = meant(value, EXPECTABLE)
        raise refuse(f"is '{value}', which is no kind of journal entry{hint}")
    if value in AFTERWARDS:
        raise refuse(f"is '{value}', which is written after the expectations have been judged")
    return value


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | None):
        raise refuse(f"is {show(value)}; it must be text, a number, true, false or empty")
    return value


Scalar = Annotated[
    Any,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]


class Expectation(Block):
    """Of the entries of one kind with these fields, exactly ``count``, or at least ``min`` and at
    most ``max``, of them or of one of their fields in all. Without any: at least one.
    """

    entry: Annotated[Text, AfterValidator(_kind)] = Field(examples=["batch_delivered"])
    where: dict[str, Scalar] = Field(default_factory=dict)
    sum: Text | None = None
    count: Whole | None = Field(None, ge=0)
    minimum: float | None = Field(None, alias="min", strict=True)
    maximum: float | None = Field(None, alias="max", strict=True)

    @property
    def name(self) -> str:
        """The expectation in words, as reports name it: ``batch_discarded where batch_size 1``."""
        subject = f"{self.sum} of {self.entry}" if self.sum else self.entry
        matching = ", ".join(f"{field} {value}" for field, value in self.where.items())
        return f"{subject} where {matching}" if matching else subject

    @property
    def wanted(self) -> str:
        """What is right, in words: ``exactly 3``, ``at least 1``, ``at least 2, at most 5``."""
        if self.count is not None:
            return f"exactly {self.count}"
        bounds = (("at least", self._least), ("at most", self.maximum))
        return ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)

    def holds(self, found: float) -> bool:
        """Whether the count or sum that was *found* is the one wanted."""
        if self.count is not None:
            return found == self.count
        least, most = self._least, self.maximum
        return (least is None or found >= least) and (most is None or found <= most)

    @property
    def _least(self) -> float | None:
        return 1 if self.minimum is None and self.maximum is None else self.minimum

    @model_validator(mode="after")
    def _can_be_held(self) -> Self:
        found = [*self._bounds(), *self._fields()]
        if found:
            raise refuse_below(*found)
        return self

    def _bounds(self) -> Iterator[tuple[Path, str]]:
        least, most = self.minimum, self.maximum
        if self.count is not None and (least, most) != (None, None):
            yield (), "must have either count, or min and max"
        if self.count is not None and self.sum:
            yield ("count",), "counts entries; write min or max with sum"
        if least is not None and most is not None and least > most:
            yield ("max",), f"is {most:g}, less than min"

    def _fields(self) -> Iterator[tuple[Path, str]]:
        fields = [*KINDS[self.entry].fields, "because"]
        for field in self.where:
            if field not in fields:
                text = f"is no field of {self.entry}{meant(field, fields)}"
                yield ("where", field, "[key]"), text
        if self.sum and self.sum not in fields:
            text = f"is '{self.sum}', which is no field of {self.entry}{meant(self.sum, fields)}"
            yield ("sum",), text
