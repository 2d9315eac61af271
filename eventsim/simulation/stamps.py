"""
Whose time records are stamped in, and what a run at an endpoint does about it.

The simulated back end and moto stamp records in the run's own time. An endpoint has a clock of
its own: a run in real time goes by it, whatever the scenario's start. In virtual time, or at a
speed, its seconds are not those of the run: no record is too old there, and a setting that
depends on ages is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from eventsim.backends import Backend
from eventsim.clock import RealClock
from eventsim.errors import EventsimError
from eventsim.simulation.endpoint_watch import EndpointWatch
from eventsim.types import EventSourceMapping, Stream


def watched(backend: Backend) -> Callable[[], None]:
    """Watch the dates of a back end's answers; return what lets the run go by them from then on."""
    clock = backend.clock
    if not isinstance(clock, RealClock) or not in_step(backend):
        return _nothing
    watch = EndpointWatch(clock, _say_nothing)
    backend.on_answer = watch.see
    return watch.agree


def in_step(backend: Backend) -> bool:
    """Whether a second of the run is a second of whoever stamps its records."""
    clock = backend.clock
    return backend.name != "endpoint" or not (clock.virtual or clock.speed != 1)


def keeps(stream: Stream, backend: Backend) -> float:
    """How long a record is there by its stamp, in seconds of the run."""
    return stream.retention_seconds if in_step(backend) else inf


def check_stamps(mapping: EventSourceMapping, backend: Backend) -> None:
    """Raise EventsimError for a setting that needs stamps in the run's own time."""
    if in_step(backend):
        return
    needing = {
        "MaximumRecordAgeInSeconds": mapping.maximum_record_age_in_seconds >= 0,
        "TumblingWindowInSeconds": mapping.tumbling_window_in_seconds > 0,
        "StartingPosition AT_TIMESTAMP": mapping.starting_position == "AT_TIMESTAMP",
    }
    for setting, set_ in needing.items():
        if set_:
            raise EventsimError(
                f"{mapping.name}: {setting} goes by the endpoint's clock, which does not follow "
                "virtual time or a speed; add --time real, without a speed"
            )


def _nothing() -> None:
    return


def _say_nothing(text: str) -> None:
    return
