"""
JSON documents one after another, with or without line feeds between or inside them.

One at a time, in bounded memory. What is none is told as a bad line, and so is what is damaged;
a damaged document takes no other with it: of the lines it seems to reach over, each that is an
object by itself is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from eventsim.recordings._bad_lines import BadLine, OnBadLine
from eventsim.recordings._forms import dumped
from eventsim.recordings._lines import LINE_BYTES_MAX, Chunks, Readable

_TOKEN = re.compile(rb'[{}\[\]\n"]')
_BETWEEN = " \t\r\n,"  # items
_JSON = json.JSONDecoder()
_TEXT = re.compile(rb'(?>[^"\\\n]+|\\[^\n])*+("?)')  # behind its first quote
_TOO_LARGE = "document of more than 32 MiB"
_NO_OBJECT = "no JSON object"
_CUT_OFF = "cut off in this document; every one before it was read"


class Document(NamedTuple):
    """An object, the bytes that it was written in, and the line it began in."""

    number: int
    content: bytes
    value: dict[str, Any]


def documents(path: Path, file: Readable, bad: OnBadLine) -> Iterator[Document]:
    """Every object at the top, or in a list at the top; RecordingError for what cannot be read."""
    return _Splitter(path, file, bad).split()


class _Splitter:
    def __init__(self, path: Path, file: Readable, bad: OnBadLine) -> None:
        self._path, self._bad = path, bad
        self._chunks = Chunks(path, file)
        self._text = b""  # what is not told yet
        self._line = 1  # where it begins
        self._depth = 0  # of braces and brackets
        self._quoted = False  # inside a text

    def split(self) -> Iterator[Document]:
        begin = at = 0  # of what is not told yet, of what was not looked at
        while True:
            token = (_TEXT.match if self._quoted else _TOKEN.search)(self._text, at)
            if token is None or (self._quoted and self._goes_on(token)):
                at = (len(self._text) if token is None else token.end()) - begin
                self._text, begin = self._text[begin:], 0
                if len(self._text) > LINE_BYTES_MAX:
                    yield from self._too_large()
                    at = 0
                chunk = self._chunks.next()
                if not chunk:
                    break
                self._text += chunk
                continue
            end, at = self._end(token), token.end()
            if end is not None:
                yield from self._told(self._text[begin:end])
                self._line += self._text.count(b"\n", begin, end)
                begin = end
        if self._text.strip():
            cut_off = self._depth > 0 or self._chunks.cut_off
            yield from self._lines(self._line, self._text, _CUT_OFF if cut_off else _NO_OBJECT)
        elif self._chunks.cut_off:
            self._bad(BadLine(self._path, self._line, _CUT_OFF, b""))

    def _goes_on(self, token: re.Match[bytes]) -> bool:
        """Whether a text is not at its end where the bytes are, but for half an escape."""
        return not token[1] and self._text[token.end() :] in (b"", b"\\")

    def _end(self, token: re.Match[bytes]) -> int | None:
        """Where what came before ends because of a token; None where it goes on."""
        if self._quoted:
            self._quoted = False
            if token[1]:
                return None
            self._depth = 0  # a text does not go over the end of its line
            return token.end()
        match self._text[token.start()]:
            case 0x22:
                self._quoted = True
            case 0x7B | 0x5B:
                self._depth += 1
                return token.start() if self._depth == 1 else None
            case 0x7D | 0x5D:
                self._depth = max(self._depth - 1, 0)
                return token.end() if self._depth == 0 else None
            case _:
                return token.end() if self._depth == 0 else None
        return None

    def _told(self, text: bytes) -> Iterator[Document]:
        content = text.strip()
        if not content:
            return
        line = self._line + text[: len(text) - len(text.lstrip())].count(b"\n")
        value = _value(content)
        if isinstance(value, dict):
            yield Document(line, content, value)
        elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
            for each, own in zip(value, _items(content, value), strict=True):
                yield Document(line, own, each)
        else:
            yield from self._lines(line, content, _NO_OBJECT)

    def _lines(self, line: int, text: bytes, why: str) -> Iterator[Document]:
        """The objects that are lines of a damaged text by themselves; the rest of it is bad."""
        rest: list[bytes] = []
        for number, each in enumerate(text.split(b"\n"), line):
            value = _value(each) if each.startswith(b"{") else None
            if not isinstance(value, dict):
                rest.append(each)
                continue
            if rest:
                self._bad(BadLine(self._path, number - len(rest), why, b"\n".join(rest)))
            rest = []
            yield Document(number, each.strip(), value)
        if any(each.strip() for each in rest):
            number = line + text.count(b"\n") + 1 - len(rest)
            self._bad(BadLine(self._path, number, why, b"\n".join(rest)))

    def _too_large(self) -> Iterator[Document]:
        """Give up the text so far, up to the end of a line."""
        whole, line_feed, rest = self._text.rpartition(b"\n")
        self._depth, self._quoted = 0, False
        if line_feed:
            yield from self._lines(self._line, whole, _TOO_LARGE)
            self._line += whole.count(b"\n") + 1
            self._text = rest
            return
        while rest and b"\n" not in rest:
            self._bad(BadLine(self._path, self._line, _TOO_LARGE, rest, more=True))
            rest = self._chunks.next()
        end, line_feed, self._text = rest.partition(b"\n")
        self._bad(BadLine(self._path, self._line, _TOO_LARGE, end))
        self._line += len(line_feed)


def _items(content: bytes, value: list[Any]) -> list[bytes]:
    """The items of a list as they are written: a number may have more digits than a float."""
    text, items, at = content.decode(), list[bytes](), 1
    while len(items) < len(value):
        while text[at] in _BETWEEN:
            at += 1
        begin = at
        try:
            at = _JSON.raw_decode(text, begin)[1]
        except RecursionError:  # orjson goes deeper
            return [dumped(each) for each in value]
        items.append(text[begin:at].encode())
    return items


def _value(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
