"""What a page draws of a run, and that it holds all of the run and nothing that could run."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.journal.sinks import JsonLinesSink
from eventsim.reports import _document
from eventsim.reports._rows import Rows
from eventsim.reports.html import SCRIPTS, STYLES, Feed
from tests.commands import eventsim
from tests.pages import SCRIPT, SHARD, Drawn, Story, drawn, entry, page_of, portions, started

ORDERS, CONSUMER = "sources: orders/0", "functions: consumer"
ERROR = {"error": "Unhandled", "error_type": "ValueError", "error_message": "poison"}
HOSTILE = (
    "</script></script ><img src=x onerror=pwned()><!--<script>\u2028\u2029\x00\x1b[2J\u202e&lt;"
)


def cold(story: Story, time: float, environment: str = "e", init: float = 0.1) -> None:
    about = {"function": "consumer", "environment": environment}
    story.tell(time, "environment_started", **about, init=init)


def test_a_batch_is_a_bar_from_its_request_to_its_answer_beside_the_environment_that_ran() -> None:
    story = Story()
    story.asked(1.0, "r")
    cold(story, 1.1)
    story.ran(1.1, 1.2, "r")
    story.batch(1.2, "batch_delivered", "r", age=1.2)
    story.tell(9.0, "environment_stopped", function="consumer", environment="e")

    assert drawn(*story.finish(9.0)).bars() == [
        (CONSUMER, 0, 1.0, 1.1, "init"),
        (CONSUMER, 0, 1.1, 1.2, "done"),
        (ORDERS, 0, 1.0, 1.2, "delivered"),
        (CONSUMER, 0, 1.0, 9.0, "alive"),
    ]


def test_a_batch_waits_in_the_slot_of_its_attempt_and_its_last_attempt_is_what_is_discarded() -> (
    None
):
    story = Story()
    story.asked(0.9, "other")
    for time, attempt in ((1.0, 1), (2.0, 2)):
        story.asked(time, "r")
        if attempt == 1:
            story.batch(1.4, "batch_delivered", "other", first="3", last="4", age=0.1)
        story.ran(time, time + 0.5, "r", **ERROR)
        failed = {"attempt": attempt, "delivered": 0, "invoked": True, "because": "function error"}
        story.batch(time + 0.5, "batch_failed", "r", **failed)
        if attempt == 1:
            story.batch(1.5, "retry_scheduled", "r", attempt=2, wait=0.5)
    given_up = {"batch_size": 2, "condition": "RetryAttemptsExhausted"}
    story.batch(2.5, "batch_discarded", "r", **given_up, approximate_invoke_count=2)

    picture = drawn(*story.finish(2.5, "failed"))

    assert [bar for bar in picture.bars() if bar[0] == ORDERS] == [
        (ORDERS, 0, 0.9, 1.4, "delivered"),
        (ORDERS, 1, 1.0, 1.5, "failed"),
        (ORDERS, 1, 1.5, 2.0, "waiting"),
        (ORDERS, 1, 2.0, 2.5, "discarded"),
    ]
    assert picture.ticks() == [(ORDERS, 2.5, "wrong", "batch_discarded")]


def test_what_was_throttled_and_what_came_of_it_are_both_drawn() -> None:
    story = Story()
    story.asked(1.0, "r")
    story.batch(1.0, "batch_failed", "r", delivered=0, invoked=False)
    story.batch(1.0, "retry_scheduled", "r", wait=1.0)
    story.asked(2.0, "r")
    story.batch(4.0, "batch_delivered", "r", age=4.0)

    assert drawn(*story.finish(4.0)).bars() == [
        (ORDERS, 0, 1.0, 1.0, "refused"),
        (ORDERS, 0, 1.0, 2.0, "waiting"),
        (ORDERS, 0, 2.0, 4.0, "delivered"),
    ]


def test_a_batch_taken_in_part_is_one_bar() -> None:
    story = Story()
    story.asked(1.0, "r")
    story.batch(1.2, "batch_failed", "r", delivered=1, invoked=True)
    story.batch(1.2, "batch_delivered", "r", last="1", records=1, age=1.2)

    assert drawn(*story.finish(2.0)).bars() == [(ORDERS, 0, 1.0, 1.2, "partly")]


def test_an_event_waits_in_its_queue_before_each_attempt_and_to_the_end_when_it_has_none() -> None:
    story = Story()
    event = {"function": "consumer", "request_id": "r"}
    story.tell(0.0, "event_queued", **event, queued=1)
    story.ran(1.0, 1.5, "r", **ERROR)
    story.tell(1.5, "event_retried", **event, attempt=1, wait=60.0, age=1.5, invoked=True)

    picture = drawn(*story.finish(40.0, "interrupted"))

    assert [bar for bar in picture.bars() if bar[4] == "waiting"] == [
        ("queues: consumer", 0, 0.0, 1.0, "waiting"),
        ("queues: consumer", 0, 1.5, 40.0, "waiting"),
    ]
    assert picture.plot("depth", "consumer") == [(0.0, 0), (0.0, 1), (40.0, 1)]


def test_an_invocation_without_an_answer_runs_to_the_end_of_the_journal() -> None:
    story = Story()
    story.tell(1.0, "invocation_started", function="consumer", request_id="r", environment="e")
    story.tell(3.0, "function_changed", function="consumer", version="2")

    picture = drawn(*story.entries)

    assert picture.bars() == [(CONSUMER, 0, 1.0, 3.0, "running")]
    assert picture.ticks() == [("changes: changes", 3.0, "event", "function_changed")]
    assert picture.plot("running", "consumer") == [(0.0, 0), (1.0, 1), (3.0, 1)]
    assert picture.ended["outcome"] == "cut off"


def test_a_slot_is_free_again_after_its_environment() -> None:
    story = Story()
    for n, (start, stop) in enumerate([(1.0, 5.0), (2.0, 3.0), (4.0, 6.0)]):
        story.tell(start, "environment_started", function="consumer", environment=f"{n}", init=0.0)
        story.tell(stop, "environment_stopped", function="consumer", environment=f"{n}")
    story.entries.sort(key=lambda told: told.time)

    assert sorted(drawn(*story.entries).bars()) == [
        (CONSUMER, 0, 1.0, 5.0, "alive"),
        (CONSUMER, 1, 2.0, 3.0, "alive"),
        (CONSUMER, 1, 4.0, 6.0, "alive"),
    ]


def test_what_goes_on_at_once_is_drawn_in_24_slots_and_200_lanes_at_most() -> None:
    story = Story()
    for n in range(300):
        story.asked(1.0, str(n))
    for n in range(300):
        story.batch(2.0, "batch_delivered", str(n), age=1.0)
        story.tell(2.0, "records_put", source="orders", shard=f"s-{n}", records=1)

    picture = drawn(*story.entries)

    assert {slot for _, slot, *_ in picture.bars()} == set(range(24))
    assert len(picture.lanes) == 201
    assert picture.lanes[-1] == "sources: and others"


def test_a_queue_is_as_deep_as_what_is_not_deleted_and_what_is_redriven_is_in_the_other() -> None:
    story = Story()
    about = {"mapping": "consumer.Orders", "source": "orders", "shard": ""}
    story.tell(1.0, "records_put", source="orders", shard="", records=3)
    story.tell(2.0, "messages_deleted", **about, records=2)
    story.tell(3.0, "messages_redriven", source="orders", records=1, target="dead")

    picture = drawn(*story.finish(4.0))

    assert picture.plot("depth", "orders") == [(0.0, 0), (1.0, 3), (2.0, 1), (3.0, 0), (4.0, 0)]
    assert picture.plot("depth", "dead") == [(0.0, 0), (3.0, 1), (4.0, 1)]


def test_iterator_age_is_that_of_what_was_delivered_and_the_ninth_mapping_is_an_other() -> None:
    story = Story()
    for n in range(10):
        story.batch(float(n), "batch_delivered", "r", mapping=f"m{n}", age=n / 2)

    picture = drawn(*story.entries)

    assert picture.plot("age", "m3") == [(3.0, 1.5)]
    assert picture.plot("age", "and others") == [(8.0, 4.0), (9.0, 4.5)]


def flat(told: Entry) -> dict[str, Any]:
    because = {} if told.because is None else {"because": told.because}
    return {"time": told.time, "kind": told.kind, **because, **told.fields}


def test_every_entry_can_be_read_back_from_the_page() -> None:
    story = Story(lesson=HOSTILE, scenario=HOSTILE)
    story.tell(1.0, "unheard_of", HOSTILE, text=HOSTILE, number=1.5, many=[1, HOSTILE], none=None)
    entries = [*story.finish(1.0), entry(9, 1.0, "object_put", source=HOSTILE, key="k")]

    assert drawn(*entries).entries() == [*map(flat, entries[:-1]), {**flat(entries[-1]), "seq": 9}]


def test_a_run_in_many_portions_is_the_run_in_one() -> None:
    story = Story()
    for n in range(4):
        story.asked(float(n), str(n))
        story.ran(n + 0.1, n + 0.3, str(n))
        story.batch(n + 0.3, "batch_failed", str(n), delivered=0, invoked=True)
        story.batch(n + 0.3, "batch_discarded", str(n), batch_size=2, condition="c",
                    approximate_invoke_count=1)  # fmt: skip
    names, one = portions(page_of(story.finish(9.0)))
    feed, many = Feed(), []
    for told in story.entries:
        feed.add(told)
        many.append(feed.portion())
    many.append(feed.ending())

    whole, pieces = Drawn(one, names), Drawn(many, names)
    shown = ("head", "ended", "texts", "lanes", "series", "samples")
    assert [getattr(pieces, name) for name in shown] == [getattr(whole, name) for name in shown]
    assert (pieces.bars(), pieces.ticks()) == (whole.bars(), whole.ticks())
    assert pieces.entries() == whole.entries()


def test_more_entries_than_a_page_shows_are_counted() -> None:
    story = Story()
    for n in range(10):
        story.batch(float(n), "batch_delivered", str(n), age=0.1)
    feed = Feed(entries_max=6)
    for told in story.entries:
        feed.add(told)

    ending = feed.ending()

    assert len(ending["rows"]) == 6
    assert ending["ended"]["left_out"] == 5
    assert ending["ended"]["counts"]["delivered"] == 20


def test_the_page_says_which_expectations_did_not_hold() -> None:
    story = Story()
    for passed in (True, False):
        found: dict[str, Any] = {
            "name": "batch_delivered",
            "wanted": "exactly 1",
            "found": float(passed),
        }
        story.tell(1.0, "expectation_checked", passed=passed, **found)

    picture = drawn(*story.finish(1.0, "failed"))

    assert picture.ended["unmet"] == ["expected batch_delivered: wanted exactly 1, found 0"]
    assert picture.ticks() == [("changes: changes", 1.0, "wrong", "expectation_checked")]


def test_long_texts_beyond_what_a_page_holds_are_cut_and_say_so() -> None:
    rows = Rows(long_texts_max=5_000)
    for letter in "aba":
        rows.add(entry(1, 0.0, "payload_kept", hash=letter, content=letter * 4_000), -1)

    *_, first, second = sorted(rows.portion()["texts"], key=len, reverse=True)[:2]

    assert first == "a" * 4_000
    assert second == "b" * 2_000 + "\n… 2,000 more characters are left out of this page"


def test_a_number_that_json_does_not_have_is_an_error() -> None:
    with pytest.raises(JournalError, match="holds a number that is not finite"):
        page_of([started(), entry(2, 1.0, "unheard_of", number=float("inf"))])


class Elements(HTMLParser):
    """Every start tag of a document, and every text of a script or a style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, str]] = []
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style"):
            self.inside.append((self._open, data))
            self._open = ""


def test_strangers_text_cannot_leave_its_place_in_the_page() -> None:
    story = Story(lesson=HOSTILE, scenario=HOSTILE, detail=HOSTILE)
    story.tell(1.0, "object_put", HOSTILE, source=HOSTILE, key=HOSTILE)
    plain = Story(lesson="plain")

    page = page_of(story.entries, names=(HOSTILE,), changed=[HOSTILE])

    tags = [tag for tag, _ in Elements(page).tags]
    assert tags == [tag for tag, _ in Elements(page_of(plain.entries)).tags]
    assert page.isascii()
    assert not any("<" in text for _, text in SCRIPT.findall(page))
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", page)


def test_nothing_runs_in_the_page_but_its_own_files_and_nothing_is_fetched() -> None:
    elements = Elements(page_of(Story().entries))
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in elements.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    def hashes(kind: str) -> str:
        texts = [text for tag, text in elements.inside if tag == kind and text[0] not in "{["]
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)

    assert policy == (
        f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not [
        attributes for _, attributes in elements.tags if {"src", "href", "style"} & set(attributes)
    ]


def test_uplot_is_what_its_origin_says() -> None:
    folder = _document.PAGE / "uplot"
    stated = dict(re.findall(r"\| `(.+)` \| `(\w{64})` \|", (folder / "ORIGIN.md").read_text()))

    assert stated == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("uPlot.iife.min.js", "uPlot.min.css")
    }
    assert "MIT" in (folder / "LICENSE").read_text()


@pytest.mark.parametrize("name", [name for name in (*SCRIPTS, *STYLES) if "uplot" not in name])
def test_a_file_of_the_page_fits_in_a_head_and_is_whole(name: str) -> None:
    path = _document.PAGE / name

    assert path.read_text("ascii").count("\n") <= 400
    if path.suffix == ".js" and shutil.which("node"):
        subprocess.run(["node", "--check", path], check=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: a journal begins with a run_started entry"),
        ('{"log": "from another tool"}\n', ":1: not an entry of a journal"),
        ("<html>", ":1: not an entry of a journal"),
        (None, "cannot read the journal"),
    ],
)
def test_what_is_no_journal_makes_no_page(tmp_path: Path, text: str | None, message: str) -> None:
    journal, page = tmp_path / "run.jsonl", tmp_path / "page.html"
    if text is not None:
        journal.write_text(text)

    done = eventsim("report", journal, "--as", "html", "-o", page)

    assert done.code == 2
    assert message in done.stderr
    assert not page.exists()


@pytest.fixture
def journals(tmp_path: Path) -> tuple[Path, Path]:
    """Two journals that differ in what became of one batch."""
    paths = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    for path, delivered in zip(paths, (True, False), strict=True):
        story, sink = Story(), JsonLinesSink(path)
        story.asked(1.0, "r")
        if delivered:
            story.batch(1.2, "batch_delivered", "r", age=1.2)
        for told in story.finish(2.0):
            head = {"seq": told.seq, "time": told.time, "at": told.at, "kind": told.kind}
            sink.write({**head, **told.fields})
        sink.close()
    return paths


def test_two_journals_make_one_page_that_says_where_they_differ(
    journals: tuple[Path, Path], tmp_path: Path
) -> None:
    one, other = journals

    done = eventsim("report", one, "--versus", other, "--as", "html", "-o", tmp_path / "p.html")

    names, found = portions((tmp_path / "p.html").read_text())
    assert done == (0, "", "")
    assert [portion["began"]["name"] for portion in found] == [f"a: {one}", f"b: {other}"]
    assert [portion["run"] for portion in found] == [0, 1]
    assert names["changed"][1:] == [
        "  a, entry 3: orders/0  2 records delivered, attempt 1",
        "  b, nothing more there",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "summary"], "--as summary has one run; leave --versus out, add --as html, or"),
        (["--as", "html", "--versus", "-"], "--versus reads both journals twice; name two files"),
        (["--as", "html", "-o", "other"], "would overwrite the journal; write another name"),
    ],
)
def test_two_runs_are_refused_where_they_mean_nothing(
    journals: tuple[Path, Path], words: list[str], message: str
) -> None:
    one, other = journals
    output = [str(other) if word == "other" else word for word in words]

    done = eventsim("report", one, "--versus", other, *output)

    assert done.code == 2
    assert message in done.stderr
    assert other.stat().st_size


def test_lanes_are_called_by_the_number_of_a_shard_and_the_name_of_anything_else() -> None:
    story = Story()
    for function in ("consumer", "consumer:live", "arn:aws:lambda:r:1:function:consumer:3"):
        story.asked(0.0, "r", function)
    story.tell(0.0, "shard_merged", source="orders", shards=["a", "b"], child=SHARD)
    story.tell(0.0, "records_put", source="orders", shard=SHARD, records=1)
    about: dict[str, Any] = dict.fromkeys(("mapping", "source", "condition"), "orders")
    arn = "arn:aws:sqs:eu-west-1:123456789012:failed"
    story.tell(0.0, "destination_delivered", **about, shard=SHARD, records=1, destination=arn)

    assert drawn(*story.entries).lanes == [CONSUMER, ORDERS, "destinations: failed"]
