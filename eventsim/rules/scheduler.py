"""
When a timer fires: a schedule, in a time zone if need be, or once, and from when to when.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
(Where clocks go forward, times that are left out are passed over; where they go back, a time that
comes twice counts the first time.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from eventsim.errors import ValidationFailed
from eventsim.rules.schedules import Cron, Schedule, parse

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_ATTEMPTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Timer:
    """A schedule, or one moment, that counts from ``start`` to ``end``.

    ``window`` are the seconds within which it fires at some moment or other, ``zone`` is where a
    cron expression counts.
    """

    schedule: Schedule | datetime
    since: datetime
    zone: tzinfo = UTC
    start: datetime | None = None
    end: datetime | None = None
    window: int = 0

    def after(self, at: datetime) -> datetime | None:
        """The first time after *at*; None if there is none any more."""
        due = self._due(at)
        for _ in range(_ATTEMPTS_MAX):
            if due is None or (self.end is not None and due > self.end):
                return None
            if self.start is None or due >= self.start:
                return due
            due = self._due(due)
        return None

    def _due(self, at: datetime) -> datetime | None:
        if isinstance(self.schedule, datetime):
            return self.schedule if self.schedule > at else None
        if isinstance(self.schedule, Cron) and self.zone is not UTC:
            return self._in_zone(self.schedule, at)
        return self.schedule.after(at, self.since)

    def _in_zone(self, cron: Cron, at: datetime) -> datetime | None:
        wall = at.astimezone(self.zone).replace(tzinfo=UTC)
        for _ in range(_ATTEMPTS_MAX):
            found = cron.after(wall, self.since)
            if found is None:
                return None
            due = found.replace(tzinfo=self.zone).astimezone(UTC)
            left_out = due.astimezone(self.zone).replace(tzinfo=UTC) != found
            if due > at and not left_out:
                return due
            wall = found
        return None


def timer(
    expression: str,
    since: datetime,
    *,
    zone: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    window: int = 0,
) -> Timer:
    """The timer of an expression: ``rate(…)``, ``cron(…)`` or ``at(2026-01-31T12:00:00)``.

    Raises ValidationFailed for an expression or a time zone that is none.
    """
    where = _zone(zone)
    once = _AT.fullmatch(expression)
    if once is None:
        return Timer(parse(expression), start or since, where, start, end, window)
    try:
        at = datetime.fromisoformat(once[1]).replace(tzinfo=where).astimezone(UTC)
    except ValueError:
        raise ValidationFailed(f"'{expression}' is no date and time") from None
    return Timer(at, since, where, start, end, window)


def _zone(name: str | None) -> tzinfo:
    if name is None or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        text = f"'{name}' is no time zone that this machine knows; write one such as Europe/Berlin"
        raise ValidationFailed(text) from None
