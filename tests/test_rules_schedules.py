"""Schedules fire when EventBridge's do; an implementation that we did not write is the oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyawscron import AWSCron  # type: ignore[import-untyped]  # it has no types

from eventsim.errors import ValidationFailed
from eventsim.rules.schedules import parse

LEAP = datetime(2024, 1, 1, tzinfo=UTC)

minutes = st.sampled_from(["0", "*", "0/15", "5,35", "10-20", "59"])
hours = st.sampled_from(["0", "*", "8-17", "*/6", "23", "3,21"])
month_days = st.sampled_from(
    ["*", "1", "L", "15W", "1W", "28", "10-12"]
)  # it knows no LW, no 31, nothing rare
week_days = st.sampled_from(["MON-FRI", "1", "6#3", "6L", "2#4", "SUN", "3,5"])
months = st.sampled_from(["*", "2", "JAN", "1/3", "6-8", "FEB,DEC"])
years = st.sampled_from(["*", "2024", "2024-2026", "2025,2028"])
days = month_days.map(lambda day: (day, "?")) | week_days.map(lambda day: ("?", day))
starts = st.datetimes(datetime(2023, 12, 1), datetime(2026, 3, 1), timezones=st.just(UTC))


@given(minutes, hours, days, months, years, starts)
def test_a_cron_expression_fires_when_another_implementation_says(
    minute: str, hour: str, day: tuple[str, str], month: str, year: str, start: datetime
) -> None:
    expression = f"{minute} {hour} {day[0]} {month} {day[1]} {year}"
    schedule, oracle = parse(f"cron({expression})"), AWSCron(expression)
    at: datetime | None = start.replace(second=0, microsecond=0)
    for _ in range(3):
        if at is not None:
            expected = oracle.occurrence(at).next()
            at = schedule.after(at, LEAP)
            assert at == expected


def fires(expression: str, number: int = 4, at: datetime = LEAP) -> list[str]:
    schedule, found = parse(expression), list[str]()
    for _ in range(number):
        moment = schedule.after(at, LEAP)
        if moment is None:
            break
        found.append(f"{moment:%a %Y-%m-%d %H:%M}")
        at = moment
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 0 29 2 ? *)", ["Thu 2024-02-29 00:00", "Tue 2028-02-29 00:00"]),
        ("cron(0 18 L 2 ? *)", ["Thu 2024-02-29 18:00", "Fri 2025-02-28 18:00"]),
        ("cron(0 9 ? 2 5#5 *)", ["Thu 2024-02-29 09:00", "Thu 2052-02-29 09:00"]),
        ("cron(0 9 ? * 6L 2024-2024)", ["Fri 2024-01-26 09:00", "Fri 2024-02-23 09:00"]),
        ("cron(0 8 1W 6 ? *)", ["Mon 2024-06-03 08:00", "Mon 2025-06-02 08:00"]),
        ("cron(0 8 30W 6 ? *)", ["Fri 2024-06-28 08:00", "Mon 2025-06-30 08:00"]),
        ("cron(30 7 ? * SAT-MON *)", ["Mon 2024-01-01 07:30", "Sat 2024-01-06 07:30"]),
        ("cron(0 0 ? 6 L *)", ["Sat 2024-06-01 00:00", "Sat 2024-06-08 00:00"]),
        ("cron(0 0 31 2 ? *)", []),
        ("cron(0 0 1 1 ? 2023)", []),
        ("rate(1 minute)", ["Mon 2024-01-01 00:01", "Mon 2024-01-01 00:02"]),
        ("rate(7 days)", ["Mon 2024-01-08 00:00", "Mon 2024-01-15 00:00"]),
    ],
)
def test_a_schedule_over_leap_years_and_short_months(expression: str, expected: list[str]) -> None:
    assert fires(expression, 2) == expected


def test_a_rate_counts_from_when_the_rule_was_made() -> None:
    since = LEAP + timedelta(seconds=17)
    rate = parse("rate(5 minutes)")
    assert rate.after(since, since) == since + timedelta(minutes=5)
    assert rate.after(since + timedelta(minutes=5), since) == since + timedelta(minutes=10)
    assert rate.after(since + timedelta(minutes=7), since) == since + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("rate(1 minutes)", "1 minute, or more minutes"),
        ("rate(5 minute)", "1 minute, or more minutes"),
        ("rate(0 minutes)", "write rate"),
        ("rate(5 seconds)", "write rate"),
        ("every day", "write rate"),
        ("cron(0 12 * *)", "six fields, this one has 4"),
        ("cron(0 12 * * * *)", "one of the day of the month and the day of the week is"),
        ("cron(0 12 ? * ? *)", "one of the day of the month and the day of the week is"),
        ("cron(60 12 * * ? *)", "the minutes cannot be '60'"),
        ("cron(0 24 * * ? *)", "the hours cannot be '24'"),
        ("cron(0 12 32 * ? *)", "the day of the month cannot be '32'"),
        ("cron(0 12 * 13 ? *)", "the month cannot be '13'"),
        ("cron(0 12 ? * 8 *)", "the day of the week cannot be '8'"),
        ("cron(0 12 ? * 2#6 *)", "the day of the week cannot be '2#6'"),
        ("cron(0 12 * * ? 1969)", "the year cannot be '1969'"),
        ("cron(5-1 12 * * ? *)", "goes backwards"),
        ("cron(*/0 12 * * ? *)", "the minutes cannot be"),
        ("cron(x 12 * * ? *)", "the minutes cannot be 'X'"),
    ],
)
def test_what_is_no_schedule_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValidationFailed, match="Parameter ScheduleExpression is not valid") as told:
        parse(expression)
    assert reason in told.value.message
