"""``eventsim run --versus``: a scenario as it is and as ``--set`` changes it, beside each other."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from eventsim.cli.asked import Asked
from eventsim.cli.exits import FAILED, OK
from eventsim.cli.files import journal_entries, writing
from eventsim.cli.progress import Progress
from eventsim.cli.report import Report
from eventsim.cli.running import Entries, drive, options_of
from eventsim.cli.sinks import FrameSink
from eventsim.cli.stats import Stats
from eventsim.cli.talk import visible
from eventsim.journal import Entry
from eventsim.replay.comparing import compare
from eventsim.replay.words import sentences
from eventsim.reports import Page, span_of_time
from eventsim.scenario import Scenario, find, load

COLUMN, GAP, NAME_MAX = 80, 4, 70
ONE_SCALE_MAX = 8  # a run that is shorter than an eighth of the other would be a few columns
AS_IT_IS, TIMELINE = "as it is", "timeline"
_SGR = re.compile(r"\x1b\[\d*m")


def compared(asked: Asked, talk: Progress) -> int:
    """Run the scenario twice, show both runs and what changed; the exit code.

    It is 1 when the scenario does not hold as it is. Raises what a run did not survive.
    """
    asked.check()
    report, path = Report(asked.report or TIMELINE), find(asked.scenario)
    if report.name != TIMELINE:
        report.check_both()
    whole = load(path), load(path, asked.set)
    asked.options().check(whole[0])
    names = AS_IT_IS, f"with {' '.join(asked.set)}"
    with tempfile.TemporaryDirectory(prefix="eventsim-") as folder:
        files = Path(folder, "one.jsonl"), Path(folder, "other.jsonl")
        endings = [
            _run(replace(asked, quiet=True), scenario, file, talk)
            for scenario, file in zip(whole, files, strict=True)
        ]
        changed = [visible(line) for line in sentences(compare(*files), *names)]
        with writing(asked.report_file) as out:
            if report.name != TIMELINE:
                runs = [(str(file), name) for file, name in zip(files, names, strict=True)]
                report.write_both(runs, changed, out)
            else:
                until, scale = _scale([ending.time for ending in endings])
                _show([_timeline(file, until, out) for file in files], names, out)
                _say([*scale, *changed], out)
    return OK if endings[0].fields["outcome"] == "ok" else FAILED


def _run(asked: Asked, scenario: Scenario, file: Path, talk: Progress) -> Entry:
    """Run one of them; its last entry."""
    entries = Entries(FrameSink(), str(file))
    options = replace(options_of(asked, scenario, entries, talk), on_log=None)
    failure = drive(scenario, options, None, Stats())
    if failure is not None:
        raise failure
    return entries.frame.entries[-1]


def _scale(seconds: list[float]) -> tuple[float, list[str]]:
    """Where the axis of both ends, or 0 where each has its own, which is said."""
    short, long = sorted(seconds)
    if long <= ONE_SCALE_MAX * short or not short:
        return long, []
    times = span_of_time(short), span_of_time(long)
    return 0.0, [f"Each timeline has a scale of its own: one run took {times[0]}, one {times[1]}."]


class _Column(io.StringIO):
    """What a timeline is written to: in the colours of *out*, and as wide, up to 80 columns."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    def isatty(self) -> bool:
        return self._out.isatty()

    def fileno(self) -> int:
        return self._out.fileno()

    @property
    def encoding(self) -> str | None:  # type: ignore[override]  # StringIO has none of its own
        return self._out.encoding


def _timeline(file: Path, until: float, out: TextIO) -> list[str]:
    from eventsim.reports import timeline

    column = _Column(out)
    timeline.write(journal_entries(str(file)), column, until)
    return column.getvalue().splitlines()


def _show(columns: list[list[str]], names: tuple[str, str], out: TextIO) -> None:
    """Write the columns side by side where *out* is wide enough, else one below the other."""
    heads = [[_head(name), "", *rows] for name, rows in zip(names, columns, strict=True)]
    if _width(out) >= 2 * COLUMN + GAP:
        for left, right in zip_longest(*heads, fillvalue=""):
            print(f"{left}{' ' * (COLUMN + GAP - _cells(left))}{right}".rstrip(), file=out)
        return
    for rows in heads:
        print("\n".join(rows), end="\n\n", file=out)


def _say(changed: list[str], out: TextIO) -> None:
    """Write what changed below the timelines."""
    page = Page(out)
    for line in changed:
        for row in _wrapped(line, page.width):
            page.line(row)


def _head(name: str) -> str:
    """A line over a column, no wider than it."""
    return f"=== {name if len(name) <= NAME_MAX else name[:NAME_MAX] + '…'} ==="


def _width(out: TextIO) -> int:
    """The columns of the terminal; 0 where there is none."""
    if not out.isatty():
        return 0
    try:
        return os.get_terminal_size(out.fileno()).columns
    except (OSError, ValueError):  # not a terminal after all
        return 0


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(_SGR.sub("", text))


def _wrapped(line: str, width: int) -> Iterator[str]:
    import textwrap

    indent = " " * (len(line) - len(line.lstrip()))
    yield from textwrap.wrap(line, width, subsequent_indent=f"{indent}  " if indent else "")
