"""What a scenario says of a load, worked out before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from eventsim.errors import EventsimError
from eventsim.recordings import jsonl
from eventsim.rules import arrivals
from eventsim.rules.rates import Piece
from eventsim.scenario import Scenario
from eventsim.scenario.loads import LoadBlock, RecordingBlock, TraceBlock
from eventsim.simulation.options import Options


def load_of(scenario: Scenario) -> LoadBlock:
    """What a scenario says of a load. Raises EventsimError where it says nothing."""
    if scenario.load is None:
        raise EventsimError(f"{scenario.name} says nothing of a load; write load: {{rate: 200/s}}")
    return scenario.load


def function_of(scenario: Scenario, block: LoadBlock) -> str:
    """The function that is invoked. Raises EventsimError where several may be meant."""
    if block.function is not None:
        return block.function
    names = list(scenario.functions)
    if len(names) != 1:
        there = f"there are: {', '.join(names)}" if names else "there are none"
        raise EventsimError(f"which function is the load on? write --function NAME; {there}")
    return names[0]


def pieces_of(scenario: Scenario, block: LoadBlock) -> Iterable[Piece]:
    """The rate in pieces, one at a time where a file has them."""
    if not isinstance(block.arrivals, TraceBlock):
        return block.pieces()
    return arrivals.counted(_counts(scenario, block.arrivals.trace), block.arrivals.speed)


def seconds_of(scenario: Scenario, block: LoadBlock) -> float:
    """How long requests are sent. Raises EventsimError where nothing says."""
    how = block.arrivals
    if isinstance(how, RecordingBlock):
        last = 0.0
        for last in arrivals.recorded(_times(scenario, how.recording), how.speed):
            if block.duration is not None and last >= block.duration:
                return block.duration
        return last if block.duration is None else min(block.duration, last)
    if isinstance(how, TraceBlock):
        whole = sum(piece.seconds for piece in pieces_of(scenario, block))
        return whole if block.duration is None else min(block.duration, whole)
    if block.rate is None and block.in_flight is None:
        raise EventsimError("how fast? write --rate 200/s, or --in-flight 10")
    if block.in_flight is not None:
        if block.duration is None:
            raise EventsimError("for how long? write --for 30s")
        return block.duration
    try:
        return sum(piece.seconds for piece in block.pieces())
    except ValueError:  # the rate is right, as the scenario was read: only its time is missing
        raise EventsimError("for how long? write --for 30s") from None


def time_of(scenario: Scenario, options: Options) -> Literal["virtual", "real"]:
    """Virtual or real time: as is said, else virtual where every duration is declared."""
    block = load_of(scenario)
    if options.time is not None:
        time = options.time
    elif "time" in scenario.model_fields_set:
        time = "virtual" if scenario.time.virtual else "real"
    else:
        time = "virtual" if _is_declared(scenario, block) else "real"
    if time == "virtual" and _is_elsewhere(scenario, block):
        raise EventsimError(
            "what is outside this process takes no virtual time; leave --time virtual out"
        )
    if time == "real" and (options.speed or scenario.time.speed) != 1:
        raise EventsimError(
            "latency is measured in seconds as they pass; leave the speed of real time out"
        )
    return time


def _is_declared(scenario: Scenario, block: LoadBlock) -> bool:
    """Whether nothing of the load would take any time that the scenario does not state."""
    if _is_elsewhere(scenario, block):
        return False
    return all(
        "duration" in function.model_fields_set or function.is_model
        for function in scenario.functions.values()
    )


def _is_elsewhere(scenario: Scenario, block: LoadBlock) -> bool:
    if block.url is not None:
        return True
    return any(each.invoke_at is not None for each in scenario.functions.values())


def plan_of(scenario: Scenario, block: LoadBlock, seconds: float) -> dict[str, Any]:
    """What was asked for, as the journal tells it: no address of a machine is in it."""
    on = block.put or (block.url and "an address") or function_of(scenario, block)
    how = block.arrivals if isinstance(block.arrivals, str) else block.arrivals.model_dump()
    return {
        "on": on,
        "model": "open" if block.in_flight is None else "closed",
        "rate": block.rate,
        "in_flight": block.in_flight,
        "arrivals": how,
        "seconds": seconds,
        "warm_up": block.warm_up,
        "lateness": block.lateness,
        "in_flight_max": block.in_flight_max,
    }


def _counts(scenario: Scenario, name: str) -> Iterator[int]:
    with scenario.file(name).open(encoding="utf-8") as lines:
        yield from arrivals.counts(lines)


def _times(scenario: Scenario, name: str) -> Iterator[float]:
    return (record.arrival for record in jsonl.read(scenario.file(name)))
