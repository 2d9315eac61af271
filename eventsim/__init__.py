"""
Runs a Lambda handler the way AWS would call it, on one machine, in virtual or in real time.

    from eventsim import Scenario, run

    result = run(Scenario.of({...}, folder=Path(__file__).parent))
    assert result.ok

What is named here is public; everything else may move.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from eventsim.clock import Clock as Clock
    from eventsim.errors import EventsimError as EventsimError
    from eventsim.errors import InvokeError as InvokeError
    from eventsim.errors import ScenarioError as ScenarioError
    from eventsim.journal import Entry as Entry
    from eventsim.journal import Journal as Journal
    from eventsim.push.builders import builder as builder
    from eventsim.scenario import Scenario as Scenario
    from eventsim.scenario import load as load
    from eventsim.simulation import Options as Options
    from eventsim.simulation import Result as Result
    from eventsim.simulation import Simulation as Simulation
    from eventsim.simulation import run as run
    from eventsim.types import Invoker as Invoker
    from eventsim.types import InvokeRequest as InvokeRequest
    from eventsim.types import InvokeResult as InvokeResult
    from eventsim.types import MappingKind as MappingKind
    from eventsim.types import Origin as Origin
    from eventsim.types import Payload as Payload
    from eventsim.types import Position as Position
    from eventsim.types import PutRecord as PutRecord
    from eventsim.types import Read as Read
    from eventsim.types import Reader as Reader
    from eventsim.types import Record as Record
    from eventsim.types import Scene as Scene
    from eventsim.types import Shard as Shard
    from eventsim.types import Stream as Stream
    from eventsim.types import TimedRecord as TimedRecord

# Where each public name lives; it is imported when it is first asked for, so that
# `eventsim --help` does not pay for what it does not use.
_HOMES = {
    "Clock": "clock",
    "Entry": "journal",
    "EventsimError": "errors",
    "InvokeError": "errors",
    "InvokeRequest": "types",
    "InvokeResult": "types",
    "Invoker": "types",
    "Journal": "journal",
    "MappingKind": "types",
    "Options": "simulation",
    "Origin": "types",
    "Payload": "types",
    "Position": "types",
    "PutRecord": "types",
    "Read": "types",
    "Reader": "types",
    "Record": "types",
    "Result": "simulation",
    "Scenario": "scenario",
    "ScenarioError": "errors",
    "Scene": "types",
    "Shard": "types",
    "Simulation": "simulation",
    "Stream": "types",
    "TimedRecord": "types",
    "builder": "push.builders",
    "load": "scenario",
    "run": "simulation",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604  # the keys are texts


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'eventsim' has no attribute '{name}'")
    return getattr(import_module(f"eventsim.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
