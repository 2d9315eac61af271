"""`eventsim poll` as its own process, against a server that is one: killed, stopped, cut off."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from eventsim.journal.reading import read
from tests.commands import command
from tests.endpoints import Endpoint, Proxy

# A line for each invocation, on the disk before the answer: the ids of its records. After as many
# as the file limit says, an invocation never answers, so that no process is faster than its kill.
APPENDING = """\
import json, os, time
def handler(event, context):
    ids = [record["eventID"] for record in event["Records"]]
    with open("delivered.jsonl", "a+") as file:
        file.write(json.dumps(ids) + "\\n")
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        lines = len(file.readlines())
    if os.path.exists("limit") and lines == int(open("limit").read()):
        os.write(2, b"stalled\\n")
        time.sleep(1000)
"""
WAITING = """\
import os, time
def handler(event, context):
    print("in", len(event["Records"]))
    os.write(2, b"begun\\n")
    while not os.path.exists("go"):
        time.sleep(0.01)
"""
BATCH_SIZE = 25
SHARDS = 4


@contextmanager
def polling(folder: Path, url: str, stream: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        command("poll", f"kinesis://{stream}", "--handler", "app.handler", *words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "AWS_ENDPOINT_URL": url},
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def until_delivered(stderr: IO[str] | None, records: int) -> int:
    """Read lines until so many records are told to be delivered."""
    assert stderr is not None
    delivered = 0
    while delivered < records:
        line = stderr.readline()
        assert line, f"ended after {delivered} records"
        if found := re.search(r"  (\d+) records? delivered", line):
            delivered += int(found[1])
    return delivered


def until(stderr: IO[str] | None, text: str) -> None:
    assert stderr is not None
    while text not in (line := stderr.readline()):
        assert line, f"ended without {text!r}"


def batches(folder: Path) -> dict[str, list[list[int]]]:
    """What the handler got, by shard: the sequence numbers of each batch; the file goes."""
    path = folder / "delivered.jsonl"
    found: dict[str, list[list[int]]] = {}
    for line in path.read_text().splitlines():
        ids = [each.split(":") for each in json.loads(line)]
        found.setdefault(ids[0][0], []).append([int(number) for _, number in ids])
    path.unlink()
    return found


def checkpoints(folder: Path) -> dict[str, int]:
    """The sequence number in the file for each shard."""
    (mapping,) = json.loads((folder / "c.json").read_text())["mappings"].values()
    return {shard: int(done["sequence_number"]) for shard, done in mapping["shards"].items()}


def at_the_end(folder: Path, shards: Iterable[str], last: int) -> bool:
    """Whether the last record of each of these shards is delivered."""
    path = folder / "delivered.jsonl"
    text = path.read_text() if path.exists() else ""
    return all(f'"{shard}:{last}"' in text for shard in shards)


def kill_and_go_on(folder: Path, endpoint: Endpoint, records: int, kills: int) -> None:
    """Every record arrives in order, and after each kill at most one batch of a shard again.

    Kills come by turns wherever the process is, and where a batch is done and nobody knows it.
    """
    (folder / "app.py").write_text(APPENDING)
    stream = endpoint.stream(SHARDS)
    endpoint.put(stream, [b"%d" % number for number in range(records)], SHARDS)
    words = ("--checkpoints", "c.json", "--batch-size", str(BATCH_SIZE), "--timeout", "60")
    share = records // (kills + 1)
    last = {f"shardId-{number:012}": [0] for number in range(SHARDS)}  # batch before the kill
    for left in range(kills, -1, -1):
        (folder / "limit").write_text(str(share // BATCH_SIZE if left else records))
        with polling(folder, endpoint.url, stream, *words) as running:
            if left:
                if left % 2:
                    until_delivered(running.stderr, share // 2)
                else:
                    until(running.stderr, "stalled")
                running.kill()
                running.wait()
            else:
                done = checkpoints(folder)
                unfinished = [each for each in last if done.get(each, 0) < records // SHARDS]
                assert unfinished
                while not at_the_end(folder, unfinished, records // SHARDS):
                    until_delivered(running.stderr, 1)
                running.send_signal(signal.SIGINT)
                running.communicate(timeout=20)
                assert running.returncode == 130
        for shard, delivered in batches(folder).items():
            before = last[shard]
            assert delivered[0][0] in (before[0], before[-1] + 1)
            numbers = [number for batch in delivered for number in batch]
            assert numbers == [*range(numbers[0], numbers[-1] + 1)]
            assert max(map(len, delivered)) <= BATCH_SIZE
            last[shard] = delivered[-1]
    assert {batch[-1] for batch in last.values()} == {records // SHARDS}
    assert checkpoints(folder) == {shard: batch[-1] for shard, batch in last.items()}


def test_kill_9_loses_nothing_and_repeats_at_most_one_batch_of_a_shard(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    kill_and_go_on(tmp_path, endpoint, 2_000, kills=2)


@pytest.mark.soak
def test_kill_9_in_the_middle_of_10_000_records(tmp_path: Path, endpoint: Endpoint) -> None:
    kill_and_go_on(tmp_path, endpoint, 10_000, kills=8)


def test_ctrl_c_finishes_what_is_in_flight_and_sets_its_checkpoint(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    (tmp_path / "app.py").write_text(WAITING)
    stream = endpoint.stream()
    endpoint.put(stream, [b"1", b"2", b"3", b"4"])
    words = ("--checkpoints", "c.json", "--batch-size", "2", "--journal", "j.jsonl")
    with polling(tmp_path, endpoint.url, stream, *words, "--timeout", "60") as running:
        until(running.stderr, "begun")
        running.send_signal(signal.SIGINT)
        until(running.stderr, "stopping when what is in flight is finished; Ctrl-C again ends")
        (tmp_path / "go").touch()
        stdout, stderr = running.communicate(timeout=20)

    assert running.returncode == 130
    assert stderr.splitlines() == ["app | in 2", f"{stream}/0  2 records delivered, attempt 1"]
    assert "ok after " in stdout
    assert "delivered 2" in stdout
    (mapping,) = json.loads((tmp_path / "c.json").read_text())["mappings"].values()
    assert mapping["shards"]["shardId-000000000000"]["sequence_number"] == "2"
    last = [*read(tmp_path / "j.jsonl")][-1]
    assert (last.kind, last.because, last.fields["outcome"]) == (
        "run_finished",
        "SIGINT was sent",
        "ok",
    )


def test_a_second_ctrl_c_ends_at_once_and_the_batch_comes_again(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    (tmp_path / "app.py").write_text(WAITING)
    stream = endpoint.stream()
    endpoint.put(stream, [b"1", b"2"])
    words = ("--checkpoints", "c.json", "--timeout", "60", "--journal", "j.jsonl")
    with polling(tmp_path, endpoint.url, stream, *words) as running:
        until(running.stderr, "begun")
        running.send_signal(signal.SIGINT)
        until(running.stderr, "stopping")
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=20)

    assert (running.returncode, stderr.splitlines()[-1]) == (130, "interrupted")
    assert "INTERRUPTED after" in stdout
    assert [*read(tmp_path / "j.jsonl")][-1].fields["outcome"] == "interrupted"
    (mapping,) = json.loads((tmp_path / "c.json").read_text())["mappings"].values()
    assert mapping["shards"] == {}


def test_an_endpoint_that_goes_away_and_comes_back_loses_and_repeats_nothing(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    (tmp_path / "app.py").write_text(APPENDING)
    stream = endpoint.stream(2)
    endpoint.put(stream, [b"%d" % number for number in range(100)], 2)
    proxy = Proxy(endpoint.url)
    try:
        with polling(tmp_path, proxy.url, stream, "--batch-size", "10") as running:
            until_delivered(running.stderr, 100)
            proxy.go_away()
            until(running.stderr, "no answer, and asked again until there is one")
            for _ in range(4):
                assert proxy.dropped.acquire(timeout=20)
            endpoint.put(stream, [b"%d" % number for number in range(100)], 2)
            proxy.come_back()
            until(running.stderr, "the endpoint answers again")
            until_delivered(running.stderr, 100)
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=20)
    finally:
        proxy.close()

    assert running.returncode == 130
    assert {
        shard: [number for batch in delivered for number in batch]
        for shard, delivered in batches(tmp_path).items()
    } == {f"shardId-{number:012}": [*range(1, 101)] for number in range(2)}


def test_two_at_once_with_one_file_are_refused(tmp_path: Path, endpoint: Endpoint) -> None:
    (tmp_path / "app.py").write_text(APPENDING)
    stream = endpoint.stream()
    with polling(tmp_path, endpoint.url, stream, "--checkpoints", "c.json") as first:
        until(first.stderr, "polling kinesis://")
        with polling(tmp_path, endpoint.url, stream, "--checkpoints", "c.json") as second:
            _, stderr = second.communicate(timeout=20)

    assert (second.returncode, stderr) == (
        2,
        "error: c.json is in use: another process keeps its checkpoints there; "
        "give each its own file\n",
    )
