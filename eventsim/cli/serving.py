"""Serves a scenario for ``eventsim serve``: says where, hears Ctrl-C, keeps the journal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsim import clock
from eventsim.cli.asked import Asked
from eventsim.cli.exits import FAILED, INTERRUPTED, OK
from eventsim.cli.files import STREAM, refuse_to_lose, writing
from eventsim.cli.running import Entries, options_of
from eventsim.cli.signals import until_signal
from eventsim.cli.sinks import FrameSink
from eventsim.cli.talk import Talk
from eventsim.errors import EventsimError
from eventsim.scenario import Scenario, find, load
from eventsim.simulation import Options, Simulation

if TYPE_CHECKING:
    from eventsim.simulation.serving import Serving


@dataclass(frozen=True, slots=True)
class Place:
    """Where to serve, and the file that the port is written to."""

    host: str
    port: int
    port_file: str | None = None


def perform(asked: Asked, place: Place, talk: Talk) -> int:
    """Serve until a signal; the exit code.

    Raises EventsimError, HandlerStuck or KeyboardInterrupt for a run that did not end by itself.
    """
    asked.check()
    scenario = load(find(asked.scenario))
    asked.options().check(scenario)
    for note in scenario.notes(served=True):
        talk.say(f"note: {note}")
    kept = None if asked.journal == STREAM else asked.journal
    if kept is not None:
        refuse_to_lose("--journal", Path(kept))
    frame = FrameSink()
    options = options_of(asked, scenario, Entries(frame, kept), talk)
    work = partial(_serve, scenario, options, asked, place, talk)
    interrupted = clock.run(work, virtual=False)
    if interrupted:
        return INTERRUPTED
    return OK if frame.entries[-1].fields.get("outcome") == "ok" else FAILED


async def _serve(
    scenario: Scenario, options: Options, asked: Asked, place: Place, talk: Talk
) -> bool:
    """Serve to the end; whether a signal was it."""
    try:
        from eventsim.simulation.serving import Address, Serving
    except ModuleNotFoundError as error:
        text = f"serving needs {error.name}, which is not installed; install eventsim[serve]"
        raise EventsimError(text) from None

    async with Simulation(scenario, options) as simulation:
        simulation.journal.watch(["request_served"], partial(_access, talk))
        address = Address(place.host, place.port)
        serving = Serving(simulation, address, lambda ready: _tell(ready, asked, place, talk))
        return await until_signal(serving.run, lambda _: _stop(serving, talk))


def _tell(serving: Serving, asked: Asked, place: Place, talk: Talk) -> None:
    """Where it is served: the port for scripts, URLs and routes for people."""
    if place.port_file is not None:
        with writing(place.port_file) as out:
            out.write(f"{serving.port}\n")
    out = talk.out if asked.journal == STREAM else sys.stdout
    for name, url in serving.urls.items():
        print(f"{url}  {name}", file=out, flush=True)
        for line in serving.routes[name]:
            talk.note(f"  {line}")
    talk.note("serving; Ctrl-C stops")


def _access(talk: Talk, kind: str, fields: dict[str, Any]) -> None:
    talk.note(f"{fields['http_status']}  {fields['method']} {fields['url_path']}")


def _stop(serving: Serving, talk: Talk) -> None:
    talk.note("stopping when requests on their way are answered; Ctrl-C again ends at once")
    serving.stop()
