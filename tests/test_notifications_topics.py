"""Functions that subscribe to topics: filters, what SNS tries again, dead letters, permissions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, Simulation
from eventsim.errors import ScenarioError, TooManyRequests
from eventsim.types import InvokeRequest, InvokeResult
from tests.test_notifications import ACCOUNT, CONSUMER, Entries, of, played, publish

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"


def sns_event(**properties: Any) -> dict[str, Any]:
    return {"Type": "SNS", "Properties": {"Topic": "alerts", **properties}}


def consumer(seen: list[Any], event: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    function: dict[str, Any] = {"Handler": lambda e, c: seen.append(e), **more}
    if event is not None:
        function["Events"] = {"Alert": event}
    return {"consumer": function}


def messages(seen: list[Any]) -> list[str]:
    return [event["Records"][0]["Sns"]["Message"] for event in seen]


def reasons(kind: str, entries: Entries) -> list[Any]:
    return [fields.get("code") for fields in of(kind, entries)]


def test_a_function_gets_each_message_with_its_subject_and_attributes() -> None:
    seen: list[Any] = []
    entries = played(
        {"alerts": {"type": "sns"}},
        consumer(seen, sns_event()),
        publish({"id": 1}, subject="why", attributes={"colour": "red"}),
    )

    record = seen[0]["Records"][0]
    assert record["EventSubscriptionArn"].startswith(f"{TOPIC}:")
    assert record["Sns"] == {
        **record["Sns"],
        "TopicArn": TOPIC,
        "Message": '{"id":1}',
        "Subject": "why",
        "Timestamp": "2026-01-01T00:00:01.000Z",
        "MessageAttributes": {"colour": {"Type": "String", "Value": "red"}},
    }
    assert of("message_published", entries) == [
        {"source": "alerts", "message_id": record["Sns"]["MessageId"]}
    ]


def test_only_what_its_policy_accepts_goes_to_a_function_and_the_rest_is_told() -> None:
    seen: list[Any] = []
    by_body = sns_event(FilterPolicy={"total": [{"numeric": [">", 9]}]}, **MESSAGE_BODY)
    entries = played(
        {
            "alerts": {
                "type": "sns",
                "subscriptions": [{"function": "consumer", "filter_policy": {"colour": ["red"]}}],
            }
        },
        consumer(seen, by_body),
        publish({"total": 10}),
        publish({"total": 1}, attributes={"colour": "red"}, at="2s"),
    )

    assert messages(seen) == ['{"total":10}', '{"total":1}']
    filtered = of("notification_filtered", entries)
    assert [fields["target"] for fields in filtered] == [CONSUMER, CONSUMER]


MESSAGE_BODY = {"FilterPolicyScope": "MessageBody"}


class Refusing:
    """An Invoke API that has no room for the first requests."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.at = refusals, list[float]()
        self.simulation: Simulation

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        self.at.append(self.simulation.clock.time())
        if len(self.at) <= self.refusals:
            raise TooManyRequests("Rate exceeded", Reason="x", Type="User")
        return InvokeResult(202, b"")


async def test_sns_tries_again_at_its_own_times_while_lambda_has_no_room() -> None:
    values = {
        "name": "small",
        "resources": {"alerts": {"type": "sns"}},
        "functions": consumer([], sns_event()),
        "timeline": [publish("stop")],
    }
    invoker = Refusing(refusals=6)
    scenario = Scenario.of(values, Path(__file__).parent)
    async with Simulation(scenario, Options(invoker=invoker)) as simulation:
        invoker.simulation = simulation
        await simulation.run()

    assert invoker.at == [1, 1, 1, 1, 2, 3, 4]


def test_a_message_that_may_not_be_delivered_goes_to_the_dead_letter_queue_at_once() -> None:
    seen: list[Any] = []
    kept: list[Any] = []
    subscription = {"function": "consumer", "dead_letter": "failed"}
    functions = consumer(seen, permissions=[]) | {
        "undertaker": {
            "Handler": lambda e, c: kept.extend(e["Records"]),
            "Events": {"Failed": {"Type": "SQS", "Properties": {"Queue": "failed"}}},
        }
    }
    entries = played(
        {
            "alerts": {"type": "sns", "subscriptions": [subscription]},
            "failed": {"type": "sqs"},
        },
        functions,
        publish("stop"),
    )

    assert seen == []
    assert [json.loads(record["body"])["Message"] for record in kept] == ["stop"]
    assert reasons("invocation_denied", entries) == ["AccessDeniedException"]
    assert reasons("push_failed", entries) == ["AccessDeniedException"]
    assert of("notification_failed", entries) == [
        {
            "source": "alerts",
            "message_id": of("message_published", entries)[0]["message_id"],
            "target": CONSUMER,
            "code": "AccessDeniedException",
            "destination": f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed",
        }
    ]


@pytest.mark.parametrize("alias", [None, "live"])
def test_sam_lets_the_topic_below_the_function_invoke_it_and_nobody_else(alias: str | None) -> None:
    seen: list[Any] = []
    more = {} if alias is None else {"AutoPublishAlias": alias}
    entries = played(
        {"alerts": {"type": "sns"}, "others": {"type": "sns", "subscriptions": OTHERS[alias]}},
        consumer(seen, sns_event(), permissions=[], **more),
        publish("stop"),
        {**publish("denied"), "publish": "others"},
    )

    assert messages(seen) == ["stop"]
    assert [fields["source"] for fields in of("notification_failed", entries)] == ["others"]


OTHERS: dict[str | None, Any] = {
    None: [{"function": "consumer"}],
    "live": [{"function": "consumer:live"}],
}


def test_a_revoked_permission_takes_the_next_message_away() -> None:
    seen: list[Any] = []
    statement = {"StatementId": "consumerAlertPermission"}
    entries = played(
        {"alerts": {"type": "sns"}},
        consumer(seen, sns_event(), permissions=[]),
        publish("one"),
        {"at": "2s", "revoke": "consumer", **statement},
        publish("two", at="3s"),
    )

    assert messages(seen) == ["one"]
    assert reasons("push_failed", entries) == ["AccessDeniedException"]


def test_an_alarm_tells_a_function_by_the_topic_that_it_names() -> None:
    seen: list[Any] = []
    alarm = {
        "type": "alarm",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "broken"}],
        "Statistic": "Sum",
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": ["alerts"],
    }
    broken = {"broken": {"run_in": "model", "errors": "100%"}}
    played(
        {"errors": alarm, "alerts": {"type": "sns"}},
        consumer(seen, sns_event(FilterPolicy={"NewStateValue": ["ALARM"]}, **MESSAGE_BODY))
        | broken,
        {"at": "1s", "invoke": "broken", "payload": {}},
        run_for="5m",
    )

    told = [json.loads(text) for text in messages(seen)]
    assert [(each["AlarmName"], each["NewStateValue"]) for each in told] == [("errors", "ALARM")]


@pytest.mark.parametrize(
    ("resource", "event", "text"),
    [
        ({"subscriptions": [{}]}, None, "must have either queue or function"),
        ({"subscriptions": [{"function": "nobody"}]}, None, "no function of the scenario"),
        (
            {"subscriptions": [{"function": "consumer", "raw_message_delivery": True}]},
            None,
            "a function never gets a message raw",
        ),
        ({}, {"Topic": "inbox"}, "of type sqs, not a topic"),
        ({}, {"Topic": "alerts", "FilterPolicy": {"a": "b"}}, "FilterPolicy|a"),
        ({}, {"Topic": "alerts", "SqsSubscription": True}, "not simulated yet"),
        (
            {},
            {"Topic": "alerts", "RedrivePolicy": {"deadLetterTargetArn": "alerts"}},
            "not a queue",
        ),
    ],
)
def test_what_no_subscription_can_be_is_refused_by_its_place(
    resource: dict[str, Any], event: dict[str, Any] | None, text: str
) -> None:
    below = None if event is None else {"Type": "SNS", "Properties": event}
    with pytest.raises(ScenarioError, match=text):
        played(
            {"alerts": {"type": "sns", **resource}, "inbox": {"type": "sqs"}},
            consumer([], below),
        )


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"publish": "inbox", "message": "x"}, "of type sqs, not a topic"),
        ({"publish": "nobody", "message": "x"}, "no resource of the scenario"),
        ({"publish": "alerts"}, "no function of the scenario"),
        ({"publish": "consumer", "subject": "x"}, "write its message too"),
        ({"publish": "alerts", "message": "x", "alias": "live"}, "which is for a topic, and alias"),
    ],
)
def test_publish_knows_a_topic_from_a_function_by_its_message(
    step: dict[str, Any], text: str
) -> None:
    with pytest.raises(ScenarioError, match=text):
        played(
            {"alerts": {"type": "sns"}, "inbox": {"type": "sqs"}},
            consumer([]),
            {"at": "1s", **step},
        )
