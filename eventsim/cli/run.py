"""``eventsim run``: a scenario, to its end."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from eventsim.cli.asked import Asked
from eventsim.cli.exits import exits
from eventsim.cli.progress import Progress
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim run scenario.yaml
eventsim run scenario.yaml --as timeline
eventsim run scenario.yaml --set consumer.BisectBatchOnFunctionError=true --versus
eventsim run scenario.yaml --set BatchSize=5 --versus --as html -o both.html
eventsim run scenario.yaml --time real --speed 60 --journal run.jsonl.gz
eventsim run scenario.yaml --quiet --json --junit report.xml
eventsim run scenario.yaml --record orders=orders.jsonl.gz
"""

Time = Literal["virtual", "real"]
Backend = Literal["simulated", "moto", "endpoint"]
Detail = Literal["off", "batch", "payload"]
Option = typer.Option


Set = Annotated[
    list[str] | None,
    Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a setting: consumer.BatchSize=5; null takes away.",
    ),
]
EndpointUrl = Annotated[
    str | None, Option(metavar="URL", help="The address of --backend endpoint.")
]
AllowAws = Annotated[
    bool, Option("--allow-aws", help="Let handlers and the endpoint reach AWS itself.")
]
Journal = Annotated[str | None, Option(metavar="FILE", help="Keep the journal; .gz zips it.")]
Report = Annotated[
    str | None,
    Option("--as", metavar="REPORT", help="summary, or another of `eventsim list reports`."),
]
Output = Annotated[str | None, Option("-o", metavar="FILE", help="Write the report to a file.")]
Junit = Annotated[str | None, Option(metavar="FILE", help="Write the expectations for CI.")]
Stats = Annotated[str | None, Option(metavar="FILE", help="Write what the run cost, as JSON.")]
EnvVars = Annotated[
    str | None, Option(metavar="FILE", help="Environment variables, in sam's JSON.")
]

Record = Annotated[
    list[str] | None,
    Option(metavar="NAME=FILE", help="Record a stream or queue; may be given several times."),
]


def run(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or one on board by name.")],
    set_: Set = None,
    versus: Annotated[
        bool, Option("--versus", help="Run it without and with what --set says; show both.")
    ] = False,
    time: Annotated[Time | None, Option(help="Instead of the scenario's.")] = None,
    speed: Annotated[float | None, Option(help="Divide the waits of real time.")] = None,
    seed: Annotated[int | None, Option(help="Instead of the scenario's.")] = None,
    backend: Annotated[Backend | None, Option(help="Where the services come from.")] = None,
    endpoint_url: EndpointUrl = None,
    allow_aws: AllowAws = False,
    journal: Journal = None,
    detail: Annotated[Detail, Option(help="How much the journal says.")] = "batch",
    as_: Report = None,
    output: Output = None,
    json: Annotated[bool, Option("--json", help="The same as --as json.")] = False,
    junit: Junit = None,
    stats: Stats = None,
    env_vars: EnvVars = None,
    record: Record = None,
    quiet: Annotated[bool, Option("--quiet", help="Talk of failures only.")] = False,
    verbose: Annotated[bool, Option("--verbose", help="Show each entry on stderr.")] = False,
    debug: Annotated[bool, Option("--debug", help="No timeouts, for pdb in a handler.")] = False,
) -> None:
    """Run a scenario to its end, and report on it.

    Exit 1 if an expectation fails, 2 if the run cannot be made, 130 if it is interrupted.
    """
    talk = Progress(Talk(quiet=quiet))
    with exits(talk):
        from eventsim.cli.running import perform
        from eventsim.cli.versus import compared

        asked = Asked(
            scenario=scenario,
            set=tuple(set_ or ()),
            versus=versus,
            time=time,
            speed=speed,
            seed=seed,
            backend=backend,
            endpoint_url=endpoint_url,
            allow_aws=allow_aws,
            journal=journal,
            detail=detail,
            report=as_,
            output=output,
            json=json,
            junit=junit,
            stats=stats,
            env_vars=env_vars,
            record=record or (),
            quiet=quiet,
            verbose=verbose,
            debug=debug,
        )
        code = compared(asked, talk) if versus else perform(asked, talk)
    raise typer.Exit(code)
