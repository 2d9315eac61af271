"""Puts a scenario under load for ``eventsim load``: what is asked, what is shown, how it ends."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any, Literal, NamedTuple

import orjson

from eventsim import clock
from eventsim.cli.exits import FAILED, INTERRUPTED, OK
from eventsim.cli.files import STREAM, check_folder, read_bytes, refuse_to_lose, same, writing
from eventsim.cli.load_elsewhere import ENDING, Elsewhere
from eventsim.cli.load_view import View, view_of
from eventsim.cli.report import Report
from eventsim.cli.signals import ENDINGS, until_signal
from eventsim.cli.sinks import FrameSink, StdoutSink
from eventsim.cli.talk import Talk
from eventsim.cli.variables import variables
from eventsim.errors import EventsimError
from eventsim.journal import Detail, Sink
from eventsim.journal.sinks import JsonLinesSink
from eventsim.rules import thresholds as rules
from eventsim.rules.durations import seconds_of
from eventsim.rules.rates import pieces_of
from eventsim.scenario import Scenario, Source, find
from eventsim.simulation import Options
from eventsim.simulation.load_part import Origin
from eventsim.simulation.loading import Loading

_OF_A_LOAD = {
    "rate": "rate",
    "duration": "for",
    "in_flight": "in_flight",
    "arrivals": "arrivals",
    "function": "function",
    "warm_up": "warm_up",
    "lateness": "lateness",
    "in_flight_max": "in_flight_max",
}
_EXCLUDES = {"rate": ("in_flight",), "in_flight": ("rate", "arrivals"), "function": ("put", "url")}
_CONTENTS = ("push", "from", "records", "event", "with", "set")


class Where(NamedTuple):
    """How many workers send it and where they are; None and None for this process."""

    workers: int | None
    on: str | None

    @property
    def is_elsewhere(self) -> bool:
        """Whether other processes send it."""
        return self != (None, None)


class To(NamedTuple):
    """Where it is told, and how."""

    journal: str | None
    detail: Detail
    html: str | None
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the command line, one field for each option."""

    scenario: str
    rate: str | None
    duration: str | None
    in_flight: int | None
    arrivals: str | None
    function: str | None
    event: str | None
    warm_up: str | None
    thresholds: list[str]
    abort: bool
    lateness: str | None
    in_flight_max: int | None
    precise: bool
    set: tuple[str, ...]
    time: Literal["virtual", "real"] | None
    seed: int | None
    where: Where
    allow_aws: bool
    env_vars: str | None
    to: To

    def check(self) -> None:
        """Raise EventsimError for words that mean nothing, or contradict each other."""
        for flag, text in (("--warm-up", self.warm_up), ("--lateness", self.lateness)):
            _duration(flag, text)
        _duration("--for", self.duration)
        if self.rate is not None and self.in_flight is not None:
            raise EventsimError("--rate is the open model, --in-flight the closed; leave one out")
        if self.in_flight is not None and self.arrivals is not None:
            raise EventsimError("--arrivals means nothing to --in-flight; leave one out")
        try:
            if self.rate is not None:
                given = self.duration is not None or " for " not in self.rate
                pieces_of(self.rate, _duration("--for", self.duration) or 1.0 if given else None)
        except ValueError as error:
            raise EventsimError(f"--rate {error}") from None
        for text in self.thresholds:
            try:
                rules.parse(text)
            except ValueError as error:
                raise EventsimError(f"--threshold {error}") from None
        self._check_files()

    def changed(self, document: Any) -> Any:
        """The values of a scenario with what was asked in the place of what they say."""
        if not isinstance(document, dict):
            return document
        said = document.get("load")
        block = dict(said) if isinstance(said, dict) else {}
        for name, key in _OF_A_LOAD.items():
            value = getattr(self, name)
            if value is not None:
                block[key] = value
                for other in _EXCLUDES.get(name, ()):
                    block.pop(other, None)
        if self.rate is not None and self.duration is None and " for " in self.rate:
            block.pop("for", None)
        if self.rate is not None and not isinstance(block.get("arrivals", ""), str):
            del block["arrivals"]
        if self.thresholds:
            block["thresholds"] = self.thresholds
        if self.event is not None:
            block = {key: value for key, value in block.items() if key not in _CONTENTS}
            block["payload"] = _payload(self.event)
        block |= {key: True for key in ("abort", "precise") if getattr(self, key)}
        return {**document, "load": block}

    def command(self, seed: int) -> str:
        """The command that repeats the load, its journal and its reports aside."""
        return shlex.join(["eventsim", "load", self.scenario, *self._flags(), "--seed", str(seed)])

    def _flags(self) -> Iterator[str]:
        given: Mapping[str, Any] = {
            "rate": self.rate,
            "for": self.duration,
            "in-flight": self.in_flight,
            "arrivals": self.arrivals,
            "function": self.function,
            "event": self.event,
            "warm-up": self.warm_up,
            "lateness": self.lateness,
            "in-flight-max": self.in_flight_max,
            "time": self.time,
            "workers": self.where.workers,
            "on": self.where.on,
            "env-vars": self.env_vars,
        }
        for flag, value in given.items():
            if value is not None:
                yield from (f"--{flag}", str(value))
        for text in self.thresholds:
            yield from ("--threshold", text)
        for change in self.set:
            yield from ("--set", change)
        for flag in ("abort", "precise", "allow_aws"):
            if getattr(self, flag):
                yield f"--{flag.replace('_', '-')}"

    def _check_files(self) -> None:
        files = [("--journal", self.to.journal), ("--html", self.to.html)]
        if self.to.journal and self.to.html and same(self.to.journal, self.to.html):
            raise EventsimError(f"--journal and --html both want to write {self.to.html}")
        if self.to.json and STREAM in (self.to.journal, self.to.html):
            raise EventsimError("only one thing can go to stdout; write a file's name for the rest")
        if self.where.is_elsewhere and self.to.detail != "off":
            raise EventsimError(
                "the journal of a load in other processes has its figures only; leave --detail out"
            )
        if self.to.html is not None:
            check_folder(self.to.html)  # and not after an hour of load
        for flag, path in files[:1]:
            if path is not None and path != STREAM:
                refuse_to_lose(flag, Path(path))


def perform(asked: Asked, talk: Talk) -> int:
    """Load what was asked for and report on it, whatever became of it; the exit code.

    Raises EventsimError, HandlerStuck or KeyboardInterrupt for a load that did not end by itself.
    """
    asked.check()
    scenario, origin = _scenario(asked)
    frame = FrameSink()
    options = _options(asked, scenario, frame, talk)
    view = view_of(talk)
    loading = Loading(scenario, options, on_tick=view.tick, on_error=_on_error(view))
    options.check(scenario)
    interrupted, failure, ok = False, None, False
    try:
        if asked.where.is_elsewhere:
            there = Elsewhere(loading, origin, asked.where.workers, asked.where.on or "local")
            interrupted = there.run(view, talk)
            ok = there.ok
        else:
            virtual = loading.options.virtual(scenario)
            interrupted = clock.run(lambda: _load(loading, talk), virtual=virtual)
            ok = loading.ok
    except ENDINGS as error:
        failure = error
    view.stop()
    began = any(entry.kind == "load_measured" for entry in frame.entries)
    if began:
        _tell(asked, frame, talk)
    ok = ok and failure is None and not interrupted
    if not ok and began:
        seed = frame.entries[0].fields["seed"]
        talk.say(f"seed {seed}; repeat the load with: {asked.command(seed)}")
    if failure is not None:
        raise failure
    if interrupted:
        talk.say("interrupted")
        return INTERRUPTED
    return OK if ok else FAILED


async def _load(loading: Loading, talk: Talk) -> bool:
    """Load to the end; whether a signal was it."""
    if loading.options.virtual(loading.scenario):
        await loading.main()  # where a signal raises KeyboardInterrupt between two steps
        return False

    def stop(number: Signals) -> None:
        talk.note(ENDING)
        loading.interrupt(f"{number.name} was sent")

    return await until_signal(loading.main, stop)


def _scenario(asked: Asked) -> tuple[Scenario, Origin]:
    """What is loaded, and how a worker comes to the same."""
    block: dict[str, Any] = {}

    def change(document: Any) -> Any:
        changed = asked.changed(document)
        if isinstance(changed, dict):
            block.update(changed["load"])
        return changed

    if "://" not in asked.scenario:
        source = Source.of(find(asked.scenario))
        return source.changed(asked.set, change), Origin(source, asked.set, block)
    if asked.set:
        raise EventsimError("--set changes a scenario, and an address is none; leave it out")
    values = {"name": "load", "time": "real"}
    scenario = Scenario.of(change({**values, "load": {"url": asked.scenario}}))
    source = Source(orjson.dumps(values).decode(), "load", str(Path.cwd()))
    return scenario, Origin(source, (), block)


def _options(asked: Asked, scenario: Scenario, frame: FrameSink, talk: Talk) -> Options:
    sinks: list[Sink] = [frame]
    if asked.to.journal == STREAM:
        sinks.append(StdoutSink(sys.stdout.buffer, eager=True))
    elif asked.to.journal is not None:
        sinks.append(JsonLinesSink(Path(asked.to.journal), eager=False))
    given = variables(asked.env_vars, list(scenario.functions)) if asked.env_vars else {}
    return Options(
        time=asked.time,
        seed=asked.seed,
        allow_aws=asked.allow_aws,
        detail=asked.to.detail,
        sinks=sinks,
        variables=given,
    )


def _on_error(view: View) -> Callable[[str, str], None]:
    def tell(kind: str, message: str) -> None:
        view.say(f"first {kind}: {message}" if message else f"first {kind}")

    return tell


def _tell(asked: Asked, frame: FrameSink, talk: Talk) -> None:
    report = Report("load_json" if asked.to.json else "load")
    taken = STREAM in (asked.to.journal, asked.to.html)
    report.write(frame.entries, talk.out if taken else sys.stdout)
    sys.stdout.flush()
    if asked.to.html is not None:
        with writing(asked.to.html) as out:
            Report("load_html").write(frame.entries, out)


def _duration(flag: str, text: str | None) -> float | None:
    if text is None:
        return None
    found = seconds_of(text)
    if found is None:
        raise EventsimError(f"{flag} is '{text}'; write a duration such as 20ms, 5s, 1m or 1h30m")
    return float(found)


def _payload(name: str) -> Any:
    try:
        return orjson.loads(read_bytes(name))
    except ValueError as error:
        raise EventsimError(f"{name} is not JSON: {error}") from None
