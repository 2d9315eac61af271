"""
How long a function takes, as a scenario writes it: constant, drawn, recorded, or measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from eventsim.rules.durations import PATTERN
from eventsim.rules.report_lines import reported
from eventsim.scenario.block import Block
from eventsim.scenario.problem import refuse, refuse_below
from eventsim.scenario.values import FilePath, Seconds, seconds
from eventsim.types import (
    Distribution,
    Duration,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Uniform,
)

Timed = Literal["duration", "init_duration"]
TIMED: tuple[Timed, ...] = get_args(Timed)
VALUES_MAX = 10_000
REPORTS_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the REPORT lines of a log file say; read when the run is made."""

    path: str

    def read(self, file: Path, of: Timed) -> Duration:
        """The durations in *file*. Raises ValueError, OSError when it has none or is too large."""
        if file.stat().st_size > REPORTS_BYTES_MAX:
            raise ValueError(f"is over {REPORTS_BYTES_MAX // 1024**2} MB")
        with file.open(encoding="utf-8", errors="replace") as lines:
            found = reported(lines)
        values = found.durations if of == "duration" else found.init_durations
        if not values:
            wanted = "REPORT line" if of == "duration" else "REPORT line with an Init Duration"
            raise ValueError(f"has no {wanted}")
        return Duration(distribution=Empirical(values))


def as_read(value: Any, of: Timed, file: Callable[[str], Path]) -> Any:
    """The duration itself; one that is recorded, read from the *file* of its path.

    Raises ValueError and OSError when that cannot be done.
    """
    return value.read(file(value.path), of) if isinstance(value, Recorded) else value


class ExponentialBlock(Block):
    """Memoryless durations with this mean."""

    mean: Seconds = Field(examples=["2s"])


class LognormalBlock(Block):
    """A distribution of durations around ``median``; the larger ``sigma``, the wider."""

    median: Seconds = Field(examples=["20ms"])
    sigma: float = Field(ge=0, le=5, examples=[0.3])


class UniformBlock(Block):
    """Anything from ``low`` to ``high``, each as likely."""

    low: Seconds = Field(examples=["10ms"])
    high: Seconds = Field(examples=["30ms"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.high < self.low:
            raise refuse_below((("high",), "is less than low"))
        return self


class GammaBlock(Block):
    """A distribution with this mean; shape 1 is exponential, the larger the narrower."""

    mean: Seconds = Field(examples=["20ms"])
    shape: float = Field(gt=0, le=1_000, examples=[4])


class DistributionBlock(Block):
    """A distribution by its name, exactly one."""

    exponential: ExponentialBlock | None = Field(None, examples=["{mean: 2s}"])
    lognormal: LognormalBlock | None = Field(None, examples=["{median: 20ms, sigma: 0.3}"])
    uniform: UniformBlock | None = None
    gamma: GammaBlock | None = None
    empirical: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=VALUES_MAX)] | None = (
        None
    )
    recorded: FilePath | None = None

    @model_validator(mode="after")
    def _only_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            names = ", ".join(type(self).model_fields)
            raise refuse(f"names {len(self.model_fields_set)} distributions; write one of {names}")
        return self

    def value(self) -> Duration | Recorded:
        """The one that it names."""
        if self.recorded is not None:
            return Recorded(self.recorded)
        return Duration(distribution=self._distribution())

    def _distribution(self) -> Distribution:
        if self.exponential is not None:
            return Exponential(self.exponential.mean)
        if self.lognormal is not None:
            return Lognormal(self.lognormal.median, self.lognormal.sigma)
        if self.uniform is not None:
            return Uniform(self.uniform.low, self.uniform.high)
        if self.gamma is not None:
            return Gamma(self.gamma.mean, self.gamma.shape)
        if self.empirical is not None:
            return Empirical(self.empirical)
        raise refuse("is empty; write its settings")


def duration(value: Any) -> Duration | Recorded:
    """A duration of the handler; raises what is wrong."""
    return Duration(measured=True) if value == "measured" else _declared(value)


def init_duration(value: Any) -> Duration | Recorded | float:
    """A duration of the cold start; raises what is wrong."""
    if isinstance(value, dict) and value.keys() == {"cpu"}:
        raise refuse_below((("cpu",), "means nothing to an init, which has two whole vCPUs"))
    return _declared(value) if isinstance(value, dict) else seconds(value)


def _declared(value: Any) -> Duration | Recorded:
    if isinstance(value, dict):
        if value.keys() == {"cpu"}:
            return _of_cpu(value["cpu"])
        return DistributionBlock.model_validate(value).value()
    return Duration(seconds(value))


def _of_cpu(value: Any) -> Duration:
    inner = _declared(value)
    if isinstance(inner, Recorded) or inner.cpu:
        raise refuse_below((("cpu",), "is seconds of one vCPU; write a duration or a distribution"))
    return replace(inner, cpu=True)


def _schema(*constants: Mapping[str, Any], of_cpu: bool = True) -> WithJsonSchema:
    named = DistributionBlock.model_json_schema()
    named |= {"minProperties": 1, "maxProperties": 1}
    text = {"type": "string", "pattern": PATTERN}
    definitions = named.pop("$defs")
    for field in named["properties"].values():
        _inline(field, definitions)
    cpu = {
        "type": "object",
        "properties": {"cpu": {"anyOf": [text, named]}},
        "required": ["cpu"],
        "additionalProperties": False,
    }
    forms = [*constants, text, named]
    return WithJsonSchema({"anyOf": [*forms, cpu] if of_cpu else forms})


def _inline(field: dict[str, Any], definitions: Mapping[str, Any]) -> None:
    """The shape itself in place of null or a reference to it."""
    shapes = [shape for shape in field.pop("anyOf") if shape != {"type": "null"}]
    field.pop("default", None)
    for shape in shapes:
        reference = shape.pop("$ref", None)
        field.update(definitions[reference.rpartition("/")[2]] if reference else shape)


DurationForm = Annotated[
    Duration | Recorded, PlainValidator(duration), _schema({"const": "measured"})
]
InitForm = Annotated[
    Duration | Recorded | float, PlainValidator(init_duration), _schema(of_cpu=False)
]
