"""``eventsim explain``: a run told as sentences, each with its reason."""

from __future__ import annotations

from typing import Annotated

import typer

from eventsim.cli.exits import exits
from eventsim.cli.files import STREAM, journal_entries, journal_file, same, writing
from eventsim.errors import EventsimError

EXAMPLES = """
eventsim explain run.jsonl
eventsim explain run.jsonl --around 000003
eventsim run poison-record --quiet --journal - | eventsim explain -
"""

Around = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Only what concerns a record, by its sequence number, or a request."
    ),
]


def explain(
    journal: Annotated[str, typer.Argument(help="A journal, plain or .gz; - is stdin.")],
    around: Around = None,
    output: Annotated[str, typer.Option("-o", metavar="FILE", help="Write to a file.")] = STREAM,
) -> None:
    """Tell a run in sentences: what happened, why, and the setting or the rule behind it.

    Words that Lambda has for things are explained when they come up first.
    """
    with exits():
        from eventsim.reports import explain as report

        if same(journal, output) and journal != STREAM:
            raise EventsimError(f"-o {output} would overwrite the journal; write another name")
        if around is None:
            entries = journal_entries(journal)
            with writing(output) as out:
                report.write(entries, out)
            return
        with journal_file(journal) as file, writing(output) as out:
            report.write_around(lambda: journal_entries(file), around, out)
