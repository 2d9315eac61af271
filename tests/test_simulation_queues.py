"""Queues in a whole run: mappings from a scenario, documents of a stream, one end for all."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.errors import ScenarioError
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, run


def failing(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Report every message that says so."""
    bad = [each["messageId"] for each in event["Records"] if "bad" in each["body"]]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}


def queues(properties: dict[str, Any], **more: Any) -> Scenario:
    redrive = {"queue": "dlq", "max_receive_count": 2}
    return Scenario.of(
        {
            "name": "queues",
            "resources": {"orders": {"type": "sqs", "redrive": redrive}, "dlq": {"type": "sqs"}},
            "functions": {
                "consumer": {
                    "Handler": failing,
                    "Events": {
                        "Orders": {"Type": "SQS", "Properties": {"Queue": "orders", **properties}}
                    },
                }
            },
            "timeline": [
                {
                    "at": "1s",
                    "send": "orders",
                    "messages": [{"body": {"id": 1}}, {"body": {"id": "bad"}}, {"body": "plain"}],
                }
            ],
            **more,
        }
    )


def test_a_scenario_reads_a_queue_to_its_end() -> None:
    sink = MemorySink()
    patterns = {"FilterCriteria": {"Filters": [{"Pattern": '{"body":{"id":[{"exists":true}]}}'}]}}
    reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}

    result = run(queues({**patterns, **reports}), Options(sinks=[sink]))

    told = [entry for entry in sink.entries if entry.kind.startswith(("messages", "batch"))]
    assert [(entry.time, entry.kind, entry.fields["records"]) for entry in told] == [
        (1.0, "messages_deleted", 1),
        (1.0, "batch_formed", 2),
        (1.101, "batch_failed", 2),
        (1.101, "batch_delivered", 1),
        (1.101, "messages_deleted", 1),
        (1.101, "messages_returned", 1),
        (31.0, "batch_formed", 1),
        (31.001, "batch_failed", 1),
        (31.001, "messages_returned", 1),
        (61.0, "messages_redriven", 1),
    ]
    row = result.counts["mappings"]["consumer.Orders"]
    assert row["State"] == "Enabled"
    assert "LastProcessingResult" not in row
    counted = {key: count for key, count in row["metrics"].items() if count}
    assert counted == {
        "PolledEventCount": 4,
        "FilteredOutEventCount": 1,
        "InvokedEventCount": 3,
        "FailedInvokeEventCount": 3,
        "DeletedEventCount": 1,
        "IteratorAge": {"max": None, "last": None},
    }
    assert result.seconds == 61.0


@pytest.mark.parametrize("backend", ["simulated", "moto"])
def test_a_disabled_mapping_leaves_its_queue_alone(backend: Any) -> None:
    sink = MemorySink()

    result = run(queues({"Enabled": False}), Options(sinks=[sink], backend=backend))

    assert result.ok
    assert result.counts["mappings"]["consumer.Orders"]["State"] == "Disabled"
    assert [e for e in sink.entries if e.kind == "records_read"] == []


def test_the_same_scenario_runs_on_moto() -> None:
    sink = MemorySink()
    reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}

    result = run(queues(reports), Options(sinks=[sink], backend="moto"))

    row = result.counts["mappings"]["consumer.Orders"]
    assert (row["delivered"], row["batches"]) == (2, 2)


def test_one_seed_gives_one_journal() -> None:
    def journal() -> list[Any]:
        sink = MemorySink()
        run(queues({"FunctionResponseTypes": ["ReportBatchItemFailures"]}), Options(sinks=[sink]))
        return list(sink.entries)

    assert journal() == journal()


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ({"StartingPosition": "LATEST"}, "StartingPosition"),
        ({"BisectBatchOnFunctionError": True}, "BisectBatchOnFunctionError"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern definition"),
        ({"ScalingConfig": {"MaximumConcurrency": 1}}, "MaximumConcurrency"),
    ],
)
def test_a_setting_that_a_queue_does_not_take_is_refused(
    properties: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        queues(properties)

    assert fault in str(error.value)


def test_a_queue_that_shows_messages_before_the_function_can_be_done_is_refused() -> None:
    with pytest.raises(ScenarioError) as error:
        queues({}, resources={"orders": {"type": "sqs", "visibility_timeout": "2s"}})

    assert "Queue visibility timeout: 2 seconds is less than Function timeout: 3" in str(
        error.value
    )
