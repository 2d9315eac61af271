"""What a person asked of ``eventsim replay``: words in, what is replayed out."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import orjson

from eventsim.cli.compare import seconds
from eventsim.cli.endpoints import region
from eventsim.cli.files import STREAM, refuse_to_lose, same
from eventsim.cli.functions import code_folder
from eventsim.cli.handlers import function_name, look_up
from eventsim.cli.polling import flags_of, properties_of
from eventsim.cli.variables import variables
from eventsim.errors import EventsimError
from eventsim.recordings import OnBadLine, Policy
from eventsim.replay import (
    Bound,
    Changes,
    Cut,
    Player,
    Readable,
    Recording,
    open_events,
    open_recording,
)
from eventsim.replay.playing import START_MAX
from eventsim.rules.durations import seconds_of
from eventsim.rules.paths import parse_path
from eventsim.simulation import Options
from eventsim.simulation.replaying import Into, Replay
from eventsim.simulation.sending import Target, check_speed

NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
MAX = "max"
# What means nothing to each way of replaying.
_OF_FUNCTIONS = ("duration", "run_in", "code_uri", "timeout", "memory_size", "env_vars")
_OF_RUNS = ("time", "seed", "journal", "detail", "stats", "async_handler", "debug")
_OF_HANDLERS = (
    *("into", "versus", "versus_settings", "redrive", "failed", "shards", "name"),
    *_OF_FUNCTIONS,
    *_OF_RUNS,
)
_OF_TARGETS = ("resume", "endpoint_url", "region")
_OF_RECORDS = ("shard", "key", "pattern", "rekey", "shards", "name")
_NOT_REDRIVEN = (
    *_OF_RECORDS,
    *("since", "until", "loop", "shift", "mask", "time", "speed", "into", "on_bad_line"),
    *("versus", "versus_settings", "stats"),
)
_OF_REDRIVES = "FunctionResponseTypes"  # what a batch is judged by, and the only such setting
_WORDS = {"since": "from", "into": "as"}
_USUAL = {
    "loop": 1,
    "code_uri": ".",
    "detail": "batch",
    "duration": "1ms",
    "run_in": "inline",
    "seed": 0,
    "timeout": 3,
    "memory_size": 128,
    "on_bad_line": "stop",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the command line; ``settings`` by AWS's name, None or False if not given."""

    file: str
    handler: str | None
    to: str | None
    into: Literal["poller", "invocations"] | None
    since: str | None
    until: str | None
    shard: list[str] | None
    key: list[str] | None
    pattern: list[str] | None
    loop: int
    rekey: str | None
    shift: str | None
    mask: list[str] | None
    time: Literal["virtual", "real"] | None
    speed: str | None
    resume: str | None
    on_bad_line: Policy
    shards: int | None
    name: str | None
    versus: str | None
    versus_settings: str | None
    redrive: str | None
    failed: str | None
    seed: int
    duration: str
    run_in: str
    endpoint_url: str | None
    region: str | None
    allow_aws: bool
    code_uri: str
    timeout: int
    memory_size: int
    env_vars: str | None
    async_handler: bool
    journal: str | None
    detail: Literal["off", "batch", "payload"]
    json: bool
    stats: str | None
    quiet: bool
    debug: bool
    settings: Mapping[str, Any]

    @property
    def compares(self) -> bool:
        """Whether two replays are held against each other."""
        return self.versus is not None or self.versus_settings is not None

    def check(self) -> None:
        """Raise EventsimError for options that do not go together."""
        if (self.handler is None) == (self.to is None):
            raise EventsimError(
                "name --handler module.function, or --to kinesis://NAME; one of them"
            )
        if self.to is not None:
            self._refuse(_OF_HANDLERS, "to --to")
            self._refuse_settings("to --to")
        else:
            self._refuse(_OF_TARGETS, "to --handler")
        if self.redrive is not None:
            self._refuse(_NOT_REDRIVEN, "to --redrive")
            self._refuse_settings("to --redrive", but=_OF_REDRIVES)
        elif self.failed is not None:
            raise EventsimError("--failed is of --redrive; leave it out")
        self._check_time()
        self._check_files()

    def _check_time(self) -> None:
        if self.speed is not None and self.to is None and self.time != "real":
            raise EventsimError(
                "speed means nothing in virtual time, which does not pass; "
                "leave --speed out, or add --time real"
            )
        if self.time == "real":
            self._refuse(("duration",), "in real time, where a function takes as long as it takes")
        check_speed(self.speed_number)

    def _check_files(self) -> None:
        if self.compares:
            what = "to a comparison, which has two runs; replay each by itself"
            self._refuse(("journal", "stats", "detail"), what)
        if self.journal == STREAM and self.json:
            raise EventsimError("only one thing can go to stdout; write a file's name for one")
        names = [name for name in ("journal", "stats", "failed", "resume") if getattr(self, name)]
        for one, other in combinations(names, 2):
            if same(path := getattr(self, one), getattr(self, other)):
                raise EventsimError(f"--{one} and --{other} both want to write {path}")
        for name in names:
            path = getattr(self, name)
            if path and same(path, self.file):
                raise EventsimError(f"--{name} {path} would overwrite the recording")
            if path and self.redrive is not None and same(path, self.redrive):
                raise EventsimError(f"--{name} {path} would overwrite the documents")
        if self.journal not in (None, STREAM):
            refuse_to_lose("--journal", Path(str(self.journal)))

    def _refuse(self, names: tuple[str, ...], what: str) -> None:
        for name in names:
            if getattr(self, name) not in (None, False, [], _USUAL.get(name)):
                flag = _WORDS.get(name, name).replace("_", "-")
                raise EventsimError(f"--{flag} means nothing {what}; leave it out")

    def _refuse_settings(self, what: str, but: str = "") -> None:
        settings = {name: value for name, value in self.settings.items() if name != but}
        for flag, value in flags_of(settings):
            if value is not None and value is not False:
                raise EventsimError(f"{flag} means nothing {what}; leave it out")

    @property
    def speed_number(self) -> float | None:
        """What gaps are divided by; None without a speed, and for ``max``."""
        if self.speed is None or self.speed == MAX:
            return None
        try:
            speed = float(self.speed)
        except ValueError:
            speed = math.nan
        if not math.isfinite(speed):
            raise EventsimError(f"--speed {self.speed} is no speed; write a number above 0, or max")
        return speed

    def player(self, on_bad_line: OnBadLine | None = None) -> Player:
        """What is replayed. Raises RecordingError for a file that cannot be."""
        path = Path(self.file)
        opener = _OPENERS.get(self.into, open_recording)
        file = opener(path, on_bad_line)
        cut = Cut(
            since=_bound("--from", self.since),
            until=_bound("--until", self.until),
            shards=frozenset(self.shard or ()),
            keys=frozenset(self.key or ()),
            patterns=tuple(self.pattern or ()),
        )
        player = Player(file, cut, loop=self.loop)
        self._check_way(player)
        cut.matching(player.source) if cut.patterns else None
        if cut.until is not None and cut.until.at(player.began) <= player.origin:
            raise EventsimError(f"--until {self.until} is not after the beginning of the replay")
        player.changes = Changes(
            rekey=None if self.rekey is None else parse_path(self.rekey),
            mask=tuple(map(parse_path, self.mask or ())),
            shift=_shift(self.shift, player.origin),
        )
        if not 0 <= player.start < START_MAX:
            raise EventsimError(f"--shift {self.shift} leads out of the years 1970 to 9998")
        return player

    def _check_way(self, player: Player) -> None:
        whole, file = player.whole_events, player.file
        if whole and self.into == "poller":
            raise EventsimError(
                f"{file.path.name} holds whole events; leave --as out, or write --as invocations"
            )
        if whole or self.into == "invocations":
            self._refuse(_OF_RECORDS, "to invocations as they were recorded")
            self._refuse_settings("to invocations as they were recorded")

    def way(self, player: Player) -> Into:
        """Through a mapping or as invocations: as asked, else as the file is."""
        return self.into or ("invocations" if player.whole_events else "poller")

    def replay(self, player: Player, handler: str, settings: Mapping[str, Any]) -> Replay:
        """The replay into *handler*, with a mapping's *settings* in AWS's words."""
        folder = code_folder(self.code_uri)
        function = function_name(look_up(handler, folder.resolve()).module)
        block = {
            "Handler": handler,
            "CodeUri": ".",
            "Timeout": self.timeout,
            "MemorySize": self.memory_size,
            "async_handler": self.async_handler,
            "run_in": self.run_in,
        }
        if self.time != "real":
            block["duration"] = self.duration
        return Replay(
            player=player,
            function=block,
            folder=folder,
            name=f"replay {player.file.path.name}",
            function_name=function,
            source_name=self.name or _source_name(player.file.header.origin),
            properties=settings,
            shards=self.shards,
            into=self.way(player),
            at_once=self.speed == MAX,
            seed=self.seed,
        )

    def options(self, functions: list[str]) -> Options:
        """How it is run, but for where its entries go."""
        given = variables(self.env_vars, functions) if self.env_vars else {}
        return Options(
            time=self.time,
            speed=self.speed_number,
            allow_aws=self.allow_aws,
            detail=self.detail,
            variables=given,
            debug=self.debug,
            command=self.command(),
        )

    def own_settings(self) -> dict[str, Any]:
        """The mapping's settings that were given, as SAM writes them."""
        return properties_of(self.settings)

    def other_settings(self) -> dict[str, Any]:
        """Those of the other side of a comparison. Raises EventsimError for what is no JSON."""
        if self.versus_settings is None:
            return self.own_settings()
        try:
            settings = orjson.loads(self.versus_settings)
        except orjson.JSONDecodeError as error:
            raise EventsimError(f"--versus-settings is not JSON: {error}") from None
        if not isinstance(settings, dict):
            raise EventsimError('--versus-settings is a JSON object, such as {"BatchSize": 10}')
        return self.own_settings() | settings

    def target(self) -> Target:
        """Where records are sent. Raises EventsimError for what is no target."""
        kind, separator, name = str(self.to).partition("://")
        if not (separator and kind and name):
            raise EventsimError(f"'{self.to}' is no target; write one such as kinesis://orders")
        return Target(
            type=kind,
            name=name,
            region=region(self.region, self.endpoint_url, self.allow_aws),
            endpoint_url=self.endpoint_url,
            allow_aws=self.allow_aws,
            speed=None if self.speed == MAX else self.speed_number or 1.0,
            resume=None if self.resume is None else Path(self.resume),
            said=tuple(self._flags(_PLAYED)),
        )

    def command(self) -> str:
        """The command that does this again, its files aside."""
        words = ["eventsim", "replay", Path(self.file).name, *self._flags(_PLAYED + _RUN)]
        for option, value in flags_of(self.settings):
            if value is True:
                words.append(option)
            elif value is not None and value is not False:
                words += [option, str(value)]
        return shlex.join(words)

    def _flags(self, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            value = getattr(self, name)
            flag = f"--{_WORDS.get(name, name).replace('_', '-')}"
            if value is True:
                yield flag
            elif value not in (None, False) and value != _USUAL.get(name):
                for each in value if isinstance(value, list) else [value]:
                    yield from (flag, str(each))


_OPENERS: Mapping[Into | None, Callable[[Path, OnBadLine | None], Readable]] = {
    "poller": Recording.of,
    "invocations": open_events,
}
_PLAYED = (
    *("since", "until", "shard", "key", "pattern", "loop", "rekey", "shift", "mask"),
    "on_bad_line",
)
_RUN = (
    *("handler", "to", "into", "time", "speed", "shards", "name", "seed", "duration", "run_in"),
    *("region", "allow_aws", "timeout", "memory_size", "async_handler", "debug"),
)


def _bound(option: str, text: str | None) -> Bound | None:
    if text is None:
        return None
    since = seconds_of(text)
    return Bound(_date(option, text)) if since is None else Bound(float(since), relative=True)


def _date(option: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise EventsimError(
            f"{option} is '{text}'; write a date with its zone, such as 2013-01-01T10:00:00Z, "
            "or a duration such as 10m"
        )
    return moment.timestamp()


def _shift(text: str | None, origin: float) -> float:
    """Seconds to add to arrivals: a signed duration, or a date that the replay begins at."""
    if text is None:
        return 0.0
    if seconds_of(text.lstrip("+-")) is None:
        return _date("--shift", text) - origin
    shift = seconds("--shift", text.lstrip("+-"))
    return -shift if text.startswith("-") else shift


def _source_name(origin: str) -> str:
    """What the recorded stream is called, where its origin says so."""
    name = re.split(r"[:/]", origin)[-1]
    return name if NAME.fullmatch(name) else "recording"
