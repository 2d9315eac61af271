"""A scenario served on a port of its own, in this process, for clients that are real."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from eventsim import Options, Scenario, Simulation, clock
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.simulation.serving import Address, Serving

WAIT_SECONDS = 20


@dataclass
class Server:
    """What is served: the base of its URLs, each front's, and what its journal says."""

    base: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)
    sink: MemorySink = field(default_factory=MemorySink)

    def entries(self, kind: str) -> list[Entry]:
        """The entries of a kind up to now."""
        return [entry for entry in self.sink.entries if entry.kind == kind]

    def url(self, name: str) -> str:
        """A front's URL, without the slash at its end."""
        return self.urls[name].rstrip("/")


@contextmanager
def served(**values: Any) -> Iterator[Server]:
    """A scenario of these values, served by a thread of its own until the block ends."""
    scenario = Scenario.of({"name": "served", "time": "real", **values}, Path(__file__).parent)
    server, ready = Server(), threading.Event()
    running: list[Serving] = []
    failures: list[BaseException] = []

    def tell(serving: Serving) -> None:
        server.base, server.urls = serving.base, serving.urls
        running.append(serving)
        ready.set()

    async def main() -> None:
        options = Options(sinks=[server.sink], detail="payload")
        async with Simulation(scenario, options) as simulation:
            await Serving(simulation, Address(), tell).run()

    def work() -> None:
        try:
            clock.run(partial(main), virtual=False)
        except BaseException as error:  # noqa: BLE001  # told in the test's own thread
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(WAIT_SECONDS)
    try:
        if not failures:
            yield server
    finally:
        for serving in running:
            serving.stop()
        thread.join(WAIT_SECONDS)
    if failures:
        raise failures[0]
    assert not thread.is_alive()
