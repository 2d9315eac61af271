"""``eventsim serve``: AWS on a port, and a scenario's APIs, load balancers and function URLs."""

from __future__ import annotations

from typing import Annotated

import typer

from eventsim.cli.asked import Asked
from eventsim.cli.exits import exits
from eventsim.cli.progress import Progress
from eventsim.cli.run import AllowAws, Backend, Detail, EndpointUrl, EnvVars, Journal, Option
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim serve
eventsim serve scenario.yaml --port 8080
eventsim serve scenario.yaml --port 0 --port-file port.txt --journal served.jsonl
"""


def serve(
    scenario: Annotated[
        str | None, typer.Argument(help="A scenario file, or one on board by name; or none.")
    ] = None,
    port: Annotated[int, Option(min=0, max=65_535, help="0 is any that is free.")] = 4566,
    host: Annotated[str, Option(help="Only this machine can reach 127.0.0.1.")] = "127.0.0.1",
    port_file: Annotated[
        str | None, Option(metavar="FILE", help="Write the port there, once it answers.")
    ] = None,
    speed: Annotated[float | None, Option(help="Divide the waits of real time.")] = None,
    seed: Annotated[int | None, Option(help="Instead of the scenario's.")] = None,
    backend: Annotated[Backend | None, Option(help="Where the services come from.")] = None,
    endpoint_url: EndpointUrl = None,
    allow_aws: AllowAws = False,
    journal: Journal = None,
    detail: Annotated[Detail, Option(help="How much the journal says.")] = "batch",
    env_vars: EnvVars = None,
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
    verbose: Annotated[bool, Option("--verbose", help="Show each entry on stderr.")] = False,
    debug: Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")] = False,
) -> None:
    """Serve AWS's API to its clients on one port, in real time, until Ctrl-C.

    Lambda is eventsim's own, and invokes functions for moto's other services. A scenario adds its
    functions, and serves what requests come to in it; its timeline plays and its event source
    mappings poll meanwhile. The URLs are printed on stdout. Exit 130 after Ctrl-C.
    """
    talk = Progress(Talk(quiet=quiet))
    with exits(talk):
        from eventsim.cli.serving import Place, perform

        asked = Asked(
            scenario=scenario or "",
            time="real",
            speed=speed,
            seed=seed,
            backend=backend,
            endpoint_url=endpoint_url,
            allow_aws=allow_aws,
            journal=journal,
            detail=detail,
            env_vars=env_vars,
            quiet=quiet,
            verbose=verbose,
            debug=debug,
        )
        code = perform(asked, Place(host, port, port_file), talk)
    raise typer.Exit(code)
