"""SHOUT: what was delivered, a line a batch, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from eventsim import Entry


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write a line as its entry is read: a journal may be larger than memory."""
    for entry in entries:
        if entry.kind == "batch_delivered":
            function, records = entry.fields["function"], entry.fields["records"]
            out.write(f"{entry.time:g}s {function} TOOK {records}!\n".upper())
        elif entry.kind == "run_finished":
            out.write(f"{entry.fields['outcome']}!\n".upper())
