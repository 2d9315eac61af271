"""
One scenario under many settings: a grid of runs in virtual time, spread over workers.

``plan`` makes the grid, ``Sweep`` has it run and keeps what it comes to, ``telling`` shows it.
Every point is a run of its own with the scenario's seed, so that neither the number of workers
nor their order changes a figure.
"""

from __future__ import annotations

from eventsim.sweep.driving import Sweep
from eventsim.sweep.planning import Plan, plan

__all__ = ["Plan", "Sweep", "plan"]
