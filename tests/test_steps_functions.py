"""The steps update, publish and shift on functions: what changes, for whom, and what stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from eventsim.errors import InvokeError, ScenarioError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Simulation, run
from tests.functions import ARN

ROLE = "arn:aws:iam::123456789012:role/"
QUEUES: dict[str, Any] = {name: {"type": "sqs"} for name in ("first", "second")}


def fails(event: Any, context: Any) -> None:
    raise ValueError("boom")


def dead_letters(queue: str) -> dict[str, Any]:
    return {"DeadLetterQueue": {"Type": "SQS", "TargetArn": queue}}


def on_failure(queue: str, **more: Any) -> dict[str, Any]:
    destinations = {"DestinationConfig": {"OnFailure": {"Destination": queue}}}
    return {"EventInvokeConfig": {**destinations, **more}}


def update(at: str, **properties: Any) -> dict[str, Any]:
    return {"at": at, "update": "f", "Properties": properties}


def event(at: str, function: str = "f", **more: Any) -> dict[str, Any]:
    return {"at": at, "invoke": function, "type": "Event", "payload": {}, **more}


def scenario(function: dict[str, Any], timeline: Sequence[dict[str, Any]], **more: Any) -> Scenario:
    functions = {"f": {"Handler": fails, "init_duration": "100ms", **function}}
    values = {"name": "small", "resources": QUEUES, "functions": functions}
    return Scenario.of({**values, "timeline": list(timeline), **more})


def told(made: Scenario, *kinds: str) -> list[Entry]:
    sink = MemorySink()
    run(made, Options(sinks=[sink]))
    return [entry for entry in sink.entries if entry.kind in kinds]


def delivered(made: Scenario) -> list[tuple[str, str]]:
    """To which config and which queue, in the order of delivery."""
    found = told(made, "destination_delivered")
    return [(e.fields["config"], e.fields["destination"].rpartition(":")[2]) for e in found]


def test_an_update_leads_dead_letters_elsewhere_and_a_version_keeps_its_own() -> None:
    once = {"EventInvokeConfig": {"MaximumRetryAttempts": 0}}
    made = scenario(
        {**dead_letters("first"), **once},
        [
            {"at": "1s", "publish": "f"},
            event("2s"),
            update("3s", **dead_letters("second")),
            event("4s"),
            event("5s", "f:1"),
        ],
    )
    assert delivered(made) == [
        ("DeadLetterQueue", "first"),
        ("DeadLetterQueue", "second"),
        ("DeadLetterQueue", "first"),
    ]


def test_an_event_invoke_config_is_of_no_version_and_restarts_no_environment() -> None:
    live = {"AutoPublishAlias": "live"}
    made = scenario(
        {**on_failure("first", MaximumRetryAttempts=0), **live},
        [
            event("1s", "f:live"),
            update("2s", **on_failure("second", MaximumRetryAttempts=1)),
            event("3s", "f:live"),
            {"at": "300s", "publish": "f"},
        ],
    )
    sink = MemorySink()
    run(made, Options(sinks=[sink]))
    records = [e.fields for e in sink.entries if e.kind == "destination_delivered"]
    assert [r["destination"].rpartition(":")[2] for r in records] == ["first", "second"]
    kinds = [entry.kind for entry in sink.entries]
    assert (kinds.count("environment_started"), kinds.count("invocation_started")) == (1, 3)
    *_, published = (e for e in sink.entries if e.kind == "function_changed")
    assert (published.fields["version"], published.because) == (
        "1",
        "nothing has changed since it was published",
    )


def test_events_that_wait_go_by_the_config_that_is_there_when_they_are_tried() -> None:
    made = scenario(
        {},
        [event("1s"), update("2s", EventInvokeConfig={"MaximumRetryAttempts": 1})],
    )
    assert len(told(made, "invocation_started")) == 2


def test_an_event_that_was_found_before_an_update_runs_what_is_there_now() -> None:
    """Whoever comes next finds the same environment, and none of the old code."""
    made = scenario(
        {"ReservedConcurrentExecutions": 1, "duration": "1500ms"},
        [
            {"at": "1s", "invoke": "f", "payload": {}},
            event("1.2s"),
            update("1.3s", Timeout=9),
            {"at": "10s", "invoke": "f", "payload": {}},
        ],
    )
    assert len(told(made, "environment_started")) == 2


def test_a_role_that_an_update_gives_decides_from_then_on() -> None:
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    identities = {
        "sends": {"Policies": [{"Version": "2012-10-17", "Statement": [send]}]},
        "mute": {},
    }
    once = {"EventInvokeConfig": {"MaximumRetryAttempts": 0}}
    made = scenario(
        {**dead_letters("first"), **once, "Role": "sends"},
        [event("1s"), update("2s", Role="mute"), event("3s")],
        identities=identities,
    )
    found = told(made, "destination_delivered", "destination_failed")
    assert [entry.kind for entry in found] == ["destination_delivered", "destination_failed"]
    assert found[1].fields["code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        (dead_letters("third"), "which is no resource of the scenario; there are: first, second"),
        (on_failure("f"), "You can't specify the function as a destination for itself."),
        ({"EventInvokeConfig": {}}, "You must specify at least one of error handling"),
        ({"EventInvokeConfig": {"MaximumRetryAttempts": 3}}, "less than or equal to 2"),
        ({"Role": "nobody"}, "which is no identity of the scenario"),
        ({"Role": "strange"}, "cannot be assumed by Lambda"),
        ({"AutoPublishAlias": "live"}, "of a function cannot be updated"),
    ],
)
def test_what_lambda_refuses_in_an_update_is_refused_before_the_run(
    properties: dict[str, Any], text: str
) -> None:
    nobody = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    trust = {"Version": "2012-10-17", "Statement": [{**nobody, "Action": "sts:AssumeRole"}]}
    identities = {"strange": {"AssumeRolePolicyDocument": trust}}
    with pytest.raises(ScenarioError) as refused:
        scenario({}, [update("1s", **properties)], identities=identities)
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("update_properties", "what"),
    [
        (dead_letters("second"), "dead-letter queue configuration"),
        ({"Role": "other"}, "execution role"),
    ],
)
def test_an_alias_leads_to_two_versions_only_with_one_role_and_one_dead_letter_queue(
    update_properties: dict[str, Any], what: str
) -> None:
    made = scenario(
        {"AutoPublishAlias": "live", **dead_letters("first"), "Role": "one"},
        [
            update("1s", **update_properties),
            {"at": "2s", "publish": "f"},
            {"at": "3s", "shift": "f:live", "to": "2", "weight": 0.5},
        ],
        identities={"one": {}, "other": {}},
    )
    with pytest.raises(InvokeError, match=f"Function versions 1 and 2 must have the same {what}"):
        run(made)


def test_provisioned_concurrency_follows_its_alias() -> None:
    provisioned = {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}}
    moments = ("5s", "15s", "25s")
    calls: list[Any] = [{"at": at, "invoke": "f:live", "payload": {}} for at in moments]
    made = scenario(
        {"AutoPublishAlias": "live", **provisioned, "init_duration": "1s"},
        [
            *calls,
            update("10s", Timeout=9),
            {"at": "10s", "publish": "f", "alias": "live"},
            {"at": "20s", "shift": "f:live", "to": "1"},
        ],
    )
    sink = MemorySink()
    run(made, Options(sinks=[sink]))
    changed = [e for e in sink.entries if e.kind == "function_changed" and "status" in e.fields]
    assert [(e.time, e.fields["version"], e.fields["status"]) for e in changed] == [
        (0.0, "1", "IN_PROGRESS"),
        (1.0, "1", "READY"),
        (10.0, "2", "IN_PROGRESS"),
        (11.0, "2", "READY"),
        (20.0, "1", "IN_PROGRESS"),
        (21.0, "1", "READY"),
    ]
    finished = [e for e in sink.entries if e.kind == "invocation_finished"]
    assert [(e.fields["version"], "init" in e.fields) for e in finished] == [
        ("1", False),
        ("2", False),
        ("1", False),
    ]
    stopped = [(e.time, e.because) for e in sink.entries if e.kind == "environment_stopped"]
    withdrawn = "its provisioned concurrency was withdrawn"
    assert stopped[:4] == [(10.0, withdrawn)] * 2 + [(20.0, withdrawn)] * 2


async def test_an_alias_that_moves_during_the_provisioning_takes_it_along() -> None:
    provisioned = {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}}
    made = scenario(
        {"AutoPublishAlias": "live", **provisioned, "init_duration": "5s"},
        [update("1s", Timeout=9), {"at": "2s", "publish": "f", "alias": "live"}],
    )
    sink = MemorySink()
    async with Simulation(made, Options(sinks=[sink])) as simulation:
        await simulation.run()
        concurrency = simulation.setting.environments.concurrency
        assert concurrency.most("f") == 1_000 - 2
    changed = [e for e in sink.entries if e.kind == "function_changed" and "status" in e.fields]
    assert [(e.time, e.fields["version"], e.fields["status"]) for e in changed] == [
        (0.0, "1", "IN_PROGRESS"),
        (2.0, "2", "IN_PROGRESS"),
        (7.0, "2", "READY"),
    ]


def test_a_role_by_its_arn_is_the_identity_of_that_name() -> None:
    made = scenario(
        {},
        [update("1s", Role=f"{ROLE}mute"), event("2s")],
        identities={"mute": {}},
    )
    (changed,) = told(made, "function_changed")
    assert (changed.fields["function"], changed.because) == ("f", "updated Role")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("f", "$LATEST"),
        ("f:$LATEST", "$LATEST"),
        ("f:live", "1"),
        (f"{ARN}f", "$LATEST"),
        (f"{ARN}f:1", "1"),
        ("123456789012:function:f:live", "1"),
    ],
)
def test_a_step_names_a_function_as_callers_do(text: str, version: str) -> None:
    made = scenario({"AutoPublishAlias": "live"}, [{"at": "1s", "invoke": text}])
    assert [e.fields["version"] for e in told(made, "invocation_started")] == [version]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("g:live", "is 'g', which is no function of the scenario"),
        (f"{ARN}g", "is 'g', which is no function of the scenario"),
        (ARN.replace("us-east-1", "eu-west-1") + "f", "are not reachable in this region"),
        ("f g", "1 validation error detected: Value 'f g' at 'functionName'"),
    ],
)
def test_what_names_no_function_is_refused_before_the_run(text: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario({}, [{"at": "1s", "invoke": text}])
    assert fault in str(refused.value)
