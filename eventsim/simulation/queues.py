"""The queues of a run, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from eventsim import registry
from eventsim.backends import Backend
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.scenario import Scenario
from eventsim.services import QueueSummary
from eventsim.simulation.run_recordings import RunRecording
from eventsim.simulation.stores import opened_by
from eventsim.types import Queue


async def open_queues(
    scenario: Scenario,
    backend: Backend,
    chance: Chance,
    journal: Journal,
    recordings: Mapping[str, RunRecording],
) -> dict[str, Queue]:
    """Open every queue of the scenario, by resource name; *recordings* hear of their messages.

    Raises BackendError, ServiceError or Unreachable when one cannot be opened.
    """
    names = opened_by("open_queue", scenario)
    if not names:
        return {}
    module = registry.load("sources", scenario.resources[names[0]].type, wants=["open_queues"])
    settings = {name: scenario.resources[name].settings for name in names}
    told = {name: _telling(journal, name, backend, recordings.get(name)) for name in names}
    opened = await module.open_queues(settings, backend, chance, told)
    queues = cast(dict[str, Queue], opened)
    for name in recordings.keys() & queues.keys():
        recordings[name].origin = queues[name].arn
    return queues


def _telling(
    journal: Journal, source: str, backend: Backend, recording: RunRecording | None
) -> Callable[[QueueSummary], None]:
    def tell(summary: QueueSummary) -> None:
        what, first, last, messages, since, until, target, _ = summary
        if recording is not None:
            recording.take_messages(summary, round(backend.clock.timestamp(), 3))
        span: dict[str, Any] = {"first": first, "last": last, "records": messages}
        times: dict[str, Any] = {"since": round(since, 6), "until": round(until, 6)}
        match what:
            case "sent":
                journal.write("records_put", source=source, shard="", **span, **times)
            case "redriven":
                because = "received max_receive_count times"
                journal.write("messages_redriven", because, source=source, **span, target=target)
            case "expired":
                journal.write("messages_expired", source=source, **span)

    return tell
