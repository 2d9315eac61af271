"""What a scenario says of a load, worked out before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf, nextafter
from typing import Any, Literal

from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.recordings import jsonl
from eventsim.rules import arrivals
from eventsim.rules.arrivals import Share
from eventsim.rules.rates import Piece
from eventsim.scenario import Scenario
from eventsim.scenario.loads import LoadBlock, RecordingBlock, TraceBlock
from eventsim.simulation.load_contents import actor_of
from eventsim.simulation.options import Options

COUNTED_MAX = 2_000_000


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
        return nextafter(last, inf)  # what is due at the end of a load is not sent, and the last is
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


def instants_of(
    scenario: Scenario, block: LoadBlock, share: Share, chance: Chance
) -> Iterator[float]:
    """When the requests of a share of an open load are due, in seconds of the load."""
    how = block.arrivals
    if isinstance(how, RecordingBlock):
        return arrivals.recorded(_times(scenario, how.recording), how.speed, share)
    pieces = pieces_of(scenario, block)
    if how == "poisson" or (isinstance(how, TraceBlock) and how.within == "poisson"):
        draws = chance.stream("load arrivals", actor_of(share))
        return arrivals.instants(pieces, arrivals.at_random(draws, share))
    return arrivals.instants(pieces, arrivals.evenly(share))


def asked_of(
    scenario: Scenario, block: LoadBlock, share: Share, seconds: float, seed: int
) -> int | None:
    """How many requests a share of an open load is to send.

    None where the answers decide, in a closed load, and beyond ``COUNTED_MAX``.
    """
    if block.in_flight is not None:
        return None
    due = instants_of(scenario, block, share, Chance(seed))
    number = sum(1 for at in islice(due, COUNTED_MAX + 1) if at < seconds)
    return number if number <= COUNTED_MAX else None


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


def check_cut(scenario: Scenario, block: LoadBlock) -> None:
    """Raise EventsimError for a load of which parts in several processes would be another one."""
    because = None
    if block.put is not None:
        because = f"{block.put} is a stream of one process"
    elif scenario.backend != "simulated":
        because = f"the {scenario.backend} back end is that of one process"
    elif scenario.timeline or scenario.expect:
        because = "a timeline and expectations are of one run"
    elif block.url is None:
        function = scenario.functions[function_of(scenario, block).partition(":")[0]]
        if function.invoke_at is None and function.reserved_concurrent_executions is not None:
            because = "reserved concurrency is kept to by one process"
    if because is not None:
        raise EventsimError(f"this load cannot be cut: {because}; leave --workers and --on out")


def plan_of(scenario: Scenario, block: LoadBlock, seconds: float, parts: int = 1) -> dict[str, Any]:
    """What was asked for, as the journal tells it: no address of a machine is in it."""
    on = block.put or (block.url and "an address") or function_of(scenario, block)
    how = block.arrivals if isinstance(block.arrivals, str) else block.arrivals.model_dump()
    return {
        "on": on,
        "model": "open" if block.in_flight is None else "closed",
        "rate": block.rate,
        "in_flight": block.in_flight,
        "arrivals": how,
        "seconds": round(seconds, 6),
        "warm_up": block.warm_up,
        "lateness": block.lateness,
        "in_flight_max": block.in_flight_max,
        "parts": parts,
    }


def _counts(scenario: Scenario, name: str) -> Iterator[int]:
    with scenario.file(name).open(encoding="utf-8") as lines:
        yield from arrivals.counts(lines)


def _times(scenario: Scenario, name: str) -> Iterator[float]:
    return (record.arrival for record in jsonl.read(scenario.file(name)))
