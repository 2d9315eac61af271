"""Lines of log groups reach the functions that subscribe to them, as CloudWatch Logs sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.errors import EventsimError, ScenarioError
from eventsim.journal.sinks import MemorySink
from eventsim.rules.log_events import decoded


def played(pattern: str, *steps: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """What a function got that subscribes to a group."""
    seen: list[dict[str, Any]] = []
    properties = {"LogGroupName": more.pop("group", "/shop/web"), "FilterPattern": pattern}
    reader = {
        "Handler": lambda event, context: seen.append(decoded(event)),
        "Events": {"Lines": {"Type": "CloudWatchLogs", "Properties": properties}},
        **more.pop("reader", {}),
    }
    functions = {"reader": reader, **more.pop("functions", {})}
    timeline = [{"at": "1s", **step} for step in steps]
    values = {"name": "small", "functions": functions, "timeline": timeline}
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[MemorySink()]))
    return seen


def test_what_matches_of_what_was_written_at_once_comes_in_one_event() -> None:
    step = {"log": "/shop/web", "stream": "web-1", "messages": ["ERROR a", "INFO b", "ERROR c"]}
    (told,) = played("ERROR", step, {"log": "/shop/other", "messages": ["ERROR d"]})
    assert told["messageType"] == "DATA_MESSAGE"
    assert told["owner"] == "123456789012"
    assert (told["logGroup"], told["logStream"]) == ("/shop/web", "web-1")
    assert told["subscriptionFilters"] == ["readerLines"]
    events = told["logEvents"]
    assert [(each["message"], each["timestamp"]) for each in events] == [
        ("ERROR a", 1_767_225_601_000),
        ("ERROR c", 1_767_225_601_000),
    ]
    assert [len(each["id"]) for each in events] == [56, 56]
    assert events[0]["id"] < events[1]["id"]


def test_fields_that_a_filter_found_are_told_beside_the_line() -> None:
    step = {"log": "/shop/web", "messages": ["10.0.0.1 GET 500", "10.0.0.2 GET 200"]}
    (told,) = played("[ip, verb, status = 5*]", step)
    (event,) = told["logEvents"]
    assert event["extractedFields"] == {"ip": "10.0.0.1", "verb": "GET", "status": "500"}


def test_what_matches_nothing_invokes_nobody() -> None:
    assert played("ERROR", {"log": "/shop/web", "messages": ["INFO"]}) == []


def orders(event: Any, context: Any) -> None:
    print("taken")


def test_a_functions_log_is_that_group_with_lambdas_own_lines() -> None:
    (told,) = played(
        "",
        {"invoke": "orders"},
        functions={"orders": {"Handler": orders}},
        group="/aws/lambda/orders",
        reader={"permissions": []},
    )
    messages = [each["message"] for each in told["logEvents"]]
    assert [message.split()[0] for message in messages] == ["START", "taken", "END", "REPORT"]
    assert all(message.endswith("\n") for message in messages)
    assert told["logStream"].startswith("2026/01/01/[$LATEST]")


def test_a_pattern_that_is_none_is_refused_with_its_place() -> None:
    with pytest.raises(ScenarioError, match=r"Events.Lines.Properties: .*ends in }"):
        played("{ $.a = 1")


def test_a_function_may_not_get_its_own_log() -> None:
    with pytest.raises(EventsimError, match="gets its own log runs for ever"):
        played("", group="/aws/lambda/reader")
