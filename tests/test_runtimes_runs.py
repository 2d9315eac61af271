"""Laws of whole runs with child processes: the same every time, and nothing left afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventsim.clock import Clock
from eventsim.errors import HandlerStuck
from eventsim.journal.reading import read
from eventsim.types import Duration, Function
from tests.children import alive, children, soon
from tests.commands import command, eventsim, process

pytest.importorskip("awslambdaric")

FOLDER = str(Path(__file__).parent / "handlers" / "contract")

APP = """\
import os, sys, time

def say(*words):  # in one piece, since two processes may write at the same time
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

say("up", os.getpid())
calls = 0

def handler(event, context):
    global calls
    calls += 1
    ids = [record["kinesis"]["partitionKey"] for record in event["Records"]]
    say("got", os.getpid(), *ids)
    if "poison" in ids:
        raise ValueError("poison")
    if "slow" in ids:
        time.sleep(60)
    return calls
"""

SCENARIO = """\
# Every record arrives.
name: small
seed: 7
resources:
  orders: {type: kinesis, shards: 4}
functions:
  app:
    Handler: app.handler
    Runtime: python3.13
    run_in: python
    duration: 20ms
    Timeout: 20
    Events:
      Orders:
        Type: Kinesis
        Properties: {Stream: orders, StartingPosition: TRIM_HORIZON, BatchSize: 2}
timeline:
  - at: 0s
    put: orders
    records: [{key: KEY, data: 1}, {key: b, data: 2}, {key: c, data: 3}, {key: d, data: 4}]
  - {at: 5s, put: orders, records: [{key: e, data: 1}, {key: f, data: 2}]}
run_for: 1m
expect:
  - {entry: batch_delivered, sum: records, min: 6}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "s.yaml").write_text(SCENARIO.replace("KEY", "a"))
    (tmp_path / "poison.yaml").write_text(SCENARIO.replace("KEY", "poison"))
    (tmp_path / "slow.yaml").write_text(SCENARIO.replace("KEY", "slow"))
    return tmp_path


def pids(lines: str) -> set[int]:
    """Of the processes that wrote these lines of a log."""
    words = [line.split() for line in lines.splitlines() if line.startswith("app | ")]
    return {int(line[3]) for line in words if line[2] in {"up", "got"}}


def left(folder: Path) -> list[Path]:
    return [*(folder / "tmp").iterdir()]


def test_a_run_with_child_processes_is_the_same_run_every_time(folder: Path) -> None:
    journals = []
    for number in range(3):
        ended = process("run", "s.yaml", "--journal", f"{number}.jsonl", folder=folder)
        assert ended.code == 0, ended
        journals.append((folder / f"{number}.jsonl").read_bytes())
        assert len(pids(ended.stderr)) > 1
        assert not any(map(alive, pids(ended.stderr)))
    assert journals[0] == journals[1] == journals[2]
    assert left(folder) == []


def test_a_run_that_fails_leaves_nothing(folder: Path) -> None:
    ended = process("run", "poison.yaml", folder=folder)
    assert ended.code == 1
    assert "poison" in ended.stderr
    assert not any(map(alive, pids(ended.stderr)))
    assert left(folder) == []


@pytest.fixture
def slow(folder: Path) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """A run in which a handler sleeps, and the processes of it that are there by then."""
    running = subprocess.Popen(
        command("run", "slow.yaml", "--debug", "--time", "real", "--journal", "j.jsonl"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    found = set[int]()
    try:
        for line in running.stderr:
            words = line.split()
            if words[0] in {"up", "got"}:
                found.add(int(words[1]))
            if "slow" in words:
                break
        yield running, found
    finally:
        running.kill()
        running.communicate()


def test_ctrl_c_leaves_nothing(folder: Path, slow: tuple[subprocess.Popen[str], set[int]]) -> None:
    running, found = slow
    assert any(map(alive, found))
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert running.returncode == 130
    assert not any(map(alive, found))
    assert left(folder) == []
    assert [*read(folder / "j.jsonl")][-1].fields["outcome"] == "interrupted"


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_run_that_is_killed_leaves_nothing_either(
    folder: Path, slow: tuple[subprocess.Popen[str], set[int]], number: signal.Signals
) -> None:
    running, found = slow
    assert any(map(alive, found))
    assert len(left(folder)) == 1
    running.send_signal(number)
    running.wait(20)
    assert await soon(lambda: not any(map(alive, found)))
    assert await soon(lambda: left(folder) == [])


def test_eventsim_invoke_runs_in_a_child_process_too(folder: Path) -> None:
    event = json.dumps({"Records": [{"kinesis": {"partitionKey": "k"}}]})
    words = ("invoke", "app.handler", "--run-in", "python", "--code-uri", folder, "--event", "-")
    ended = eventsim(*words, stdin=event)
    assert (ended.code, ended.stdout) == (0, "1\n")
    (pid,) = pids(ended.stderr)
    assert pid != os.getpid()
    assert not alive(pid)
    refused = eventsim("invoke", "x.y", "--run-in", "bootstrap", "--code-uri", folder)
    assert (refused.code, refused.stdout) == (2, "")
    assert "there is no file 'bootstrap' in the code folder" in refused.stderr


async def test_virtual_time_stands_still_for_a_child_and_its_duration_is_declared(
    clock: Clock,
) -> None:
    f = Function(
        *("f", "busy.sleeps"),
        code_uri=FOLDER,
        run_in="python",
        duration=Duration(7.0),
        timeout=20,
        init_duration=0.5,
    )
    async with children(clock, f) as running:
        await running.invoke()
        assert clock.time() == 7.5
        (finished,) = running.entries("invocation_finished")
    assert (finished["duration"], finished["init"]) == (7.0, 0.5)


async def test_a_child_sees_the_variables_of_the_process_and_not_of_an_inline_function(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "of the process")
    inline = Function("i", "contract.nothing", FOLDER, environment=(("MINE", "of inline"),))
    child = Function(
        *("f", "odd.handler", FOLDER),
        run_in="command",
        command=(sys.executable, "odd.py", "tells"),
    )
    async with children(clock, inline, child) as running:
        await running.invoke(function_name="i")
        told = await running.answer()
    assert told["variables"]["MINE"] == "of the process"


async def test_virtual_time_does_not_wait_for_ever(clock: Clock) -> None:
    """Only the watchdog knows there that a call takes too long."""
    command = (sys.executable, "odd.py")
    for behaviour in ("wrong_id", "silent"):
        f = Function("f", "odd", FOLDER, run_in="command", command=(*command, behaviour))
        with pytest.raises(HandlerStuck) as raised:
            async with children(clock, f, watchdog_seconds=0.5) as running:
                await running.invoke("stubborn")
        assert str(raised.value) == str(HandlerStuck("f", 0.5))
