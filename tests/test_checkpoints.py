"""A checkpoint that was set is there afterwards, or the one before it, and never anything else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.checkpoints import FileCheckpoints, Identity
from eventsim.checkpoints.standing import Standing, decode, encode
from eventsim.clock import Clock, RealClock
from eventsim.errors import CheckpointError
from eventsim.types import Checkpoint, TumblingWindow
from tests.checkpoint_writer import MAPPING
from tests.conftest import START

PROJECT = Path(__file__).parent.parent
OTHER = Identity("app.payments", "arn:aws:kinesis:us-east-1:123456789012:stream/payments", "app")
WINDOW = TumblingWindow(1767225600.0, 1767225630.0, {"sum": 3, "of": ["a", None]}, False, True)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
windows = st.builds(
    TumblingWindow,
    st.floats(0, 4e9),
    st.floats(0, 4e9),
    values,
    st.booleans(),
    st.booleans(),
)
checkpoints = st.builds(Checkpoint, st.integers(0, 10**56).map(str), st.none() | windows)
standings = st.builds(
    Standing,
    st.builds(Identity, st.text(min_size=1), st.text(), st.text(), st.none()),
    st.none(),
    st.dictionaries(st.text(), checkpoints, max_size=4),
)


@given(st.lists(standings, max_size=3, unique_by=lambda each: each.identity.name))
def test_what_is_decoded_is_what_was_encoded(given_: list[Standing]) -> None:
    assert decode(encode(given_)) == given_


@given(st.floats(0, 4e9))
def test_a_mapping_never_began_later_than_it_did(began: float) -> None:
    (read,) = decode(encode([Standing(MAPPING, began)]))

    assert read.began is not None
    assert began - 2e-6 <= read.began <= began


async def test_the_next_process_goes_on_behind_what_was_set(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "c.json"
    first = FileCheckpoints(path, [MAPPING, OTHER], clock)
    assert await first.begin(MAPPING.name, 1767225600.25) is None
    assert await first.begin(MAPPING.name, 1767225700.0) == 1767225600.25
    await first.set(MAPPING.name, "shardId-0", Checkpoint("7"))
    await first.set(MAPPING.name, "shardId-0", Checkpoint("8", WINDOW))
    await first.set(OTHER.name, "shardId-1", Checkpoint("9"))
    first.close()

    second = FileCheckpoints(path, [OTHER, MAPPING], clock)
    assert second.get(MAPPING.name, "shardId-0") == Checkpoint("8", WINDOW)
    assert second.get(MAPPING.name, "shardId-1") is None
    assert second.get(OTHER.name, "shardId-1") == Checkpoint("9")
    assert await second.begin(MAPPING.name, 1767229200.0) == 1767225600.25
    assert await second.begin(OTHER.name, 1767229200.0) is None
    second.close()


async def test_the_file_is_for_people_to_read_and_its_owner_only(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "c.json"
    kept = FileCheckpoints(path, [MAPPING._replace(created=1767225599.5)], clock)
    await kept.begin(MAPPING.name, 1767225600.25)
    await kept.set(MAPPING.name, "shardId-0", Checkpoint("8", WINDOW))
    kept.close()

    assert json.loads(path.read_text()) == {
        "kind": "eventsim checkpoints",
        "schema": 1,
        "mappings": {
            "app.orders": {
                "source": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
                "function": "app",
                "created": "2025-12-31T23:59:59.500000Z",
                "began": "2026-01-01T00:00:00.250000Z",
                "shards": {
                    "shardId-0": {
                        "sequence_number": "8",
                        "window": {
                            "start": 1767225600.0,
                            "end": 1767225630.0,
                            "state": {"sum": 3, "of": ["a", None]},
                            "final": False,
                            "terminated_early": True,
                        },
                    }
                },
            }
        },
    }
    assert path.read_text().startswith('{\n  "kind"')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["c.json"]  # noqa: PTH208  # what a shell shows


async def test_shards_that_are_gone_are_forgotten(tmp_path: Path, clock: Clock) -> None:
    kept = FileCheckpoints(tmp_path / "c.json", [MAPPING], clock)
    for shard in ("a", "b", "c"):
        await kept.set(MAPPING.name, shard, Checkpoint("1"))
    kept.keep_only(MAPPING.name, ["b", "d"])
    await kept.begin(MAPPING.name, 1767225600.0)
    kept.close()

    (standing,) = decode((tmp_path / "c.json").read_bytes())
    assert standing.shards == {"b": Checkpoint("1")}


@pytest.mark.real_time
async def test_one_write_serves_everybody_who_waits(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, renames = threading.Event(), threading.Event(), []

    def rename(old: Any, new: Any) -> None:
        renames.append(new)
        begun.set()
        assert go_on.wait(20)
        os.rename(old, new)  # noqa: PTH104  # what os.replace does

    monkeypatch.setattr(os, "replace", rename)
    kept = FileCheckpoints(tmp_path / "c.json", [MAPPING], clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kept.set, MAPPING.name, "shardId-0", Checkpoint("1"))
        await anyio.to_thread.run_sync(begun.wait)
        for number in range(1, 50):
            tasks.start_soon(kept.set, MAPPING.name, f"shardId-{number}", Checkpoint("1"))
        await anyio.wait_all_tasks_blocked()
        go_on.set()
    kept.close()

    assert len(renames) == 2
    (standing,) = decode((tmp_path / "c.json").read_bytes())
    assert len(standing.shards) == 50


@pytest.mark.real_time
async def test_a_cancelled_set_leaves_the_file_whole_and_the_next_one_works(
    tmp_path: Path, clock: Clock
) -> None:
    kept = FileCheckpoints(tmp_path / "c.json", [MAPPING], clock)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await kept.set(MAPPING.name, "shardId-0", Checkpoint("1"))
    await kept.set(MAPPING.name, "shardId-1", Checkpoint("2"))
    kept.close()

    (standing,) = decode((tmp_path / "c.json").read_bytes())
    assert standing.shards == {"shardId-0": Checkpoint("1"), "shardId-1": Checkpoint("2")}


async def test_a_disk_that_takes_no_more_is_told_and_the_old_file_stays(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = FileCheckpoints(tmp_path / "c.json", [MAPPING], clock)
    await kept.set(MAPPING.name, "shardId-0", Checkpoint("1"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(CheckpointError, match=r"c\.json: No space left on device; what stands"):
            await kept.set(MAPPING.name, "shardId-0", Checkpoint("2"))
    kept.close()

    (standing,) = decode((tmp_path / "c.json").read_bytes())
    assert standing.shards == {"shardId-0": Checkpoint("1")}
    assert os.listdir(tmp_path) == ["c.json"]  # noqa: PTH208  # what a shell shows


WHOLE = encode([Standing(MAPPING, 1767225600.0, {"shardId-0": Checkpoint("8", WINDOW)})])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is empty"),
        (WHOLE[:-20], "it is damaged: unexpected"),
        (b'{"schema": 1}', "it is not one of eventsim's"),
        (b"[]", "it is not one of eventsim's"),
        (
            WHOLE.replace(b'"schema": 1', b'"schema": 2'),
            "a newer eventsim wrote it (schema 2, and this one reads 1)",
        ),
        (WHOLE.replace(b'"schema": 1', b'"schema": "1"'), "it is damaged: schema: Input should"),
        (
            WHOLE.replace(b'"8"', b'"49x"'),
            "it is damaged: mappings.app.orders.shards.shardId-0.sequence_number: String should",
        ),
        (WHOLE.replace(b"2026-01", b"2026-99"), "it is damaged: mappings.app.orders.began: Input"),
        (WHOLE.replace(b'"shards"', b'"shard"'), "it is damaged: mappings.app.orders.shards: F"),
        (WHOLE.replace(b'"final": false', b'"final": 0'), "it is damaged: mappings.app.orders.sh"),
    ],
)
async def test_a_file_that_is_none_is_refused_and_left_alone(
    tmp_path: Path, clock: Clock, content: bytes, fault: str
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)

    with pytest.raises(CheckpointError) as error:
        FileCheckpoints(path, [MAPPING], clock)

    assert str(error.value).startswith(f"cannot go on from the checkpoints in {path}: {fault}")
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["c.json"]  # noqa: PTH208  # what a shell shows


@given(st.data())
@settings(max_examples=200)
def test_a_damaged_file_is_refused_or_says_what_it_says(tmp_path: Path, data: Any) -> None:
    """A byte changed anywhere is an error of ours or another value, never any other error."""
    path = tmp_path / "c.json"
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    byte = data.draw(st.binary(min_size=0, max_size=2))
    path.write_bytes(WHOLE[:at] + byte + WHOLE[at + 1 :])

    try:
        kept = FileCheckpoints(path, [MAPPING], RealClock(START))
    except CheckpointError:
        return
    kept.get(MAPPING.name, "shardId-0")
    kept.close()


def opened(path: Path, *mappings: Identity) -> None:
    FileCheckpoints(path, mappings, RealClock(START)).close()


def test_the_file_of_another_mapping_is_refused_with_what_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(WHOLE)
    arn = MAPPING.source_arn

    for other, told in [
        (OTHER, f"app.payments ({OTHER.source_arn} to function app)"),
        (MAPPING._replace(function="new"), f"app.orders ({arn} to function new)"),
        (MAPPING._replace(source_arn="arn"), "app.orders (arn to function app)"),
    ]:
        with pytest.raises(CheckpointError) as error:
            opened(path, other)
        assert str(error.value) == (
            f"{path} has the checkpoints of app.orders ({arn} to function app), not of {told}"
        )
    assert path.read_bytes() == WHOLE


def test_the_file_of_a_stream_that_was_deleted_and_created_again_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(encode([Standing(MAPPING._replace(created=1767225600.1))]))

    opened(path, MAPPING)
    opened(path, MAPPING._replace(created=1767225600.1))
    with pytest.raises(CheckpointError, match="which was deleted and created again; remove"):
        opened(path, MAPPING._replace(created=1767225601.0))


def test_two_at_once_on_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    (tmp_path / "link.json").symlink_to(path)
    first = FileCheckpoints(path, [MAPPING], RealClock(START))

    for name in ("c.json", "link.json"):
        with pytest.raises(CheckpointError, match=f"{name} is in use: another process"):
            opened(tmp_path / name, MAPPING)

    first.close()
    opened(path, MAPPING)


def test_a_name_that_is_no_file_is_refused(tmp_path: Path) -> None:
    for name in (tmp_path, Path("/dev/null")):
        with pytest.raises(CheckpointError, match="is no file; write the name of one"):
            opened(name, MAPPING)
    with pytest.raises(CheckpointError, match=r"cannot use .*: No such file or directory"):
        opened(tmp_path / "none" / "c.json", MAPPING)


class Writer:
    """Writes checkpoints in processes that are killed on their way to the disk."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.checkpoint_writer"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, path: Path, step: int, values: list[str]) -> int:
        """How many of the values were told to be safe before the kill at *step*."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(" ".join([str(path), str(step), *values]) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.close()


STEPS_OF_ONE_WRITE = 20  # there are a few less


@given(
    st.lists(st.integers(0, 10**30).map(str), min_size=1, max_size=4, unique=True),
    st.integers(0, 4 * STEPS_OF_ONE_WRITE),
)
@settings(max_examples=40)
def test_whenever_the_process_is_killed_the_last_value_is_there_or_the_one_before(
    writer: Writer, tmp_path: Path, values: list[str], step: int
) -> None:
    path = tmp_path / "c.json"
    path.unlink(missing_ok=True)

    safe = writer.write(path, step, values)

    kept = FileCheckpoints(path, [MAPPING], RealClock(START))  # whose lock is gone with it
    found = kept.get(MAPPING.name, "shardId-0")
    kept.close()
    told = [None, *values][safe : safe + 2]
    assert (found.sequence_number if found else None) in told
    assert step or safe == len(values)


def test_a_write_has_steps_to_be_killed_at(writer: Writer, tmp_path: Path) -> None:
    safe = [writer.write(tmp_path / f"{step}", step, ["1"]) for step in range(STEPS_OF_ONE_WRITE)]

    assert safe[0] == 1
    assert safe[1:] == sorted(safe[1:])
    assert (safe[1], safe[-1]) == (0, 1)
