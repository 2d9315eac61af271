"""Text for a terminal or a pipe: as wide as it may be, and never a stranger's control codes."""

from __future__ import annotations

import math
import os
import textwrap
from typing import Literal, TextIO

from rich.cells import cell_len, set_cell_size

Style = Literal["", "bold", "dim", "good", "bad"]
Span = tuple[str, Style]

WIDTH = 80
WIDTH_MIN = 40
TEXT_MAX = 500
TITLE_LINES_MAX = 3

_SGR = {"bold": "1", "dim": "2", "good": "32", "bad": "31"}
_ASCII = str.maketrans("▁▂▃▄▅▆▇█░×…─┬", "._-:=+*#:x~-+")


class Page:
    """Writes lines of at most ``width`` columns to *out*; in colour only where it is a terminal.

    A pipe gets 80 columns, a terminal its own up to 80, one under 40 is taken for 40. Where
    *out* cannot encode a character, it shows its number.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        terminal = out.isatty()
        self.width = _terminal_width(out) if terminal else WIDTH
        self._colours = (
            terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        )
        self._encoding = _narrow_encoding(out)

    def line(self, *spans: Span | str) -> None:
        """Write one line, cut with … where it is too long."""
        room, pieces = self.width, []
        whole = sum(cell_len(_text(span)) for span in spans) <= room
        for span in spans:
            text, style = (span, "") if isinstance(span, str) else span
            cells = cell_len(text)
            if not whole and cells >= room:
                text, cells = cut(text + " ", room), room
            pieces.append(self._styled(text, style))
            room -= cells
            if room <= 0:
                break
        self._out.write("".join(pieces).rstrip(" ") + "\n")

    def uncut(self, label: str, text: str) -> None:
        """Write what somebody will paste: never cut, below its label when it is long."""
        if len(label) + len(text) > self.width:
            self.line(label.rstrip())
            label = "  "
        self._out.write(self._styled(label, "") + self._styled(text, "bold") + "\n")

    def title(self, name: str, lesson: str) -> None:
        """Write the lesson, or the name of a run that teaches none, over a few lines at most."""
        text = shown(f"{name}: {lesson}" if name and lesson else lesson or name)
        lines = textwrap.wrap(text, self.width, max_lines=TITLE_LINES_MAX, placeholder=" …")
        for line in lines:
            self.line((line, "bold"))

    def paragraph(self, text: str, style: Style = "") -> None:
        """Write a text over as many lines as it takes."""
        for line in textwrap.wrap(shown(text), self.width):
            self.line((line, style))

    def _styled(self, text: str, style: Style | str) -> str:
        if self._encoding is not None:
            plain = text.translate(_ASCII).encode(self._encoding, "backslashreplace")
            text = plain.decode(self._encoding)
        if style and self._colours:
            return f"\x1b[{_SGR[style]}m{text}\x1b[0m"
        return text


def shown(value: object) -> str:
    """*value* as text on one line; what is not printable shows as its escape."""
    text = str(value)
    if len(text) > TEXT_MAX:
        text = text[:TEXT_MAX] + "…"
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def cut(text: str, width: int) -> str:
    """*text* in at most *width* columns, ending in … when some is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def padded(text: str, width: int) -> str:
    """*text* in exactly *width* columns."""
    short = cut(text, width)
    return short + " " * (width - cell_len(short))


def plural(number: float, word: str) -> str:
    """``1 record``, ``1,234 records``, ``2 batches``."""
    if number == 1:
        return f"1 {word}"
    return f"{number:,} {word}" + ("es" if word.endswith("ch") else "s")


def dollars(amount: float) -> str:
    """``$1,234.50``, ``$0.0012``: cents, or two digits of what is less than one."""
    if amount >= 1 or amount <= 0:
        return f"${amount:,.2f}"
    return f"${amount:.{1 - math.floor(math.log10(amount))}f}"


def span_of_time(seconds: float) -> str:
    """A duration in words: ``20 ms``, ``62.5 s``, ``12 min 30 s``, ``23 h 58 min``, ``3 d 4 h``."""
    if seconds < 1:
        return f"{round(seconds * 1000, 3):g} ms" if seconds else "0 s"
    if seconds < 120:
        return f"{round(seconds, 2):g} s"
    whole = round(seconds)
    if whole < 7200:
        return _two(whole, "min", 60, "s", 1)
    if whole < 172_800:
        return _two(whole, "h", 3600, "min", 60)
    return _two(whole, "d", 86400, "h", 3600)


def short_span(seconds: float) -> str:
    """A duration in six columns, with the unit that suits it."""
    for unit, size, below in (
        ("us", 1e-6, 1e-3),
        ("ms", 1e-3, 1),
        ("s", 1, 600),
        ("min", 60, 7200),
        ("h", 3600, 172_800),
    ):
        if seconds < below * 0.9995:
            return f"{seconds / size:.3g}{unit}"
    return f"{seconds / 86_400:.3g}d"


def _two(whole: int, big: str, size: int, small: str, part: int) -> str:
    rest = whole % size // part
    return f"{whole // size:,} {big}" + (f" {rest} {small}" if rest else "")


def _text(span: Span | str) -> str:
    return span if isinstance(span, str) else span[0]


def _terminal_width(out: TextIO) -> int:
    try:
        columns = os.get_terminal_size(out.fileno()).columns
    except (OSError, ValueError):
        return WIDTH
    return max(WIDTH_MIN, min(WIDTH, columns or WIDTH))


def _narrow_encoding(out: TextIO) -> str | None:
    """The encoding of *out* when it has no block characters."""
    encoding = getattr(out, "encoding", None)
    if encoding is None:
        return None
    try:
        "▁█░×…─┬".encode(encoding)
    except UnicodeEncodeError:
        return str(encoding)
    return None
