"""Sweeps and loads on a Dask cluster: of its own, one that is there, and one that is not."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import process
from tests.sweeping import CODE, LOAD, STREAM, counts

HAS_DASK = importlib.util.find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(not HAS_DASK, reason="needs Dask: pip install 'eventsim[dask]'")
MEMORY = ("--set", "MemorySize=128,512,1769", "--json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(CODE)
    (tmp_path / "s.yaml").write_text(LOAD)
    (tmp_path / "stream.yaml").write_text(STREAM)
    return tmp_path


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a cluster with one worker, in processes of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    words = [
        ["scheduler", "--host", host, "--port", port, "--no-dashboard", "--no-show"],
        ["worker", f"tcp://{address}", "--nworkers", "1", "--nthreads", "1", "--no-dashboard"],
    ]
    parts = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *each],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for each in words
    ]
    yield address
    for part in parts:
        os.killpg(part.pid, signal.SIGKILL)
        part.wait()


@pytest.mark.skipif(HAS_DASK, reason="Dask is installed here")
def test_without_dask_it_says_how_to_get_it(folder: Path) -> None:
    ended = process("sweep", "s.yaml", *MEMORY, "--on", "dask", folder=folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == "error: --on dask needs Dask: pip install 'eventsim[dask]'\n"


@needs_dask
def test_a_cluster_of_its_own_tells_the_same_bytes(folder: Path) -> None:
    here = process("sweep", "s.yaml", *MEMORY, "--workers", "1", folder=folder)
    there = process("sweep", "s.yaml", *MEMORY, "--on", "dask", "--workers", "2", folder=folder)

    assert there.code == 0
    assert there.stdout == here.stdout


@needs_dask
def test_a_cluster_that_is_there_tells_the_same_bytes(folder: Path, scheduler: str) -> None:
    here = process("sweep", "s.yaml", *MEMORY, "--workers", "1", folder=folder)
    there = process("sweep", "s.yaml", *MEMORY, "--on", f"dask://{scheduler}", folder=folder)

    assert there.code == 0
    assert there.stdout == here.stdout


@needs_dask
def test_a_point_that_ends_its_process_on_a_cluster_is_told(folder: Path) -> None:
    words = ("--set", "MODE=well,always", "--on", "dask", "--workers", "1", "--json")
    ended = process("sweep", "stream.yaml", *words, folder=folder)

    assert counts(ended.stdout) == {"points": 2, "ok": 1, "lost": 1}
    assert json.loads(ended.stdout)["points"][1]["because"] == "its worker ended with exit code 7"
    assert ended.code == 1


@needs_dask
def test_a_cluster_that_does_not_answer_is_told_and_not_waited_for(folder: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        ended = process("sweep", "s.yaml", *MEMORY, "--on", f"dask://{address}", folder=folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"error: no Dask scheduler answers at {address}" in ended.stderr


MODEL = """\
name: steady
functions:
  f: {run_in: model, duration: {lognormal: {median: 20ms, sigma: 0.5}}}
load: {rate: 50/s, for: 10s, arrivals: poisson}
"""
CODED = "name: real\nfunctions: {f: {Handler: g.handler}}\nload: {rate: 40/s, lateness: 5s}\n"


@needs_dask
def test_a_virtual_load_on_a_cluster_tells_the_same_bytes(folder: Path) -> None:
    (folder / "m.yaml").write_text(MODEL)
    here = process("load", "m.yaml", "--json", folder=folder)
    there = process("load", "m.yaml", "--json", "--on", "dask", "--workers", "2", folder=folder)

    assert (here.code, there.code) == (0, 0), there.stderr
    assert there.stdout == here.stdout


@needs_dask
def test_parts_of_a_load_on_a_cluster_are_one_report(folder: Path) -> None:
    (folder / "real.yaml").write_text(CODED)
    (folder / "g.py").write_text("def handler(event, context):\n    return event\n")
    words = ("load", "real.yaml", "--for", "1500ms", "--on", "dask", "--workers", "2", "--json")
    ended = process(*words, folder=folder)
    document = json.loads(ended.stdout)

    assert ended.code == 0, ended.stderr
    assert (document["plan"]["parts"], document["requests"], document["good"]) == (2, 60, 60)
    assert "2 workers begin at" in ended.stderr
    assert "    1 s  sent 40/s" in ended.stderr


@needs_dask
def test_a_cluster_with_too_few_workers_for_all_parts_is_told(folder: Path, scheduler: str) -> None:
    (folder / "real.yaml").write_text(CODED)
    (folder / "g.py").write_text("def handler(event, context):\n    return event\n")
    on = ("--on", f"dask://{scheduler}")
    ended = process("load", "real.yaml", "--for", "1s", *on, "--workers", "3", folder=folder)
    one = process("load", "real.yaml", "--for", "1s", *on, "--json", folder=folder)

    assert (ended.code, ended.stdout) == (2, "")
    assert "error: the Dask scheduler at" in ended.stderr
    assert (one.code, json.loads(one.stdout)["requests"]) == (0, 40)
