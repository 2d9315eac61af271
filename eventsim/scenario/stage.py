"""What a step of the timeline may touch of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from eventsim.clock import Clock
from eventsim.journal import Journal
from eventsim.types import Queue, Stream


class Stage(Protocol):
    """The clock and the journal of a run, its streams and queues by name, its files."""

    @property
    def clock(self) -> Clock: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def streams(self) -> Mapping[str, Stream]: ...

    @property
    def queues(self) -> Mapping[str, Queue]: ...

    def file(self, text: str) -> Path:
        """The whole path of one that the scenario names."""
