"""The steps grant and revoke, and the services that push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import AccessDenied, PermissionRefused
from eventsim.journal.sinks import MemorySink
from eventsim.rules.function_policies import Permission
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Simulation, run
from eventsim.types import Caller, InvokeRequest, InvokeResult, Payload

ACCOUNT = "123456789012"


def scenario(function: dict[str, Any], timeline: Sequence[dict[str, Any]] = ()) -> Scenario:
    """A function that takes everything, and somebody called ann."""
    values = {
        "name": "small",
        "identities": {"ann": {}},
        "functions": {"f": {"Handler": lambda event, context: None, **function}},
        "timeline": list(timeline),
    }
    return Scenario.of(values, Path(__file__).parent)


async def test_a_simulation_lets_python_grant_and_ask() -> None:
    values = scenario({"permissions": []})
    async with Simulation(values) as simulation:
        who = Caller(values.identity_arns()["ann"])
        asked = InvokeRequest("f", Payload(dict), "r", "DryRun", caller=who)

        assert who == Caller(f"arn:aws:iam::{ACCOUNT}:role/ann")
        with pytest.raises(AccessDenied):
            await simulation.invoker.invoke(asked)
        simulation.permissions.add("f", Permission("ann", who.principal))
        assert await simulation.invoker.invoke(asked) == InvokeResult(204)


PUSH = {"at": "2s", "push": "s3", "to": "f", "with": {"bucket": "photos"}}
GRANT = {"grant": "f", "StatementId": "s3", "Principal": "s3.amazonaws.com"}
REVOKE = {"at": "1s", "revoke": "f", "StatementId": "s3"}
ALLOWED = [{"StatementId": "s3", "Principal": "s3.amazonaws.com"}]


@pytest.mark.parametrize(
    ("function", "steps", "may"),
    [
        ({}, [], True),
        ({"permissions": []}, [], False),
        ({"permissions": ALLOWED}, [], True),
        ({"permissions": ALLOWED}, [REVOKE], False),
        ({}, [{"at": "1s", **GRANT}], True),
        ({}, [{"at": "3s", **GRANT}], False),
        ({}, [{"at": "1s", **GRANT, "SourceArn": "arn:aws:s3:::letters"}], False),
        ({}, [{"at": "1s", **GRANT, "SourceArn": "arn:aws:s3:::photos"}], True),
        ({}, [{"at": "1s", **GRANT, "SourceAccount": "999999999999"}], False),
    ],
)
def test_a_service_may_push_where_nobody_says_more_or_a_policy_says_so(
    function: dict[str, Any], steps: list[dict[str, Any]], may: bool
) -> None:
    """invoke case 36, by steps of a timeline."""
    sink = MemorySink()
    run(scenario(function, [PUSH, *steps]), Options(sinks=[sink]))

    kinds = {entry.kind for entry in sink.entries}
    assert kinds & {"invocation_started", "invocation_denied"} == {
        "invocation_started" if may else "invocation_denied"
    }


def test_what_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(PermissionRefused, match="No policy is associated with the given resource"):
        run(scenario({}, [REVOKE]))


def test_a_permission_may_be_for_an_alias_of_the_scenario() -> None:
    alias = {"StatementId": "s3", "Principal": "s3.amazonaws.com", "Qualifier": "live"}
    function = {"AutoPublishAlias": "live", "permissions": [alias]}
    steps = [{**PUSH, "to": "f:live"}, {**PUSH, "at": "3s"}]
    sink = MemorySink()
    run(scenario(function, steps), Options(sinks=[sink]))

    kinds = [e.kind for e in sink.entries if e.kind in ("invocation_denied", "invocation_started")]
    assert kinds == ["invocation_started", "invocation_denied"]
