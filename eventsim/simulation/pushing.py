"""One event of a service, pushed with no timeline around it."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio

from eventsim import clock
from eventsim.scenario import Scenario
from eventsim.simulation.failing import first_of_ours
from eventsim.simulation.options import Options
from eventsim.simulation.setting import open_setting
from eventsim.types import Answer, Delivery, Scene


def push(
    scenario: Scenario, delivery: Delivery, scene: Scene, options: Options | None = None
) -> Answer:
    """Deliver an event to a function of *scenario* as its service does; what it made of the answer.

    What an Event invocation began has ended when this returns. Raises EventsimError when nothing
    can run, KeyboardInterrupt at Ctrl-C.
    """
    options = options or Options()

    async def main() -> Answer:
        async with AsyncExitStack() as closing:
            setting = await open_setting(scenario, options, closing)
            try:
                async with anyio.create_task_group() as tasks:
                    setting.background.begin(tasks)
                    answer = await setting.pusher.push(delivery, scene)
            except BaseExceptionGroup as group:
                raise first_of_ours(group) from None
            return answer

    return clock.run(main, virtual=options.virtual(scenario))
