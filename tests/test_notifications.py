"""What buckets and topics of a run set off: functions, queues, topics and the bus, in chains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, Simulation, run
from eventsim.errors import ScenarioError
from eventsim.journal.sinks import MemorySink

Entries = list[tuple[str, dict[str, Any]]]
ACCOUNT = "123456789012"
CONSUMER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:consumer"


def played(
    resources: dict[str, Any],
    functions: dict[str, Any],
    *timeline: dict[str, Any],
    **more: Any,
) -> Entries:
    """The entries of a run."""
    values = {
        "name": "small",
        "resources": resources,
        "functions": functions,
        "timeline": list(timeline),
        **more,
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    return [(entry.kind, dict(entry.fields)) for entry in sink.entries]


def of(kind: str, entries: Entries) -> list[dict[str, Any]]:
    """The fields of the entries of a kind."""
    return [fields for each, fields in entries if each == kind]


def put(*keys: str, at: str = "1s", **more: Any) -> dict[str, Any]:
    return {"at": at, "put": "photos", "objects": [{"key": key, **more} for key in keys]}


def publish(message: Any, at: str = "1s", **more: Any) -> dict[str, Any]:
    return {"at": at, "publish": "alerts", "message": message, **more}


def keys(events: list[Any]) -> list[str]:
    return [event["Records"][0]["s3"]["object"]["key"] for event in events]


def s3_event(**properties: Any) -> dict[str, Any]:
    given = {"Bucket": "photos", "Events": "s3:ObjectCreated:*", **properties}
    return {"Type": "S3", "Properties": given}


def filtered(**rules: str) -> dict[str, Any]:
    return {"S3Key": {"Rules": [{"Name": name, "Value": value} for name, value in rules.items()]}}


def test_an_object_invokes_the_function_below_which_sam_has_the_event() -> None:
    seen: list[Any] = []
    event = s3_event(Filter=filtered(prefix="in/", suffix=".jpg"))
    entries = played(
        {"photos": {"type": "s3"}},
        {"consumer": {"Handler": lambda e, c: seen.append(e), "Events": {"Photo": event}}},
        put("in/red flower.jpg", "in/notes.txt", "out/a.jpg", body="hello"),
    )

    assert keys(seen) == ["in/red+flower.jpg"]
    record = seen[0]["Records"][0]
    assert (record["eventName"], record["eventTime"]) == (
        "ObjectCreated:Put",
        "2026-01-01T00:00:01.000Z",
    )
    assert record["s3"]["configurationId"] == "consumer.Photo"
    told = {"size": 5, "eTag": "5d41402abc4b2a76b9719d911017c592"}
    assert record["s3"]["object"] == {**record["s3"]["object"], **told}
    assert [f["key"] for f in of("object_put", entries)] == [
        "in/red flower.jpg",
        "in/notes.txt",
        "out/a.jpg",
    ]
    assert [f["key"] for f in of("notification_filtered", entries)] == ["in/notes.txt", "out/a.jpg"]
    assert [f["type"] for f in of("event_pushed", entries)] == ["Event"]


def test_every_event_of_a_bucket_grows_in_its_sequencer_and_is_told_of_by_its_name() -> None:
    seen: list[Any] = []
    played(
        {"photos": {"type": "s3"}},
        {
            "consumer": {
                "Handler": lambda e, c: seen.append(e),
                "Events": {"Photo": s3_event(Events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])},
            }
        },
        put("a", "b"),
        put("a", at="2s"),
        {"at": "3s", "delete": "photos", "objects": ["a", "never there"]},
    )

    records = [event["Records"][0] for event in seen]
    assert [record["eventName"] for record in records] == [
        *["ObjectCreated:Put"] * 3,
        "ObjectRemoved:Delete",
    ]
    assert "size" not in records[3]["s3"]["object"]
    sequencers = [record["s3"]["object"]["sequencer"] for record in records]
    assert sequencers == sorted(set(sequencers))


def test_a_bucket_names_functions_queues_and_topics_itself() -> None:
    seen: list[Any] = []
    notifications = [
        {"events": ["s3:ObjectCreated:*"], "prefix": "f/", "function": "consumer"},
        {"events": ["s3:ObjectCreated:Put"], "prefix": "q/", "queue": "inbox"},
        {"events": ["s3:ObjectCreated:Put"], "prefix": "t/", "topic": "alerts", "id": "mine"},
    ]
    entries = played(
        {
            "photos": {"type": "s3", "notifications": notifications, "test_event": False},
            "inbox": {"type": "sqs"},
            "alerts": {"type": "sns", "subscriptions": [{"function": "consumer"}]},
        },
        {
            "consumer": {
                "Handler": lambda e, c: seen.append(e),
                "Events": {"Inbox": {"Type": "SQS", "Properties": {"Queue": "inbox"}}},
            }
        },
        put("f/1"),
        put("q/1", at="2s"),
        put("t/1", at="3s"),
    )

    direct, by_queue, by_topic = (
        next(e for e in seen if mark in e["Records"][0]) for mark in ("s3", "body", "Sns")
    )
    assert keys([direct, json.loads(by_queue["Records"][0]["body"])]) == ["f/1", "q/1"]
    told = by_topic["Records"][0]["Sns"]
    assert (keys([json.loads(told["Message"])]), told["Subject"]) == (
        ["t/1"],
        "Amazon S3 Notification",
    )
    ids = [json.loads(told["Message"])["Records"][0]["s3"]["configurationId"]]
    ids.append(direct["Records"][0]["s3"]["configurationId"])
    assert ids == ["mine", "photos-1"]
    assert [f["source"] for f in of("message_published", entries)] == ["alerts"]


def test_queues_and_topics_get_the_test_event_first_and_functions_never() -> None:
    seen: list[Any] = []
    played(
        {
            "photos": {
                "type": "s3",
                "notifications": [{"queue": "inbox"}, {"function": "other", "events": REMOVED}],
            },
            "inbox": {"type": "sqs"},
        },
        {
            "consumer": {
                "Handler": lambda e, c: seen.extend(json.loads(r["body"]) for r in e["Records"]),
                "Events": {"Inbox": {"Type": "SQS", "Properties": {"Queue": "inbox"}}},
            },
            "other": {"Handler": lambda e, c: seen.append("never")},
        },
        put("a"),
    )

    assert seen[0] == {**seen[0], "Event": "s3:TestEvent", "Bucket": "photos"}
    assert keys(seen[1:]) == ["a"]


REMOVED = ["s3:ObjectRemoved:*"]


def test_an_object_goes_through_a_topic_and_a_queue_to_a_mapping() -> None:
    seen: list[Any] = []
    played(
        {
            "photos": {"type": "s3", "notifications": [{"topic": "alerts"}], "test_event": False},
            "alerts": {"type": "sns", "subscriptions": [{"queue": "inbox"}]},
            "inbox": {"type": "sqs"},
        },
        {
            "consumer": {
                "Handler": lambda e, c: seen.extend(e["Records"]),
                "Events": {"Inbox": {"Type": "SQS", "Properties": {"Queue": "inbox"}}},
            }
        },
        put("red flower.jpg"),
    )

    envelope = json.loads(seen[0]["body"])
    assert envelope["Type"] == "Notification"
    assert keys([json.loads(envelope["Message"])]) == ["red+flower.jpg"]


async def test_the_default_bus_is_told_of_every_object_with_the_same_sequencer() -> None:
    bucket = {"type": "s3", "eventbridge": True, "notifications": [{"function": "consumer"}]}
    seen: list[Any] = []
    values = {
        "name": "small",
        "resources": {"photos": bucket, "default": {"type": "eventbridge"}},
        "functions": {"consumer": {"Handler": lambda e, c: seen.append(e)}},
        "timeline": [put("red flower.jpg", body="hello")],
    }
    async with Simulation(Scenario.of(values, Path(__file__).parent)) as simulation:
        await simulation.run()
        documents = [event.document for event in simulation.buses["default"].events]  # type: ignore[attr-defined]  # of a simulated one

    assert [(d["source"], d["detail-type"]) for d in documents] == [("aws.s3", "Object Created")]
    told = documents[0]["detail"]["object"]
    same = seen[0]["Records"][0]["s3"]["object"]
    assert (told["key"], told["size"]) == ("red flower.jpg", 5)
    assert (told["etag"], told["sequencer"]) == (same["eTag"], same["sequencer"])


def test_a_rule_of_the_default_bus_takes_an_object_on_to_a_function() -> None:
    seen: list[Any] = []
    rule = {"source": ["aws.s3"], "detail": {"object": {"key": [{"suffix": ".jpg"}]}}}
    event = {"Type": "EventBridgeRule", "Properties": {"Pattern": rule}}
    played(
        {"photos": {"type": "s3", "eventbridge": True}},
        {"consumer": {"Handler": lambda e, c: seen.append(e), "Events": {"Photo": event}}},
        put("red flower.jpg", "notes.txt"),
    )

    assert [event["detail"]["object"]["key"] for event in seen] == ["red flower.jpg"]


def test_an_object_goes_by_a_rule_to_a_stream_before_that_ends() -> None:
    seen: list[Any] = []
    bus = {"ToStream": {"EventPattern": {"source": ["aws.s3"]}, "Targets": [{"Arn": "orders"}]}}
    played(
        {
            "photos": {"type": "s3", "eventbridge": True},
            "default": {"type": "eventbridge", "rules": bus},
            "orders": {"type": "kinesis", "shards": 1},
        },
        {
            "consumer": {
                "Handler": lambda e, c: seen.extend(e["Records"]),
                "Events": {
                    "Orders": {
                        "Type": "Kinesis",
                        "Properties": {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"},
                    }
                },
            }
        },
        put("a"),
    )

    assert len(seen) == 1


def test_objects_that_lambda_writes_are_told_of_too() -> None:
    seen: list[Any] = []
    entries = played(
        {"photos": {"type": "s3"}},
        {
            "consumer": {"Handler": lambda e, c: seen.append(e), "Events": {"Photo": s3_event()}},
            "broken": {
                "Handler": lambda e, c: 1 / 0,
                "EventInvokeConfig": {
                    "MaximumRetryAttempts": 0,
                    "DestinationConfig": {"OnFailure": {"Destination": "photos"}},
                },
            },
        },
        {"at": "1s", "invoke": "broken", "type": "Event", "payload": {}},
    )

    assert keys(seen)[0].startswith("aws/lambda/async/broken/")
    assert len(of("object_put", entries)) == 1


def test_a_function_that_its_own_failures_set_off_is_stopped_and_so_is_what_becomes_of_that() -> (
    None
):
    failing = {
        "run_in": "model",
        "errors": "100%",
        "Events": {"Photo": s3_event()},
        "EventInvokeConfig": {
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnFailure": {"Destination": "photos"}},
        },
    }
    entries = played({"photos": {"type": "s3"}}, {"consumer": failing}, put("a"))

    assert len(of("invocation_started", entries)) == 16
    conditions = [fields["condition"] for fields in of("event_discarded", entries)]
    assert conditions == ["RetriesExhausted"] * 16 + ["RecursiveInvocation"] * 2
    assert len(of("object_put", entries)) == 18
    assert len(of("event_dropped", entries)) == 1


def test_notifications_that_s3_does_not_take_together_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"resources\.photos: InvalidArgument: .*overlapping"):
        played(
            {"photos": {"type": "s3", "notifications": [{"function": "consumer"}]}},
            {"consumer": {"Handler": print, "Events": {"Photo": s3_event()}}},
        )
