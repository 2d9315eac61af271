"""Messages that a timeline sends, and what is said of those that cannot be sent."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.errors import ScenarioError, ServiceError
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Simulation, run
from eventsim.types import Message


def scenario(*timeline: dict[str, Any], **resources: dict[str, Any]) -> Scenario:
    named = {"orders": {"type": "sqs"}, **resources}
    return Scenario.of({"name": "queues", "resources": named, "timeline": list(timeline)})


def sending(*messages: dict[str, Any], to: str = "orders") -> dict[str, Any]:
    return {"at": "1s", "send": to, "messages": list(messages)}


async def received(timeline: dict[str, Any], queue: str = "orders") -> list[Message]:
    async with Simulation(scenario(timeline, **{"orders.fifo": {"type": "sqs"}})) as simulation:
        await simulation.run()
        now = simulation.clock.time()
        return [*(await simulation.queues[queue].receive(10, now)).messages]


async def test_a_message_is_sent_as_it_is_written() -> None:
    attributes = {
        "Author": "Grisham",
        "Weeks": 6,
        "Kind": {"DataType": "String.kind", "StringValue": "x"},
        "Blob": {"DataType": "Binary", "BinaryValue": "AAE="},
    }

    json, text = await received(
        sending({"body": {"id": 1, "café": None}, "attributes": attributes}, {"body": " text"})
    )

    assert (json.body, text.body) == ('{"id":1,"café":null}', " text")
    assert json.message_attributes == {
        "Author": {"DataType": "String", "StringValue": "Grisham"},
        "Weeks": {"DataType": "Number", "StringValue": "6"},
        "Kind": {"DataType": "String.kind", "StringValue": "x"},
        "Blob": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    }
    assert json.attributes["SentTimestamp"] == "1767225601000"


async def test_a_group_and_a_deduplication_id_go_along() -> None:
    first = {"body": "1", "group": "a", "deduplication_id": "x"}

    messages = await received(
        sending(first, {**first, "body": "2"}, to="orders.fifo"), "orders.fifo"
    )

    (message,) = messages
    assert message.attributes["MessageGroupId"] == "a"
    assert message.attributes["MessageDeduplicationId"] == "x"


async def test_a_delayed_message_is_not_there_yet() -> None:
    assert await received(sending({"body": "1", "delay": "5s"})) == []


def test_what_was_sent_is_told_in_the_journal() -> None:
    sink = MemorySink()

    result = run(scenario(sending({"body": "1"}, {"body": "2"})), Options(sinks=[sink]))

    (put,) = [entry.fields for entry in sink.entries if entry.kind == "records_put"]
    assert (put["source"], put["shard"], put["records"], put["since"]) == ("orders", "", 2, 1.0)
    assert result.counts["sources"]["orders"]["put"] == 2


def test_a_message_that_the_queue_refuses_ends_the_run() -> None:
    with pytest.raises(ServiceError) as error:
        run(scenario(sending({"body": "1", "group": "a", "deduplication_id": "x"})))

    assert error.value.code == "InvalidParameterValue"


def test_a_queue_can_be_told_to_refuse() -> None:
    refusing = {"type": "sqs", "refuse": "AccessDenied"}

    with pytest.raises(ServiceError) as error:
        run(scenario(sending({"body": "1"}), orders=refusing))

    assert error.value.code == "AccessDenied"


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({"body": b"\xff"}, "body: is not text in UTF-8, and a body is"),
        ({"body": "1", "delay": "1.5s"}, "delay: is 1.5s; SQS delays by whole seconds"),
        ({"body": "1", "delay": 5}, "delay: is 5, without a unit; write 5s (or ms, m, h, d)"),
        (
            {"body": "1", "attributes": {"A": True}},
            "attributes.A: is true; write text, a number, or {DataType: String, StringValue: …}",
        ),
        (
            {"body": "1", "attributes": {"A": {"DataType": "Binary", "BinaryValue": "?"}}},
            "attributes.A: is '?'; a BinaryValue is in base64",
        ),
        (
            {"bodi": "1"},
            "bodi: unknown key 'bodi' in timeline[0].messages[0]; did you mean 'body'?",
        ),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(block: dict[str, Any], fault: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario(sending(block))

    assert any(fault in str(each) for each in error.value.faults), str(error.value)


def test_a_message_is_sent_to_a_queue_and_a_record_put_onto_a_stream() -> None:
    stream = {"type": "kinesis"}

    with pytest.raises(ScenarioError) as sent:
        scenario(sending({"body": "1"}, to="stream"), stream=stream)
    with pytest.raises(ScenarioError) as put:
        scenario({"at": "1s", "put": "orders", "records": []}, stream=stream)

    assert "timeline[0].send: is 'stream', of type kinesis" in str(sent.value)
    assert "timeline[0].put: is 'orders', of type sqs" in str(put.value)


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        ({"visibility_timeout": 30}, "write a duration of whole seconds between 0s and 43200s"),
        ({"visibility_timeout": "13h"}, "between 0s and 43200s"),
        ({"retention": "59s"}, "between 60s and 1209600s"),
        ({"delay": "500ms"}, "between 0s and 900s"),
        ({"redrive": {"queue": "dlq", "max_receive_count": 0}}, "max_receive_count"),
        ({"redrive": {"queue": "dlq", "max_receive_count": 3}}, "'dlq', which is no resource"),
        ({"visibility_timeout_seconds": 30}, "visibility_timeout"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_with_what_would_be_right(
    resource: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario(orders={"type": "sqs", **resource})

    assert fault in str(error.value)


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (
            {"orders": "dlq", "dlq": "orders"},
            "redrive goes round in circles: orders to dlq to orders",
        ),
        ({"orders": "orders"}, "redrive goes round in circles: orders to orders"),
        ({"orders": "dlq.fifo", "dlq.fifo": ""}, "orders is a standard queue, and so must be"),
    ],
)
def test_a_dead_letter_queue_that_cannot_be_one_is_refused(
    resources: dict[str, str], reason: str
) -> None:
    queues = {
        name: {"type": "sqs"}
        | ({"redrive": {"queue": dead, "max_receive_count": 1}} if dead else {})
        for name, dead in resources.items()
    }

    with pytest.raises(ServiceError, match=reason):
        run(scenario(**queues))
