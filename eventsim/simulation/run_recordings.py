"""
Streams and queues of a run, recorded as their records arrive.

A run of simulated services can be watched from within: nothing reads for the recording, so the
run is the same with it and without. Records are told shard by shard, when somebody looks; so
each recording is put in order of arrival at the end, and written whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from math import floor
from pathlib import Path

from eventsim.errors import EventsimError
from eventsim.recordings import Header, RecordedRecord, jsonl
from eventsim.scenario import Scenario
from eventsim.services import QueueSummary
from eventsim.simulation.sorting import Sorter
from eventsim.simulation.stores import opened_by
from eventsim.streams import PutSummary
from eventsim.types import Message

SIMULATED = "simulated"
ARRIVALS = frozenset(("sent", "moved"))

OnRecorded = Callable[[Path, int], None]


class RunRecording:
    """One stream or queue of a run. ``origin`` is its ARN, once that is known."""

    def __init__(self, path: Path, header: Header) -> None:
        self.origin = ""
        self._path, self._header = path, header
        self._sorter = Sorter(header.source, path)

    def take(self, put: PutSummary) -> None:
        """Take what arrived on a shard."""
        for number, key, data, arrival in put.held:
            self._sorter.add(RecordedRecord(arrival, key, data, put.shard_id, number))

    def take_messages(self, summary: QueueSummary, now: float) -> None:
        """Take what came into a queue at epoch time *now*, sent or from another queue."""
        if summary.what in ARRIVALS:
            for each in summary.held():
                self._sorter.add(RecordedRecord(now, _group(each), each))

    def write(self) -> int:
        """Write the recording and return the number of its records. Raises RecordingError."""
        header = replace(self._header, origin=self.origin)
        try:
            return jsonl.write(self._path, header, self._sorter.sorted())
        finally:
            self._sorter.close()


def check_recordings(wanted: Mapping[str, Path], scenario: Scenario, backend: str) -> None:
    """Raise EventsimError for what a run of *scenario* on *backend* cannot record."""
    if not wanted:
        return
    if backend != SIMULATED:
        raise EventsimError(
            f"a run records what it simulates, and nothing of the {backend} back end; "
            "`eventsim record` records at an endpoint"
        )
    known = [*opened_by("open_stream", scenario), *opened_by("open_queue", scenario)]
    for name, path in wanted.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            raise EventsimError(f"no stream or queue called '{name}'; there are: {listed}")
        jsonl.check_suffix(path)


def open_recordings(
    wanted: Mapping[str, Path],
    scenario: Scenario,
    seed: int,
    told: OnRecorded,
    closing: AsyncExitStack,
) -> dict[str, RunRecording]:
    """A recording for each name, which *closing* writes and *told* hears of."""
    notes = {"scenario": scenario.name, "seed": seed}
    start = float(floor(scenario.start.timestamp()))
    made = {
        name: RunRecording(path, Header(scenario.resources[name].type, start=start, notes=notes))
        for name, path in wanted.items()
    }
    for name, path in wanted.items():
        closing.callback(lambda one, path: told(path, one.write()), made[name], path)
    return made


def _group(message: Message) -> str:
    return message.attributes.get("MessageGroupId", "")
