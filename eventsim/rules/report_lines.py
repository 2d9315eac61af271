"""
What the REPORT lines of a log say: how long invocations and initialisations took.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_REPORT = re.compile(
    r"REPORT RequestId: \S+\s.*?\bDuration: (?P<duration>\d+(?:\.\d+)?) ms"
    r"(?:.*?\bInit Duration: (?P<init>\d+(?:\.\d+)?) ms)?"
)


class Reported(NamedTuple):
    """Durations in seconds, in the order of the log; cold starts have one of each."""

    durations: tuple[float, ...]
    init_durations: tuple[float, ...]


def reported(lines: Iterable[str]) -> Reported:
    """What the REPORT lines among *lines* say; every other line is passed over."""
    durations, inits = list[float](), list[float]()
    for line in lines:
        found = _REPORT.search(line)
        if found:
            durations.append(round(float(found["duration"]) / 1000, 9))
            if found["init"]:
                inits.append(round(float(found["init"]) / 1000, 9))
    return Reported(tuple(durations), tuple(inits))
