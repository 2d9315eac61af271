"""A custom resource lives from create through replacement to delete, by what its function puts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cfnresponse
import pytest
import urllib3

from eventsim import Options, Scenario, run
from eventsim.journal.sinks import MemorySink
from eventsim.rules.custom_resources import as_strings, read_response

Handler = Callable[[Any, Any], Any]
STEP = {"push": "cloudformation", "to": "seed"}
REQUEST = {
    "RequestType": "Create",
    "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1",
    "RequestId": "r",
    "LogicalResourceId": "Seed",
}


def played(handler: Handler, *steps: dict[str, Any], **more: Any) -> list[tuple[Any, ...]]:
    """What a run's resources went through: (time, state, physical id, reason)."""
    return [
        (round(entry.time, 3), entry.fields["state"], entry.fields["physical_id"], entry.because)
        for entry in journal(handler, *steps, **more)
        if entry.kind == "resource_changed"
    ]


def journal(handler: Handler, *steps: dict[str, Any], **more: Any) -> list[Any]:
    values = {
        "name": "small",
        "functions": {"seed": {"Handler": handler}},
        "timeline": [{"at": f"{60 * n}s", **STEP, **step} for n, step in enumerate(steps)],
        **more,
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    return sink.entries


def put(event: Any, **changes: Any) -> Any:
    """The answer of S3 to a response of one's own."""
    said = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "p", **said, **changes})
    headers = {"Content-Type": ""}
    return urllib3.request("PUT", event["ResponseURL"], body=body, headers=headers)


@pytest.mark.parametrize("profile", ["today", "2017"])
def test_a_resource_lives_from_create_through_replacement_to_delete(profile: str) -> None:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> None:
        seen.append(event)
        table = event["ResourceProperties"]["Table"]
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Rows": 3}, f"seed-{table}")

    steps: list[dict[str, Any]] = [
        {"event": "create", "with": {"properties": {"Table": "a", "Rows": 3, "Fast": True}}},
        {"event": "update", "with": {"properties": {"Table": "a", "Rows": 4}}},
        {"event": "update", "with": {"properties": {"Table": "b"}}},
        {"event": "delete"},
    ]
    states = played(handler, *steps, profile=profile)

    assert [(state, physical_id) for _, state, physical_id, _ in states] == [
        ("CREATE_IN_PROGRESS", None),
        ("CREATE_COMPLETE", "seed-a"),
        ("UPDATE_IN_PROGRESS", "seed-a"),
        ("UPDATE_COMPLETE", "seed-a"),
        ("UPDATE_IN_PROGRESS", "seed-a"),
        ("UPDATE_COMPLETE", "seed-b"),
        ("DELETE_IN_PROGRESS", "seed-a"),
        ("DELETE_COMPLETE", "seed-a"),
        ("DELETE_IN_PROGRESS", "seed-b"),
        ("DELETE_COMPLETE", "seed-b"),
    ]
    token = "arn:aws:lambda:us-east-1:123456789012:function:seed"
    told = [
        (e["RequestType"], e.get("PhysicalResourceId"), e.get("OldResourceProperties"))
        for e in seen
    ]
    first = {"ServiceToken": token, "Table": "a", "Rows": "3", "Fast": "true"}
    second = {"ServiceToken": token, "Table": "a", "Rows": "4"}
    assert told == [
        ("Create", None, None),
        ("Update", "seed-a", first),
        ("Update", "seed-a", second),
        ("Delete", "seed-a", None),
        ("Delete", "seed-b", None),
    ]
    assert [e["ResourceProperties"]["Table"] for e in seen] == ["a", "a", "b", "a", "b"]
    assert len({e["StackId"] for e in seen}) == 1
    assert len({e["RequestId"] for e in seen}) == len({e["ResponseURL"] for e in seen}) == 5
    assert {e["ServiceToken"] for e in seen} == {token}


def test_the_same_run_has_the_same_journal_wherever_the_address_is() -> None:
    def told() -> list[Any]:
        def handler(event: Any, context: Any) -> None:
            put(event)

        entries = journal(handler, {"event": "create"}, {"event": "delete"})
        return [(entry.time, entry.kind, entry.because, entry.fields) for entry in entries]

    assert told() == told()


def test_a_child_process_answers_as_well_as_a_handler_in_this_one() -> None:
    functions = {
        "seed": {
            "Handler": "seed_data.handler",
            "CodeUri": "../fixtures/handlers",
            "run_in": "python",
            "Timeout": 30,
        }
    }
    step = {"event": "create", "with": {"properties": {"Table": "a", "Rows": 1}}}
    states = played(lambda event, context: None, step, {"event": "delete"}, functions=functions)
    assert [(state, physical_id) for _, state, physical_id, _ in states] == [
        ("CREATE_IN_PROGRESS", None),
        ("CREATE_COMPLETE", "seed-a"),
        ("DELETE_IN_PROGRESS", "seed-a"),
        ("DELETE_COMPLETE", "seed-a"),
    ]


def test_in_real_time_a_response_is_found_as_well() -> None:
    def handler(event: Any, context: Any) -> None:
        put(event)

    time = {"real": {"speed": 100}}
    assert [state for _, state, *_ in played(handler, {"event": "create"}, time=time)] == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]


def test_the_profile_says_how_the_function_is_invoked() -> None:
    def types(profile: str) -> list[str]:
        def handler(event: Any, context: Any) -> None:
            put(event)

        entries = journal(handler, {"event": "create"}, profile=profile)
        return [e.fields["type"] for e in entries if e.kind == "event_pushed"]

    assert (types("today"), types("2017")) == (["Event"], ["RequestResponse"])


def test_a_function_that_never_answers_fails_the_stack_after_an_hour() -> None:
    states = played(lambda event, context: None, {"event": "create"})

    assert [(time, state) for time, state, _, _ in states] == [
        (0.0, "CREATE_IN_PROGRESS"),
        (3600.0, "CREATE_FAILED"),
        (3600.0, "DELETE_IN_PROGRESS"),
        (7200.0, "DELETE_FAILED"),
    ]


def test_service_timeout_is_how_long_it_waits() -> None:
    states = played(
        lambda event, context: None, {"event": "delete", "with": {"service_timeout": 30}}
    )
    assert [(time, state) for time, state, _, _ in states] == [
        (0.0, "DELETE_IN_PROGRESS"),
        (30.0, "DELETE_FAILED"),
    ]


def test_a_failed_create_is_deleted_by_an_id_that_is_made_up() -> None:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> None:
        seen.append(event)
        status = "FAILED" if event["RequestType"] == "Create" else "SUCCESS"
        put(event, Status=status, Reason="no room", PhysicalResourceId=None)

    states = played(handler, {"event": "create"})

    assert [state for _, state, _, _ in states] == [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "DELETE_IN_PROGRESS",
        "DELETE_FAILED",  # it answered without the id
    ]
    assert seen[1]["PhysicalResourceId"].startswith("orders-SeedData-")


def test_a_failed_update_is_undone_with_the_old_properties() -> None:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> None:
        seen.append(event)
        table = event["ResourceProperties"]["Table"]
        failed = (event["RequestType"], table) == ("Update", "b")
        status = "FAILED" if failed else "SUCCESS"
        put(event, Status=status, Reason="no b", PhysicalResourceId=f"seed-{table}")

    states = played(
        handler,
        {"event": "create", "with": {"properties": {"Table": "a"}}},
        {"event": "update", "with": {"properties": {"Table": "b"}}},
    )

    assert [(state, physical_id) for _, state, physical_id, _ in states[2:]] == [
        ("UPDATE_IN_PROGRESS", "seed-a"),
        ("UPDATE_FAILED", "seed-b"),
        ("UPDATE_IN_PROGRESS", "seed-b"),
        ("UPDATE_ROLLBACK_COMPLETE", "seed-a"),
        ("DELETE_IN_PROGRESS", "seed-b"),
        ("DELETE_COMPLETE", "seed-b"),
    ]
    assert [e["ResourceProperties"]["Table"] for e in seen] == ["a", "b", "a", "b"]


def test_the_address_takes_one_put_that_is_signed_and_small() -> None:
    answers: list[int] = []

    def handler(event: Any, context: Any) -> None:
        url = event["ResponseURL"]
        for sent, headers, body in (
            (url + "0", {"Content-Type": ""}, b"{}"),
            (url, {"Content-Type": "application/json"}, b"{}"),
            (url, {"Content-Type": ""}, b"x" * 4097),
        ):
            answers.append(urllib3.request("PUT", sent, body=body, headers=headers).status)
        answers.extend(put(event).status for _ in range(2))

    states = played(handler, {"event": "create"})

    assert answers == [403, 403, 400, 200, 403]
    assert states[-1][1] == "CREATE_COMPLETE"


def test_a_function_that_may_not_be_invoked_fails_the_stack_at_once() -> None:
    functions = {"seed": {"Handler": lambda event, context: None, "permissions": []}}
    states = played(lambda event, context: None, {"event": "delete"}, functions=functions)
    assert [(time, state) for time, state, _, _ in states] == [
        (0.0, "DELETE_IN_PROGRESS"),
        (0.0, "DELETE_FAILED"),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"ok", "the response is not JSON"),
        (b"[]", "the response is not a JSON object"),
        ({"StackId": "x"}, "the response has StackId 'x', the request"),
        ({"Status": "OK"}, "the response has Status 'OK'; it is SUCCESS or FAILED"),
        ({"Status": "FAILED", "Reason": ""}, "the response has failed without a Reason"),
        ({"PhysicalResourceId": ""}, "the response has no PhysicalResourceId"),
        ({"PhysicalResourceId": 5}, "the response has PhysicalResourceId 5, which is no text"),
        ({"PhysicalResourceId": "é" * 513}, "a PhysicalResourceId of over 1024 bytes"),
        ({"Data": [1]}, "the response has Data [1], which is no object"),
    ],
)
def test_a_response_that_is_none_has_failed_with_the_reason(body: Any, reason: str) -> None:
    good = {**REQUEST, "Status": "SUCCESS", "PhysicalResourceId": "p"}
    sent = body if isinstance(body, bytes) else json.dumps({**good, **body}).encode()
    response = read_response(sent, REQUEST)
    assert not response.succeeded
    assert reason in str(response.reason)


def test_properties_reach_the_function_as_texts() -> None:
    assert as_strings({"a": [1, True, 1.5], "b": {"c": None}}) == {
        "a": ["1", "true", "1.5"],
        "b": {"c": "null"},
    }
