"""The journal as it is written: what each sink holds, at each detail, and what watchers see."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.typing import EventDict, WrappedLogger

from eventsim.errors import JournalError
from eventsim.journal import FRAME, KINDS, Detail, Entry, Journal, Sink
from eventsim.journal.kinds import SCHEMA_VERSION
from eventsim.journal.reading import read
from eventsim.journal.reference import FIELDS, FRAME_FIELDS, markdown
from eventsim.journal.sinks import ConsoleSink, JsonLinesSink, MemorySink
from tests.hand_clock import HandClock

DOCS = Path(__file__).parent.parent / "docs"


ROOT = Path(__file__).parent.parent


def tell(journal: Journal, hands: HandClock | None = None) -> None:
    """A small run."""
    hands = hands or HandClock()
    journal.write("run_started", scenario="s", seed=7, start="2026-01-01T00:00:00Z", schema=1)
    journal.write("records_put", source="orders", shard="a", records=2, first="1", last="2")
    hands.now = 60.0015
    journal.write("batch_formed", "window of 60 s expired", shard="a", records=2)
    hands.now = 61.0
    journal.write("run_finished", outcome="ok", seconds=61.0, counts={"records": {"put": 2}})


ENTRIES = [
    Entry(
        1,
        0.0,
        "2026-01-01T00:00:00.000Z",
        "run_started",
        None,
        {"scenario": "s", "seed": 7, "start": "2026-01-01T00:00:00Z", "schema": 1},
    ),
    Entry(
        2,
        0.0,
        "2026-01-01T00:00:00.000Z",
        "records_put",
        None,
        {"source": "orders", "shard": "a", "records": 2, "first": "1", "last": "2"},
    ),
    Entry(
        3,
        60.0015,
        "2026-01-01T00:01:00.001Z",
        "batch_formed",
        "window of 60 s expired",
        {"shard": "a", "records": 2},
    ),
    Entry(
        4,
        61.0,
        "2026-01-01T00:01:01.000Z",
        "run_finished",
        None,
        {"outcome": "ok", "seconds": 61.0, "counts": {"records": {"put": 2}}},
    ),
]


def written(path: Path, **options: Any) -> Path:
    hands = HandClock()
    journal = Journal(hands, sinks=[JsonLinesSink(path)], **options)
    tell(journal, hands)
    journal.close()
    return path


def test_memory_holds_every_entry_with_its_number_time_date_and_reason() -> None:
    memory, hands = MemorySink(), HandClock()

    tell(Journal(hands, sinks=[memory]), hands)

    assert memory.entries == ENTRIES


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_what_was_written_to_a_file_is_read_back(tmp_path: Path, name: str) -> None:
    assert list(read(written(tmp_path / name))) == ENTRIES


def test_two_equal_journals_are_equal_bytes_in_gzip_too(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one.jsonl.gz"), written(tmp_path / "two.jsonl.gz")

    magic, deflate, no_name, no_date = b"\x1f\x8b", b"\x08", b"\x00", bytes(4)
    assert one.read_bytes()[:8] == magic + deflate + no_name + no_date
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_journal_is_readable_while_it_grows(tmp_path: Path, name: str) -> None:
    sink, hands = JsonLinesSink(tmp_path / name), HandClock()
    journal = Journal(hands, sinks=[sink])
    tell(journal, hands)
    sink.flush()
    growing = list(read(tmp_path / name))
    journal.close()

    assert growing == ENTRIES


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_an_eager_journal_is_readable_after_each_entry(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    journal = Journal(HandClock(), sinks=[JsonLinesSink(path, eager=True)])
    seen = []
    journal.write("run_started", schema=1)
    seen.append(len(list(read(path))))
    journal.write("records_put", records=1)
    seen.append(len(list(read(path))))
    journal.close()

    assert seen == [1, 2]


@pytest.mark.parametrize(
    ("detail", "kinds"),
    [
        ("off", ["run_started", "run_finished"]),
        ("batch", ["run_started", "records_put", "batch_formed", "run_finished"]),
        ("payload", ["run_started", "records_put", "batch_formed", "run_finished"]),
    ],
)
def test_detail_says_which_kinds_are_written(detail: Detail, kinds: list[str]) -> None:
    memory = MemorySink()

    tell(Journal(HandClock(), detail=detail, sinks=[memory]))

    assert [entry.kind for entry in memory.entries] == kinds
    assert [entry.seq for entry in memory.entries] == list(range(1, len(kinds) + 1))


def test_content_is_kept_once_by_its_hash_and_only_at_detail_payload() -> None:
    memory, batch = MemorySink(), MemorySink()
    journal = Journal(HandClock(), detail="payload", sinks=[memory])

    hashes = [journal.keep(content) for content in (b"{}", b"[\xff]", b"{}")]

    empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert hashes[0] == hashes[2] == empty
    assert [entry.fields for entry in memory.entries] == [
        {"hash": empty, "content": "{}"},
        {"hash": hashes[1], "content": "[�]"},
    ]
    assert Journal(HandClock(), detail="batch", sinks=[batch]).keep(b"{}") is None
    assert batch.entries == []


@pytest.mark.parametrize("detail", ["off", "batch", "payload"])
def test_watchers_see_their_kinds_at_any_detail_and_without_a_sink(detail: Detail) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    journal = Journal(HandClock(), detail=detail)
    journal.watch(["batch_formed"], lambda kind, fields: seen.append((kind, fields)))

    tell(journal)

    assert seen == [("batch_formed", {"shard": "a", "records": 2})]


@pytest.mark.parametrize("detail", ["off", "batch"])
def test_an_unknown_kind_is_an_error(detail: Detail) -> None:
    journal = Journal(HandClock(), detail=detail, sinks=[MemorySink()])

    with pytest.raises(KeyError, match="batch_exploded"):
        journal.write("batch_exploded")
    with pytest.raises(KeyError, match="batch_exploded"):
        journal.watch(["batch_exploded"], lambda *_: None)


def test_a_processor_that_masks_a_field_masks_it_in_every_sink(tmp_path: Path) -> None:
    def mask(_: WrappedLogger, __: str, flat: EventDict) -> EventDict:
        return {**flat, "text": "***"} if "text" in flat else flat

    memory, screen, path = MemorySink(), io.StringIO(), tmp_path / "run.jsonl"
    sinks: list[Sink] = [memory, JsonLinesSink(path), ConsoleSink(screen)]
    journal = Journal(HandClock(), sinks=sinks, processors=[mask])
    journal.write("run_started", schema=1)
    journal.write("function_logged", function="f", text="card 4242")
    journal.close()

    assert memory.entries[1].fields == {"function": "f", "text": "***"}
    assert list(read(path)) == memory.entries
    assert "***" in screen.getvalue()
    assert "4242" not in screen.getvalue()


def test_what_utf8_cannot_carry_is_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal = Journal(HandClock(), sinks=[JsonLinesSink(path)])
    journal.write("run_started", schema=1, seed=1 << 70)
    journal.write(
        "invocation_finished", function="f", error_message="half \ud800", answer=["\ud800"]
    )
    journal.close()

    started, finished = read(path)
    assert started.fields == {"schema": 1, "seed": "1180591620717411303424"}
    assert finished.fields == {"function": "f", "error_message": "half ?", "answer": ["?"]}


def test_a_terminal_gets_no_control_codes_of_a_stranger() -> None:
    screen = io.StringIO()
    journal = Journal(HandClock(), sinks=[ConsoleSink(screen)])

    journal.write("function_logged", "why\x07", function="f", text="\x1b[2Jgone\r\n\u202e")
    journal.close()

    (line,) = screen.getvalue().splitlines()
    assert line.isprintable()
    assert re.search(r"0\.000s +function_logged", line)
    assert r"\x1b[2Jgone\r\n\u202e" in line


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("when", ["flush", "close"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_full_disk_is_a_journal_error_and_the_journal_goes_quiet(
    tmp_path: Path, when: str, zipped: bool
) -> None:
    path = tmp_path / ("run.jsonl.gz" if zipped else "run.jsonl")
    path.symlink_to("/dev/full")
    sink = JsonLinesSink(path)
    sink.write({"seq": 1})

    with pytest.raises(JournalError, match=r"cannot write the journal .*: No space left on device"):
        getattr(sink, when)()
    for _ in range(1000):
        sink.write({"seq": 2})
    sink.close()


def test_a_journal_without_a_folder_to_be_in_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot write the journal .*: No such file"):
        JsonLinesSink(tmp_path / "missing" / "run.jsonl")


@pytest.mark.skipif(os.name != "posix", reason="needs a folder opened as a file to fail")
def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="Is a directory"):
        JsonLinesSink(tmp_path)
    with pytest.raises(JournalError, match="Is a directory"):
        list(read(tmp_path))


def test_no_field_has_a_name_that_the_entry_itself_needs() -> None:
    reserved = {"seq", "time", "at", "kind", "because", "event", "method_name"}

    assert {name: reserved & set(kind.fields) for name, kind in KINDS.items()} == {
        name: set() for name in KINDS
    }


def test_every_field_of_every_kind_has_a_meaning_and_no_meaning_is_left_over() -> None:
    assert {field for kind in KINDS.values() for field in kind.fields} == set(FIELDS)
    assert set(FRAME_FIELDS) == set(Entry._fields) - {"fields"} | {"because"}
    assert set(KINDS) >= FRAME


def test_the_reference_page_is_current() -> None:
    page = (DOCS / "journal.md").read_text()

    assert page == markdown(), "python -m eventsim.journal.reference > docs/journal.md"
    assert f"schema {SCHEMA_VERSION}" in page


def test_a_channel_is_heard_as_soon_as_somebody_listens() -> None:
    journal = Journal(HandClock(), detail="off")
    channel = journal.channel("batch_formed")
    told: list[Any] = []
    before = channel.heard, journal.hears("batch_formed")
    channel.enter(None, {"records": 1})

    journal.watch(["batch_formed"], lambda kind, fields: told.append((kind, fields)))
    journal.watch_each({"batch_formed": told.append})
    channel.enter("BatchSize 2 reached", {"records": 2})

    assert before == (False, False)
    assert (channel.heard, journal.hears("batch_formed")) == (True, True)
    assert told == [("batch_formed", {"records": 2}), {"records": 2}]


def test_every_kind_is_written_somewhere() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "eventsim").rglob("*.py"))
    written = {
        kind for kind in KINDS if re.search(rf'(write|enter|_?tell|channel)\(\s*"{kind}"', source)
    }
    either = {  # one of two, in one call
        *("invocation_throttled", "invocation_denied"),
        *("destination_delivered", "destination_failed"),
    }

    assert KINDS.keys() - written - either == set()
