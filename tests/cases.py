"""A small scenario around one handler, for the acceptance cases that go through a whole run."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eventsim.clock import run as run_on
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Result, Simulation

Answer = Callable[[Any], Any]


@dataclass
class Case:
    """One function, what it was given and what the run told."""

    answer: Answer = lambda event: None
    events: list[Any] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    bodies: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, list[tuple[str, bytes, str]]] = field(default_factory=dict)

    def handler(self, event: Any, context: Any) -> Any:
        self.events.append(event)
        self.request_ids.append(context.aws_request_id)
        return self.answer(event)

    def run(
        self,
        resources: dict[str, Any],
        timeline: Sequence[dict[str, Any]],
        kind: str = "Kinesis",
        function: dict[str, Any] | None = None,
        backend: Literal["simulated", "moto"] = "simulated",
        events: dict[str, Any] | None = None,
        **properties: Any,
    ) -> Result:
        """Run it; afterwards ``bodies`` has what is left in each queue."""
        scenario = Scenario.of(
            {
                "name": "case",
                "resources": resources,
                "functions": {
                    "f": {
                        "Handler": self.handler,
                        "Events": {"E": {"Type": kind, "Properties": properties}, **(events or {})},
                        "duration": "20ms",
                        **(function or {}),
                    }
                },
                "timeline": list(timeline),
            },
            folder=Path(__file__).parent,
        )
        sink = MemorySink()
        options = Options(sinks=[sink], backend=backend)

        async def main() -> Result:
            async with Simulation(scenario, options) as simulation:
                result = await simulation.run()
                for name, queue in simulation.queues.items():
                    received = (await queue.receive(10, simulation.clock.time())).messages
                    self.bodies[name] = [message.body for message in received]
                for name, bucket in simulation.buckets.items():
                    self.objects[name] = [
                        (key, stored.body, stored.content_type)
                        for key in await bucket.list_objects()
                        for stored in [await bucket.get_object(key)]
                    ]
                return result

        result = run_on(main, virtual=True)
        self.entries = sink.entries
        return result

    def data(self) -> list[list[str]]:
        """The data of the Kinesis records of each invocation, as text."""
        return [[data_of(record) for record in event["Records"]] for event in self.events]

    def told(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]


def data_of(record: Any) -> str:
    return base64.b64decode(record["kinesis"]["data"]).decode()


def put(at: str, *data: Any, to: str = "orders") -> dict[str, Any]:
    return {"at": at, "put": to, "records": [{"key": "a", "data": each} for each in data]}


# What is consumed stays on the stream: who reads it again shows.
STREAM: dict[str, Any] = {"orders": {"type": "kinesis", "shards": 1, "release": "retention"}}
ALL: dict[str, Any] = {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"}
