"""One invocation, with no timeline around it."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio

from eventsim import clock
from eventsim.scenario import Scenario
from eventsim.simulation.failing import first_of_ours
from eventsim.simulation.options import Options
from eventsim.simulation.setting import open_setting
from eventsim.types import InvokeRequest, InvokeResult


def invoke(
    scenario: Scenario, request: InvokeRequest, options: Options | None = None
) -> InvokeResult:
    """Invoke a function of *scenario* once, on an event loop of its own.

    What an Event invocation began has ended when this returns. Raises InvokeError when the
    request is refused, EventsimError when nothing can run, KeyboardInterrupt at Ctrl-C.
    """
    options = options or Options()

    async def main() -> InvokeResult:
        async with AsyncExitStack() as closing:
            setting = await open_setting(scenario, options, closing)
            try:
                async with anyio.create_task_group() as tasks:
                    setting.background.begin(tasks)
                    result = await setting.invoker.invoke(request)
            except BaseExceptionGroup as group:
                raise first_of_ours(group) from None
            return result

    return clock.run(main, virtual=options.virtual(scenario))
