"""Every event of storage, messaging and streams arrives when a scenario pushes it."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.journal.sinks import MemorySink
from eventsim.push.builders import builder, builders, module_of

SOURCES = (
    "amazon_mq",
    "documentdb",
    "dynamodb",
    "firehose",
    "kafka",
    "kinesis",
    "s3",
    "s3_batch",
    "s3_eventbridge",
    "s3_object_lambda",
    "ses",
    "sns",
    "sqs",
)


def pushed(handler: Any, *steps: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The entries of a run with these steps, all to one function."""
    values = {
        "name": "small",
        "functions": {"consumer": {"Handler": handler}},
        "timeline": [{"at": f"{at}s", "to": "consumer", **step} for at, step in enumerate(steps)],
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    return [(entry.kind, entry.fields) for entry in sink.entries]


def into(seen: list[Any]) -> Any:
    """A handler that keeps its events."""
    return lambda event, context: seen.append(event)


@pytest.mark.parametrize("source", SOURCES)
def test_each_event_arrives_and_the_source_reads_what_was_answered(source: str) -> None:
    seen: list[Any] = []
    names = list(builders(source))

    entries = pushed(into(seen), *[{"push": source, "event": name} for name in names])

    told = [fields for kind, fields in entries if kind == "event_pushed"]
    assert [fields["type"] for fields in told] == [module_of(source).INVOCATION_TYPES[0]] * len(
        told
    )
    assert len(seen) == len(told) >= len(names)
    assert not [fields for kind, fields in entries if kind == "push_failed"]


def test_sequencers_grow_from_step_to_step() -> None:
    seen: list[Any] = []

    pushed(into(seen), *[{"push": "s3", "event": "put", "count": 2}] * 3)

    made = [event["Records"][0]["s3"]["object"]["sequencer"] for event in seen]
    assert len(made) == 6
    assert made == sorted(set(made))


def test_what_firehose_gets_back_is_told() -> None:
    def transform(event: dict[str, Any], context: Any) -> dict[str, Any]:
        done = {"result": "Ok", "data": b64encode(b"done").decode()}
        return {"records": [{"recordId": each["recordId"], **done} for each in event["records"]]}

    step = {"push": "firehose", "with": {"records": 3, "source_stream": "orders"}}
    answers = [fields for kind, fields in pushed(transform, step) if kind == "push_answered"]

    assert [fields["accepted"] for fields in answers] == [True]


def test_a_message_is_pushed_with_attributes_as_a_scenario_writes_them() -> None:
    seen: list[Any] = []

    pushed(into(seen), {"push": "sns", "with": {"message": "m", "attributes": {"n": 1}}})

    [record] = seen[0]["Records"]
    assert record["Sns"]["MessageAttributes"] == {"n": {"Type": "Number", "Value": "1"}}
    assert builder("sns").name == "notification"
