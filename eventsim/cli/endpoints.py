"""What the verbs that work at an endpoint are asked alike: which source, where, for how long."""

from __future__ import annotations

import os

from eventsim.errors import EventsimError
from eventsim.rules.arns import REGION
from eventsim.rules.durations import seconds_of

REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def source(text: str) -> tuple[str, str]:
    """The type and the name in ``kinesis://orders``. Raises EventsimError."""
    kind, separator, name = text.partition("://")
    if not (separator and kind and name):
        raise EventsimError(f"'{text}' is no source; write one such as kinesis://orders")
    return kind, name


def region(given: str | None, endpoint_url: str | None, allow_aws: bool) -> str | None:
    """The region; None on AWS itself means that of the profile."""
    named = [given, *(os.environ.get(name) for name in REGION_VARIABLES)]
    elsewhere = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    default = None if allow_aws and not elsewhere else REGION
    return next((name for name in named if name), default)


def seconds(text: str | None) -> float | None:
    """What ``--for`` says, in seconds. Raises EventsimError."""
    if text is None:
        return None
    found = seconds_of(text)
    if found is None:
        raise EventsimError(f"--for is '{text}'; write a duration such as 20ms, 5s, 1m or 1h30m")
    return float(found)
