"""``eventsim load``: a scenario, or an address, under load."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from eventsim.cli.exits import exits
from eventsim.cli.run import AllowAws, Detail, EnvVars, Journal, Set
from eventsim.cli.talk import Talk

EXAMPLES = """
eventsim load scenario.yaml --rate 200/s --for 30s
eventsim load scenario.yaml --rate "10/s to 200/s for 1m, 200/s for 5m" --arrivals poisson
eventsim load scenario.yaml --rate 200/s --for 30s --threshold "p99 < 250ms" --html load.html
eventsim load scenario.yaml --in-flight 10 --for 30s --json
eventsim load http://127.0.0.1:3000/orders --rate 100/s --for 10s --event order.json
eventsim load http://127.0.0.1:3000/orders --rate 4000/s --for 30s --workers 4
"""

Option = typer.Option
Word = str | None
Words = list[str] | None

Target = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario file, one on board, or an address.")
]
Rate = Annotated[Word, Option(metavar="RATE", help="200/s, or parts: 10/s to 90/s for 1m, …")]
For = Annotated[Word, Option("--for", metavar="TIME", help="How long, such as 30s.")]
InFlight = Annotated[int | None, Option(help="Closed model: so many wait for their answers.")]
Arrivals = Annotated[Literal["constant", "poisson"] | None, Option(help="Of the open model.")]
Function = Annotated[Word, Option(metavar="NAME", help="What is invoked, if there are several.")]
Event = Annotated[Word, Option(metavar="FILE", help="What is sent; - is stdin.")]
WarmUp = Annotated[Word, Option(metavar="TIME", help="Not counted: what is due before it.")]
Threshold = Annotated[Words, Option(metavar="TEXT", help='"p99 < 250ms", "errors < 1%", …')]
Abort = Annotated[bool, Option("--abort", help="End the load when a threshold is not kept.")]
Lateness = Annotated[Word, Option(metavar="TIME", help="The generator's at p99, or not valid.")]
InFlightMax = Annotated[int | None, Option(help="Of the open model; more wait to be sent.")]
Precise = Annotated[bool, Option("--precise", help="Wait awake before each instant.")]
Time = Annotated[Literal["virtual", "real"] | None, Option(help="Virtual for what is declared.")]
Seed = Annotated[int | None, Option(help="Instead of the scenario's.")]
Workers = Annotated[int | None, Option(min=1, max=1_000, help="Parts, each in a process.")]
On = Annotated[Word, Option(metavar="WHERE", help="local, dask, or dask://ADDRESS of a cluster.")]
Html = Annotated[Word, Option(metavar="FILE", help="One page with curves, for a browser.")]
Json = Annotated[bool, Option("--json", help="The figures as JSON.")]
Quiet = Annotated[bool, Option("--quiet", help="Talk of failures only.")]


def load(
    scenario: Target,
    rate: Rate = None,
    for_: For = None,
    in_flight: InFlight = None,
    arrivals: Arrivals = None,
    function: Function = None,
    event: Event = None,
    warm_up: WarmUp = None,
    threshold: Threshold = None,
    abort: Abort = False,
    lateness: Lateness = None,
    in_flight_max: InFlightMax = None,
    precise: Precise = False,
    set_: Set = None,
    time: Time = None,
    seed: Seed = None,
    workers: Workers = None,
    on: On = None,
    allow_aws: AllowAws = False,
    env_vars: EnvVars = None,
    journal: Journal = None,
    detail: Detail = "off",
    html: Html = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Send requests at a rate, and measure latency from the instant at which each was due.

    Exit 1 if a threshold or an expectation is not kept or the load is not valid, 2 if it cannot
    be made, 130 if it is interrupted; what was measured by then is reported.
    """
    talk = Talk(quiet=quiet)
    with exits(talk):
        from eventsim.cli.loading import Asked, To, Where, perform

        asked = Asked(
            scenario=scenario,
            rate=rate,
            duration=for_,
            in_flight=in_flight,
            arrivals=arrivals,
            function=function,
            event=event,
            warm_up=warm_up,
            thresholds=threshold or [],
            abort=abort,
            lateness=lateness,
            in_flight_max=in_flight_max,
            precise=precise,
            set=tuple(set_ or ()),
            time=time,
            seed=seed,
            where=Where(workers, on),
            allow_aws=allow_aws,
            env_vars=env_vars,
            to=To(journal, detail, html, json),
        )
        code = perform(asked, talk)
    raise typer.Exit(code)
