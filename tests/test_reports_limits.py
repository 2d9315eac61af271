"""What reports hold and show of long runs, of strangers' text and of narrow terminals."""

from __future__ import annotations

import gc
import io
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.registry import load, names
from eventsim.reports._page import Page, cut, plural, shown, span_of_time
from eventsim.reports.latency import Measured

START = datetime(2026, 1, 1, 22, tzinfo=UTC)
REPORTS = names("reports")
KINDS = ("records_put", "records_read", "batch_formed", "invocation_finished", "batch_delivered")
HOSTILE = "\x1b[2J\x07ü\u202e\r\n\x00]]>&<b>\ud800" + "漢" * 90
MEMORY_MAX = 3 * 1024 * 1024


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0


def stamp(time: float) -> str:
    at = (START + timedelta(seconds=time)).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def entry(time: float, kind: str, because: str | None = None, **fields: Any) -> Entry:
    return Entry(1, time, stamp(time), kind, because, fields)


def begun(name: str = "long", **more: Any) -> Entry:
    start = {"scenario": name, "lesson": name, "seed": 1, "start": stamp(0), "clock": "virtual"}
    return entry(0.0, "run_started", **{**start, **more})


def fields(name: str, shard: int, request: int, **more: Any) -> dict[str, Any]:
    return {
        "mapping": name,
        "source": name,
        "function": name,
        "shard": f"{name}-{shard}",
        "request_id": str(request),
        "records": 10,
        "polls": 1,
        "duration": 0.02,
        "billed": 0.02,
        "attempt": 1,
        "age": 0.5,
        **more,
    }


def generated(number: int, shards: int = 16) -> Iterator[Entry]:
    """*number* entries, a batch of five every 10 ms, every 97th batch failing."""
    yield begun()
    for n in range(number - 1):
        batch, step = divmod(n, 5)
        time, kind = batch * 0.01, KINDS[step]
        told = fields("s", batch % shards, batch)
        because = None
        if batch % 97 == 0 and step == 3:
            told |= {"error": "Unhandled", "error_type": "E", "error_message": f"no {batch}"}
        elif batch % 97 == 0 and step == 4:
            failed = told | {"delivered": 0, "invoked": True, "attempt": 1}
            yield Entry(n, time, "2026-01-01T00:00:00.000Z", "batch_failed", None, failed)
            kind, because = "retry_scheduled", "function error: until the records expire"
            told |= {"wait": 0.25, "attempt": 2}
        yield Entry(n, time, "2026-01-01T00:00:00.000Z", kind, because, told)


def written(report: str, entries: Any, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    load("reports", report).write(iter(entries), out)
    return out.getvalue()


def peak(report: str, number: int) -> int:
    """The most bytes held while *number* entries are told."""
    written(report, generated(10))
    gc.collect()
    tracemalloc.start(1)
    try:
        written(report, generated(number))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("report", sorted({*REPORTS} - {"html"}))  # a page holds what it shows
def test_200_000_entries_are_told_and_none_is_held(report: str) -> None:
    few, many = (peak(report, number) for number in (4_000, 8_000))
    text = written(report, generated(200_000))

    assert many < MEMORY_MAX
    assert many < few * 1.1 + 50_000
    assert len(text) < 20_000


def test_a_long_timeline_is_about_forty_lines_with_what_went_wrong() -> None:
    lines = written("timeline", generated(200_000)).splitlines()
    words = lines[lines.index("", 5) + 1 : -2]

    assert len(words) < 60
    assert words[:4] == [
        "   0.000s  s/s-0   put 10 records",
        "   0.000s  s/s-0   read 10 records",
        "   0.000s  s/s-0   batch of 10 formed",
        "   0.000s  s/s-0   invoked, attempt 1, 10 records: function error E: no 0",
    ]
    assert any(
        re.search(r" {10}… 411 more failures like this until 399\.\d+s", line) for line in words
    )
    assert any(re.search(r"batches, \d+ records delivered until", line) for line in words)
    assert any(re.fullmatch(r" +… \d+ more lines", line) for line in words)
    assert words[-1] == " 399.990s  s       1 invocation"
    assert lines[-1].startswith("CUT OFF after 6 min 40 s: 40,000 invocations, 413 errors")


def test_runs_over_ten_minutes_are_told_by_the_clock_with_each_new_date() -> None:
    batches = [
        entry(1800.0 * n, "batch_delivered", **fields("orders", 0, n, records=1)) for n in range(6)
    ]

    lines = written("timeline", [begun("clock"), *batches]).splitlines()

    assert lines == [
        "clock",
        "clock, from 2026-01-01 22:00:00 UTC",
        "",
        "records delivered, by shard   █ 1 record in 3 min 8 s",
        f"{'orders/orders-0':16}█        █         █        █         █        █         6",
        f"{'':16}┬────────┬─────────┬────────┬─────────┬─────────",
        f"{'':16}22:00    22:30     23:00    23:30     00:00",
        "",
        *(
            f" {22 + n // 2}:{n % 2 * 30:02}:00  orders/orders-0  1 record delivered, attempt 1"
            for n in range(4)
        ),
        "2026-01-02",
        *(f" 00:{n * 30:02}:00  orders/orders-0  1 record delivered, attempt 1" for n in range(2)),
        "",
        "CUT OFF after 2 h 30 min: 0 invocations",
    ]


def test_equal_shares_of_time_are_equal_blocks_however_long_the_run() -> None:
    for step in (0.0001, 1.0, 3600.0):
        steady = [entry(step * n, "batch_delivered", **fields("s", 0, n)) for n in range(4800)]
        text = written("timeline", [begun(), *steady])
        (row,) = re.findall("^s/s-0 (.*) 48,000$", text, re.MULTILINE)

        assert set(row.strip()) <= {"▇", "█", "▆"}
        assert len(row.strip()) == 48


def test_many_shards_are_drawn_as_sixteen_lanes() -> None:
    batches = [entry(0.0, "batch_delivered", **fields("s", n, n)) for n in range(1000)]

    picture = written("timeline", [begun(), *batches]).split("\n\n")[1].splitlines()

    assert len(picture) == 1 + 16 + 2
    assert picture[16].startswith("50 more shards")
    assert sum(int(row.split()[-1].replace(",", "")) for row in picture[1:17]) == 10_000


def hostile() -> list[Entry]:
    told = fields(HOSTILE, 0, 1)
    error = {"error": HOSTILE, "error_type": HOSTILE, "error_message": HOSTILE}
    names = dict.fromkeys(("seed", "clock", "backend", "version", "file"), HOSTILE)
    return [
        begun(HOSTILE, **names),
        entry(0.0, "records_put", **told),
        entry(0.0, "records_read", **told),
        entry(0.0, "environment_started", function=HOSTILE, init=0.1),
        entry(0.0, "invocation_finished", **(told | error)),
        entry(0.0, "retry_scheduled", HOSTILE, **told, wait=0.25),
        entry(0.0, "batch_delivered", **told),
        entry(0.0, "function_logged", function=HOSTILE, text=HOSTILE),
        entry(0.0, "shard_split", source=HOSTILE, shard=HOSTILE, children=[HOSTILE]),
        entry(0.0, "expectation_checked", name=HOSTILE, passed=False, wanted=HOSTILE, found=1.0),
        entry(0.0, "run_finished", HOSTILE, outcome=HOSTILE, seconds=1.0, counts={}),
    ]


@pytest.mark.parametrize("report", ["explain", "latency", "summary", "timeline"])
def test_a_strangers_text_never_steers_a_terminal_and_never_widens_a_line(report: str) -> None:
    text = written(report, hostile())

    lines = text.removesuffix("\n").split("\n")
    command = next((n for n, line in enumerate(lines) if line == "repeat it with:"), len(lines))
    assert all(line.isprintable() for line in lines)
    assert all(cut(line, 80) == line for line in lines[:command])
    assert r"\x1b[2J\x07ü\u202e" in text


def test_junit_is_valid_xml_whatever_the_names_hold() -> None:
    root = ElementTree.fromstring(written("junit", hostile()))

    (suite,) = root
    assert suite.get("name") == HOSTILE.translate(
        {27: r"\x1b", 7: r"\x07", 0: r"\x00", 0xD800: r"\ud800"}
    )
    assert [case.find("failure") is not None for case in suite.iter("testcase")] == [True, True]


def test_json_is_valid_whatever_the_names_hold() -> None:
    assert orjson.loads(written("json", hostile()))["scenario"] == HOSTILE.replace("\ud800", "?")


@pytest.mark.parametrize(("columns", "width"), [(20, 40), (39, 40), (60, 60), (200, 80), (0, 80)])
@pytest.mark.parametrize("report", ["explain", "latency", "summary", "timeline"])
def test_a_terminal_gets_its_width_between_40_and_80(
    report: str, columns: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    monkeypatch.setattr("shlex.join", lambda _: "command")

    lines = written(report, [begun("a lesson to learn " * 9), *generated(500)], Terminal())

    widths = [len(line) for line in lines.splitlines()]
    assert width - 4 <= max(widths) <= width


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = list(generated(500))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    coloured = written("timeline", entries, Terminal())

    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured).split() == written("timeline", entries).split()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written("timeline", entries, Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in written("timeline", entries, Terminal())


@pytest.mark.parametrize("report", REPORTS)
def test_a_pipe_that_only_takes_ascii_gets_ascii(report: str) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")

    load("reports", report).write(iter([begun("grüße"), *generated(500)]), out)
    out.flush()

    assert raw.getvalue().isascii()


def test_the_command_that_repeats_a_run_is_never_cut() -> None:
    name = "a name that is far too long for one line of a terminal"
    real = begun(name, clock="real", speed=600.0, backend="moto", seed=3)

    *_, label, command = written("summary", [real]).splitlines()

    assert label == "repeat it with:"
    assert command == (f"  eventsim run '{name}' --seed 3 --backend moto --time real --speed 600.0")


@pytest.mark.parametrize(
    ("kind", "told", "message"),
    [
        ("records_put", {"source": "s", "shard": "a"}, "records_put needs 'records'"),
        ("records_put", {"source": 1, "shard": "a", "records": 1}, "needs 'source'.*be text"),
        ("batch_delivered", fields("s", 0, 0, age="old"), "needs 'age'.*be a number"),
        ("run_finished", {"outcome": "ok", "seconds": 1, "counts": 5}, "'counts'.*be an object"),
        (
            "run_finished",
            {"outcome": "ok", "seconds": 1, "counts": {"mappings": {"m": {"read": "x"}}}},
            "'mappings' of the counts",
        ),
    ],
)
@pytest.mark.parametrize("report", ["explain", "json", "summary", "timeline"])
def test_an_entry_without_what_its_kind_must_have_is_an_error(
    report: str, kind: str, told: dict[str, Any], message: str
) -> None:
    with pytest.raises(JournalError, match=message):
        written(report, [begun(), entry(0.0, kind, **told)])


@given(
    entries=st.lists(
        st.builds(
            entry,
            st.floats(-1e3, 1e9),
            st.sampled_from([*KINDS, "retry_scheduled", "batch_discarded", "unheard_of"]),
            st.none() | st.text(),
            mapping=st.text(),
            source=st.text(),
            function=st.text(),
            shard=st.text(),
            request_id=st.none() | st.text(),
            records=st.integers(-1, 2**63),
            polls=st.integers(),
            duration=st.floats(-1, 1e9),
            billed=st.floats(0, 1e9),
            attempt=st.integers(),
            age=st.floats(-1e9, 1e9),
            wait=st.floats(0, 1e9),
            batch_size=st.integers(),
            condition=st.text(),
            approximate_invoke_count=st.integers(),
            error=st.none() | st.text(),
        ),
        max_size=6,
    )
)
@settings(max_examples=60)
def test_whatever_the_entries_hold_every_report_is_written(entries: list[Entry]) -> None:
    for report in REPORTS:
        written(report, entries)


def test_percentiles_have_three_significant_digits() -> None:
    measured = Measured()
    for micros in range(1, 100_001):
        measured.add(micros / 1_000_000)

    assert measured.count == 100_000
    assert measured.mean == pytest.approx(0.0500005)
    assert measured.max == 0.1
    for percent in (50, 90, 95, 99, 99.9):
        assert measured.percentile(percent) == pytest.approx(percent / 1000, rel=1e-3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.00025, "0.25 ms"),
        (0.02, "20 ms"),
        (62.5, "62.5 s"),
        (750, "12 min 30 s"),
        (7200, "2 h"),
        (86_280, "23 h 58 min"),
        (273_600, "3 d 4 h"),
        (31_536_000, "365 d"),
    ],
)
def test_a_span_of_time_in_words(seconds: float, text: str) -> None:
    assert span_of_time(seconds) == text


def test_words_are_counted_shown_and_cut() -> None:
    assert [plural(n, "batch") for n in (0, 1, 1234)] == ["0 batches", "1 batch", "1,234 batches"]
    assert shown("a\tb\x7f") == r"a\tb\x7f"
    assert len(shown("x" * 2_000_000)) == 501
    assert [cut("漢字漢字", width) for width in (8, 7, 3)] == ["漢字漢字", "漢字漢…", "漢…"]
    out = io.StringIO()
    Page(out).line("x" * 79, ("yz", "bad"))
    assert out.getvalue() == "x" * 79 + "…\n"


def test_reports_load_nothing_heavy() -> None:
    code = (
        "import sys; import eventsim.reports.timeline, eventsim.reports.summary; "
        "print(sorted({'pydantic', 'anyio', 'hdrh'} & set(sys.modules)))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
