"""Two journals held against each other: alike, different, and what differs first."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.journal.sinks import JsonLinesSink
from eventsim.replay import Player, open_recording
from eventsim.replay.comparing import Comparison, Difference, compare
from eventsim.replay.fates import told_by_invocation
from eventsim.replay.words import as_json, lines
from eventsim.simulation import Options
from eventsim.simulation.replaying import Replay, replay
from tests.commands import eventsim
from tests.recorded import player, record

RECORDS = [record(n, f"k{n % 4}", {"n": n}) for n in range(40)]


def numbers(event: Any) -> list[int]:
    bodies = [base64.b64decode(each["kinesis"]["data"]) for each in event["Records"]]
    return [orjson.loads(body)["n"] for body in bodies]


def counts(event: Any, context: Any) -> int:
    return len(event["Records"])


def failing_at(number: int) -> Callable[[Any, Any], int]:
    def handler(event: Any, context: Any) -> int:
        if number in numbers(event):
            raise ValueError(f"number {number}")
        return len(event["Records"])

    return handler


def journal(
    folder: Path, name: str, handler: Any = counts, detail: Any = "payload", **how: Any
) -> Path:
    """The journal of a replay of RECORDS."""
    path = folder / name
    usual = {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 10, "MaximumRetryAttempts": 1}
    what = Replay(
        player=player(folder, RECORDS),
        function={"Handler": handler, "run_in": "inline", "duration": how.pop("duration", "1ms")},
        properties=usual | how,
        shards=2,
    )
    replay(what, Options(sinks=[JsonLinesSink(path, eager=False)], detail=detail))
    return path


def respects(found: Comparison) -> list[str]:
    return [each.respect for each in found.differences]


def first(found: Comparison) -> Difference:
    assert found.first is not None
    return found.first


def told(difference: Difference, side: int) -> Entry:
    entry = difference.sides[side].entry
    assert entry is not None
    return entry


def test_a_run_is_the_same_as_itself(tmp_path: Path) -> None:
    found = compare(journal(tmp_path, "a"), journal(tmp_path, "b"))

    assert (found.same, found.differences, found.notes) == (True, (), ())
    assert list(lines(found))[-1] == "the same"


def test_the_first_thing_that_differs_is_the_error_that_led_to_all_others(tmp_path: Path) -> None:
    found = compare(journal(tmp_path, "a"), journal(tmp_path, "b", failing_at(22)))
    difference = first(found)

    assert respects(found)[0] == "results"
    assert set(respects(found)) >= {"results", "retries", "delivered"}
    assert told(difference, 0).fields.get("error") is None
    assert told(difference, 1).fields["error_message"] == "number 22"
    assert told(difference, 0).time == told(difference, 1).time


def test_the_entry_that_differs_is_named_by_its_number_in_the_journal(tmp_path: Path) -> None:
    paths = journal(tmp_path, "a"), journal(tmp_path, "b", failing_at(22))
    entry = told(first(compare(*paths)), 1)
    line = paths[1].read_bytes().splitlines()[entry.seq - 1]

    assert orjson.loads(line)["error_message"] == "number 22"
    assert f"b, entry {entry.seq} at {entry.time:g}s" in "\n".join(lines(compare(*paths)))


def test_another_answer_is_another_result(tmp_path: Path) -> None:
    def ones(event: Any, context: Any) -> int:
        return 1

    found = compare(journal(tmp_path, "a"), journal(tmp_path, "b", ones))

    told = list(lines(found))
    assert respects(found) == ["results"]
    assert any(line.startswith("  > ") and line.endswith(", answered 1") for line in told)
    assert any(line.startswith("  > ") and line.endswith(", answered 5") for line in told)


def by_invocation(folder: Path, handler: Any) -> Comparison:
    """The journal of a run with a failing batch against its replay into a handler."""
    one, other = journal(folder, "a.jsonl", failing_at(22)), folder / "b.jsonl"
    function = {"Handler": handler, "run_in": "inline", "duration": "7ms"}
    replayed = Replay(
        player=Player(open_recording(one)),
        function=function,
        function_name="other",
        into="invocations",
    )
    replay(replayed, Options(sinks=[JsonLinesSink(other, eager=False)], detail="payload"))
    return compare(one, other)


def test_a_journal_that_is_replayed_comes_to_the_same(tmp_path: Path) -> None:
    found = by_invocation(tmp_path, failing_at(22))

    assert (found.same, found.differences) == (True, ())
    assert found.notes[-1].startswith("one was polled and the other invoked as recorded")


def test_the_first_invocation_that_differs_from_its_journal_is_named(tmp_path: Path) -> None:
    found = by_invocation(tmp_path, counts)
    sides = told(first(found), 0), told(first(found), 1)

    assert respects(found) == ["results"]
    assert [each.fields.get("error_message") for each in sides] == ["number 22", None]


def test_invocations_are_told_in_the_order_in_which_they_were_asked_for() -> None:
    def entry(seq: int, kind: str, request_id: str) -> Entry:
        fields = {"request_id": request_id, "function": "f"}
        return Entry(seq, 0.0, "", f"invocation_{kind}", None, fields)

    entries = [
        entry(1, "requested", "a"),
        entry(2, "requested", "b"),
        entry(3, "finished", "b"),
        entry(4, "requested", "b"),
        entry(5, "finished", "a"),
        entry(6, "requested", "c"),
        entry(7, "finished", "b"),
    ]

    assert [each.entry.seq for each in told_by_invocation(entries)] == [5, 3, 7]


def test_the_same_error_at_another_line_is_the_same_result(tmp_path: Path) -> None:
    def failing_elsewhere(event: Any, context: Any) -> int:
        return failing_at(22)(event, context)

    handlers = {"a": failing_at(22), "b": failing_elsewhere}
    one, other = (journal(tmp_path, name, handler) for name, handler in handlers.items())

    assert compare(one, other).same


def test_batches_cut_otherwise_deliver_the_same(tmp_path: Path) -> None:
    def nothing(event: Any, context: Any) -> None:
        return None

    one = journal(tmp_path, "a", nothing)
    other = journal(tmp_path, "b", nothing, BatchSize=2)
    found = compare(one, other, ignore=["batches"])

    assert found.same
    assert respects(found) == ["batches"]
    assert list(lines(found))[-1] == "nothing that matters differs"


def test_times_may_differ_by_a_tolerance(tmp_path: Path) -> None:
    one, other = journal(tmp_path, "a"), journal(tmp_path, "b", duration="101ms")

    assert respects(compare(one, other)) == ["time"]
    assert compare(one, other, tolerance=0.1).same
    assert not compare(one, other, tolerance=0.05).same


def test_shards_that_take_turns_otherwise_are_no_difference(tmp_path: Path) -> None:
    one = journal(tmp_path, "a")
    entries = [orjson.loads(line) for line in one.read_bytes().splitlines()]
    head, rest, end = entries[:1], entries[1:-1], entries[-1:]
    requests = {each["request_id"]: each["shard"] for each in rest if "attempt" in each}

    def shard(entry: dict[str, Any]) -> str:
        return str(entry.get("shard") or requests.get(entry.get("request_id", ""), ""))

    other = tmp_path / "b"
    moved = [*head, *sorted(rest, key=shard), *end]
    other.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in moved))

    assert compare(one, other).same


def test_a_run_that_was_cut_off_has_less_to_tell(tmp_path: Path) -> None:
    one, other = journal(tmp_path, "a"), tmp_path / "b"
    kept = one.read_bytes().splitlines(keepends=True)
    other.write_bytes(b"".join(kept[: len(kept) // 2]))
    difference = first(compare(one, other))

    assert difference.sides[1].entry is None
    assert "b has nothing more there" in "\n".join(lines(compare(one, other)))


def test_runs_without_detail_are_compared_by_their_counts(tmp_path: Path) -> None:
    one = journal(tmp_path, "a", detail="off")
    other = journal(tmp_path, "b", failing_at(3), detail="off")

    assert compare(one, journal(tmp_path, "c", detail="off")).same
    assert "delivered" in respects(compare(one, other))


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("no\n")

    with pytest.raises(JournalError):
        compare(journal(tmp_path, "a"), tmp_path / "b")


@settings(max_examples=20)
@given(st.integers(0, 39), st.integers(0, 39))
def test_comparing_is_the_same_from_both_sides(tmp_path: Path, mine: int, theirs: int) -> None:
    one = journal(tmp_path, "a", failing_at(mine))
    other = journal(tmp_path, "b", failing_at(theirs))
    there, back = compare(one, other), compare(other, one)

    assert there.same == (mine == theirs)
    assert [each.place for each in there.differences] == [each.place for each in back.differences]


def test_the_command_exits_by_what_matters(tmp_path: Path) -> None:
    one, other = journal(tmp_path, "a"), journal(tmp_path, "b", failing_at(7))

    same, different = eventsim("compare", one, one), eventsim("compare", one, other)
    ignored = eventsim(
        "compare", one, other, *[f"--ignore={each}" for each in respects(compare(one, other))]
    )

    assert (same.code, different.code, ignored.code) == (0, 1, 0)
    assert "function error ValueError: number 7" in different.stdout
    assert orjson.loads(eventsim("compare", one, other, "--json").stdout) == orjson.loads(
        orjson.dumps(as_json(compare(one, other)))
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ignore", "colour"], "--ignore colour is no respect; there are: results, retries"),
        (["--tolerance", "5"], "--tolerance is '5'; write a duration"),
    ],
)
def test_words_that_mean_nothing_are_refused(tmp_path: Path, words: list[str], said: str) -> None:
    path = journal(tmp_path, "a")
    ended = eventsim("compare", path, path, *words)

    assert ended.code == 2
    assert said in ended.stderr


def test_what_only_one_journal_can_tell_is_no_difference(tmp_path: Path) -> None:
    payload = journal(tmp_path, "payload", failing_at(3))
    batch = journal(tmp_path, "batch", failing_at(3), detail="batch")
    off = journal(tmp_path, "off", failing_at(3), detail="off")
    other = journal(tmp_path, "other", failing_at(4), detail="batch")

    found = compare(payload, batch), compare(batch, off)

    assert [each.same for each in found] == [True, True]
    assert found[0].notes[1:] == (
        "what functions answered is not compared: only one journal has it",
    )
    assert found[1].notes[1:] == (
        "one journal has no detail: only what came of the whole run is compared",
    )
    assert found[1].counts[0] == found[1].counts[1]
    assert "results" in respects(compare(payload, other))
    assert not compare(journal(tmp_path, "good", detail="off"), batch).same


def test_a_journal_without_its_end_is_noted(tmp_path: Path) -> None:
    whole = journal(tmp_path, "whole")
    cut = tmp_path / "cut"
    cut.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:-1]))

    assert compare(whole, whole).notes == ()
    assert compare(cut, cut).notes == (f"{cut} is cut off before the end of its run",) * 2
    assert not compare(whole, cut).same
