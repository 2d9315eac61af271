"""Event source mappings of a scenario as values: every setting arrives, whatever it is on."""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from eventsim import registry
from eventsim.errors import MappingRefused, ScenarioError
from eventsim.rules.mapping import refusals
from eventsim.rules.mapping_settings import SETTINGS
from eventsim.scenario import Scenario
from eventsim.scenario.mapping import mapping_kinds, properties_model
from eventsim.scenario.mapping_reference import markdown
from eventsim.simulation import Simulation
from eventsim.types import EventSourceMapping
from tests.mappings import MAPPING, NOW, SQS, STREAM

DOCS = Path(__file__).parent.parent / "docs"
PATTERN = '{"data": {"paid": [true]}}'
STREAM_PROPERTIES: dict[str, Any] = {
    "Stream": "orders",
    "StartingPosition": "AT_TIMESTAMP",
    "StartingPositionTimestamp": 1767225600,
    "BatchSize": 7,
    "MaximumBatchingWindowInSeconds": 1,
    "ParallelizationFactor": 2,
    "TumblingWindowInSeconds": 3,
    "FilterCriteria": {"Filters": [{"Pattern": PATTERN}]},
    "MaximumRetryAttempts": 4,
    "MaximumRecordAgeInSeconds": 60,
    "BisectBatchOnFunctionError": True,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "DestinationConfig": {"OnFailure": {"Destination": "dlq", "Type": "SQS"}},
    "MetricsConfig": {"Metrics": ["EventCount"]},
    "Enabled": False,
}
QUEUE_PROPERTIES: dict[str, Any] = {
    "Queue": "orders",
    "BatchSize": 20,
    "MaximumBatchingWindowInSeconds": 1,
    "FilterCriteria": {"Filters": [{"Pattern": '{"body": ["x"]}'}]},
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "ScalingConfig": {"MaximumConcurrency": 5},
    "Enabled": True,
}


class Anything(BaseModel):
    """A resource that may have consumers."""

    model_config = ConfigDict(extra="forbid")

    consumers: tuple[str, ...] = ("fast",)


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue and a stream with consumers, both from outside."""
    kinds = {"shop.line": replace(SQS, event="Line"), "shop.belt": replace(STREAM, event="Belt")}
    for name, kind in kinds.items():
        module = ModuleType(name)
        module.__dict__.update(MAPPING=kind, Resource=Anything)
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["shop.belt"].__dict__["stream_name"] = stream_name
    monkeypatch.chdir(tmp_path)


def stream_name(text: str) -> tuple[str, str | None]:
    """``belt/consumer/fast``, or the ARN of such a consumer with its number."""
    name, _, consumer = text.rpartition("stream/")[2].partition("/consumer/")
    return name, consumer.partition(":")[0] or None


def scenario_of(type_: str, properties: dict[str, Any], resource: str = "kinesis") -> Scenario:
    return Scenario.of(
        {
            "name": "orders",
            "resources": {"orders": {"type": resource}},
            "functions": {
                "f": {
                    "Handler": lambda event, context: None,
                    "Events": {"E": {"Type": type_, "Properties": properties}},
                }
            },
        }
    )


def mapping_of(type_: str, properties: dict[str, Any], resource: str) -> EventSourceMapping:
    (mapping,) = scenario_of(type_, properties, resource).mapping_values(
        {"orders": "arn:orders", "orders/fast": "arn:fast"}
    )
    return mapping


def test_every_setting_of_a_stream_is_read() -> None:
    settings = properties_model(STREAM).model_validate(STREAM_PROPERTIES).settings()

    assert STREAM_PROPERTIES.keys() - {"Stream", "MetricsConfig"} == STREAM.settings
    assert settings == {
        "starting_position": "AT_TIMESTAMP",
        "starting_position_timestamp": 1767225600.0,
        "batch_size": 7,
        "maximum_batching_window_in_seconds": 1,
        "maximum_retry_attempts": 4,
        "maximum_record_age_in_seconds": 60,
        "bisect_batch_on_function_error": True,
        "function_response_types": ("ReportBatchItemFailures",),
        "parallelization_factor": 2,
        "tumbling_window_in_seconds": 3,
        "filters": (PATTERN,),
        "on_failure": "dlq",
        "enabled": False,
    }


def test_every_setting_of_a_queue_reaches_the_mapping() -> None:
    assert mapping_of("Line", QUEUE_PROPERTIES, "shop.line") == EventSourceMapping(
        name="f.E",
        source="orders",
        event_source_arn="arn:orders",
        function_name="f",
        starting_position=None,
        batch_size=20,
        maximum_batching_window_in_seconds=1,
        function_response_types=("ReportBatchItemFailures",),
        filters=('{"body": ["x"]}',),
        maximum_concurrency=5,
    )


@pytest.mark.parametrize(
    ("type_", "key", "resource", "position", "batch_size"),
    [
        ("Kinesis", "Stream", "kinesis", "LATEST", 100),
        ("Belt", "Stream", "shop.belt", "LATEST", 100),
        ("Line", "Queue", "shop.line", None, 10),
    ],
)
def test_what_is_not_given_has_the_default_of_its_source(
    type_: str, key: str, resource: str, position: Any, batch_size: int
) -> None:
    given_position = {"StartingPosition": position} if position else {}

    assert mapping_of(type_, {key: "orders", **given_position}, resource) == EventSourceMapping(
        name="f.E",
        source="orders",
        event_source_arn="arn:orders",
        function_name="f",
        starting_position=position,
        batch_size=batch_size,
    )


@pytest.mark.parametrize(
    "empty",
    [
        {"FilterCriteria": {}},
        {"FilterCriteria": {"Filters": []}},
        {"DestinationConfig": {}},
        {"DestinationConfig": {"OnFailure": {}}},
        {"FunctionResponseTypes": []},
        {"MetricsConfig": {}},
    ],
)
def test_an_empty_setting_is_as_none(empty: dict[str, Any]) -> None:
    bare = {"Stream": "orders", "StartingPosition": "LATEST"}

    assert mapping_of("Kinesis", bare | empty, "kinesis") == mapping_of("Kinesis", bare, "kinesis")


@pytest.mark.parametrize(
    "text",
    [
        "orders/consumer/fast",
        "arn:aws:belt:us-east-1:123456789012:stream/orders/consumer/fast:1767225600",
    ],
)
def test_a_source_says_which_part_of_a_resource_is_read(text: str) -> None:
    properties = {"Stream": text, "StartingPosition": "LATEST"}

    mapping = mapping_of("Belt", properties, "shop.belt")

    assert (mapping.source, mapping.event_source_arn) == ("orders", "arn:fast")


def test_a_resource_and_a_part_of_it_are_two_sources_of_one_function() -> None:
    event = {"StartingPosition": "LATEST"}
    values: dict[str, Any] = {
        "name": "orders",
        "resources": {"orders": {"type": "shop.belt"}},
        "functions": {
            "f": {
                "Handler": lambda event, context: None,
                "Events": {
                    name: {"Type": "Belt", "Properties": {"Stream": text, **event}}
                    for name, text in [("A", "orders"), ("B", "orders/consumer/fast")]
                },
            }
        },
    }
    Scenario.of(values)

    values["functions"]["f"]["Events"]["A"]["Properties"]["Stream"] = "orders/consumer/fast"
    with pytest.raises(ScenarioError, match="ResourceConflictException"):
        Scenario.of(values)


def test_a_destination_is_sent_to_under_the_arn_of_its_back_end() -> None:
    properties = {**STREAM_PROPERTIES, "StartingPosition": "LATEST"}
    values = {
        "name": "orders",
        "resources": {"orders": {"type": "kinesis"}, "dlq": {"type": "shop.line"}},
        "functions": {
            "f": {
                "Handler": "app.handler",
                "Events": {"E": {"Type": "Kinesis", "Properties": properties}},
            }
        },
    }
    unchecked = Scenario.model_validate(values)  # what must agree is checked by Scenario.of

    (mapping,) = unchecked.mapping_values({"orders": "arn:orders", "dlq": "arn:dlq"})

    assert mapping.on_failure == "arn:dlq"


async def test_a_mapping_that_was_not_checked_is_refused_when_the_run_is_set_up() -> None:
    scenario = scenario_of(
        "Kinesis",
        {
            "Stream": "orders",
            "StartingPosition": "AT_TIMESTAMP",
            "StartingPositionTimestamp": 1767225600,
        },
    )
    earlier = scenario.model_copy(update={"start": scenario.start.replace(year=2025)})

    with pytest.raises(MappingRefused) as caught:
        async with Simulation(earlier):
            pass

    error = caught.value
    assert (error.code, error.field) == (
        "InvalidParameterValueException",
        "StartingPositionTimestamp",
    )


@pytest.mark.parametrize("name", registry.names("sources"))
def test_a_source_takes_settings_that_are_known(name: str) -> None:
    kind = getattr(registry.load("sources", name), "MAPPING", None)

    assert kind is None or kind.settings <= SETTINGS.keys()


def test_the_reference_page_is_current() -> None:
    page = (DOCS / "mappings.md").read_text(encoding="utf-8")

    assert page == markdown(), "python -m eventsim.scenario.mapping_reference > docs/mappings.md"


odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["orders", "LATEST", "AT_TIMESTAMP", "Stream", "arn:aws:sqs:::x", "{}"])
    | st.sampled_from([0, 1, 10, 11, 60, 300, 10_000, -1]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["Filters", "Pattern", "OnFailure", "OnSuccess", "Destination"])
            | st.sampled_from(["Type", "MaximumConcurrency", "Metrics"])
            | st.text(max_size=3),
            inner,
            max_size=2,
        )
    ),
    max_leaves=5,
)
keys = [*SETTINGS, "Stream", "Queue", "MetricsConfig", "Tags"]
names = st.sampled_from(keys) | st.text(max_size=4)


@given(
    type_=st.sampled_from(["Kinesis", "Line", "Belt", "Nobody", "SQS"]) | odd,
    resource=st.sampled_from(["kinesis", "shop.line", "shop.belt"]),
    changes=st.dictionaries(names, odd, max_size=4),
    removed=st.sets(names, max_size=3),
    queue=st.booleans(),
)
def test_whatever_is_written_is_a_mapping_or_a_scenario_error(
    type_: Any, resource: str, changes: dict[str, Any], removed: set[str], queue: bool
) -> None:
    start = QUEUE_PROPERTIES if queue else {**STREAM_PROPERTIES, "DestinationConfig": {}}
    kept = {key: value for key, value in start.items() if key not in removed}
    properties = copy.deepcopy(kept) | changes

    try:
        mapping = mapping_of(type_, properties, resource)
    except ScenarioError as error:
        told = [fault.message for fault in error.faults]
    else:
        told = ["a mapping"]
        assert refusals(mapping, mapping_kinds(["shop.line", "shop.belt"])[type_], NOW) == []

    assert all(told or [""])


def test_a_mapping_made_by_hand_is_what_a_scenario_gives() -> None:
    found = mapping_of(
        "Kinesis", {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"}, "kinesis"
    )

    by_hand = replace(MAPPING, name="f.E", function_name="f", event_source_arn="arn:orders")
    assert found == by_hand


async def test_a_consumer_that_a_mapping_names_is_what_its_function_hears_of() -> None:
    heard: list[str] = []

    def handler(event: dict[str, Any], context: Any) -> None:
        heard.extend(record["eventSourceARN"] for record in event["Records"])

    properties = {"Stream": "orders/consumer/fast", "StartingPosition": "TRIM_HORIZON"}
    scenario = Scenario.of(
        {
            "name": "orders",
            "resources": {"orders": {"type": "kinesis", "consumers": ["fast"]}},
            "functions": {
                "f": {
                    "Handler": handler,
                    "Events": {"E": {"Type": "Kinesis", "Properties": properties}},
                }
            },
            "timeline": [{"at": "1s", "put": "orders", "records": [{"key": "a", "data": 1}]}],
        }
    )

    async with Simulation(scenario) as simulation:
        assert (await simulation.run()).ok

    (arn,) = heard
    assert arn.startswith("arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/fast:")
