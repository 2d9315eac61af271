"""One point of a sweep, where a worker runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsim import clock
from eventsim.errors import EventsimError, HandlerStuck, ScenarioError
from eventsim.scenario import Scenario, Setting, Source
from eventsim.simulation import Options, Result, Simulation
from eventsim.sweep.measuring import Latency, figures

FUNCTION = f"{__name__}:run"


def given(source: Source, settings: Sequence[Setting]) -> dict[str, Any]:
    """What ``run`` is called with, as JSON."""
    return {
        "text": source.text,
        "path": source.path,
        "folder": source.folder,
        "settings": [[list(path), value] for path, value in settings],
    }


def run(text: str, path: str, folder: str, settings: Sequence[Any]) -> dict[str, Any]:
    """Run the scenario with these settings; how it ended, why, and its figures if it did.

    ``outcome`` is ``ok``, ``failed`` when an expectation did, ``refused`` when the settings make
    no scenario, ``ended`` when the run could not go on.
    """
    source = Source(text, path, folder)
    try:
        scenario = source.scenario([(tuple(parts), value) for parts, value in settings])
    except ScenarioError as error:
        faults = "; ".join(fault.message for fault in error.faults)
        return {"outcome": "refused", "because": faults, "figures": None}
    except EventsimError as error:
        return {"outcome": "refused", "because": str(error), "figures": None}
    try:
        result, latency = _measured(scenario)
    except (EventsimError, HandlerStuck) as error:
        return {"outcome": "ended", "because": str(error), "figures": None}
    return {"outcome": result.outcome, "because": None, "figures": figures(result, latency)}


def _measured(scenario: Scenario) -> tuple[Result, Latency]:
    async def main() -> tuple[Result, Latency]:
        async with Simulation(scenario, Options(time="virtual", detail="off")) as simulation:
            latency = Latency(simulation.clock)
            latency.begin(simulation.journal)
            return await simulation.run(), latency

    return clock.run(main, virtual=True)
