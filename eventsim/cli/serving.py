"""Serves AWS for ``eventsim serve``: says where, hears Ctrl-C, keeps the journal."""

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
from eventsim.clock import machine_time
from eventsim.errors import EventsimError
from eventsim.scenario import Scenario, find, load
from eventsim.simulation import Options

if TYPE_CHECKING:
    from eventsim.server.running import Server
    from eventsim.simulation.serving import HttpServer


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
    scenario = _scenario(asked)
    asked.options().check(scenario)
    for note in scenario.notes(served=True):
        talk.say(f"note: {note}")
    kept = None if asked.journal == STREAM else asked.journal
    if kept is not None:
        refuse_to_lose("--journal", Path(kept))
    frame = FrameSink()
    options = options_of(asked, scenario, Entries(frame, kept), talk)
    http = _http(place)
    work = partial(_serve, scenario, options, http, asked, place, talk)
    interrupted = clock.run(work, virtual=False)
    if interrupted:
        return INTERRUPTED
    return OK if frame.entries[-1].fields.get("outcome") == "ok" else FAILED


def _scenario(asked: Asked) -> Scenario:
    """The scenario that was asked for, or an empty one."""
    if asked.scenario:
        return load(find(asked.scenario))
    seed = round(machine_time().timestamp() * 1000)  # so that no two servers make the same ids
    return Scenario.of({"name": "server", "time": "real", "seed": seed})


def _http(place: Place) -> HttpServer:
    """The port, taken. Raises EventsimError, also where a package is missing."""
    try:
        import flask_cors  # noqa: F401  # which moto asks for late, and in many words

        from eventsim.server import running  # noqa: F401  # so that what is missing is known now
        from eventsim.simulation.serving import Address, HttpServer
    except ModuleNotFoundError as error:
        text = f"serving needs {error.name}, which is not installed; install eventsim[serve]"
        raise EventsimError(text) from None
    return HttpServer(Address(place.host, place.port))


async def _serve(
    scenario: Scenario,
    options: Options,
    http: HttpServer,
    asked: Asked,
    place: Place,
    talk: Talk,
) -> bool:
    """Serve to the end; whether a signal was it."""
    from eventsim.server.running import Server

    async with Server(scenario, options, http) as server:
        server.simulation.journal.watch(["request_served"], partial(_access, talk))
        run = partial(server.run, lambda: _tell(server, asked, place, talk))
        return await until_signal(run, lambda _: _stop(server, talk))


def _tell(server: Server, asked: Asked, place: Place, talk: Talk) -> None:
    """Where it is served: the port for scripts, URLs and routes for people."""
    if place.port_file is not None:
        with writing(place.port_file) as out:
            out.write(f"{server.port}\n")
    out = talk.out if asked.journal == STREAM else sys.stdout
    for name, url in server.urls.items():
        print(f"{url}  {name}", file=out, flush=True)
        for line in server.routes[name]:
            talk.note(f"  {line}")
    print(f"{server.base}  AWS_ENDPOINT_URL", file=out, flush=True)
    talk.note("serving; Ctrl-C stops")


def _access(talk: Talk, kind: str, fields: dict[str, Any]) -> None:
    talk.note(f"{fields['http_status']}  {fields['method']} {fields['url_path']}")


def _stop(server: Server, talk: Talk) -> None:
    talk.note("stopping when requests on their way are answered; Ctrl-C again ends at once")
    server.stop()
