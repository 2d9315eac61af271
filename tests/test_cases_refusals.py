"""Case 45: what Lambda refuses, with its code and its text, in a file and in Python.

Each row is as on the list of recorded errors. What is not a setting is told elsewhere: a
mapping of another UUID in test_steps_mappings.py, a function or source that is not there and a
mapping without a source in test_rules_mapping_errors.py and test_rules_mapping.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario, load

INVALID = "InvalidParameterValueException: "
DETECTED = "ValidationException: 1 validation error detected: Value "
FAILED = "failed to satisfy constraint: Member must"
RANGE = f"{FAILED} have value less than or equal to"
TABLE = "DynamoDB"
LATEST = {"StartingPosition": "LATEST"}
AT = {"StartingPosition": "AT_TIMESTAMP"}
LATER = {**AT, "StartingPositionTimestamp": 1_767_225_601}

STREAM_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "no starting position": (
        {"StartingPosition": None},
        f"{INVALID}1 validation error detected: Value null at 'startingPosition' {FAILED} not be "
        "null.",
    ),
    "a bad one": (
        {"StartingPosition": "invalid"},
        f"{DETECTED}'invalid' at 'startingPosition' {FAILED} satisfy enum value set: [LATEST, "
        "AT_TIMESTAMP, TRIM_HORIZON]",
    ),
    "a timestamp with LATEST": (
        {**LATEST, "StartingPositionTimestamp": 0},
        f"{INVALID}Timestamp only valid with StartingPosition AT_TIMESTAMP",
    ),
    "a timestamp with TRIM_HORIZON": (
        {"StartingPosition": "TRIM_HORIZON", "StartingPositionTimestamp": 0},
        f"{INVALID}Timestamp only valid with StartingPosition AT_TIMESTAMP",
    ),
    "BatchSize": (
        {**LATEST, "BatchSize": 10_001},
        f"{DETECTED}'10001' at 'batchSize' {RANGE} 10000",
    ),
    "ParallelizationFactor": (
        {**LATEST, "ParallelizationFactor": 11},
        f"{DETECTED}'11' at 'parallelizationFactor' {RANGE} 10",
    ),
    "MaximumBatchingWindowInSeconds": (
        {**LATEST, "MaximumBatchingWindowInSeconds": 301},
        f"{DETECTED}'301' at 'maximumBatchingWindowInSeconds' {RANGE} 300",
    ),
    "TumblingWindowInSeconds": (
        {**LATEST, "TumblingWindowInSeconds": 901},
        f"{DETECTED}'901' at 'tumblingWindowInSeconds' {RANGE} 900",
    ),
    "MaximumRecordAgeInSeconds 0": (
        {**LATEST, "MaximumRecordAgeInSeconds": 0},
        f"{INVALID}MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 "
        "(inclusive)",
    ),
    "MaximumRecordAgeInSeconds 59": (
        {**LATEST, "MaximumRecordAgeInSeconds": 59},
        f"{INVALID}MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 "
        "(inclusive)",
    ),
    "FunctionResponseTypes": (
        {**LATEST, "FunctionResponseTypes": ["Bad"]},
        f"{DETECTED}'[Bad]' at 'functionResponseTypes' {FAILED} satisfy constraint: [Member must "
        "satisfy enum value set: [ReportBatchItemFailures], Member must not be null]",
    ),
    "ScalingConfig": (
        {**LATEST, "ScalingConfig": {"MaximumConcurrency": 2}},
        f"{INVALID}Unsupported ScalingConfig parameter for given event source mapping type.",
    ),
    "OnSuccess": (
        {**LATEST, "DestinationConfig": {"OnSuccess": {"Destination": "dlq"}}},
        f"{INVALID}OnSuccess configuration is not supported for event source mappings.",
    ),
}
FILTERS: list[Any] = [None, "simple string", "[]", '[{"eventName": ["INSERT"=123}]', "{}"]
KINESIS_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "no timestamp": (AT, f"{INVALID}Need to specify a timestamp"),
    "a timestamp to come": (
        LATER,
        f"{INVALID}Received Exception while reading from provided stream. The timestampInMillis "
        "parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
        "1767225601000, currentTimestampInMillis: 1767225600000",
    ),
}
TABLE_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "AT_TIMESTAMP": (AT, f"{INVALID}Unsupported starting position for arn type: users"),
}
QUEUE_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "BatchSize above 10": (
        {"BatchSize": 11},
        f"{INVALID}Maximum batch window in seconds must be greater than 0 if maximum batch size "
        "is greater than 10",
    ),
    "OnSuccess": (
        {"DestinationConfig": {"OnSuccess": {"Destination": "dlq"}}},
        f"{INVALID}Unsupported DestinationConfig parameter for given event source mapping type.",
    ),
}
FIFO_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "BatchSize": ({"BatchSize": 11}, f"{INVALID}Batch size must not exceed 10 for FIFO queues"),
    "a window": (
        {"MaximumBatchingWindowInSeconds": 1},
        f"{INVALID}Batching window is not supported for FIFO queues",
    ),
}
ROWS = [
    pytest.param(kind, source, *row, id=f"{source}: {name}")
    for kind, source, rows in [
        ("Kinesis", "orders", STREAM_ROWS | KINESIS_ROWS),
        ("DynamoDB", "users", STREAM_ROWS | TABLE_ROWS),
        ("SQS", "inbox", QUEUE_ROWS),
        ("SQS", "inbox.fifo", FIFO_ROWS),
    ]
    for name, row in rows.items()
]


def document(*events: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """A scenario with a mapping for each of these: its type, its source, its settings."""
    mappings = {}
    for number, (kind, source, settings) in enumerate(events):
        given = {key: value for key, value in settings.items() if value is not None}
        properties = {"Queue" if kind == "SQS" else "Stream": source, **given}
        mappings[f"E{number}"] = {"Type": kind, "Properties": properties}
    return {
        "name": "refused",
        "resources": {
            "orders": {"type": "kinesis"},
            "users": {"type": "dynamodb", "key": {"id": "S"}},
            "inbox": {"type": "sqs"},
            "inbox.fifo": {"type": "sqs"},
            "dlq": {"type": "sqs"},
        },
        "functions": {"f": {"Handler": "app.handler", "Events": mappings}},
    }


def faults(folder: Path, values: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What is told of a file, place and all, and of the same values in Python."""
    file = folder / "s.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(ScenarioError) as in_file:
        load(file)
    with pytest.raises(ScenarioError) as in_python:
        Scenario.of(values)
    return [*map(str, in_file.value.faults)], [*map(str, in_python.value.faults)]


@pytest.mark.parametrize(("kind", "source", "settings", "text"), ROWS)
def test_it_is_refused_in_a_file_and_in_python(
    tmp_path: Path, kind: str, source: str, settings: dict[str, Any], text: str
) -> None:
    in_file, in_python = faults(tmp_path, document((kind, source, settings)))

    (placed,), (plain,) = in_file, in_python
    assert plain.startswith("functions.f.Events.E0.Properties")
    assert plain.endswith(f": {text}")
    assert re.fullmatch(rf"\S*s\.yaml:\d+:\d+: {re.escape(plain)}", placed)


@pytest.mark.parametrize("pattern", FILTERS, ids=str)
@pytest.mark.parametrize(
    ("kind", "source", "settings"),
    [("Kinesis", "orders", LATEST), ("DynamoDB", "users", LATEST), ("SQS", "inbox", {})],
)
def test_a_filter_that_is_none_is_refused_with_our_reason_behind_it(
    tmp_path: Path, kind: str, source: str, settings: dict[str, Any], pattern: str | None
) -> None:
    criteria = {"FilterCriteria": {"Filters": [{"Pattern": pattern} if pattern else {}]}}

    in_file, in_python = faults(tmp_path, document((kind, source, settings | criteria)))

    place = r"functions\.f\.Events\.E0\.Properties\.FilterCriteria\.Filters\[0\]\.Pattern"
    expected = rf"{place}: {INVALID}Invalid filter pattern definition\. \(.+\)"
    (placed,), (plain,) = in_file, in_python
    assert re.fullmatch(expected, plain)
    assert re.fullmatch(rf"\S*s\.yaml:\d+:\d+: {expected}", placed)


@pytest.mark.parametrize(
    ("kind", "source", "settings", "text"),
    [
        (
            "Kinesis",
            "orders",
            LATEST,
            'The event source arn (" orders ") and function (" f ") provided mapping already '
            "exists. Please update or delete the existing mapping with UUID f.E0",
        ),
        (
            "SQS",
            "inbox",
            {},
            'An event source mapping with SQS arn (" inbox ") and function (" f ") already '
            "exists. Please update or delete the existing mapping with UUID f.E0",
        ),
    ],
)
def test_a_second_mapping_of_one_source_and_one_function_is_a_conflict(
    tmp_path: Path, kind: str, source: str, settings: dict[str, Any], text: str
) -> None:
    twice = document((kind, source, settings), (kind, source, settings))

    in_file, in_python = faults(tmp_path, twice)

    expected = f"functions.f.Events.E1.Properties: ResourceConflictException: {text}"
    assert in_python == [expected]
    assert [fault.partition(": ")[2] for fault in in_file] == [expected]
