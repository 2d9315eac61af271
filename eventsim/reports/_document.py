"""
One HTML file that asks for nothing: styles, scripts and data stand in it, and the network is shut.

The files of ``reports/page/`` are put in as they are. The Content-Security-Policy names each by
its hash, so that nothing else in the file can run, whatever stands in the data. All of it is
ASCII: it reads the same in any encoding.
"""

from __future__ import annotations

import hashlib
import html
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from eventsim.reports._page import shown

PAGE = Path(__file__).parent / "page"
PLOTS_STYLE, PLOTS_SCRIPT = "uplot/uPlot.min.css", "uplot/uPlot.iife.min.js"
PLOTS_LICENCE = "uplot/LICENSE"

_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; "
    "base-uri 'none'; form-action 'none'"
)
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def beginning(title: str, styles: Sequence[str], scripts: Sequence[str]) -> Iterator[str]:
    """The document up to its body; *styles* and *scripts* are names of files in ``page/``."""
    policy = _POLICY.format(scripts=_hashes(scripts), styles=_hashes(styles))
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n"
    )
    if PLOTS_SCRIPT in scripts:
        yield f"<!-- uPlot, inlined below:\n{part(PLOTS_LICENCE)}\n-->\n"
    for name in styles:
        yield f"<style>{part(name)}</style>\n"
    yield "</head>\n<body>\n"


def data(value: object, name: str) -> str:
    """*value* as JSON that a script finds by its class *name*; it cannot end its own element.

    Raises ValueError for a number that JSON does not have.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).translate(_UNSAFE)
    return f'<script type="application/json" class="{html.escape(name)}">{text}</script>\n'


def ending(scripts: Sequence[str]) -> Iterator[str]:
    """The scripts, which run in their order, and the end of the document."""
    for name in scripts:
        yield f"<script>{part(name)}</script>\n"
    yield "</body>\n</html>\n"


def text(value: object) -> str:
    """*value* as text in the document, never as markup; what does not print as its escape."""
    return html.escape(shown(value)).encode("ascii", "xmlcharrefreplace").decode()


@lru_cache
def part(name: str) -> str:
    """A file of ``page/``."""
    return (PAGE / name).read_text("ascii")


def _hashes(names: Sequence[str]) -> str:
    digests = (hashlib.sha256(part(name).encode()).digest() for name in names)
    return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests) or "'none'"
