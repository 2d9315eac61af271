"""The streams of a run, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from eventsim import registry
from eventsim.backends import Backend
from eventsim.journal import Journal
from eventsim.scenario import Resource, Scenario
from eventsim.simulation.run_recordings import RunRecording
from eventsim.simulation.stores import opened_by
from eventsim.streams import PutSummary
from eventsim.types import Reshardable, Resharding, Stream


async def open_streams(
    scenario: Scenario,
    backend: Backend,
    journal: Journal,
    recordings: Mapping[str, RunRecording],
) -> dict[str, Stream]:
    """Open every stream of the scenario, by resource name; *recordings* hear of their records.

    Raises BackendError, ServiceError or Unreachable when one cannot be opened.
    """
    return {
        name: await _open(name, scenario.resources[name], backend, journal, recordings.get(name))
        for name in opened_by("open_stream", scenario)
    }


async def _open(
    name: str,
    resource: Resource,
    backend: Backend,
    journal: Journal,
    recording: RunRecording | None,
) -> Stream:
    module = registry.load("sources", resource.type, wants=["open_stream"])
    tell = telling(journal, name, recording)
    stream = cast(Stream, await module.open_stream(name, resource.settings, backend, tell))
    if recording is not None:
        recording.origin = stream.arn
    if isinstance(stream, Reshardable):
        stream.on_reshard(lambda change: tell_resharding(journal, name, change))
    return stream


def telling(
    journal: Journal, source: str, recording: RunRecording | None
) -> Callable[[PutSummary], None]:
    def tell(put: PutSummary) -> None:
        shard_id, first, last, records, since, until, _ = put
        if recording is not None:
            recording.take(put)
        journal.write(
            "records_put",
            source=source,
            shard=shard_id,
            first=first,
            last=last,
            records=records,
            since=round(since, 6),
            until=round(until, 6),
        )

    return tell


def tell_resharding(journal: Journal, source: str, change: Resharding) -> None:
    parents, children = change
    if len(parents) == 1:
        journal.write("shard_split", source=source, shard=parents[0], children=list(children))
    else:
        journal.write("shard_merged", source=source, shards=list(parents), child=children[0])
