"""
The composition root: a scenario becomes objects, the objects become a run.

Nothing below this row knows how the others are made. ``run(scenario)`` does everything;
``async with Simulation(scenario) as simulation`` is for who wants to put records, invoke
functions or read streams in between::

    async with Simulation(scenario) as simulation:
        await simulation.streams["orders"].put([PutRecord("a", b"{}")])
        result = await simulation.run()
"""

from __future__ import annotations

from eventsim.simulation.expecting import Verdict
from eventsim.simulation.options import Options
from eventsim.simulation.running import Result, Simulation, run

__all__ = ["Options", "Result", "Simulation", "Verdict", "run"]
