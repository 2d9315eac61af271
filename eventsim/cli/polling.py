"""Polls for ``eventsim poll``: what is asked, what is shown meanwhile, how it ends."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any, Literal

import orjson

from eventsim import clock
from eventsim.cli.endpoints import region, seconds, source
from eventsim.cli.exits import FAILED, INTERRUPTED, OK
from eventsim.cli.files import STREAM, refuse_to_lose, same
from eventsim.cli.functions import code_folder, scenario_of
from eventsim.cli.handlers import function_name, look_up
from eventsim.cli.poll import POLLED, flag
from eventsim.cli.report import Report
from eventsim.cli.signals import ENDINGS, until_signal
from eventsim.cli.sinks import FrameSink, StdoutSink
from eventsim.cli.talk import Talk
from eventsim.cli.variables import variables
from eventsim.errors import EventsimError
from eventsim.journal import Entry, Sink
from eventsim.journal.sinks import JsonLinesSink
from eventsim.reports import TELLINGS
from eventsim.scenario import Scenario
from eventsim.simulation import Options
from eventsim.simulation.finding import Polled
from eventsim.simulation.polling import Polling

SHOWN = frozenset(
    {
        "batch_bisected",
        "batch_delivered",
        "batch_discarded",
        "destination_delivered",
        "destination_failed",
        "records_expired",
        "records_filtered",
        "retry_scheduled",
        "shard_lost",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the command line; ``settings`` by AWS's name, None or False if not given."""

    source: str
    handler: str
    checkpoints: str | None
    endpoint_url: str | None
    region: str | None
    allow_aws: bool
    run_for: str | None
    count: int | None
    code_uri: str
    timeout: int
    memory_size: int
    env_vars: str | None
    async_handler: bool
    journal: str | None
    detail: Literal["off", "batch", "payload"]
    json: bool
    debug: bool
    settings: Mapping[str, Any]

    def polled(self) -> Polled:
        """What is polled. Raises EventsimError for words that mean nothing."""
        kind, name = source(self.source)
        return Polled(
            kind,
            name,
            properties_of(self.settings),
            region=region(self.region, self.endpoint_url, self.allow_aws),
            checkpoints=None if self.checkpoints is None else Path(self.checkpoints),
            run_for=seconds(self.run_for),
            count=self.count,
            command=shlex.join(["eventsim", "poll", self.source, *self._flags()]),
        )

    def _flags(self) -> Iterator[str]:
        """The options that were given, but files and addresses: no journal may have those."""
        yield from ("--handler", self.handler)
        given = [*flags_of(self.settings)]
        given += [("--allow-aws", self.allow_aws), ("--async-handler", self.async_handler)]
        given += [("--for", self.run_for), ("--count", self.count), ("--debug", self.debug)]
        given += [("--region", self.region)]
        given += [("--timeout", self.timeout), ("--memory-size", self.memory_size)]
        for option, value in given:
            if value is True:
                yield option
            elif value is not None and value is not False:
                yield from (option, str(value))

    def check(self) -> None:
        """Raise EventsimError for options that contradict each other."""
        if self.journal is None:
            return
        if self.journal == STREAM:
            if self.json:
                raise EventsimError("only one thing can go to stdout; write a file's name for one")
            return
        if self.checkpoints is not None and same(self.journal, self.checkpoints):
            raise EventsimError(f"--journal and --checkpoints both want to write {self.journal}")
        refuse_to_lose("--journal", Path(self.journal))


class ShownSink:
    """Says a line for each batch, in the words of the timeline."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def write(self, flat: dict[str, Any]) -> None:
        if flat["kind"] in SHOWN:
            entry = Entry.of(flat)
            telling = TELLINGS[entry.kind]
            self._talk.note(f"{telling.place(entry.fields)}  {telling.text(entry)}")

    def close(self) -> None:
        """Nothing to let go of."""


def perform(asked: Asked, talk: Talk) -> int:
    """Poll until it is enough, and print what came of it; the exit code.

    Raises EventsimError for what cannot begin or go on, KeyboardInterrupt at a second Ctrl-C.
    """
    asked.check()
    polled, scenario = asked.polled(), _scenario(asked)
    frame = FrameSink()
    options = _options(asked, scenario, frame, talk)
    if polled.checkpoints is None and not polled.source().MAPPING.is_queue:
        talk.note("no --checkpoints FILE: progress lasts as long as this process")
    interrupted, failure = False, None
    try:
        interrupted = clock.run(lambda: _poll(polled, scenario, options, talk), virtual=False)
    except ENDINGS as error:
        failure = error
    if frame.entries:
        report = Report("json" if asked.json else "summary")
        report.write(frame.entries, talk.out if asked.journal == STREAM else sys.stdout)
        sys.stdout.flush()
    if failure is not None:
        raise failure
    if interrupted:
        return INTERRUPTED
    counts = frame.entries[-1].fields["counts"]["records"]
    return FAILED if counts["discarded"] else OK


async def _poll(polled: Polled, scenario: Scenario, options: Options, talk: Talk) -> bool:
    """Poll to the end; whether a signal was it."""
    async with Polling(polled, scenario, options, talk.say) as polling:

        async def work() -> None:
            talk.note(f"polling {polled.type}://{polled.name}; Ctrl-C stops")
            await polling.run()

        def stop(number: Signals) -> None:
            talk.note("stopping when what is in flight is finished; Ctrl-C again ends at once")
            polling.stop(f"{number.name} was sent")

        return await until_signal(work, stop)


def _options(asked: Asked, scenario: Scenario, frame: FrameSink, talk: Talk) -> Options:
    sinks: list[Sink] = [frame, ShownSink(talk)]
    if asked.journal == STREAM:
        sinks.append(StdoutSink(sys.stdout.buffer, eager=True))
    elif asked.journal is not None:
        sinks.append(JsonLinesSink(Path(asked.journal), eager=True))
    given = variables(asked.env_vars, list(scenario.functions)) if asked.env_vars else {}
    return Options(
        endpoint_url=asked.endpoint_url,
        allow_aws=asked.allow_aws,
        detail=asked.detail,
        sinks=sinks,
        variables=given,
        debug=asked.debug,
        on_log=None if talk.quiet or asked.debug else talk.log,
    )


def _scenario(asked: Asked) -> Scenario:
    """A scenario with nothing but the function."""
    folder = code_folder(asked.code_uri)
    found = look_up(asked.handler, folder.resolve())
    return scenario_of(
        function_name(found.module),
        folder,
        handler=asked.handler,
        timeout=asked.timeout,
        memory_size=asked.memory_size,
        async_handler=asked.async_handler,
        name=f"poll {asked.source}",
        backend="endpoint",
    )


def flags_of(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The option of each setting and what it was given."""
    for name, value in settings.items():
        yield flag(POLLED[name]), value


def properties_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, as SAM writes them."""
    return {
        name: _property(name, value)
        for name, value in settings.items()
        if value is not None and value is not False
    }


def _property(name: str, value: Any) -> Any:
    match name:
        case "FilterCriteria":
            return _json("--filter-criteria", value)
        case "DestinationConfig":
            return {"OnFailure": {"Destination": value}}
        case "ScalingConfig":
            return {"MaximumConcurrency": value}
        case "FunctionResponseTypes":
            return value.split(",")
        case "StartingPositionTimestamp":
            return float(value) if _is_number(value) else value
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdecimal()


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise EventsimError(f"{name} is not JSON: {error}") from None
