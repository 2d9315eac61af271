"""What a rule's target is given, how often it is tried, and when a timer fires."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import ValidationFailed
from eventsim.rules.bus_rules import RetryPolicy, Rule, Target, dead_letter_attributes, rule_arn
from eventsim.rules.scheduler import Timer, timer
from eventsim.rules.target_inputs import Origin, TargetInput, constant, part, transformer

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "e",
    "source": "com.example",
    "detail": {"state": 'say "so"', "items": [{"id": 7}], "total": 1.5, "dash-ed": None},
}
ORIGIN = Origin("arn:aws:events:us-east-1:123456789012:rule/r", "r", AT)


def of(made: TargetInput) -> Any:
    return json.loads(made.of(EVENT, ORIGIN))


def test_without_more_a_target_is_given_the_event_and_with_an_input_always_the_same() -> None:
    assert of(TargetInput()) == EVENT
    assert of(constant('{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail.items[0].id", 7),
        ("$['detail']['dash-ed']", None),
        ("$.detail.dash-ed", None),
        ("$.detail.nothing", None),
        ("$.detail.items[1]", None),
    ],
)
def test_a_part_is_what_its_path_leads_to(path: str, value: Any) -> None:
    assert of(part(path)) == value


def test_a_template_puts_text_into_texts_and_json_elsewhere() -> None:
    paths = {"state": "$.detail.state", "item": "$.detail.items[0]", "no": "$.detail.no"}
    made = transformer('{"s": <state>, "t": "is <state>, <item>", "i": <item>, "n": <no>}', paths)
    assert of(made) == {"s": 'say "so"', "t": 'is say "so", {"id":7}', "i": {"id": 7}, "n": ""}


def test_a_template_may_be_a_text_and_knows_the_rule_and_the_event() -> None:
    assert of(transformer('"<aws.events.rule-name> at <aws.events.event.ingestion-time>"', {})) == (
        "r at 2026-01-01T00:00:00Z"
    )
    assert of(transformer("<aws.events.event.json>", {})) == EVENT
    assert "detail" not in of(transformer("<aws.events.event>", {}))


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(-9, 9), st.lists))
def test_whatever_is_filled_in_the_template_stays_json_and_keeps_the_value(value: Any) -> None:
    made = transformer('{"a": <v>, "b": "[<v>]"}', {"v": "$.v"})
    told = json.loads(made.of({"v": value}, ORIGIN))
    assert told["a"] == value
    inner = told["b"][1:-1]
    assert (inner if isinstance(value, str) else json.loads(inner)) == value


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: constant("{"), "Input is not JSON"),
        (lambda: part("detail"), "does not begin with"),
        (lambda: part("$.a[*]"), r"goes wrong at '\[\*\]'"),
        (lambda: transformer("<x>", {}), "which InputPathsMap has not"),
        (lambda: transformer('{"a": <x>', {"x": "$.a"}), "does not become JSON"),
        (lambda: transformer("1", {"aws.x": "$"}), "the name 'aws.x', which is none"),
        (lambda: transformer("1", {f"n{n}": "$" for n in range(101)}), "101 paths, over 100"),
        (lambda: transformer("1" * 8193, {}), "8193 characters, over 8192"),
    ],
)
def test_an_input_that_is_none_is_refused(make: Any, reason: str) -> None:
    with pytest.raises(ValidationFailed, match=reason):
        make()


def test_the_default_policy_takes_185_attempts_and_about_a_day() -> None:
    waits = list(RetryPolicy().waits())
    assert len(waits) == 185
    assert 80_000 < sum(waits) <= 86_400
    assert waits == sorted(waits)


@given(st.integers(60, 86_400), st.integers(0, 185))
def test_neither_limit_of_a_policy_is_passed(age: int, attempts: int) -> None:
    waits = list(RetryPolicy(age, attempts).waits())
    assert len(waits) <= attempts
    assert sum(waits) <= age


def test_a_dead_letter_says_which_limit_was_reached_unless_it_was_no_use() -> None:
    rule = Rule("r", ORIGIN.rule_arn)
    target = Target("t", "arn:aws:sqs:us-east-1:1:q", retry_policy=RetryPolicy(3600, 2))

    def said(code: str, retries: int) -> dict[str, str]:
        found = dead_letter_attributes(rule, target, code, "why", retries)
        return {name: each["StringValue"] for name, each in found.items()}

    about = {"RULE_ARN": rule.arn, "TARGET_ARN": target.arn, "ERROR_MESSAGE": "why"}
    assert said("Throttling", 2) == about | {
        "ERROR_CODE": "Throttling",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "2",
    }
    assert said("Throttling", 1)["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert "EXHAUSTED_RETRY_CONDITION" not in said("AccessDenied", 0)


def test_the_arn_of_a_rule_names_its_bus_unless_that_is_the_default_one() -> None:
    assert rule_arn("us-east-1", "1", "default", "r") == "arn:aws:events:us-east-1:1:rule/r"
    assert rule_arn("us-east-1", "1", "b", "r") == "arn:aws:events:us-east-1:1:rule/b/r"


def fires(made: Timer, count: int, at: datetime = AT) -> list[datetime]:
    found: list[datetime] = []
    while len(found) < count and (due := made.after(found[-1] if found else at)) is not None:
        found.append(due)
    return found


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_cron_in_a_zone_fires_at_its_wall_clock_the_whole_year(zone: str) -> None:
    where = ZoneInfo(zone)
    made = timer("cron(30 12 * * ? *)", AT, zone=zone)
    days = croniter("30 12 * * *", AT.astimezone(where))
    assert fires(made, 400) == [days.get_next(datetime).astimezone(UTC) for _ in range(400)]


def test_a_time_that_is_left_out_is_passed_over_and_one_that_comes_twice_counts_once() -> None:
    made = timer("cron(30 2 * * ? *)", AT, zone="Europe/Berlin")
    spring = fires(made, 2, datetime(2026, 3, 28, 3, tzinfo=UTC))
    assert spring == [datetime(2026, 3, day, 0, 30, tzinfo=UTC) for day in (30, 31)]
    autumn = fires(made, 2, datetime(2026, 10, 24, 3, tzinfo=UTC))
    assert autumn == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
    ]
    again = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # two o'clock for the second time
    assert fires(made, 1, again) == [datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


def test_a_timer_keeps_between_its_start_and_its_end_and_a_moment_comes_once() -> None:
    hour = timedelta(hours=1)
    made = timer("rate(1 hour)", AT, start=AT + 3 * hour, end=AT + 5 * hour)
    assert fires(made, 9) == [AT + 4 * hour, AT + 5 * hour]
    once = timer("at(2026-06-01T12:00:00)", AT, zone="Europe/Berlin")
    assert fires(once, 9) == [datetime(2026, 6, 1, 10, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("expression", "zone", "reason"),
    [
        ("at(2026-13-01T12:00:00)", None, "is no date and time"),
        ("rate(5 minutes)", "Mars/Base", "is no time zone"),
        ("every day", None, "ScheduleExpression is not valid"),
    ],
)
def test_a_timer_that_is_none_is_refused(expression: str, zone: str | None, reason: str) -> None:
    with pytest.raises(ValidationFailed, match=reason):
        timer(expression, AT, zone=zone)
