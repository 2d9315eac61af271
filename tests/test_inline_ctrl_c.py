"""The law of Ctrl-C: one is enough, also while a handler keeps the loop's thread to itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eventsim.journal.reading import read
from tests.commands import SCENARIO

STUCK = {"looping": "while True: pass", "asleep": "time.sleep(1000)"}


@pytest.mark.parametrize("body", STUCK.values(), ids=STUCK)
def test_one_ctrl_c_ends_a_handler_in_virtual_time(tmp_path: Path, body: str) -> None:
    (tmp_path / "app.py").write_text(
        "import pathlib, time\n"
        "def handler(event, context):\n"
        "    pathlib.Path('started').touch()\n"
        f"    {body}\n"
    )
    (tmp_path / "s.yaml").write_text(SCENARIO, "utf-8")
    run = subprocess.Popen(
        [sys.executable, "-m", "eventsim", "run", "s.yaml", "--journal", "j.jsonl"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=20)

    last = list(read(tmp_path / "j.jsonl"))[-1]
    assert (run.returncode, last.kind, last.fields["outcome"]) == (
        130,
        "run_finished",
        "interrupted",
    )
    assert "Traceback" not in said
