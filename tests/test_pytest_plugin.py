"""The pytest plugin, used by a small project in a pytest process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.recorded import record, save

PROJECT = Path(__file__).parent.parent
INSTALLED = any(each.name == "eventsim" for each in entry_points(group="pytest11"))

APP = """
import base64, json

def bodies(event):
    return [json.loads(base64.b64decode(each["kinesis"]["data"])) for each in event["Records"]]

def handler(event, context):
    return sum(body["n"] for body in bodies(event))

def fixed(event, context):
    return sum(body["n"] for body in bodies(event))

def broken(event, context):
    if any(body["n"] == 3 for body in bodies(event)):
        raise ValueError("three is too much")
    return sum(body["n"] for body in bodies(event))

def echo(event, context):
    return {"got": event}
"""

PASSING = """
import app
import pytest

SETTINGS = {"BatchSize": 2, "MaximumRetryAttempts": 1, "MaximumBatchingWindowInSeconds": 5}

def test_the_fix_is_no_change(recording):
    orders = recording("orders.jsonl")
    assert orders.replay(app.fixed, **SETTINGS) == orders.replay(app.handler, **SETTINGS)

def test_yesterday_is_delivered(recording):
    recording("orders.jsonl").replay("app.handler", shards=2, **SETTINGS).assert_ok()

def test_a_stream(stream):
    run = stream.put("a", {"n": 1}).put("b", {"n": 2}, at=90).deliver(app.handler, BatchSize=10)
    run.assert_ok()
    assert run.counts["records"]["delivered"] == 2
    assert run.counts["batches"] == 2

def test_a_function(function):
    assert function(app.echo, Timeout=3)({"id": 1}) == {"got": {"id": 1}}
    assert function("app.broken").invoke({}).function_error == "Unhandled"

def test_a_scenario(simulation):
    run = simulation("scenario.yaml")
    run.assert_ok()
    assert "delivered" in run.timeline()

def test_only_what_is_compared_can_be_left_out(recording):
    run = recording("orders.jsonl").replay(app.handler)
    with pytest.raises(ValueError, match="not compared by tiem, but by results, retries"):
        run.ignoring("tiem")

def test_what_may_differ_is_left_out(recording):
    orders = recording("orders.jsonl")
    one, other = orders.replay(app.handler, BatchSize=1), orders.replay(app.handler, BatchSize=2)
    assert one.ignoring("time", "batches", "results") == other
    assert one.compared(other).same is False
"""

FAILING = """
import app

SETTINGS = {"BatchSize": 2, "MaximumRetryAttempts": 1, "MaximumBatchingWindowInSeconds": 5}

def test_the_fix_is_a_change(recording):
    orders = recording("orders.jsonl")
    assert orders.replay(app.broken, **SETTINGS) == orders.replay(app.handler, **SETTINGS)

def test_the_fix_is_a_change_and_where(recording):
    orders = recording("orders.jsonl")
    orders.replay(app.broken, **SETTINGS).assert_same_as(orders.replay(app.handler, **SETTINGS))

def test_not_all_is_delivered(recording):
    recording("orders.jsonl").replay(app.broken, **SETTINGS).assert_ok()

def test_an_expectation(simulation):
    simulation("too_much.yaml").assert_ok()

def test_a_function_fails(function):
    function(app.broken)({"Records": [{"kinesis": {"data": "eyJuIjogM30="}}]})
"""

SCENARIO = """\
# Every record arrives.
name: small
resources: {orders: {type: kinesis}}
functions:
  app:
    Handler: app.handler
    Events:
      Orders: {Type: Kinesis, Properties: {Stream: orders, StartingPosition: TRIM_HORIZON}}
timeline: [{at: 0s, put: orders, records: [{key: a, data: {n: 1}}]}]
expect: [{entry: batch_delivered, sum: records, min: 1}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a handler, a recording and scenarios."""
    save(tmp_path / "orders.jsonl", [record(n, "k", {"n": n}) for n in range(6)])
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "too_much.yaml").write_text(SCENARIO.replace("min: 1", "min: 2"))
    return tmp_path


def run(project: Path, tests: str) -> tuple[int, str]:
    """Run *tests* in a pytest process of their own."""
    (project / "test_app.py").write_text(tests)
    plugin = [] if INSTALLED else ["-p", "eventsim.pytest_plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, "test_app.py"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), str(project), *sys.path])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_project_that_holds_passes(project: Path) -> None:
    code, out = run(project, PASSING)

    assert (code, "7 passed" in out) == (0, True), out


def test_a_difference_is_told_with_the_timeline_around_it(project: Path) -> None:
    code, out = run(project, FAILING)

    assert (code, "5 failed" in out) == (1, True), out
    for said in (
        "the runs are not the same",
        "first difference, in what the function answered: function.Replay shardId-000000000000",
        "function error ValueError: three is too much",
        "  >        3.001s  function  invoked: function error ValueError: three is too much",
        "  >        3.001s  function  invoked: done in 1 ms",
        "assert_same_as, or -vv, tells the timeline around it",
        "2 of 6 records were not delivered",
        "2 records discarded, RetryAttemptsExhausted",
        "expected records of batch_delivered: wanted at least 2, found 1",
        "the function failed: ",
    ):
        assert said in out, out


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    code = "import sys; import eventsim.pytest_plugin; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
