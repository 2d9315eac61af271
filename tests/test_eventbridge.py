"""Rules at work in a run: events on buses, schedules that fire, and who is told of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from croniter import croniter

from eventsim import Options, Scenario, Simulation, run
from eventsim.clock import Clock
from eventsim.clock import run as run_on
from eventsim.errors import ScenarioError
from eventsim.journal.sinks import MemorySink
from eventsim.services.archives import Archive
from eventsim.types import BusEvent

ORDER = {"push": "eventbridge", "to": "audit", "with": {"detail": {"id": 1, "total": 7}}}
PATTERN = {"source": ["com.example.orders"]}


class Played:
    """A run, the events that its function got, and what its queues hold in the end."""

    def __init__(self, values: dict[str, Any], **options: Any) -> None:
        self.seen: list[tuple[float, Any]] = []
        self.sink = MemorySink()
        self.bodies: dict[str, list[Any]] = {}
        self.messages: dict[str, list[Any]] = {}
        self._values = {"name": "small", **values}
        self._values.setdefault("functions", {"f": {}})
        for block in self._values["functions"].values():
            block["Handler"] = self._handle
        self._options = Options(sinks=[self.sink], **options)
        scenario = Scenario.of(self._values, Path(__file__).parent)
        run_on(lambda: self._play(scenario), virtual=self._options.virtual(scenario))

    async def _play(self, scenario: Scenario) -> None:
        async with Simulation(scenario, self._options) as simulation:
            self._clock = simulation.clock
            await simulation.run()
            for name, queue in simulation.queues.items():
                received = await queue.receive(10, self._clock.time())
                self.messages[name] = list(received.messages)
                self.bodies[name] = [json.loads(each.body) for each in self.messages[name]]

    def _handle(self, event: Any, context: Any) -> None:
        self.seen.append((round(self._clock.time(), 3), event))

    @property
    def events(self) -> list[Any]:
        return [event for _, event in self.seen]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [entry.fields for entry in self.sink.entries if entry.kind == kind]

    def times(self, kind: str) -> list[float]:
        return [round(entry.time, 3) for entry in self.sink.entries if entry.kind == kind]


def rule(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"EventPattern": PATTERN, "Targets": list(targets), **more}


def bus(*targets: dict[str, Any], **resources: Any) -> dict[str, Any]:
    """Resources: a bus whose rule has these targets, and others."""
    return {"audit": {"type": "eventbridge", "rules": {"all": rule(*targets)}}, **resources}


QUEUE = {"type": "sqs"}


def test_every_kind_of_target_gets_what_its_input_makes_of_the_event() -> None:
    targets: list[dict[str, Any]] = [
        {"Arn": "f"},
        {"Arn": "whole"},
        {"Arn": "part", "InputPath": "$.detail"},
        {
            "Arn": "made",
            "InputTransformer": {
                "InputPathsMap": {"total": "$.detail.total"},
                "InputTemplate": '{"text": "<total> EUR", "total": <total>}',
            },
        },
        {"Arn": "topic", "Input": '{"always": true}'},
    ]
    resources = bus(
        *targets,
        **dict.fromkeys(("whole", "part", "made", "subscribed"), QUEUE),
        topic={"type": "sns", "subscriptions": [{"queue": "subscribed"}]},
    )
    played = Played({"resources": resources, "timeline": [{"at": "1s", **ORDER}]})

    (event,) = played.events
    assert event["detail"] == {"id": 1, "total": 7}
    assert played.bodies["whole"] == [event]
    assert played.bodies["part"] == [event["detail"]]
    assert played.bodies["made"] == [{"text": "7 EUR", "total": 7}]
    assert json.loads(played.bodies["subscribed"][0]["Message"]) == {"always": True}
    assert [each["function"] for each in played.told("event_pushed")] == ["f"]
    assert len(played.told("target_told")) == 4


def test_a_stream_gets_a_record_below_the_key_that_its_target_names() -> None:
    functions = {"f": {"Events": {"S": {"Type": "Kinesis", "Properties": {}}}}}
    functions["f"]["Events"]["S"]["Properties"] = {
        "Stream": "s",
        "StartingPosition": "TRIM_HORIZON",
    }
    target = {"Arn": "s", "KinesisParameters": {"PartitionKeyPath": "$.detail.id"}}
    resources = bus(target, s={"type": "kinesis"})
    played = Played(
        {"resources": resources, "functions": functions, "timeline": [{"at": "1s", **ORDER}]}
    )
    assert [each["kinesis"]["partitionKey"] for each in played.events[0]["Records"]] == ["1"]


def test_an_event_that_matches_nothing_is_only_put() -> None:
    step = {**ORDER, "with": {"source": "com.example.others"}}
    played = Played({"resources": bus({"Arn": "f"}), "timeline": [{"at": "1s", **step}]})
    assert (played.events, len(played.told("event_put"))) == ([], 1)


def test_a_rule_that_is_disabled_tells_nobody() -> None:
    resources = {
        "audit": {"type": "eventbridge", "rules": {"all": rule({"Arn": "f"}, State="DISABLED")}}
    }
    assert Played({"resources": resources, "timeline": [{"at": "1s", **ORDER}]}).events == []


def test_a_function_is_told_by_the_rule_that_sam_makes_and_permits() -> None:
    properties = {"Pattern": PATTERN, "EventBusName": "audit", "InputPath": "$.detail.id"}
    event = {"Type": "EventBridgeRule", "Properties": properties}
    functions = {"f": {"permissions": [], "AutoPublishAlias": "live", "Events": {"Order": event}}}
    resources = {"audit": {"type": "eventbridge"}}
    played = Played(
        {"resources": resources, "functions": functions, "timeline": [{"at": "1s", **ORDER}]}
    )
    assert played.events == [1]
    assert played.told("permission_granted") == []  # it was there before the run began


def test_a_function_that_does_not_permit_it_is_given_up_at_once_for_the_dead_letter_queue() -> None:
    target = {"Arn": "f", "DeadLetterConfig": {"Arn": "failed"}}
    played = Played(
        {
            "resources": bus(target, failed=QUEUE),
            "functions": {"f": {"permissions": []}},
            "timeline": [{"at": "1s", **ORDER}],
        }
    )
    assert played.bodies["failed"][0]["detail"] == {"id": 1, "total": 7}
    (message,) = played.messages["failed"]
    said = {name: each["StringValue"] for name, each in message.message_attributes.items()}
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("AccessDeniedException", "0")
    assert said["RULE_ARN"] == "arn:aws:events:us-east-1:123456789012:rule/audit/all"
    assert played.times("target_failed") == [1.0]


def test_a_target_that_refuses_is_tried_again_until_its_policy_is_used_up() -> None:
    target = {
        "Arn": "topic",
        "RetryPolicy": {"MaximumRetryAttempts": 3},
        "DeadLetterConfig": {"Arn": "failed"},
    }
    resources = bus(target, topic={"type": "sns", "refuse": "ThrottledException"}, failed=QUEUE)
    played = Played({"resources": resources, "timeline": [{"at": "1s", **ORDER}]})
    assert played.times("target_retried") == [1.0, 2.0, 4.0]
    assert played.times("target_failed") == [8.0]
    (message,) = played.messages["failed"]
    said = {name: each["StringValue"] for name, each in message.message_attributes.items()}
    assert said["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"


def test_a_topic_that_may_not_be_published_to_is_not_tried_again() -> None:
    resources = bus({"Arn": "topic"}, topic={"type": "sns", "refuse": "AuthorizationError"})
    played = Played({"resources": resources, "timeline": [{"at": "1s", **ORDER}]})
    assert (played.times("target_retried"), played.times("target_failed")) == ([], [1.0])


def test_a_run_waits_for_what_is_tried_again_before_its_queues_are_done() -> None:
    target = {
        "Arn": "topic",
        "RetryPolicy": {"MaximumRetryAttempts": 2},
        "DeadLetterConfig": {"Arn": "failed"},
    }
    resources = bus(target, topic={"type": "sns", "refuse": "ThrottledException"}, failed=QUEUE)
    event = {"Type": "SQS", "Properties": {"Queue": "failed"}}
    functions = {"f": {"Events": {"Failed": event}}}
    played = Played(
        {"resources": resources, "functions": functions, "timeline": [{"at": "1s", **ORDER}]}
    )
    ((at, batch),) = played.seen
    assert at >= 4
    assert json.loads(batch["Records"][0]["body"])["detail"] == {"id": 1, "total": 7}


async def test_an_archive_keeps_nothing_that_is_replayed(clock: Clock) -> None:
    archive = Archive("kept", clock, retention_days=1)
    for document in ({"id": "a"}, {"id": "b", "replay-name": "again"}):
        archive.on_event(BusEvent(document["id"], document))
    assert [event.id for event in archive.replay("r", 0, 9)] == ["a"]


async def test_an_archive_gives_what_is_not_too_old(clock: Clock) -> None:
    archive = Archive("kept", clock, retention_days=1)
    archive.on_event(BusEvent("a", {"id": "a"}))
    await clock.sleep(86_401)
    archive.on_event(BusEvent("b", {"id": "b"}))
    assert [event.id for event in archive.replay("r", 0, 99_999)] == ["b"]


def test_buses_that_tell_each_other_do_so_five_times() -> None:
    resources = {
        "audit": {"type": "eventbridge", "rules": {"on": rule({"Arn": "back"})}},
        "back": {"type": "eventbridge", "rules": {"on": rule({"Arn": "audit"})}},
    }
    played = Played({"resources": resources, "timeline": [{"at": "1s", **ORDER}]})
    assert len(played.told("event_put")) == 6
    assert [each["code"] for each in played.told("target_failed")] == ["LoopDetected"]


def schedule(expression: str, **more: Any) -> dict[str, Any]:
    event = {"Type": "Schedule", "Properties": {"Schedule": expression, **more}}
    return {"f": {"Events": {"Tick": event}}}


def test_a_schedule_fires_for_as_long_as_the_run_is_long() -> None:
    played = Played({"run_for": "1h", "functions": schedule("rate(25 minutes)")})
    assert [time for time, _ in played.seen] == [1500.1, 3000.1]
    assert [event["time"] for event in played.events] == [
        "2026-01-01T00:25:00Z",
        "2026-01-01T00:50:00Z",
    ]
    assert played.events[0]["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/fTick"]


@pytest.mark.parametrize(
    ("expression", "theirs"),
    [
        ("cron(0 12 L * ? *)", "0 12 L * *"),
        ("cron(30 8 15W * ? *)", "30 8 15W * *"),
        ("cron(0 0 ? * 7#3 *)", "0 0 * * 6#3"),
        ("cron(0/20 9 ? 2 5L *)", "0/20 9 * 2 L4"),
    ],
)
def test_a_cron_schedule_fires_over_a_leap_year_as_another_implementation_says(
    expression: str, theirs: str
) -> None:
    values = {"run_for": "366d", "start": "2028-01-01T00:00:00Z"}
    played = Played({**values, "functions": schedule(expression, Input="1")})
    start = datetime(2028, 1, 1, tzinfo=UTC)
    expected = []
    dates = croniter(theirs, start - timedelta(seconds=1))
    while (at := dates.get_next(datetime)) < start + timedelta(days=366):
        expected.append((at - start).total_seconds())
    assert played.times("schedule_fired") == [time for time in expected if time > 0]
    assert expected


@pytest.mark.parametrize("speed", [600.0])
def test_a_schedule_fires_in_real_time_too(speed: float) -> None:
    values = {
        "time": {"real": {"speed": speed}},
        "run_for": "150s",
        "functions": schedule("rate(1 minute)"),
    }
    assert [round(time, -1) for time in Played(values).times("schedule_fired")] == [60.0, 120.0]


def test_a_flexible_window_fires_somewhere_in_it_the_same_with_the_same_seed() -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    properties = {"ScheduleExpression": "at(2026-01-01T01:00:00)", "FlexibleTimeWindow": window}
    functions = {"f": {"Events": {"Once": {"Type": "ScheduleV2", "Properties": properties}}}}

    def fired(seed: int) -> list[float]:
        values = {"run_for": "2h", "seed": seed, "functions": functions}
        return Played(values).times("schedule_fired")

    assert fired(1) == fired(1) != fired(2)
    assert 3600 <= fired(1)[0] <= 4200


def test_an_archive_replays_a_span_with_the_name_of_the_replay() -> None:
    block = {
        "type": "eventbridge",
        "rules": {"all": rule({"Arn": "f"})},
        "archives": {"kept": {"EventPattern": {"detail": {"id": [2, 3]}}}},
    }
    puts = [{"at": f"{id_}s", **ORDER, "with": {"detail": {"id": id_}}} for id_ in (1, 2, 3)]
    replay = {"at": "10s", "replay": "audit", "archive": "kept", "name": "again", "until": "2s"}
    played = Played({"resources": {"audit": block}, "timeline": [*puts, replay, {**replay}]})
    replayed = [event for event in played.events if "replay-name" in event]
    assert [(each["detail"]["id"], each["replay-name"]) for each in replayed] == [(2, "again")] * 2
    assert replayed[0]["time"] == "2026-01-01T00:00:02Z"


def test_what_was_asked_to_be_put_on_a_bus_can_be_the_default_one() -> None:
    functions = {"f": {"Events": {"E": {"Type": "CloudWatchEvent", "Properties": {}}}}}
    functions["f"]["Events"]["E"]["Properties"] = {"Pattern": {"source": ["aws.ec2"]}}
    step = {"at": "1s", "push": "eventbridge", "event": "ec2-state-change", "to": "default"}
    played = Played({"functions": functions, "timeline": [step]})
    assert [event["detail"]["state"] for event in played.events] == ["running"]


FUNCTION = {"Handler": "x.y"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"functions": schedule("rate(5 minutes)")},
            "functions.f.Events.Tick.Properties: goes on for ever; say how long the run is",
        ),
        (
            {"run_for": "1h", "functions": schedule("rate(1 minutes)")},
            "functions.f.Events.Tick.Properties: parameter ScheduleExpression is not valid",
        ),
        (
            {"run_for": "1h", "functions": schedule("rate(1 minute)", RoleArn="x")},
            "'RoleArn' in functions.f.Events.Tick.Properties is not simulated yet",
        ),
        (
            {"run_for": "1h", "functions": schedule("rate(1 minute)", Input="{")},
            "Properties: input is not JSON",
        ),
        (
            {"resources": bus({"Arn": "nobody"})},
            "resources.audit.rules.all.Targets[0].Arn: is 'nobody', which is no resource and no",
        ),
        (
            {"resources": bus({"Arn": "f", "DeadLetterConfig": {"Arn": "audit"}})},
            "is 'audit', of type eventbridge, not a queue; there are: sqs",
        ),
        (
            {"resources": {"audit": {"type": "eventbridge", "rules": {"r": {"Targets": []}}}}},
            "resources.audit.rules.r: a rule has one of EventPattern and ScheduleExpression",
        ),
        (
            {"timeline": [{"at": "1s", "push": "eventbridge", "to": "queue"}]},
            "timeline[0].to: is 'queue', which is no function and no bus of the scenario",
        ),
        (
            {
                "resources": {"q": QUEUE},
                "timeline": [{"at": "1s", "push": "eventbridge", "to": "q"}],
            },
            "timeline[0].to: is 'q', of type sqs, not a bus; there are: eventbridge",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(values: dict[str, Any], reason: str) -> None:
    values.setdefault("functions", {"f": {}})
    for block in values["functions"].values():
        block["Handler"] = print
    with pytest.raises(ScenarioError) as refused:
        Scenario.of({"name": "small", **values}, Path(__file__).parent)
    assert reason in str(refused.value)


def test_a_notification_is_no_event_of_a_bus() -> None:
    values = {"timeline": [{"at": "1s", "push": "s3", "to": "default"}]}
    scenario = Scenario.of({"name": "small", **values}, Path(__file__).parent)
    with pytest.raises(Exception, match="a s3 put is no event of a bus; it has no detail-type"):
        run(scenario)
