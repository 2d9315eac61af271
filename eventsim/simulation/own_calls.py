"""Where the handlers of a run find AWS, and who answers them there."""

from __future__ import annotations

from contextlib import AsyncExitStack

from eventsim.backends import Backend, Services
from eventsim.environments.own_calls import OwnCalls
from eventsim.environments.permissions import Permissions
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.runtimes import Endpoint
from eventsim.scenario import Scenario
from eventsim.simulation.options import Options
from eventsim.types import Invoker


async def open_endpoint(
    backend: Backend, options: Options, closing: AsyncExitStack
) -> Endpoint | None:
    """An endpoint for handlers, if the back end has services for them; *closing* closes it."""
    if backend.services is None or options.allow_aws:
        return None
    endpoint = Endpoint()
    closing.push_async_callback(endpoint.aclose)
    await endpoint.open()
    return endpoint


def own_calls(
    scenario: Scenario,
    services: Services,
    permissions: Permissions,
    invoker: Invoker,
    journal: Journal,
    chance: Chance,
) -> OwnCalls:
    """Who answers the handlers of *scenario*."""
    return OwnCalls(
        services,
        permissions,
        invoker,
        journal,
        scenario.account,
        scenario.region,
        chance.uuids("requests of handlers"),
    )
