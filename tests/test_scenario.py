"""A scenario as values: what its keys come to, from a file and from Python."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario, Time, load
from eventsim.scenario.expectation import Expectation
from eventsim.scenario.records import put_record
from eventsim.scenario.values import encoded, seconds
from eventsim.steps import put
from eventsim.types import Duration, EventSourceMapping, Function, Lognormal, PutRecord

FULL = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "scenario.yaml").write_text(FULL, encoding="utf-8")
    return tmp_path


@pytest.fixture
def full(folder: Path) -> Scenario:
    return load(folder / "scenario.yaml")


def test_the_head_says_how_to_run(full: Scenario, folder: Path) -> None:
    assert (full.name, full.seed, full.lesson) == ("everything", 7, "Every key at once.")
    assert full.time == Time(virtual=False, speed=60.0)
    assert full.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert (full.region, full.account, full.backend) == ("eu-west-1", "012345670123", "moto")
    assert full.run_for == 5400.0
    assert (full.origin.folder, full.origin.project) == (folder, folder)


def test_without_them_the_keys_have_their_defaults() -> None:
    bare = Scenario.of({"name": "bare"})

    assert (bare.seed, bare.time) == (0, Time(virtual=True, speed=1.0))
    assert bare.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert (bare.profile, bare.region, bare.account) == ("today", "us-east-1", "123456789012")
    assert (bare.backend, bare.run_for, bare.lesson) == ("simulated", None, "")
    assert (bare.resources, bare.functions, bare.timeline, bare.expect) == ({}, {}, (), ())


def test_a_resource_is_its_sources_own_model(full: Scenario) -> None:
    orders = full.resources["orders"]

    assert orders.type == "kinesis"
    assert orders.settings.model_dump() == {
        "type": "kinesis",
        "shards": 2,
        "retention_hours": 48,
        "release": "retention",
        "limits": False,
        "consumers": (),
    }


def test_functions_come_in_lambdas_terms(full: Scenario, folder: Path) -> None:
    assert full.function_values() == (
        Function(
            name="consumer",
            handler="app.handler",
            code_uri=str(folder / "code"),
            timeout=30,
            memory_size=512,
            environment=(("STREAM", "orders"), ("LEVEL", "3")),
            runtime="python3.13",
            description="keeps count",
            duration=Duration(distribution=Lognormal(0.02, 0.3)),
            init_duration=1.5,
            async_handler=True,
        ),
        Function(name="second", handler="app.handler", code_uri=str(folder)),
    )


def test_mappings_come_in_lambdas_terms_with_the_arns_they_are_given(full: Scenario) -> None:
    assert full.mapping_values({"orders": "arn:orders"}) == (
        EventSourceMapping(
            name="consumer.Orders",
            source="orders",
            event_source_arn="arn:orders",
            function_name="consumer",
            starting_position="AT_TIMESTAMP",
            starting_position_timestamp=1767139200.0,
            batch_size=10,
            maximum_batching_window_in_seconds=5,
            maximum_retry_attempts=2,
            enabled=False,
        ),
        EventSourceMapping(
            name="second.Orders",
            source="orders",
            event_source_arn="arn:orders",
            function_name="second",
            starting_position="LATEST",
        ),
    )


def test_the_timeline_is_played_in_the_order_of_its_times(full: Scenario) -> None:
    steps = [step for step in full.timeline_in_order() if isinstance(step, put.Step)]

    assert [(step.at, step.verb, step.put) for step in steps] == [
        (1.0, "put", "orders"),
        (5.0, "put", "orders"),
    ]
    written = [record for step in steps for record in step.records or ()]
    assert [put_record("kinesis", record, put.RecordBlock) for record in written] == [
        PutRecord("c", b"7"),
        PutRecord("a", b'{"id":1,"list":[true,null,1.5]}'),
        PutRecord("b", "grün".encode(), 12),
    ]


def test_steps_of_one_time_keep_the_order_of_the_file() -> None:
    steps = [{"at": "1s", "put": "s", "records": [{"key": key, "data": ""}]} for key in "abc"]
    scenario = Scenario.of(
        {"name": "ties", "resources": {"s": {"type": "kinesis"}}, "timeline": steps}
    )

    assert scenario.timeline_in_order() == scenario.timeline


def test_a_handler_from_python_may_be_a_callable() -> None:
    def handler(event: Any, context: Any) -> None: ...

    scenario = Scenario.of({"name": "inline", "functions": {"f": {"Handler": handler}}})

    assert [function.handler for function in scenario.function_values()] == [handler]


def test_faults_of_a_scenario_from_python_have_a_path_and_no_line(tmp_path: Path) -> None:
    values = {
        "name": "wrong",
        "functions": {"consumer": {"Handler": 3, "Timeout": 0, "Event": {}}},
        "timeline": [{"at": "5s", "put": "oders", "records": []}],
        "resources": {"orders": {"type": "kinesis", "shards": 0}},
    }

    with pytest.raises(ScenarioError) as caught:
        Scenario.of(values, folder=tmp_path)

    assert [(fault.path, fault.line, fault.message) for fault in caught.value.faults] == [
        (
            "functions.consumer.Event",
            0,
            "unknown key 'Event' in functions.consumer; did you mean 'Events'?",
        ),
        ("functions.consumer.Handler", 0, "is 3; write module.function"),
        ("functions.consumer.Timeout", 0, "is 0; it must be at least 1"),
        ("resources.orders.shards", 0, "is 0; it must be at least 1"),
        (
            "timeline[0].put",
            0,
            "is 'oders', which is no resource of the scenario; did you mean 'orders'?",
        ),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {1: 2},
        {"name": "x", "timeline": [{1: 2}]},
        {"name": "x", "functions": {"f": {"Handler": "a.b", "Events": {"E": {"Type": []}}}}},
        {"name": "x", "resources": {"r": {"type": ["kinesis"]}}},
        {"name": "x", "start": object()},
        {"name": "x", "time": {"real": {"speed": float("inf")}}},
        {"name": {"a", "set"}},
    ],
)
def test_values_that_no_file_could_hold_are_faults_too(values: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        Scenario.of(values)


def test_data_that_is_no_json_is_a_fault() -> None:
    round_about: dict[str, Any] = {}
    round_about["self"] = round_about
    for data in (round_about, float("nan"), object(), "\ud800"):
        with pytest.raises(PydanticCustomError, match="cannot be written as JSON"):
            encoded(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0s", 0.0),
        ("20ms", 0.02),
        ("5s", 5.0),
        ("0.5s", 0.5),
        ("1m", 60.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1h30m", 5400.0),
        ("1d2h3m4s5ms", 93784.005),
    ],
)
def test_a_duration_is_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 s", "-5s", "30m1h", "1s1s", "1:30", "5S", "\u0665s"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        seconds(text)


@given(st.integers(0, 10**9))
def test_milliseconds_come_out_exactly(milliseconds: int) -> None:
    assert seconds(f"{milliseconds}ms") == milliseconds / 1000


@pytest.mark.parametrize(
    ("bounds", "wanted", "good", "bad"),
    [
        ({"count": 3}, "exactly 3", [3], [2, 4]),
        ({"count": 0}, "exactly 0", [0], [1]),
        ({"min": 2}, "at least 2", [2, 9], [1]),
        ({"max": 2}, "at most 2", [0, 2], [3]),
        ({"min": 2, "max": 5}, "at least 2, at most 5", [2, 5], [1, 6]),
        ({}, "at least 1", [1, 2], [0]),
    ],
)
def test_an_expectation_holds_within_its_bounds(
    bounds: dict[str, int], wanted: str, good: list[int], bad: list[int]
) -> None:
    expectation = Expectation.model_validate({"entry": "batch_formed", **bounds})

    assert expectation.wanted == wanted
    assert [expectation.holds(found) for found in good] == [True] * len(good)
    assert [expectation.holds(found) for found in bad] == [False] * len(bad)


def test_an_expectation_is_named_in_words(full: Scenario) -> None:
    counted = Expectation.model_validate({"entry": "batch_formed", "count": 1})

    assert counted.name == "batch_formed"
    assert full.expect[0].name == "records of batch_delivered where source orders"


def test_a_scenario_does_not_change(full: Scenario) -> None:
    with pytest.raises(ValueError, match="frozen"):
        full.seed = 8


def test_a_copy_with_other_settings_comes_from_the_same_file(full: Scenario) -> None:
    copy = full.model_copy(update={"seed": 8})

    assert (copy.seed, copy.lesson, copy.origin) == (8, full.lesson, full.origin)
