"""A load in other processes: merged exactly, lost in part, interrupted, and refused."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from eventsim.recordings import Header, RecordedRecord, jsonl
from tests.children import alive
from tests.commands import eventsim, process
from tests.loads_in_parts import begun, counting

VIRTUAL = """\
name: steady
functions:
  f: {run_in: model, duration: {lognormal: {median: 20ms, sigma: 0.5}}, init_duration: 300ms}
load: {rate: 50/s, for: 10s, arrivals: poisson, thresholds: ["p99 < 400ms"]}
"""
REAL = """\
name: real
functions:
  f: {Handler: app.handler}
load: {rate: 40/s, for: 500ms, lateness: 5s, thresholds: ["requests > 19"]}
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "s.yaml").write_text(VIRTUAL)
    (tmp_path / "real.yaml").write_text(REAL)
    return tmp_path


def test_virtual_time_tells_the_same_bytes_without_workers_with_one_and_with_two(
    folder: Path,
) -> None:
    here = eventsim("load", "s.yaml", "--json", "--seed", "7")
    one, two = (
        process("load", "s.yaml", "--json", "--seed", "7", "--workers", number, folder=folder)
        for number in "12"
    )

    assert (here.code, one.code, two.code) == (0, 0, 0)
    assert json.loads(here.stdout)["requests"] > 400
    assert here.stdout == one.stdout == two.stdout
    assert two.stderr.startswith("note: virtual time is one simulation, so one worker has all")


def test_what_parts_of_a_load_measured_is_one_report(folder: Path) -> None:
    words = ("load", "real.yaml", "--workers", "3", "--journal", "j.jsonl", "--html", "h.html")
    ended = process(*words, "--json", folder=folder)
    document = json.loads(ended.stdout)

    assert ended.code == 0, ended.stderr
    assert document["plan"]["parts"] == 3
    assert [document[key] for key in ("requests", "answered", "good", "lost")] == [20, 20, 20, []]
    assert document["latency"]["count"] == document["lateness"]["count"] == 20
    assert [verdict["passed"] for verdict in document["thresholds"]] == [True]
    assert ended.stderr.startswith("3 workers begin at 2")
    shown = eventsim("report", "j.jsonl", "--as", "load").stdout
    assert "500 ms, in 3 parts; real time" in shown
    assert "20 sent, 20 answered" in shown


def test_senders_of_a_closed_load_are_dealt_out(folder: Path) -> None:
    code = "import time\n\ndef handler(event, context):\n    time.sleep(0.4)\n"
    (folder / "app.py").write_text(code)
    (folder / "real.yaml").write_text(
        "name: real\nfunctions:\n  f: {Handler: app.handler}\n"
        "load: {in_flight: 3, for: 200ms, lateness: 5s}\n"
    )
    ended = process("load", "real.yaml", "--workers", "2", "--json", folder=folder)
    document = json.loads(ended.stdout)

    assert ended.code == 0, ended.stderr
    assert (document["plan"]["model"], document["plan"]["in_flight"]) == ("closed", 3)
    assert (document["requests"], document["answered"]) == (3, 3)


def test_each_part_sends_its_own_share_of_a_recording(folder: Path) -> None:
    records = [RecordedRecord(1e9 + n / 100, "", b"%d" % n) for n in range(12)]
    jsonl.write(folder / "r.jsonl", Header("lambda"), records)
    code = (
        "def handler(event, context):\n"
        "    with open('sent', 'a') as file:\n        file.write(f'{event}\\n')\n"
    )
    (folder / "app.py").write_text(code)
    (folder / "real.yaml").write_text(
        "name: real\nfunctions:\n  f: {Handler: app.handler}\n"
        "load: {arrivals: {recording: r.jsonl}, from: r.jsonl, for: 10s, lateness: 5s}\n"
    )
    ended = process("load", "real.yaml", "--workers", "2", folder=folder)

    assert ended.code == 0, ended.stderr
    assert sorted(map(int, (folder / "sent").read_text().split())) == list(range(12))


@linux
def test_a_part_whose_worker_is_killed_is_told_and_counts_reconcile(folder: Path) -> None:
    with counting() as server:
        words = (server.url, "--rate", "60/s", "--for", "3s", "--lateness", "5s", "--json")
        running, workers = begun(folder, *words, "--workers", "2")
        os.kill(workers[0], signal.SIGKILL)
        stdout, _ = running.communicate(timeout=30)
        served = server.served()
    document = json.loads(stdout)
    [lost] = document["lost"]

    assert running.returncode == 1
    assert (document["valid"], document["outcome"]) == (False, "failed")
    assert lost["because"] == "its worker was ended by SIGKILL"
    assert lost["part"] in ("1 of 2", "2 of 2")
    assert lost["asked"] == 90
    assert document["requests"] == 90 + lost["sent"]
    assert document["requests"] == document["answered"] + document["unanswered"]
    assert document["answered"] <= served <= 90 + lost["asked"]
    assert f"part {lost['part']} was lost, its worker was ended by SIGKILL" in document["notes"][0]


@linux
def test_a_virtual_load_whose_worker_is_killed_is_told_the_same_by_another(folder: Path) -> None:
    words = ("s.yaml", "--for", "300s", "--threshold", "p99 < 1s", "--json")
    running, [worker] = begun(folder, *words, "--workers", "1")
    os.kill(worker, signal.SIGKILL)
    stdout, _ = running.communicate(timeout=30)

    assert running.returncode == 0
    assert stdout == eventsim("load", *words).stdout


@linux
def test_ctrl_c_ends_virtual_time_in_its_worker_and_reports(folder: Path) -> None:
    running, [worker] = begun(folder, "s.yaml", "--for", "20h", "--workers", "1")
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=30)

    assert running.returncode == 130
    assert not alive(worker)
    assert "open load of f, 50/s, poisson arrivals, " in stdout
    assert "\ninterrupted: the load was interrupted\n" in stdout
    assert stderr.endswith("interrupted\n")


@linux
def test_ctrl_c_reports_what_all_parts_measured_and_leaves_no_process(folder: Path) -> None:
    with counting() as server:
        words = (server.url, "--rate", "60/s", "--for", "1h", "--lateness", "5s")
        running, workers = begun(folder, *words, "--workers", "2")
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=30)
        served = server.served()

    assert running.returncode == 130
    assert len(workers) == 2
    assert [alive(worker) for worker in workers] == [False, False]
    assert f"requests     {served} sent, {served} answered" in stdout
    assert stdout.endswith("\ninterrupted: SIGINT was sent\n")
    assert "nothing more is sent; Ctrl-C again ends without what is on its way\n" in stderr
    assert stderr.endswith("interrupted\n")


@linux
def test_a_second_ctrl_c_reports_what_parts_had_told_of(folder: Path) -> None:
    code = "import time\n\ndef handler(event, context):\n    time.sleep(0.01 if event else 50)\n"
    (folder / "app.py").write_text(code)
    words = ("real.yaml", "--for", "1h", "--workers", "2", "--json")
    running, workers = begun(folder, *words)
    running.send_signal(signal.SIGINT)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("nothing more is sent"):
            break
    running.send_signal(signal.SIGINT)
    stdout, _ = running.communicate(timeout=30)
    document = json.loads(stdout)

    assert running.returncode == 130
    assert [alive(worker) for worker in workers] == [False, False]
    assert [part["because"] for part in document["lost"]] == ["it was ended"] * 2
    assert document["requests"] == document["answered"] + document["unanswered"] > 0


@linux
def test_a_threshold_that_is_not_kept_by_all_parts_together_ends_them(folder: Path) -> None:
    words = ("real.yaml", "--rate", "200/s", "--for", "1h", "--threshold", "requests < 150")
    ended = process("load", *words, "--abort", "--workers", "2", "--json", folder=folder)
    document = json.loads(ended.stdout)

    assert ended.code == 1
    assert document["because"] == "requests < 150 was not kept"
    assert document["seconds"] < 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["real.yaml", "--workers", "0"], "should be greater than or equal to 1"),
        (["real.yaml", "--workers", "two"], "should be a valid integer"),
        (["real.yaml", "--on", "there"], "--on is 'there'; write local, dask, or dask://ADDRESS"),
        (["s.yaml", "--on", "there"], "--on is 'there'; write local, dask, or dask://ADDRESS"),
        (["s.yaml", "--on", "dask://"], "--on is 'dask://'; write local, dask, or dask://ADDRESS"),
        (
            ["real.yaml", "--workers", "900", "--precise"],
            "--precise keeps a core awake for each of 900 workers, and here are ",
        ),
        (
            ["real.yaml", "--workers", "2", "--in-flight", "1"],
            "--in-flight 1 is less than one for each of 2 workers; write --workers 1",
        ),
        (
            ["real.yaml", "--workers", "2", "--in-flight-max", "1"],
            "--in-flight-max 1 is less than one for each of 2 workers; write --workers 1",
        ),
        (
            ["real.yaml", "--workers", "2", "--journal", "j", "--detail", "batch"],
            "the journal of a load in other processes has its figures only; leave --detail out",
        ),
        (
            ["real.yaml", "--workers", "2", "--set", "f.ReservedConcurrentExecutions=3"],
            "this load cannot be cut: reserved concurrency is kept to by one process; leave",
        ),
        (
            ["real.yaml", "--workers", "2", "--set", "backend=moto"],
            "this load cannot be cut: the moto back end is that of one process; leave",
        ),
        (
            ["http://example.com/x", "--rate", "5/s", "--for", "1s", "--workers", "2"],
            "leads outside this machine",
        ),
    ],
)
def test_what_cannot_be_cut_is_refused(words: list[str], message: str) -> None:
    ended = eventsim("load", *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "repeat the load with" not in ended.stderr  # nothing was sent
