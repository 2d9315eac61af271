"""What Lambda refuses about a function's configuration, and what a profile allows."""

from __future__ import annotations

import pytest

from eventsim.rules.billing import billed_seconds
from eventsim.rules.concurrency import ScalingRate
from eventsim.rules.function_settings import (
    RESERVED_VARIABLES,
    environment_refusals,
    package_refusal,
    profile_refusals,
)
from eventsim.rules.limits import too_large
from eventsim.rules.profiles import IN_2017, TODAY, Profile


@pytest.mark.parametrize("name", sorted(RESERVED_VARIABLES))
def test_a_variable_of_lambdas_own_is_refused(name: str) -> None:
    """Invoke case 40."""
    (refusal,) = environment_refusals({"COLOUR": "red", name: "x"})
    assert (refusal.path, refusal.text) == (
        ("Variables", name),
        "InvalidParameterValueException: Lambda was unable to configure your environment "
        "variables because the environment variables you have provided contains reserved keys "
        "that are currently not supported for modification. Reserved keys used in this "
        f"request: {name}",
    )


def test_variables_are_measured_as_compact_json() -> None:
    """Invoke case 40: 4,096 bytes of it fit."""
    fits = {"COLOUR": "x" * (4096 - len('{"COLOUR":""}'))}
    assert list(environment_refusals(fits)) == []
    (refusal,) = environment_refusals({"COLOUR": fits["COLOUR"] + "x"})
    assert refusal.message.startswith(
        "Lambda was unable to configure your environment variables because the environment "
        'variables you have provided exceeded the 4KB limit. String measured: {"COLOUR":"xxx'
    )


@pytest.mark.parametrize(
    ("profile", "memory", "timeout", "fields"),
    [
        (TODAY, 10_240, 900, []),
        (IN_2017, 1_536, 300, []),
        (IN_2017, 1_537, 301, ["MemorySize", "Timeout"]),
        (IN_2017, None, None, []),
    ],
)
def test_memory_and_timeout_are_limited_by_the_profile(
    profile: Profile, memory: int | None, timeout: int | None, fields: list[str]
) -> None:
    assert [refusal.field for refusal in profile_refusals(memory, timeout, profile)] == fields


@pytest.mark.parametrize(
    ("profile", "payload_bytes", "refused"),
    [
        (TODAY, 300 * 1024, False),
        (TODAY, 1024 * 1024, False),
        (TODAY, 1024 * 1024 + 1, True),
        (IN_2017, 128 * 1024, False),
        (IN_2017, 300 * 1024, True),
    ],
)
def test_an_asynchronous_payload_is_limited_by_the_profile(
    profile: Profile, payload_bytes: int, refused: bool
) -> None:
    """Invoke case 13."""
    error = too_large("Event", payload_bytes, profile)
    assert (error is not None) == refused
    if error is not None:
        assert error.message == (
            f"{payload_bytes} byte payload is too large for the Event invocation type "
            f"(limit {profile.async_request_bytes_max} bytes)"
        )


@pytest.mark.parametrize(
    ("duration", "init", "profile", "billed"),
    [
        (5.0, 0.57807, TODAY, 5.579),
        (5.0, 0.57807, IN_2017, 5.0),
        (0.63151, 0.0, IN_2017, 0.7),
        (0.0001, 0.0, IN_2017, 0.1),
        (0.1, 0.0, IN_2017, 0.1),
    ],
)
def test_what_is_billed_follows_the_profile(
    duration: float, init: float, profile: Profile, billed: float
) -> None:
    """Invoke case 42."""
    assert billed_seconds(duration, init, profile) == billed


@pytest.mark.parametrize(
    ("zipped", "unzipped", "text"),
    [
        (52_428_801, 0, "Zipped size must be smaller than 52428800 bytes"),
        (0, 262_144_001, "Unzipped size must be smaller than 262144000 bytes"),
        (52_428_800, 262_144_000, None),
    ],
)
def test_a_package_is_limited(zipped: int, unzipped: int, text: str | None) -> None:
    refusal = package_refusal(zipped, unzipped)
    assert (None if refusal is None else refusal.message) == text


def test_what_a_function_does_not_grow_now_it_cannot_grow_later() -> None:
    rate = ScalingRate()
    assert sum(rate.take(1_000.0) for _ in range(1_200)) == 1_000
    assert sum(rate.take(1_005.0) for _ in range(1_200)) == 500
    assert sum(rate.take(5_000.0) for _ in range(1_200)) == 1_000
