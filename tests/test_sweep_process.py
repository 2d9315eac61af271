"""What becomes of a sweep whose workers, or who itself, are killed or interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.commands import command, process
from tests.sweeping import CODE, LOAD, STREAM, counts, outcomes

MEMORY = ("--set", "MemorySize=128,512,1769", "--set", "rate=5/s,9/s")
SECONDS_MAX = 30.0

# What one run of a process leaves behind must not be there for another one's handler.
ALONE = "import sys\nassert not hasattr(sys, 'was_here')\nsys.was_here = True\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(ALONE + CODE)
    (tmp_path / "s.yaml").write_text(LOAD)
    (tmp_path / "stream.yaml").write_text(STREAM)
    return tmp_path


def until(holds: Callable[[], bool]) -> None:
    """Look every moment until *holds* does."""
    end = monotonic() + SECONDS_MAX
    while not holds():
        assert monotonic() < end, "it never was so"
        sleep(0.02)


def begun(folder: Path, *words: str) -> tuple[subprocess.Popen[str], int]:
    """A sweep of *words* in the midst of a point that hangs, and the process of its worker."""
    running = subprocess.Popen(
        command("sweep", "stream.yaml", *words, "--workers", "1", "--json"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((folder / "hangs.pid").exists)
    return running, int((folder / "hangs.pid").read_text())


def is_gone(pid: int) -> bool:
    """Whether a process ended; one that nobody has collected yet did too."""
    with suppress(ProcessLookupError):  # it is, and was collected
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_one_worker_and_two_tell_the_same_bytes(folder: Path) -> None:
    one, two = (
        process("sweep", "s.yaml", *MEMORY, "--workers", number, "--json", folder=folder)
        for number in "12"
    )

    assert counts(one.stdout) == {"points": 6, "ok": 6}
    assert one.stdout == two.stdout
    points = [
        {line.partition(" ")[2] for line in ended.stderr.splitlines()} for ended in (one, two)
    ]
    assert points[0] == points[1]
    assert len(points[0]) == 6


def test_a_point_whose_worker_was_killed_is_run_again_and_one_that_kills_all_is_told(
    folder: Path,
) -> None:
    running, worker = begun(folder, "--set", "MODE=hangs,well,always")
    os.kill(worker, signal.SIGKILL)
    stdout, stderr = running.communicate(timeout=SECONDS_MAX)

    assert counts(stdout) == {"points": 3, "ok": 2, "lost": 1}
    killed, well, always = json.loads(stdout)["points"]
    assert killed["figures"] == well["figures"]
    assert (always["outcome"], always["figures"]) == ("lost", None)
    assert always["because"] == "its worker ended with exit code 7"
    assert (running.returncode, stderr.splitlines()[-1]) == (1, "of 3 points 1 lost")


def test_ctrl_c_keeps_what_is_done_and_leaves_no_process_behind(folder: Path) -> None:
    running, worker = begun(folder, "--set", "MODE=well,hangs,always", "-o", "kept.jsonl")
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=SECONDS_MAX)

    assert running.returncode == 130
    assert outcomes(stdout) == ["ok", "not_run", "not_run"]
    assert stderr.splitlines()[-1] == "interrupted"
    assert is_gone(worker)
    kept = [json.loads(line) for line in (folder / "kept.jsonl").read_text().splitlines()]
    assert [list(line["set"].values()) for line in kept[1:]] == [["well"]]


def test_kill_9_loses_nothing_that_was_done_and_leaves_no_process_behind(folder: Path) -> None:
    words = ("--set", "MODE=well,hangs")
    running, worker = begun(folder, *words, "-o", "kept.jsonl")
    running.kill()
    running.communicate(timeout=SECONDS_MAX)
    until(lambda: is_gone(worker))
    before = (folder / "kept.jsonl").read_text()
    again = process("sweep", "stream.yaml", *words, "-o", "kept.jsonl", "--json", folder=folder)

    assert again.stderr.splitlines()[0] == "1 of 2 points are done already"
    assert outcomes(again.stdout) == ["ok", "ok"]  # the handler hangs at first only
    after = (folder / "kept.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 3
