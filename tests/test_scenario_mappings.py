"""Event source mappings in a scenario: what is refused, with its place and in Lambda's words."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario, load
from eventsim.types import MappingKind
from tests.mappings import CHANGES, SQS

TEXT = """\
name: orders
resources:
  orders: {type: kinesis}
  dlq: {type: sqs}
  dlq.fifo: {type: sqs}
  line: {type: shop.line, visibility_timeout: 30}
  line.fifo: {type: shop.line}
  table: {type: shop.table, consumers: [fast]}
functions:
  f:
    Handler: app.handler
    Timeout: 20
    Events:
      E:
        Type: Kinesis
        Properties:
          Stream: orders
          StartingPosition: LATEST
          BatchSize: 10
"""
PROPERTIES = "functions.f.Events.E.Properties"
DETECTED = "1 validation error detected: Value"
INVALID = "InvalidParameterValueException"
LIMIT = "failed to satisfy constraint: Member must have value"
QUEUE = ("Type: Kinesis", "Type: Line", "Stream: orders", "Queue: line",
         "          StartingPosition: LATEST\n", "")  # fmt: skip
FIFO = (*QUEUE[:3], "Queue: line.fifo", *QUEUE[4:])
BY_ARN = (
    *("Type: Kinesis", "Type: Table", "Stream: orders"),
    "Stream: arn:aws:shop:us-east-1:123456789012:table/table/stream/2026-01-01T00:00:00.000",
)
CONSUMER = ("Type: Kinesis", "Type: Table", "Stream: orders", "Stream: table/consumer/fast")
TABLE = ("Type: Kinesis", "Type: Table", "Stream: orders", "Stream: table")


class Queue(BaseModel):
    """The keys of a resource that ``shop.line`` answers to."""

    model_config = ConfigDict(extra="forbid")

    visibility_timeout: int = 30


class Table(BaseModel):
    """The keys of a resource that ``shop.table`` answers to."""

    model_config = ConfigDict(extra="forbid")

    consumers: tuple[str, ...] = ()


def stream_name(text: str) -> tuple[str, str | None]:
    """A table, by its name or the ARN of its stream, or a consumer of it."""
    name, _, label = text.rpartition(":table/")[2].partition("/stream/")
    table, _, consumer = name.partition("/consumer/")
    return table, consumer or ("" if label else None)


def source(name: str, event: str, kind: MappingKind, **names: Any) -> ModuleType:
    module = ModuleType(name)
    fields = {field: getattr(kind, field) for field in MappingKind.__slots__}
    module.__dict__.update({"MAPPING": MappingKind(**{**fields, "event": event}), **names})
    return module


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with two sources from outside: a queue and a table."""
    (tmp_path / "pyproject.toml").touch()
    line = source("shop.line", "Line", SQS, Resource=Queue)
    table = source("shop.table", "Table", CHANGES, Resource=Table, stream_name=stream_name)
    monkeypatch.setitem(sys.modules, "shop.line", line)
    monkeypatch.setitem(sys.modules, "shop.table", table)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text_with(*edits: str) -> str:
    """The scenario after one edit after another, each an old text and a new one."""
    text = TEXT
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def faults_of(*edits: str) -> list[str]:
    """The faults of the functions' events, as they are told."""
    Path("s.yaml").write_text(text_with(*edits), encoding="utf-8")
    try:
        load("s.yaml")
    except ScenarioError as error:
        told = [str(fault).removeprefix("s.yaml:") for fault in error.faults]
        return [fault for fault in told if "functions." in fault]
    return []


@pytest.mark.parametrize("edits", [(), QUEUE, FIFO, TABLE, BY_ARN, CONSUMER])
def test_the_valid_ones_have_no_fault(edits: tuple[str, ...]) -> None:
    assert faults_of(*edits) == []


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # the model's ranges and enumerations
        (("BatchSize: 10", "ParallelizationFactor: 11"),
         [f"19:34: {PROPERTIES}.ParallelizationFactor: ValidationException: {DETECTED} '11' at "
          f"'parallelizationFactor' {LIMIT} less than or equal to 10"]),
        (("BatchSize: 10", "TumblingWindowInSeconds: 901"),
         [f"19:36: {PROPERTIES}.TumblingWindowInSeconds: ValidationException: {DETECTED} '901' "
          f"at 'tumblingWindowInSeconds' {LIMIT} less than or equal to 900"]),
        (("BatchSize: 10", "MaximumRecordAgeInSeconds: 604801"),
         [f"19:38: {PROPERTIES}.MaximumRecordAgeInSeconds: ValidationException: {DETECTED} "
          f"'604801' at 'maximumRecordAgeInSeconds' {LIMIT} less than or equal to 604800"]),
        (("BatchSize: 10", "FunctionResponseTypes: [Bad]"),
         [f"19:34: {PROPERTIES}.FunctionResponseTypes: ValidationException: {DETECTED} '[Bad]' "
          "at 'functionResponseTypes' failed to satisfy constraint: Member must satisfy "
          "constraint: [Member must satisfy enum value set: [ReportBatchItemFailures], Member "
          "must not be null]"]),
        ((*QUEUE, "BatchSize: 10", "ScalingConfig: {MaximumConcurrency: 1}"),
         [f"18:47: {PROPERTIES}.ScalingConfig.MaximumConcurrency: ValidationException: "
          f"{DETECTED} '1' at 'scalingConfig.maximumConcurrency' {LIMIT} greater than or equal "
          "to 2"]),
        # the service's rules
        (("BatchSize: 10", "MaximumRecordAgeInSeconds: 59"),
         [f"19:38: {PROPERTIES}.MaximumRecordAgeInSeconds: {INVALID}: MaximumRecordAgeInSeconds "
          "must be either -1 (forever) or between 60 and 604800 (inclusive)"]),
        (("BatchSize: 10", "FilterCriteria: {Filters: [{Pattern: simple string}]}"),
         [f"19:48: {PROPERTIES}.FilterCriteria.Filters[0].Pattern: {INVALID}: Invalid filter "
          "pattern definition. (not JSON: expecting value at line 1, column 1)"]),
        (("BatchSize: 10", "FilterCriteria: {Filters: [{Pattern: '{\"data\": [\"x\"]}'}, {}]}"),
         [f"19:48: {PROPERTIES}.FilterCriteria.Filters[0].Pattern: {INVALID}: Invalid filter "
          "pattern definition. (data: takes an object of fields: the body is JSON)",
          f"19:68: {PROPERTIES}.FilterCriteria.Filters[1].Pattern: {INVALID}: Invalid filter "
          "pattern definition. (not JSON: expecting value at line 1, column 1)"]),
        (("BatchSize: 10", "ScalingConfig: {MaximumConcurrency: 2}"),
         [f"19:26: {PROPERTIES}.ScalingConfig: {INVALID}: Unsupported ScalingConfig parameter "
          "for given event source mapping type."]),
        (("BatchSize: 10", "DestinationConfig: {OnSuccess: {Destination: dlq}}"),
         [f"19:42: {PROPERTIES}.DestinationConfig.OnSuccess: {INVALID}: OnSuccess configuration "
          "is not supported for event source mappings."]),
        ((*QUEUE, "BatchSize: 10", "DestinationConfig: {OnSuccess: {Destination: dlq}}"),
         [f"18:30: {PROPERTIES}.DestinationConfig: {INVALID}: Unsupported DestinationConfig "
          "parameter for given event source mapping type."]),
        ((*QUEUE, "BatchSize: 10", "StartingPosition: LATEST"),
         [f"18:29: {PROPERTIES}.StartingPosition: {INVALID}: StartingPosition is not valid for "
          "Line event sources."]),
        ((*QUEUE, "BatchSize: 10", "BatchSize: 11"),
         [f"18:22: {PROPERTIES}.BatchSize: {INVALID}: Maximum batch window in seconds must be "
          "greater than 0 if maximum batch size is greater than 10"]),
        ((*FIFO, "BatchSize: 10", "BatchSize: 11"),
         [f"18:22: {PROPERTIES}.BatchSize: {INVALID}: Batch size must not exceed 10 for FIFO "
          "queues"]),
        ((*FIFO, "BatchSize: 10", "MaximumBatchingWindowInSeconds: 5"),
         [f"18:43: {PROPERTIES}.MaximumBatchingWindowInSeconds: {INVALID}: Batching window is "
          "not supported for FIFO queues"]),
        ((*QUEUE, "Timeout: 20", "Timeout: 31"),
         [f"17:18: {PROPERTIES}.Queue: {INVALID}: Queue visibility timeout: 30 seconds is less "
          "than Function timeout: 31 seconds"]),
        ((*TABLE, "StartingPosition: LATEST", "StartingPosition: AT_TIMESTAMP"),
         [f"18:29: {PROPERTIES}.StartingPosition: {INVALID}: Unsupported starting position for "
          "arn type: table"]),
        (("BatchSize: 10", "TumblingWindowInSeconds: 30\n          ParallelizationFactor: 2"),
         [f"20:34: {PROPERTIES}.ParallelizationFactor: {INVALID}: ParallelizationFactor must be "
          "1 where there is a tumbling window"]),
        (("    Events:\n", "    Events:\n      First: {Type: Line, Properties: {Queue: line}}\n",
          *QUEUE),
         [f"18:11: {PROPERTIES}: ResourceConflictException: An event source mapping with Line "
          'arn (" line ") and function (" f ") already exists. Please update or delete the '
          "existing mapping with UUID f.First"]),
        ((*CONSUMER, "consumer/fast", "consumer/fasst"),
         [f"17:19: {PROPERTIES}.Stream is a consumer 'fasst', which table does not have; did "
          "you mean 'fast'?"]),
        # destinations
        (("BatchSize: 10", "DestinationConfig: {OnFailure: {Destination: dlk}}"),
         [f"19:56: {PROPERTIES}.DestinationConfig.OnFailure.Destination is 'dlk', which is no "
          "resource of the scenario; did you mean 'dlq'?"]),
        (("BatchSize: 10", "DestinationConfig: {OnFailure: {Destination: !GetAtt orders.Arn}}"),
         [f"19:56: {PROPERTIES}.DestinationConfig.OnFailure.Destination is 'orders', which is "
          "kinesis; a destination is one of sqs, sns, s3"]),
        (("BatchSize: 10", "DestinationConfig: {OnFailure: {Destination: dlq, Type: SNS}}"),
         [f"19:67: {PROPERTIES}.DestinationConfig.OnFailure.Type is 'SNS', but its destination "
          "is sqs; write SQS, or leave it out"]),
        (("BatchSize: 10", "DestinationConfig: {OnFailure: {Destination: dlq, Type: sqs}}"),
         [f"19:67: {PROPERTIES}.DestinationConfig.OnFailure.Type is 'sqs'; it must be one of "
          "SQS, SNS, S3"]),
        (("BatchSize: 10",
          "DestinationConfig: {OnFailure: {Destination: arn:aws:sqs:eu-west-1:123456789012:dlq}}"),
         [f"19:56: {PROPERTIES}.DestinationConfig.OnFailure.Destination is in eu-west-1, "
          "account 123456789012; the scenario is in us-east-1, account 123456789012"]),
        (("BatchSize: 10", "DestinationConfig: {OnFailure: {Destination: dlq.fifo}}"),
         [f"19:56: {PROPERTIES}.DestinationConfig.OnFailure.Destination: {INVALID}: The "
          "destination ARN arn:aws:sqs:us-east-1:123456789012:dlq.fifo is invalid. (a FIFO "
          "queue or topic is no destination of an event source mapping)"]),
        # shapes and names
        (("BatchSize: 10", "BatchSize: ten"),
         [f"19:22: {PROPERTIES}.BatchSize is 'ten'; it must be a whole number"]),
        (("BatchSize: 10", "FunctionResponseTypes: ReportBatchItemFailures"),
         [f"19:34: {PROPERTIES}.FunctionResponseTypes is 'ReportBatchItemFailures'; it must be "
          "a list"]),
        (("BatchSize: 10", "BisectBatchOnFunctionEror: true"),
         [f"19:11: unknown key 'BisectBatchOnFunctionEror' in {PROPERTIES}; did you mean "
          "'BisectBatchOnFunctionError'?"]),
        (("BatchSize: 10", "FilterCriteria: {Filters: [{Pattern: {data: [1]}}]}"),
         [f"19:48: {PROPERTIES}.FilterCriteria.Filters[0].Pattern is a mapping; write it as "
          "JSON text: '{\"data\": [1]}'"]),
        (("BatchSize: 10", "FilterCriteria: {Filter: []}"),
         [f"19:28: unknown key 'Filter' in {PROPERTIES}.FilterCriteria; did you mean "
          "'Filters'?"]),
        (("BatchSize: 10", "MetricsConfig: {Metrics: [ErrorCount]}"),
         [f"19:37: {PROPERTIES}.MetricsConfig.Metrics[0] is 'ErrorCount', which is not "
          "simulated yet; write EventCount"]),
        (("BatchSize: 10", "KmsKeyArn: x"),
         [f"19:11: 'KmsKeyArn' in {PROPERTIES} is not simulated yet"]),
        ((*QUEUE, "Queue: line", "Stream: line"),
         [f"16:9: no Queue in {PROPERTIES}; write Queue: orders",
          f"17:11: unknown key 'Stream' in {PROPERTIES}; there are: BatchSize, Enabled, "
          "FilterCriteria, FunctionResponseTypes, MaximumBatchingWindowInSeconds, "
          "MetricsConfig, Queue, ScalingConfig"]),
        ((*QUEUE, "Type: Line", "Type: Table", "Queue: line", "Stream: line",
          "BatchSize: 10", "StartingPosition: LATEST"),
         ["15:15: functions.f.Events.E.Type is 'Table', but its queue is shop.line; write "
          "Line"]),
        (("Type: Kinesis", "Type: Kinsis", "Stream: orders", "Stream: orderz"),
         ["15:15: functions.f.Events.E.Type is 'Kinsis', which no source answers to; did you "
          "mean 'Kinesis'?",
          f"17:19: {PROPERTIES}.Stream is 'orderz', which is no resource of the scenario; did "
          "you mean 'orders'?"]),
        (("Stream: orders", "Stream: arn:aws:sqs:us-east-1:123456789012:orders"),
         [f"17:19: {PROPERTIES}.Stream is an ARN of sqs, but orders is kinesis"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_what_would_be_right(
    edits: tuple[str, ...], expected: list[str]
) -> None:
    assert faults_of(*edits) == expected


def test_all_faults_of_a_mapping_are_told_at_once_in_the_order_of_the_file() -> None:
    found = faults_of(
        "StartingPosition: LATEST\n          BatchSize: 10",
        "StartingPosition: OLDEST\n"
        "          BatchSize: 0\n"
        "          ParallelizationFactor: two\n"
        "          FilterCriteria: {Filters: [{Pattern: x}, {Pattern: y}]}\n"
        "          DestinationConfig: {OnFailure: {Destination: nowhere}}\n"
        "          ScalingConfig: {}",
    )

    places = ["18:29", "19:22", "20:34", "21:48", "21:62", "22:56", "23:26"]
    assert [":".join(fault.split(":")[:2]) for fault in found] == places


def test_from_python_a_fault_has_the_path_of_its_value() -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.of(
            {
                "name": "orders",
                "resources": {"line": {"type": "shop.line"}},
                "functions": {
                    "f": {
                        "Handler": lambda event, context: None,
                        "Events": {
                            "E": {
                                "Type": "Line",
                                "Properties": {"Queue": "line", "BatchSize": 11, "Enabled": 1},
                            }
                        },
                    }
                },
            }
        )

    assert [str(fault) for fault in caught.value.faults] == [
        f"{PROPERTIES}.BatchSize: {INVALID}: Maximum batch window in seconds must be greater than "
        "0 if maximum batch size is greater than 10",
        f"{PROPERTIES}.Enabled: is 1; it must be true or false",
    ]
