"""The benchmarks run; what they measure is not judged here, for the machine may be busy."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import page

PROJECT = Path(__file__).parent.parent
CALLING = (
    "a warm call of a Python handler in a child process",
    "8 calls that compute, in 8 environments at once",
) * (find_spec("awslambdaric") is not None)
PAGES = (
    "a page of 2,000 entries painted first",
    "a page of 2,000 entries zoomed 20 times",
) * page.possible()
SENT = "a request through the generator, measured, {}"
LOADING = (
    "lateness at p99 of 1,000/s for 0.3 s to a target that does nothing",
    "lateness at p99 of 1,000/s for 0.3 s to a target that does nothing, with --precise",
    "unevenness at p99 of 1,000/s for 0.3 s at a server",
    SENT.format("to a model function in virtual time"),
    SENT.format("to an inline function"),
    *([SENT.format("to a Python process")] * (find_spec("awslambdaric") is not None)),
    SENT.format("to an Invoke API through aiobotocore"),
    "an invocation through the aws invoker",
    SENT.format("to an HTTP front"),
)
NAMES = (
    "20,000 records, 64 shards, BatchSize 100, journal off",
    "20,000 records, 64 shards, BatchSize 100, journal batch",
    "4,000 records, 64 shards, BatchSize 10, journal off",
    "1,000 records, 64 shards, BatchSize 1, journal off",
    "63,000 records on 63 shards while another always fails, BatchSize 100",
    "peak memory, 20,000 records of a recording, 64 shards, BatchSize 100",
    "peak memory, 20,000 records of a recording, 64 shards, BatchSize 100, "
    "ParallelizationFactor 10",
    "peak memory, 20,000 records of a recording, 64 shards, BatchSize 100, "
    "a filter that drops everything",
    "2,000 records of a recording, 64 shards, BatchSize 100, journal off",
    "24 h of capped retries on 64 shards (92,608 invocations)",
    "a year of 500 sparse records, 8 shards, journal off",
    "a week of 6,064 flights replayed, 8 shards, journal off",
    "5,000 requests of a model function at 0.9/s",
    "5,000 requests of a model function at 100/s",
    "peak memory, a scenario with 20,000 requests of a model function at 100/s",
    "a page of 2,000 entries made",
    *PAGES,
    *LOADING,
    *CALLING,
    "lessons 1 to 1 of the course, each as it is and with its change",
    "eventsim --help",
    "eventsim generate s3 put",
)
OPTIONAL = {"SimFaaS", "Locust"}  # timed where it is installed
FIELDS = {
    "name",
    "baseline",
    "ratio",
    "lowest",
    "highest",
    "seconds",
    "baseline_seconds",
    "reach",
    "note",
    "met",
}


@pytest.mark.timeout(180)  # it waits for everything that the machine does beside it
def test_every_figure_is_measured_printed_and_written_as_json(tmp_path: Path) -> None:
    written = tmp_path / "bench.json"

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", str(written)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    measured = json.loads(written.read_text())["figures"]
    figures = [figure for figure in measured if figure["baseline"] not in OPTIONAL]
    assert tuple(figure["name"] for figure in figures) == NAMES
    printed = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert printed == [figure["name"] for figure in measured]
    for figure in figures:
        assert figure.keys() == FIELDS
        assert 0 < figure["lowest"] <= figure["ratio"] <= figure["highest"]
        assert figure["seconds"] > 0 < figure["baseline_seconds"]
        reached = None if figure["reach"] is None else figure["ratio"] <= figure["reach"]
        assert figure["met"] is reached
