"""``--set`` on a scenario: the one place that a path means, and what stands there afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim import load
from eventsim.errors import EventsimError, ScenarioError
from eventsim.scenario import Scenario, find
from eventsim.scenario.block import keys
from eventsim.scenario.changing import changed

EVENT = {"Type": "Kinesis", "Properties": {"Stream": "orders", "BatchSize": 2}}
ROOT: dict[str, Any] = {
    "name": "x",
    "lesson": {"question": "BatchSize?"},
    "resources": {"orders": {"type": "kinesis", "shards": 1}},
    "functions": {
        "consumer": {"Handler": "a.b", "Events": {"Orders": EVENT}},
        "other": {"Handler": "a.b", "Timeout": 3},
    },
    "timeline": [{"at": "1s", "put": "orders", "records": [{"key": "a"}, {"key": "b"}]}],
}
PROPERTIES = ("functions", "consumer", "Events", "Orders", "Properties")


def at(document: Any, *path: str | int) -> Any:
    for part in path:
        document = document[part]
    return document


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("functions.other.Timeout=5", ("functions", "other", "Timeout"), 5),
        ("BatchSize=5", (*PROPERTIES, "BatchSize"), 5),
        ("consumer.BatchSize=5", (*PROPERTIES, "BatchSize"), 5),
        ("consumer.Orders.BatchSize=5", (*PROPERTIES, "BatchSize"), 5),
        (
            "consumer.BisectBatchOnFunctionError=true",
            (*PROPERTIES, "BisectBatchOnFunctionError"),
            True,
        ),
        ("MaximumRetryAttempts=1", (*PROPERTIES, "MaximumRetryAttempts"), 1),
        ("consumer.Timeout=9", ("functions", "consumer", "Timeout"), 9),
        ("orders.retention_hours=48", ("resources", "orders", "retention_hours"), 48),
        ("seed=7", ("seed",), 7),
        ("profile=2017", ("profile",), 2017),
        ("timeline[0].at=5s", ("timeline", 0, "at"), "5s"),
        ("records[1].key=c", ("timeline", 0, "records", 1, "key"), "c"),
        ("timeline[0].from=x.jsonl", ("timeline", 0, "from"), "x.jsonl"),
        ('orders.shards={"a": [1]}', ("resources", "orders", "shards"), {"a": [1]}),
    ],
)
def test_a_path_may_leave_parts_out_and_name_what_is_not_there_yet(
    assignment: str, path: tuple[str | int, ...], value: Any
) -> None:
    before = str(ROOT)

    assert at(changed(ROOT, assignment, keys(Scenario)), *path) == value
    assert str(ROOT) == before


def test_null_takes_away() -> None:
    assert "Timeout" not in changed(ROOT, "Timeout=null", keys(Scenario))["functions"]["other"]
    assert changed(ROOT, "timeline[0]=null", keys(Scenario))["timeline"] == []


@pytest.mark.parametrize(
    ("assignment", "text"),
    [
        ("Handler=x", "'Handler' is in 2 places; write one of: functions.consumer.Handler, "),
        ("MemorySize=1", "'MemorySize' is in 2 places; write one of: functions.consumer.Memory"),
        ("consumer.BatchSise=1", "there is no 'consumer.BatchSise' in the scenario; did you mean "),
        ("nobody.Timeout=1", "there is no 'nobody.Timeout' in the scenario; did you mean "),
        ("MaximumRetryAttempts=null", "there is no 'MaximumRetryAttempts' in the scenario"),
        ("records[7].key=c", "there is no 'records[7].key' in the scenario; did you mean "),
        ("question=x", "there is no 'question' in the scenario"),
        ("BatchSize", "'BatchSize' sets nothing; write PATH=VALUE, such as object.size=5"),
        ("=5", "a path is empty; write keys and positions: Records[0].s3.key"),
    ],
)
def test_a_path_that_means_nothing_or_several_things_is_refused(assignment: str, text: str) -> None:
    with pytest.raises(EventsimError) as refused:
        changed(ROOT, assignment, keys(Scenario))

    assert str(refused.value).startswith(text)


def test_a_changed_scenario_is_held_to_the_same_rules() -> None:
    with pytest.raises(ScenarioError) as refused:
        load(find("poison-record"), ["consumer.Timeout=soon"])

    assert str(refused.value).endswith(
        "functions.consumer.Timeout is 'soon'; it must be a whole number"
    )


def test_what_was_changed_is_part_of_where_a_scenario_comes_from() -> None:
    scenario = load(find("poison-record"), ["seed=7", "consumer.BatchSize=3"])

    assert scenario.seed == 7
    assert scenario.origin.changes == ("seed=7", "consumer.BatchSize=3")


@pytest.mark.parametrize("value", [None, [], "text", 7, {"functions": 3, "timeline": 4}])
def test_a_document_of_any_shape_can_be_looked_through(value: Any) -> None:
    with pytest.raises(EventsimError, match="there is no"):
        changed(value, "consumer.BatchSize=5", ())
