"""moto as the source: what ordinary clients do with its services reaches the run's functions."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, Simulation
from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import BackendError, EventsimError
from eventsim.journal.sinks import MemorySink
from eventsim.sources import s3 as s3_source
from eventsim.sources import sns
from tests.event_validators import cloud, messages, s3
from tests.test_notifications import ACCOUNT, CONSUMER, Entries, filtered, of, s3_event
from tests.test_notifications_topics import messages as texts
from tests.test_notifications_topics import sns_event

Clients = Callable[[str], Awaitable[Any]]
PHOTOS: dict[str, Any] = {"photos": {"type": "s3"}}
ALERTS: dict[str, Any] = {"alerts": {"type": "sns"}}


def consumer(seen: list[Any], **more: Any) -> dict[str, Any]:
    return {"consumer": {"Handler": lambda e, c: seen.append(e), **more}}


async def on_moto(
    resources: dict[str, Any],
    functions: dict[str, Any],
    does: Callable[[Clients], Awaitable[None]],
    **more: Any,
) -> Entries:
    """The entries of a run on moto, while which a client does something."""
    values = {
        "name": "small",
        "backend": "moto",
        "resources": resources,
        "functions": functions,
        **more,
    }
    sink = MemorySink()
    scenario = Scenario.of(values, Path(__file__).parent)
    async with Simulation(scenario, Options(sinks=[sink])) as simulation:

        async def meanwhile() -> None:
            await simulation.clock.sleep(1)
            await does(simulation.client)

        await simulation.run(meanwhile)
    return [(entry.kind, dict(entry.fields)) for entry in sink.entries]


def put(*keys: str) -> Callable[[Clients], Awaitable[None]]:
    async def does(client: Clients) -> None:
        for key in keys:
            await (await client("s3")).put_object(Bucket="photos", Key=key, Body=b"hello")

    return does


def publish(*texts: str, **more: Any) -> Callable[[Clients], Awaitable[None]]:
    async def does(client: Clients) -> None:
        sns = await client("sns")
        arn = (await sns.create_topic(Name="alerts"))["TopicArn"]
        for text in texts:
            await sns.publish(TopicArn=arn, Message=text, **more)

    return does


async def test_an_object_that_a_client_puts_is_our_event_at_the_function() -> None:
    seen: list[Any] = []
    event = s3_event(Filter=filtered(prefix="in/", suffix=".jpg"))
    entries = await on_moto(
        PHOTOS,
        consumer(seen, Events={"Photo": event}),
        put("in/red flower.jpg", "in/notes.txt"),
    )

    s3.VALIDATORS["s3", "put"].check(seen[0])
    record = seen[0]["Records"][0]
    assert [event["Records"][0]["s3"]["object"]["key"] for event in seen] == ["in/red+flower.jpg"]
    told = {"size": 5, "eTag": "5d41402abc4b2a76b9719d911017c592"}
    assert record["s3"]["object"] == {**record["s3"]["object"], **told}
    assert record["s3"]["configurationId"] == "consumer.Photo"
    assert record["eventTime"] == "2026-01-01T00:00:01.000Z"
    assert [fields["type"] for fields in of("event_pushed", entries)] == ["Event"]


async def test_what_a_client_publishes_is_our_event_at_the_function() -> None:
    seen: list[Any] = []
    colour = {"colour": {"DataType": "String", "StringValue": "red"}}
    raw = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    await on_moto(
        ALERTS,
        consumer(seen, Events={"Alert": sns_event()}),
        publish("stop", Subject="why", MessageAttributes={**colour, **raw}),
    )

    messages.VALIDATORS["sns", "notification"].check(seen[0])
    told = seen[0]["Records"][0]["Sns"]
    assert (told["Message"], told["Subject"]) == ("stop", "why")
    assert told["Timestamp"] == "2026-01-01T00:00:01.000Z"
    assert told["MessageAttributes"] == {
        "colour": {"Type": "String", "Value": "red"},
        "raw": {"Type": "Binary", "Value": "AA=="},
    }


async def test_our_filter_policies_decide_and_what_they_do_not_accept_is_told() -> None:
    seen: list[Any] = []
    policy = {"total": [{"numeric": [">", 9]}]}
    event = sns_event(FilterPolicy=policy, FilterPolicyScope="MessageBody")
    entries = await on_moto(
        ALERTS,
        consumer(seen, Events={"Alert": event}),
        publish('{"total": 10}', '{"total": 1}'),
    )

    assert texts(seen) == ['{"total": 10}']
    assert [fields["target"] for fields in of("notification_filtered", entries)] == [CONSUMER]


async def test_functions_policies_are_asked_on_moto_too() -> None:
    seen: list[Any] = []
    subscription = {"function": "consumer", "dead_letter": "failed"}
    entries = await on_moto(
        {
            "alerts": {"type": "sns", "subscriptions": [subscription]},
            "photos": {"type": "s3", "notifications": [{"function": "consumer"}]},
            "failed": {"type": "sqs"},
        },
        consumer(seen, permissions=[])
        | {
            "undertaker": {
                "Handler": lambda e, c: seen.extend(e["Records"]),
                "Events": {"Failed": {"Type": "SQS", "Properties": {"Queue": "failed"}}},
            }
        },
        both(put("a"), publish("stop")),
        run_for="60s",
    )

    assert [json.loads(record["body"])["Message"] for record in seen] == ["stop"]
    denied = ["AccessDeniedException"] * 2
    assert [fields["code"] for fields in of("push_failed", entries)] == denied


def both(
    *doings: Callable[[Clients], Awaitable[None]],
) -> Callable[[Clients], Awaitable[None]]:
    async def does(client: Clients) -> None:
        for each in doings:
            await each(client)

    return does


async def test_log_lines_that_a_client_writes_are_our_event_if_the_pattern_accepts_them() -> None:
    seen: list[Any] = []

    async def write(client: Clients) -> None:
        logs = await client("logs")
        group = {"logGroupName": "/orders"}
        await logs.create_log_group(**group)
        await logs.create_log_stream(**group, logStreamName="one")
        await logs.put_subscription_filter(
            **group, filterName="errors", filterPattern="ERROR", destinationArn=CONSUMER
        )
        lines = [
            {"timestamp": 1767225601000 + number, "message": text}
            for number, text in enumerate(("ERROR no total", "INFO taken"))
        ]
        await logs.put_log_events(**group, logStreamName="one", logEvents=lines)
        await logs.put_log_events(**group, logStreamName="one", logEvents=lines[1:])

    statement = {"StatementId": "logs", "Principal": "logs.amazonaws.com"}
    place = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/orders:*"
    permissions = [{**statement, "SourceArn": place}]
    await on_moto({}, consumer(seen, permissions=permissions), write)

    (event,) = seen
    cloud.VALIDATORS["logs", "data"].check(event)
    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert (told["logGroup"], told["logStream"]) == ("/orders", "one")
    assert told["subscriptionFilters"] == ["errors"]
    assert [line["message"] for line in told["logEvents"]] == ["ERROR no total"]


async def test_a_function_gets_the_log_that_sam_subscribes_it_to() -> None:
    seen: list[Any] = []

    async def write(client: Clients) -> None:
        logs = await client("logs")
        stream = {"logGroupName": "/shop/web", "logStreamName": "web-1"}
        await logs.create_log_stream(**stream)
        lines = [
            {"timestamp": 1767225601000 + number, "message": text}
            for number, text in enumerate(("ERROR no stock", "INFO ready"))
        ]
        await logs.put_log_events(**stream, logEvents=lines)

    properties = {"LogGroupName": "/shop/web", "FilterPattern": "ERROR"}
    event = {"Type": "CloudWatchLogs", "Properties": properties}
    step = {"at": "0.5s", "log": "/shop/web", "stream": "web-2", "messages": ["ERROR no room", "-"]}
    await on_moto({}, consumer(seen, Events={"Errors": event}), write, timeline=[step])

    told = [json.loads(gzip.decompress(base64.b64decode(e["awslogs"]["data"]))) for e in seen]
    assert [(each["logStream"], each["subscriptionFilters"]) for each in told] == [
        ("web-2", ["consumerErrors"]),
        ("web-1", ["consumerErrors"]),
    ]
    assert [[line["message"] for line in each["logEvents"]] for each in told] == [
        ["ERROR no room"],
        ["ERROR no stock"],
    ]


async def test_a_client_may_set_up_notifications_and_subscriptions_itself() -> None:
    seen: list[Any] = []

    async def set_up(client: Clients) -> None:
        configuration = {
            "LambdaFunctionConfigurations": [
                {"Id": "mine", "LambdaFunctionArn": CONSUMER, "Events": ["s3:ObjectRemoved:*"]}
            ]
        }
        objects = await client("s3")
        await objects.put_bucket_notification_configuration(
            Bucket="photos", NotificationConfiguration=configuration
        )
        await put("a")(client)
        await objects.delete_object(Bucket="photos", Key="a")
        sns = await client("sns")
        arn = (await sns.create_topic(Name="alerts"))["TopicArn"]
        await sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=CONSUMER)
        await publish("stop")(client)

    await on_moto(PHOTOS, consumer(seen), set_up)

    removed, told = seen
    assert removed["Records"][0]["eventName"] == "ObjectRemoved:Delete"
    assert removed["Records"][0]["s3"]["configurationId"] == "mine"
    assert texts([told]) == ["stop"]


async def test_an_object_goes_through_motos_topic_to_a_function_as_our_event() -> None:
    seen: list[Any] = []
    resources = {"photos": {"type": "s3", "notifications": [{"topic": "alerts"}]}, **ALERTS}
    await on_moto(resources, consumer(seen, Events={"Alert": sns_event()}), put("red flower.jpg"))

    test, told = (json.loads(text) for text in texts(seen))
    assert test["Event"] == "s3:TestEvent"
    s3.VALIDATORS["s3", "put"].check(told)
    assert told["Records"][0]["s3"]["object"]["key"] == "red+flower.jpg"


async def test_after_the_run_motos_services_ask_motos_own_lambda_again() -> None:
    from moto.awslambda import utils
    from moto.s3 import notifications
    from moto.sns.models import Subscription

    places = ((utils, "get_backend"), (notifications, "_get_s3_event"), (Subscription, "publish"))
    before = [getattr(place, name) for place, name in places]

    await on_moto(PHOTOS, consumer([], Events={"Photo": s3_event()}), put("a"))

    assert [getattr(place, name) for place, name in places] == before


async def test_who_comes_when_the_run_has_ended_is_told_so() -> None:
    values = {
        "name": "small",
        "backend": "moto",
        "resources": ALERTS,
        "functions": consumer([], Events={"Alert": sns_event()}),
    }
    scenario = Scenario.of(values, Path(__file__).parent)
    async with Simulation(scenario, Options(sinks=[MemorySink()])) as simulation:
        await simulation.run()
        with pytest.raises(EventsimError, match="the run has ended"):
            await publish("late")(simulation.client)


async def test_notifications_elsewhere_are_left_to_who_owns_them(clock: Clock) -> None:
    backend = Backend("endpoint", clock, ACCOUNT, "us-east-1")

    with pytest.raises(BackendError, match="bucket photos: notifications work on the simulated"):
        await s3_source.configure("photos", s3_source.Resource(eventbridge=True), [], backend)
    with pytest.raises(BackendError, match="functions subscribe on the simulated back end"):
        each = sns.FunctionSubscription("consumer")
        await sns.configure("arn:alerts", [(CONSUMER, each, None)], backend)
