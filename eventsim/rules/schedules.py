"""
When a schedule of EventBridge fires: ``rate(5 minutes)`` and six-field ``cron(…)``, in UTC.

Minutes, hours, day of the month, month, day of the week (1 is Sunday), year; ``?`` stands in one
of the two days. ``L`` is the last day, ``15W`` the weekday nearest to the 15th, ``6#3`` the third
Friday, ``6L`` the last.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eventsim.errors import ValidationFailed

YEARS = range(1970, 2200)
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds, counted from when the rule was made."""

    seconds: int

    def after(self, at: datetime, since: datetime) -> datetime | None:
        """The first time after *at* of a rule made at *since*."""
        passed = max(0, (at - since) // timedelta(seconds=self.seconds))
        return since + timedelta(seconds=self.seconds * (passed + 1))


@dataclass(frozen=True, slots=True)
class Cron:
    """Six fields; each holds the numbers it allows, the two days the texts they were written as."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day_of_month: str
    months: frozenset[int]
    day_of_week: str
    years: frozenset[int]

    def after(self, at: datetime, since: datetime) -> datetime | None:
        """The first whole minute after *at* that is in the schedule, or None if there is none."""
        at = at.astimezone(UTC)
        for year, month in _months_from(at.year, at.month):
            if year in self.years and month in self.months:
                for moment in self._in_month(year, month):
                    if moment > at:
                        return moment
            if year > max(self.years):
                break
        return None

    def _in_month(self, year: int, month: int) -> Iterator[datetime]:
        for day in self._days(year, month):
            for hour in self.hours:
                for minute in self.minutes:
                    yield datetime(year, month, day, hour, minute, tzinfo=UTC)

    def _days(self, year: int, month: int) -> list[int]:
        if self.day_of_week == "?":
            return _days_of_month(self.day_of_month, year, month)
        return _days_of_week(self.day_of_week, year, month)


Schedule = Rate | Cron


def parse(expression: str) -> Schedule:
    """The schedule of an expression. Raises ValidationFailed for what is none."""
    rate, cron = _RATE.fullmatch(expression), _CRON.fullmatch(expression)
    if rate is not None:
        if (int(rate["value"]) == 1) == bool(rate["plural"]):
            raise _invalid(f"1 {rate['unit']}, or more {rate['unit']}s")
        return Rate(int(rate["value"]) * _SECONDS[rate["unit"]])
    if cron is None:
        raise _invalid("write rate(5 minutes) or cron(0 12 * * ? *)")
    fields = cron["fields"].split()
    if len(fields) != 6:
        raise _invalid(f"a cron expression has six fields, this one has {len(fields)}")
    return _cron(*(field.upper() for field in fields))


def _cron(minutes: str, hours: str, month_day: str, months: str, week_day: str, years: str) -> Cron:
    if (month_day == "?") == (week_day == "?"):
        raise _invalid("one of the day of the month and the day of the week is ?, the other is not")
    if month_day != "?":
        _check_month_day(month_day)
    else:
        _check_week_day(week_day)
    return Cron(
        tuple(sorted(_numbers(minutes, range(60), "the minutes"))),
        tuple(sorted(_numbers(hours, range(24), "the hours"))),
        month_day,
        frozenset(_numbers(_named(months, _MONTHS), range(1, 13), "the month")),
        _named(week_day, _DAYS),
        frozenset(_numbers(years, YEARS, "the year")),
    )


def _check_month_day(text: str) -> None:
    if text in ("L", "LW") or re.fullmatch(r"([1-9]|[12]\d|3[01])W", text):
        return
    _numbers(text, range(1, 32), "the day of the month")


def _check_week_day(text: str) -> None:
    numbers = _named(text, _DAYS)
    if numbers == "L" or re.fullmatch(r"[1-7](L|#[1-5])", numbers):
        return
    _numbers(numbers, range(1, 8), "the day of the week", round_about=True)


def _named(text: str, names: list[str]) -> str:
    for number, name in enumerate(names, 1):
        text = re.sub(rf"\b{name}(?=\b|L|#)", str(number), text)
    return text


def _numbers(text: str, among: range, what: str, *, round_about: bool = False) -> set[int]:
    """What a list of numbers, ranges and steps allows. A week may go round: FRI-MON."""
    found: set[int] = set()
    for part in text.split(","):
        shape = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if shape is None:
            raise _invalid(f"{what} cannot be '{part}'")
        first, last, step = (None if group is None else int(group) for group in shape.groups())
        low = among[0] if first is None else first
        high = (
            last if last is not None else low if first is not None and step is None else among[-1]
        )
        if low not in among or high not in among or step == 0:
            raise _invalid(f"{what} cannot be '{part}'; it is from {among[0]} to {among[-1]}")
        if high < low:
            if not round_about:
                raise _invalid(f"{what} cannot be '{part}'; the range goes backwards")
            found |= {*range(low, among[-1] + 1), *range(among[0], high + 1)}
        else:
            found |= set(range(low, high + 1, step or 1))
    return found


def _days_of_month(text: str, year: int, month: int) -> list[int]:
    last = monthrange(year, month)[1]
    if text == "L":
        return [last]
    if text == "LW":
        return [_nearest_weekday(year, month, last, last)]
    if text.endswith("W"):
        day = int(text[:-1])
        return [_nearest_weekday(year, month, day, last)] if day <= last else []
    return sorted(day for day in _numbers(text, range(1, 32), "the day") if day <= last)


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    """Monday to Friday, nearest to a day, in the same month."""
    match datetime(year, month, day, tzinfo=UTC).isoweekday():
        case 6:
            return day - 1 if day > 1 else day + 2
        case 7:
            return day + 1 if day < last else day - 2
    return day


def _days_of_week(text: str, year: int, month: int) -> list[int]:
    first, last = monthrange(year, month)
    by_day: dict[int, list[int]] = {number: [] for number in range(1, 8)}
    for day in range(1, last + 1):
        by_day[(first + 1 + day - 1) % 7 + 1].append(day)  # monthrange counts from Monday
    if text == "L":
        return by_day[7]
    if text.endswith("L"):
        return by_day[int(text[:-1])][-1:]
    if "#" in text:
        number, _, which = text.partition("#")
        return by_day[int(number)][int(which) - 1 : int(which)]
    wanted = _numbers(text, range(1, 8), "the day", round_about=True)
    return sorted(day for number in wanted for day in by_day[number])


def _months_from(year: int, month: int) -> Iterator[tuple[int, int]]:
    while year in YEARS:
        yield year, month
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _invalid(reason: str) -> ValidationFailed:
    return ValidationFailed(f"Parameter ScheduleExpression is not valid. ({reason})")
