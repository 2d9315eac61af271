"""``eventsim report``: a report on a run, from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eventsim.cli.exits import exits
from eventsim.cli.files import STREAM, journal_entries, same, writing
from eventsim.errors import EventsimError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from eventsim.journal import Entry

EXAMPLES = """
eventsim report run.jsonl --as timeline
eventsim report run.jsonl.gz --as junit -o report.xml
eventsim report run.jsonl --as html -o run.html
eventsim report before.jsonl --versus after.jsonl --as html -o both.html
eventsim run poison-record --journal - | eventsim report - --as json
"""


def report(
    journal: Annotated[str, typer.Argument(help="A journal, plain or .gz; - is stdin.")],
    as_: Annotated[
        str, typer.Option("--as", metavar="REPORT", help="A report of `eventsim list reports`.")
    ] = "summary",
    versus: Annotated[
        str | None, typer.Option(metavar="JOURNAL", help="Another run below it, in a page.")
    ] = None,
    output: Annotated[str, typer.Option("-o", metavar="FILE", help="Write to a file.")] = STREAM,
) -> None:
    """Report on a run from its journal.

    The run may be going on, or have been killed: what stands in the journal is reported.
    """
    with exits():
        for name in (journal, versus):
            if name not in (None, STREAM) and same(name, output):
                raise EventsimError(f"-o {output} would overwrite the journal; write another name")
        writer = Report(as_)
        if versus is None:
            entries = journal_entries(journal)
            with writing(output) as out:
                writer.write(entries, out)
        else:
            changed = _changed(journal, versus)
            with writing(output) as out:
                writer.write_both(
                    [(journal, f"a: {journal}"), (versus, f"b: {versus}")], changed, out
                )


def _changed(one: str, other: str) -> list[str]:
    """Where two runs differ first, in words."""
    from pathlib import Path

    from eventsim.replay.comparing import compare
    from eventsim.replay.words import brief

    if STREAM in (one, other):
        raise EventsimError("--versus reads both journals twice; name two files, not -")
    return list(brief(compare(Path(one), Path(other))))


class Report:
    """A report by name; raises UnknownPlugin at once when there is none."""

    # What these say stands in the frame of a journal; any other report needs all of it.
    OF_THE_FRAME = frozenset({"summary", "json", "junit"})

    def __init__(self, name: str) -> None:
        from eventsim import registry

        self.name = name
        self._module = registry.load("reports", name, wants=["write"])

    @property
    def needs_everything(self) -> bool:
        """Whether the frame of the journal is not enough for it."""
        return self.name not in self.OF_THE_FRAME

    def write(self, entries: Iterable[Entry], out: TextIO) -> None:
        """Write the report on *entries* to *out*."""
        self._module.write(entries, out)

    def write_both(
        self, runs: Sequence[tuple[str, str]], changed: Sequence[str], out: TextIO
    ) -> None:
        """Write the page of two journals, each a file and its name, and what changed in words.

        Raises EventsimError for a report that has no such page.
        """
        self.check_both()
        told = [(journal_entries(file), name) for file, name in runs]
        self._module.write_runs(told, out, changed)

    def check_both(self) -> None:
        """Raise EventsimError for a report that has no page of two runs."""
        if not hasattr(self._module, "write_runs"):
            raise EventsimError(
                f"--as {self.name} has one run; leave --versus out, add --as html, "
                "or see eventsim compare"
            )
