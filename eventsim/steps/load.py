"""
``load``: a function invoked at a rate, whether it keeps up or not.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from eventsim.errors import EventsimError
from eventsim.reports.latency import Measured
from eventsim.rules import arrivals
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.problem import refuse
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Bytes, Rate, Seconds, Text
from eventsim.traffic.sending import Sender
from eventsim.traffic.what_if import WhatIf

AT_ONCE = 100_000  # requests worked out before a Ctrl-C is heard


def _some(seconds: float) -> float:
    if not seconds:
        raise refuse("is no time at all; write how long requests arrive, such as 10m")
    return seconds


class Step(TimelineStep):
    """Invoke the function at this ``rate``, ``for`` so long, RequestResponse.

    With ``entries: totals`` nothing is written of each invocation: a function that is run_in:
    model is worked out alone, millions of times, as if nothing else invoked it.
    """

    function_keys: ClassVar[Collection[str]] = ("load",)

    load: Text = Field(examples=["consumer"])
    rate: Rate = Field(examples=["0.9/s"])
    duration: Annotated[Seconds, AfterValidator(_some)] = Field(alias="for", examples=["10m"])
    arrivals: Literal["constant", "poisson"] = "constant"
    payload: Bytes = b"{}"
    entries: Literal["each", "totals"] = "each"

    async def perform(self, stage: Stage) -> None:
        """Return when every request is answered.

        Raises EventsimError for totals of what cannot be worked out, or when too many requests
        wait for their answers.
        """
        fields = await (self._send(stage) if self.entries == "each" else self._work_out(stage))
        stage.journal.write("load_finished", function=self.load, entries=self.entries, **fields)

    def instants(self, stage: Stage) -> Iterator[float]:
        """When requests arrive, in seconds since the step began."""
        if self.arrivals == "constant":
            return arrivals.constant(self.rate, self.duration)
        return arrivals.poisson(
            self.rate, self.duration, stage.chance.stream("arrivals", self.load)
        )

    async def _send(self, stage: Stage) -> dict[str, Any]:
        sender = Sender(
            self.load, self.payload, stage.invoker, stage.clock, stage.journal, stage.chance
        )
        return (await sender.send(self.instants(stage), self.duration)).fields()

    async def _work_out(self, stage: Stage) -> dict[str, Any]:
        """The totals, and what nothing else tells: what a second costs, and how long they took."""
        if any(mapping.startswith(f"{self.load}.") for mapping in stage.mappings):
            raise EventsimError(
                f"load: {self.load} has an event source mapping, and entries: totals works out a "
                "function that nothing else invokes; write entries: each"
            )
        begun, latency = stage.clock.time(), Measured()
        function = stage.environments.find(self.load).function
        what_if = WhatIf(
            function,
            stage.chance,
            self.duration,
            start=begun,
            concurrency=stage.environments.concurrency.most(self.load),
            profile=stage.environments.profile,
            latency=latency.add,
        )
        instants = self.instants(stage)
        while what_if.run(islice(instants, AT_ONCE)):
            await stage.clock.sleep_until(what_if.time)
        totals = what_if.finish()
        await stage.clock.sleep_until(max(what_if.time, begun + self.duration))
        return {
            **totals.fields(),
            "memory_size": function.memory_size,
            "architecture": function.architecture,
            "latency": latency.fields() if latency.count else None,
        }
