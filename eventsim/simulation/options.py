"""What a caller decides about a run, over the head of its scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from eventsim.journal import Detail, Sink
from eventsim.types import Invoker


@dataclass(frozen=True, slots=True)
class Options:
    """None means: as the scenario says.

    ``speed`` divides the waits of a run in real time. ``on_log`` is called with a function's
    name and each line it writes. ``allow_aws`` lets handlers see the real credentials of this
    process and lets an endpoint outside this machine be used. ``invoker`` takes the place of the
    one that runs the scenario's functions. ``variables`` are environment variables that override
    those of a function by its name; ``debug`` lets handlers take as long as they
    like, and shows on stderr at once what they write.
    """

    time: Literal["virtual", "real"] | None = None
    speed: float | None = None
    seed: int | None = None
    backend: Literal["simulated", "moto", "endpoint"] | None = None
    endpoint_url: str | None = None
    allow_aws: bool = False
    detail: Detail = "batch"
    sinks: Sequence[Sink] = ()
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    invoker: Invoker | None = None
    debug: bool = False
    on_log: Callable[[str, str], None] | None = field(default=None, compare=False)
