"""What a caller decides about a run, over the head of its scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import EventsimError
from eventsim.journal import Detail, Sink
from eventsim.scenario import Scenario
from eventsim.simulation.run_recordings import OnRecorded, check_recordings
from eventsim.types import Invoker


@dataclass(frozen=True, slots=True)
class Options:
    """None means: as the scenario says.

    ``speed`` divides the waits of a run in real time. ``on_log`` is called with a function's
    name and each line it writes. ``allow_aws`` lets handlers see the real credentials of this
    process and lets an endpoint outside this machine be used. ``invoker`` takes the place of the
    one that runs the scenario's functions. ``variables`` are environment variables that override
    those of a function by its name; ``debug`` lets handlers take as long as they
    like, and shows on stderr at once what they write. ``recordings`` are written of streams and
    queues, by their names, when the run ends; ``on_recorded`` is called with each and the number
    of its records. ``command`` is what a person types to do this
    again, where that is no ``eventsim run``. ``functions_endpoint`` is where handlers' requests to
    AWS go, which are refused without it; ``moto`` gives the moto back end of a region, where one is
    open already.
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
    command: str = ""
    recordings: Mapping[str, Path] = field(default_factory=dict)
    functions_endpoint: str | None = None
    moto: Callable[[str, Clock], Backend] | None = field(default=None, compare=False)
    on_log: Callable[[str, str], None] | None = field(default=None, compare=False)
    on_recorded: OnRecorded = field(default=lambda path, records: None, compare=False)

    def virtual(self, scenario: Scenario) -> bool:
        """Which of the two times a run of *scenario* takes place in."""
        return scenario.time.virtual if self.time is None else self.time == "virtual"

    def check(self, scenario: Scenario) -> None:
        """Raise EventsimError for options that *scenario* leaves no sense."""
        if self.speed is not None and self.virtual(scenario):
            raise EventsimError(
                "speed means nothing in virtual time, which does not pass; "
                "leave --speed out, or add --time real"
            )
        backend = self.backend or scenario.backend
        if self.endpoint_url is not None and backend != "endpoint":
            raise EventsimError(
                f"an endpoint URL means nothing to the {backend} back end; "
                "leave --endpoint-url out, or add --backend endpoint"
            )
        check_recordings(self.recordings, scenario, backend)
