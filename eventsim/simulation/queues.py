"""The queues of a run, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from eventsim import registry
from eventsim.backends import Backend
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.scenario import Scenario
from eventsim.services import QueueSummary
from eventsim.simulation.stores import opened_by
from eventsim.types import Queue


async def open_queues(
    scenario: Scenario, backend: Backend, chance: Chance, journal: Journal
) -> dict[str, Queue]:
    """Open every queue of the scenario, by resource name.

    Raises BackendError, ServiceError or Unreachable when one cannot be opened.
    """
    names = opened_by("open_queue", scenario)
    if not names:
        return {}
    module = registry.load("sources", scenario.resources[names[0]].type, wants=["open_queues"])
    settings = {name: scenario.resources[name].settings for name in names}
    told = {name: _telling(journal, name) for name in names}
    return cast(dict[str, Queue], await module.open_queues(settings, backend, chance, told))


def _telling(journal: Journal, source: str) -> Callable[[QueueSummary], None]:
    def tell(summary: QueueSummary) -> None:
        what, first, last, messages, since, until, target = summary
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
