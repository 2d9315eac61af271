"""Runs a scenario for ``eventsim run``: where its entries go, and what is written of them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from eventsim import clock
from eventsim.cli.asked import Asked
from eventsim.cli.exits import FAILED, OK
from eventsim.cli.files import (
    STREAM,
    journal_entries,
    refuse_to_lose,
    refuse_to_lose_recording,
    writing,
)
from eventsim.cli.progress import KINDS, Progress
from eventsim.cli.report import Report
from eventsim.cli.signals import ENDINGS
from eventsim.cli.sinks import FrameSink, StdoutSink
from eventsim.cli.stats import Stats
from eventsim.cli.talk import Talk, hush
from eventsim.cli.variables import variables
from eventsim.errors import EventsimError
from eventsim.journal import Entry, Sink
from eventsim.journal.sinks import ConsoleSink, JsonLinesSink
from eventsim.scenario import Scenario, find, load
from eventsim.simulation import Options, Result, Simulation


def perform(asked: Asked, talk: Progress) -> int:
    """Run what was asked for and write its reports, whatever became of it; the exit code.

    Raises EventsimError, HandlerStuck or KeyboardInterrupt for a run that did not end by itself.
    """
    asked.check()
    report, junit = Report(asked.report_name), Report("junit") if asked.junit else None
    path = find(asked.scenario)
    scenario = load(path, asked.set)
    asked.options().check(scenario)  # before a journal is begun
    for recording in asked.recordings().values():
        refuse_to_lose_recording(recording)
    for note in scenario.notes():
        talk.say(f"note: {note}")
    if scenario.load is not None:
        talk.say("note: load is what `eventsim load` sends; nothing is sent here")
    with _whole_journal(asked, report) as kept:
        entries = Entries(FrameSink(), kept)
        options = options_of(asked, scenario, entries, talk)
        follow = talk.terminal and not (asked.quiet or asked.verbose or asked.debug)
        failure = drive(scenario, options, talk if follow else None, stats := Stats())
        talk.stop()
        if entries.frame.entries:
            try:
                with _while_read():
                    _tell(asked, report, junit, entries, stats, talk)
            except EventsimError as error:
                if failure is None:
                    raise
                talk.say(f"error: {error}")  # and then what ended the run itself
    return _verdict(asked, entries.frame, failure, talk)


@dataclass(frozen=True, slots=True)
class Entries:
    """Where a run's entries are: its frame in memory, all of them in a file if need be."""

    frame: FrameSink
    file: str | None

    def of(self, report: Report) -> Iterable[Entry]:
        """What *report* reads."""
        if self.file is None or not report.needs_everything:
            return self.frame.entries
        return journal_entries(self.file)


@contextmanager
def _whole_journal(asked: Asked, report: Report) -> Iterator[str | None]:
    """The file that all entries go to: the one asked for, or one for as long as it is needed."""
    if asked.journal not in (None, STREAM):
        refuse_to_lose("--journal", Path(asked.journal))
        yield asked.journal
    elif report.needs_everything:
        with tempfile.TemporaryDirectory(prefix="eventsim-") as folder:
            yield str(Path(folder, "journal.jsonl"))
    else:
        yield None


def options_of(asked: Asked, scenario: Scenario, entries: Entries, talk: Talk) -> Options:
    """What was asked for, and where the run's entries go."""
    given = variables(asked.env_vars, list(scenario.functions)) if asked.env_vars else {}
    options = asked.options()
    eager = not options.virtual(scenario)
    sinks: list[Sink] = [entries.frame]
    if entries.file is not None:
        sinks.append(JsonLinesSink(Path(entries.file), eager=eager))
    if asked.journal == STREAM:
        sinks.append(StdoutSink(sys.stdout.buffer, eager=eager))
    if asked.verbose:
        sinks.append(ConsoleSink(talk.out))
    return replace(
        options,
        detail=asked.detail if len(sinks) > 1 else "off",
        sinks=sinks,
        variables=given,
        on_log=None if talk.quiet or asked.debug else talk.log,
        on_recorded=lambda path, records: talk.note(f"{path} has {records:,} records"),
    )


def drive(
    scenario: Scenario, options: Options, progress: Progress | None, stats: Stats
) -> BaseException | None:
    """Run the scenario; return what it did not survive, if anything."""

    async def main() -> Result:
        async with Simulation(scenario, options) as simulation:
            stats.start(simulation.clock.stopwatch())
            if progress:
                progress.start(simulation.clock.stopwatch(), simulation.clock.time)
                simulation.journal.watch(KINDS, progress.watch)
            return await simulation.run()

    try:
        clock.run(main, virtual=options.virtual(scenario))
    except ENDINGS as error:
        return error
    finally:
        stats.stop()
    return None


@contextmanager
def _while_read() -> Iterator[None]:
    """A reader of stdout that leaves early changes nothing about how the run went."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)


def _tell(
    asked: Asked,
    report: Report,
    junit: Report | None,
    entries: Entries,
    stats: Stats,
    talk: Progress,
) -> None:
    if asked.report_file:
        with writing(asked.report_file) as out:
            report.write(entries.of(report), out)
    elif not asked.stdout_taken:
        report.write(entries.of(report), sys.stdout)
    elif not talk.quiet:
        report.write(entries.of(report), talk.out)
    if junit:
        with writing(asked.junit) as out:
            junit.write(entries.of(junit), out)
    figures = stats.figures(entries.frame.entries[-1])
    if asked.stats:
        with writing(asked.stats) as out:
            out.write(figures.json())
    sys.stdout.flush()
    talk.note(figures.line())


def _verdict(asked: Asked, frame: FrameSink, failure: BaseException | None, talk: Progress) -> int:
    """The exit code; on any failure, the seed and the command that repeats the run are told."""
    ok = failure is None and frame.entries[-1].fields.get("outcome") == "ok"
    if ok:
        return OK
    if isinstance(failure, BrokenPipeError):
        raise failure
    if frame.entries:
        seed = frame.entries[0].fields["seed"]
        talk.say(f"seed {seed}; repeat the run with: {asked.command(seed)}")
    if failure is not None:
        raise failure
    return FAILED
