"""One JSON object with stable keys, for programs: how the run ended, and what it counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import orjson

from eventsim.journal import Entry
from eventsim.journal.encoding import encode
from eventsim.reports._run import Run


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the run as one JSON object; every key is there whatever happened.

    ``seconds`` are simulated, ``outcome`` is ``ok``, ``failed``, ``interrupted`` or
    ``cut off``. Raises JournalError at an entry that lacks what its kind must have.
    """
    run = Run.of(entries)
    head = {
        key: run.started.get(key)
        for key in ("schema", "scenario", "seed", "clock", "backend", "start")
    }
    document = {
        **head,
        "outcome": run.outcome,
        "because": run.because,
        "seconds": run.seconds,
        **run.counts(),
        "expectations": run.expectations,
    }
    out.write(encode(document, orjson.OPT_INDENT_2).decode() + "\n")
