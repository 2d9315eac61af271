"""One invocation, with no timeline around it."""

from __future__ import annotations

from eventsim import clock
from eventsim.scenario import Scenario
from eventsim.simulation.options import Options
from eventsim.simulation.running import Simulation
from eventsim.simulation.setting import is_virtual
from eventsim.types import InvokeRequest, InvokeResult


def invoke(
    scenario: Scenario, request: InvokeRequest, options: Options | None = None
) -> InvokeResult:
    """Invoke a function of *scenario* once, on an event loop of its own.

    An Event invocation has run when this returns. Raises InvokeError when the request is
    refused, EventsimError when nothing can run, KeyboardInterrupt at Ctrl-C.
    """
    options = options or Options()

    async def main() -> InvokeResult:
        async with Simulation(scenario, options) as simulation:
            return await simulation.invoke(request)

    return clock.run(main, virtual=is_virtual(scenario, options))
