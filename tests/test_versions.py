"""Versions never change, aliases lead to them, and environments belong to one of them."""

from __future__ import annotations

import os
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.environments.functions import Functions
from eventsim.errors import (
    InvalidParameterValue,
    InvokeError,
    ResourceNotFound,
    ValidationFailed,
)
from eventsim.ids import Chance
from eventsim.rules.aliases import Alias, check_name
from eventsim.rules.function_names import Place
from eventsim.types import Duration
from tests.functions import ARN, function, local


def first(event: Any, context: Any) -> list[str]:
    return ["first", context.function_version, context.invoked_function_arn]


def colour(event: Any, context: Any) -> str:
    return os.environ["COLOUR"]


def second(event: Any, context: Any) -> list[str]:
    return ["second", context.function_version, context.invoked_function_arn]


async def test_a_version_keeps_its_code_and_shares_no_environment_with_the_latest(
    clock: Clock,
) -> None:
    """Invoke case 31."""
    with local(clock, function(first)) as running:
        await running.invoke()
        assert running.environments.publish("f") == "1"
        running.environments.update("f", "updated Handler", handler=second)
        answers = [await running.answer(qualifier=version) for version in ("1", "$LATEST", None)]
        answers.append(await running.answer(name="f:1"))
    assert answers == [
        ["first", "1", f"{ARN}f:1"],
        ["second", "$LATEST", f"{ARN}f:$LATEST"],
        ["second", "$LATEST", f"{ARN}f"],
        ["first", "1", f"{ARN}f:1"],
    ]
    assert [entry["version"] for entry in running.entries("environment_started")] == [
        "$LATEST",
        "1",
        "$LATEST",
    ]
    stopped = running.entries("environment_stopped")[0]
    assert stopped["environment"] == running.entries("environment_started")[0]["environment"]


async def test_what_runs_during_an_update_ends_as_it_began(clock: Clock) -> None:
    slow = function(first, duration=Duration(5.0), init_duration=0.0, timeout=9)
    with local(clock, slow) as running:
        answers: list[Any] = []

        async def call() -> None:
            answers.append((await running.answer())[0])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await clock.sleep(1)
            running.environments.update("f", "updated Handler", handler=second)
            tasks.start_soon(call)
    assert answers == ["first", "second"]
    stopped, started = (
        running.entries("environment_stopped"),
        running.entries("environment_started"),
    )
    assert (stopped[0]["time"], stopped[0]["environment"]) == (5.0, started[0]["environment"])


async def test_publishing_what_has_not_changed_gives_the_last_version_again(clock: Clock) -> None:
    """Invoke case 32."""
    with local(clock, function(first)) as running:
        published = [running.environments.publish("f") for _ in range(2)]
        running.environments.update("f", "updated Timeout", timeout=9)
        published += [running.environments.publish("f", "slower") for _ in range(2)]
        configured = running.environments.functions.version("f", "2").function
    assert published == ["1", "1", "2", "2"]
    assert (configured.timeout, configured.description) == (9, "slower")


async def test_variables_are_frozen_at_publish(clock: Clock) -> None:
    f = function(colour, environment=(("COLOUR", "red"),))
    with local(clock, f) as running:
        running.environments.publish("f")
        running.environments.update("f", "updated", environment=(("COLOUR", "blue"),))
        assert await running.answer(qualifier="1") == "red"
        assert await running.answer() == "blue"


async def test_a_weight_is_the_share_of_calls_and_the_answer_tells_the_version(
    clock: Clock,
) -> None:
    """Invoke case 33: two published versions at one half, 1,000 calls."""
    with local(clock, function(first, init_duration=0.0)) as running:
        running.environments.publish("f")
        running.environments.update("f", "updated Handler", handler=second)
        running.environments.publish("f")
        running.environments.shift("f", "live", "1", {"2": 0.5})
        executed = [(await running.invoke(qualifier="live")).executed_version for _ in range(1_000)]
        arns = {(await running.answer(qualifier="live"))[2] for _ in range(5)}
    assert set(executed) == {"1", "2"}
    assert 450 < executed.count("2") < 550
    assert arns == {f"{ARN}f:live"}


async def test_an_alias_that_moves_takes_the_next_call_with_it(clock: Clock) -> None:
    with local(clock, function(first)) as running:
        running.environments.publish("f")
        running.environments.shift("f", "live", "1")
        before = await running.answer(name="f:live")
        running.environments.update("f", "updated Handler", handler=second)
        running.environments.publish("f")
        running.environments.shift("f", "live", "2")
        after = await running.answer(name="f:live")
        changes = running.entries("function_changed")
    assert (before, after) == (
        ["first", "1", f"{ARN}f:live"],
        ["second", "2", f"{ARN}f:live"],
    )
    assert [(c["version"], c.get("alias")) for c in changes] == [
        ("1", None),
        ("1", "live"),
        ("$LATEST", None),
        ("2", None),
        ("2", "live"),
    ]


@pytest.mark.parametrize("name", ["2024", "a b", "", "ä", "a" * 129])
def test_what_cannot_be_the_name_of_an_alias_is_refused(name: str) -> None:
    """Invoke case 34."""
    with pytest.raises(ValidationFailed, match="1 validation error detected: Value '"):
        check_name(name)


@pytest.mark.parametrize("name", ["2024-01-02", "PROD", "a", "a" * 128])
def test_other_names_of_aliases_are_taken(name: str) -> None:
    """Invoke case 34."""
    check_name(name)


@pytest.mark.parametrize(
    ("version", "weights", "error", "text"),
    [
        ("1", {"2": 0.1, "3": 0.1}, InvalidParameterValue, "cannot be greater than 1"),
        ("1", {"2": 1.1}, ValidationFailed, "less than or equal to 1.0"),
        ("1", {"2": -0.1}, ValidationFailed, "greater than or equal to 0.0"),
        ("$LATEST", {"2": 0.1}, InvalidParameterValue, r"\$LATEST is not supported"),
        ("1", {"$LATEST": 0.1}, InvalidParameterValue, r"\$LATEST is not supported"),
        ("1", {"1": 0.1}, InvalidParameterValue, "already included"),
        ("4", {}, ResourceNotFound, "Function not found: .*:f:4"),
        ("1", {"4": 0.1}, ResourceNotFound, "Function not found: .*:f:4"),
    ],
)
def test_an_alias_that_leads_nowhere_sensible_is_refused(
    version: str, weights: dict[str, float], error: type[InvokeError], text: str
) -> None:
    functions = Functions([function(first)], Place(), Chance(0))
    for timeout in (1, 2, 3):
        functions.update("f", timeout=timeout)
        functions.publish("f")
    with pytest.raises(error, match=text):
        functions.put_alias("f", "live", version, weights)
    assert functions.alias("f", "live") is None


def test_an_unknown_version_or_alias_is_not_found() -> None:
    functions = Functions([function(first)], Place(), Chance(0))
    for qualifier in ("1", "live"):
        with pytest.raises(ResourceNotFound, match=f"Function not found: {ARN}f:{qualifier}"):
            functions.find("f", qualifier)


@pytest.mark.parametrize(("chance", "version"), [(0.0, "2"), (0.099, "2"), (0.1, "1"), (0.9, "1")])
def test_a_draw_below_the_weight_goes_to_the_second_version(chance: float, version: str) -> None:
    assert Alias("1", (("2", 0.1),)).draw(chance) == version
