"""
What ``eventsim load`` sends, how fast, to what, and what that must keep to.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from eventsim.rules import thresholds as rules
from eventsim.rules.rates import Piece, pieces_of
from eventsim.rules.thresholds import Threshold
from eventsim.scenario.block import Block
from eventsim.scenario.elsewhere import Address
from eventsim.scenario.problem import refuse, refuse_below, show
from eventsim.scenario.values import FilePath, Flag, Seconds, Text, Whole, resource_name
from eventsim.types import InvocationType

IN_FLIGHT_MAX = 10_000
SECONDS_MAX = 30 * 86_400
DRAIN_SECONDS = 60.0
_TARGETS = ("function", "put", "url")
_CONTENTS = ("payload", "push", "recording", "records")


def _threshold(value: Any) -> Threshold:
    if isinstance(value, Threshold):
        return value
    if not isinstance(value, str):
        raise refuse(f"is {show(value)}; write a threshold such as p99 < 250ms or errors < 1%")
    try:
        return rules.parse(value)
    except ValueError as error:
        raise refuse(str(error)) from None


def _some(seconds: float) -> float:
    if not 0 < seconds <= SECONDS_MAX:
        raise refuse(f"is {seconds:g}s; write how long requests are sent, at most 30d, such as 30s")
    return seconds


def _positive(seconds: float) -> float:
    if not seconds:
        raise refuse("is no time at all; write one such as 10ms")
    return seconds


ThresholdText = Annotated[
    Threshold,
    PlainValidator(_threshold),
    WithJsonSchema({"type": "string", "examples": ["p99 < 250ms", "errors < 1%"]}),
]
LoadSeconds = Annotated[Seconds, AfterValidator(_some)]


class RangeBlock(Block):
    """A whole number from ``least`` to ``most``, each as likely."""

    least: Whole
    most: Whole

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise refuse(f"is from {self.least} to {self.most}; write the smaller one first")
        return self


class RecordingBlock(Block):
    """As the records of a recording arrived, ``speed`` times as fast."""

    recording: FilePath
    speed: float = Field(1.0, gt=0, le=1_000_000, strict=True)


class TraceBlock(Block):
    """As many in each minute as a line of the file says, ``speed`` times as fast."""

    trace: FilePath
    speed: float = Field(1.0, gt=0, le=1_000_000, strict=True)
    within: Literal["constant", "poisson"] = "constant"


Vary = Annotated[list[Any], Field(min_length=1, max_length=10_000)] | RangeBlock
Arrivals = Literal["constant", "poisson"] | RecordingBlock | TraceBlock


class LoadBlock(Block):
    """The load on a ``function``, on the mappings of the stream ``put``, or on a ``url``.

    Open with a ``rate`` (``200/s``, ``10/s to 200/s for 1m, 200/s for 5m``), closed with
    ``in_flight``. What is sent is a ``payload``, events of the source ``push``, the ``records`` in
    turn, or those of the recording ``from``; ``vary`` draws the values of fields anew each time.
    ``thresholds`` are held against what was measured after ``warm_up``.
    """

    function: Text | None = Field(None, examples=["consumer"])
    put: Annotated[Text, AfterValidator(resource_name)] | None = None
    url: Address | None = None
    rate: Text | None = Field(None, examples=["200/s"])
    in_flight: Whole | None = Field(None, ge=1, le=IN_FLIGHT_MAX)
    duration: LoadSeconds | None = Field(None, alias="for", examples=["30s"])
    arrivals: Arrivals = "constant"
    payload: Any = None
    push: Text | None = None
    event: Text | None = None
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    changes: dict[str, Any] = Field(default_factory=dict, alias="set")
    create: Flag = False
    recording: FilePath | None = Field(None, alias="from")
    records: tuple[Any, ...] | None = None
    vary: dict[Text, Vary] = Field(default_factory=dict)
    type: InvocationType | None = None
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[Text, str] = Field(default_factory=dict)
    warm_up: Seconds = 0.0
    thresholds: tuple[ThresholdText, ...] = ()
    abort: Flag = False
    lateness: Annotated[Seconds, AfterValidator(_positive)] = 0.01
    in_flight_max: Whole = Field(1_000, ge=1, le=IN_FLIGHT_MAX)
    precise: Flag = False
    drain: Seconds = DRAIN_SECONDS

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        self._one_of(_TARGETS)
        self._one_of(_CONTENTS)
        if self.rate is not None and self.in_flight is not None:
            raise refuse_below(
                (("in_flight",), f"is {self.in_flight} beside a rate; a load is open or closed")
            )
        if self.in_flight is not None and (self.put or self.type == "Event"):
            raise refuse_below(
                (("in_flight",), "waits for answers, and what is sent here has none; write a rate")
            )
        if self.records is not None and (self.put is None or not self.records):
            raise refuse_below((("records",), "are for a stream; write put: orders, and a record"))
        if self.put is not None and self.records is None and self.recording is None:
            raise refuse_below((("put",), "needs records, or a recording: from: orders.jsonl.gz"))
        if self.type == "DryRun":
            raise refuse_below((("type",), "is DryRun, which runs nothing"))
        self._timed()
        return self

    def pieces(self) -> tuple[Piece, ...]:
        """The rate in pieces; none in the closed model, and where a file says when."""
        return () if self.rate is None else pieces_of(self.rate, self.duration)

    def _one_of(self, keys: tuple[str, ...]) -> None:
        given = [key for key in keys if getattr(self, key) is not None]
        if len(given) > 1:
            names = " and ".join("from" if key == "recording" else key for key in given)
            raise refuse(f"has {names}; keep one")

    def _timed(self) -> None:
        """A rate, a number in flight or a file says what is sent when, once it is run."""
        if self.rate is None:
            return
        if not isinstance(self.arrivals, str):
            raise refuse_below((("rate",), "is given beside arrivals from a file; keep one"))
        try:
            if self.duration is not None or " for " in self.rate:
                pieces_of(self.rate, self.duration)
            else:
                pieces_of(self.rate, 1.0)
        except ValueError as error:
            raise refuse_below((("rate",), str(error))) from None
        seconds = sum(piece.seconds for piece in self.pieces()) if self._is_timed() else None
        if seconds is not None and not self.warm_up < seconds:
            text = f"is {self.warm_up:g}s of a load of {seconds:g}s; nothing would be counted"
            raise refuse_below((("warm_up",), text))

    def _is_timed(self) -> bool:
        return self.duration is not None or " for " in (self.rate or "")
