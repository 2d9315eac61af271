"""What a person asked of ``eventsim run``, as far as it can be judged without the scenario."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eventsim.cli.files import STREAM, same
from eventsim.errors import EventsimError

if TYPE_CHECKING:
    from eventsim.simulation import Options

SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the command line, one field for each option."""

    scenario: str
    set: tuple[str, ...] = ()
    versus: bool = False
    time: Literal["virtual", "real"] | None = None
    speed: float | None = None
    seed: int | None = None
    backend: Literal["simulated", "moto", "endpoint"] | None = None
    endpoint_url: str | None = None
    allow_aws: bool = False
    journal: str | None = None
    detail: Literal["off", "batch", "payload"] = "batch"
    report: str | None = None
    output: str | None = None
    json: bool = False
    junit: str | None = None
    stats: str | None = None
    env_vars: str | None = None
    record: Sequence[str] = ()
    quiet: bool = False
    verbose: bool = False
    debug: bool = False

    @property
    def report_name(self) -> str:
        return "json" if self.json else self.report or SUMMARY

    @property
    def stdout_taken(self) -> bool:
        """Whether stdout carries something else than the report."""
        return STREAM in (self.journal, self.junit, self.stats)

    @property
    def report_file(self) -> str | None:
        """The file that the report goes to, or None for stdout."""
        return None if self.output == STREAM else self.output

    def check(self) -> None:
        """Raise EventsimError for options that contradict each other."""
        if self.speed is not None and not (self.speed > 0 and math.isfinite(self.speed)):
            raise EventsimError(f"--speed {self.speed:g} is no speed; write a number above 0")
        if self.versus:
            self._check_versus()
        if self.json and self.report not in (None, "json"):
            raise EventsimError(f"--json and --as {self.report} ask for two reports; leave one out")
        if self.stdout_taken and not self.report_file and (self.json or self.report or self.output):
            raise EventsimError("only one thing can go to stdout; write a file's name for the rest")
        if self.report_file:
            self._check_report_file(Path(self.report_file))
        files = [(flag, path) for flag, path in self._files() if path]
        for index, (flag, path) in enumerate(files):
            for other_flag, other in files[:index]:
                if same(path, other):
                    raise EventsimError(f"{other_flag} and {flag} both want to write {path}")

    def _check_report_file(self, path: Path) -> None:
        if same(self.scenario, path):
            raise EventsimError(f"-o {path} would overwrite the scenario; write another name")
        if not path.parent.is_dir():  # said before the run and not behind it
            raise EventsimError(f"cannot write {path}: No such file or directory")

    def _check_versus(self) -> None:
        if not self.set:
            raise EventsimError("--versus needs something to change; add --set PATH=VALUE")
        for flag, value in (("--json", self.json), *self._files()):
            if value and flag != "-o":
                raise EventsimError(
                    f"--versus shows two runs and writes nothing else; leave {flag} out"
                )

    def options(self) -> Options:
        """What they mean to the run itself."""
        from eventsim.simulation import Options

        return Options(
            time=self.time,
            speed=self.speed,
            seed=self.seed,
            backend=self.backend,
            endpoint_url=self.endpoint_url,
            allow_aws=self.allow_aws,
            debug=self.debug,
            recordings=self.recordings(),
        )

    def recordings(self) -> dict[str, Path]:
        """The recordings to write, by the names of what they are of. Raises EventsimError."""
        found: dict[str, Path] = {}
        for text in self.record:
            name, equals, file = text.partition("=")
            if not (name and equals and file):
                raise EventsimError(
                    f"--record {text} says no file; write one such as orders=orders.jsonl.gz"
                )
            if name in found:
                raise EventsimError(f"--record {name} is asked for twice; leave one out")
            found[name] = Path(file)
        return found

    def command(self, seed: int) -> str:
        """The command that repeats the run, its journal and its reports aside."""
        words = ["eventsim", "run", self.scenario, *self._flags(), "--seed", str(seed)]
        return shlex.join(words)

    def _files(self) -> Iterator[tuple[str, str | None]]:
        yield "-o", self.report_file
        yield "--journal", self.journal
        yield "--junit", self.junit
        yield "--stats", self.stats
        for name, path in self.recordings().items():
            yield f"--record {name}", str(path)

    def _flags(self) -> Iterator[str]:
        for change in self.set:
            yield from ("--set", change)
        for flag in ("time", "backend", "endpoint_url", "env_vars"):
            value = getattr(self, flag)
            if value is not None:
                yield from (f"--{flag.replace('_', '-')}", value)
        if self.speed is not None:
            yield from ("--speed", f"{self.speed:g}")
        for flag in ("allow_aws", "debug"):
            if getattr(self, flag):
                yield f"--{flag.replace('_', '-')}"
