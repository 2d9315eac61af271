"""
The time of a run in a scenario: ``virtual``, ``real``, or ``{real: {speed: 60}}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from eventsim.scenario.block import Block
from eventsim.scenario.problem import refuse, show


@dataclass(frozen=True, slots=True)
class Time:
    """Virtual time, or real time at so many times its speed."""

    virtual: bool = True
    speed: float = 1.0


class RealTime(Block):
    """Real time, the waits of the simulation divided by ``speed``."""

    speed: float = Field(1.0, gt=0, le=1_000_000, strict=True)


class RealTimeBlock(Block):
    """Real time with settings."""

    real: RealTime


_SCHEMA = {
    "anyOf": [
        {"enum": ["virtual", "real"]},
        {
            "type": "object",
            "properties": {"real": RealTime.model_json_schema()},
            "required": ["real"],
            "additionalProperties": False,
        },
    ]
}


def _time(value: Any) -> Time:
    match value:
        case Time():
            return value
        case "virtual":
            return Time()
        case "real":
            return Time(virtual=False)
        case dict():
            return Time(False, RealTimeBlock.model_validate(value).real.speed)
    raise refuse(f"is {show(value)}; write virtual, real or {{real: {{speed: 60}}}}")


TimeOf = Annotated[Time, PlainValidator(_time), WithJsonSchema(_SCHEMA)]
