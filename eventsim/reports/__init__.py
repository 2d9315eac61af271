"""
What a run came to, told in one way per file.

A report is a module with ``write(entries: Iterable[Entry], out: TextIO) -> None``. It reads the
journal and nothing else, one entry at a time: none holds the entries, so that its memory does
not grow with the run; but for ``html``, whose page holds what it shows. Files that begin with
``_`` are parts that several reports share.

``Page`` writes text for a terminal or a pipe. ``Tally`` counts what a run comes to while it goes
on; ``TELLINGS`` has an entry in words, by its kind.
"""

from __future__ import annotations

from eventsim.reports._page import Page, dollars, padded, plural, short_span, shown, span_of_time
from eventsim.reports._tally import Tally
from eventsim.reports._words import TELLINGS

__all__ = [
    "TELLINGS",
    "Page",
    "Tally",
    "dollars",
    "padded",
    "plural",
    "short_span",
    "shown",
    "span_of_time",
]
