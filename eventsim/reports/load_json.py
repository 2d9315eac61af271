"""A load as one JSON object, for programs: figures, thresholds, the series, and histograms.

Histograms are in HdrHistogram's V2 format, in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import orjson

from eventsim.journal import Entry
from eventsim.journal.encoding import encode
from eventsim.reports._load import Loaded, figures


def write(entries: Iterable[Entry], out: TextIO) -> None:
    """Write the load, null without one; every key is there whatever was measured."""
    loaded = Loaded.of(entries)
    document = None if loaded is None else figures(loaded)
    out.write(encode(document, orjson.OPT_INDENT_2).decode() + "\n")
