"""Alexa Smart Home: an answer has to be of the directive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.journal.sinks import MemorySink
from eventsim.push import read
from eventsim.push.builders import builder, module_of
from eventsim.types import Answer, InvokeResult, Scene


def answered(event: str, namespace: str, name: str, payload: Any = None, **header: Any) -> Answer:
    """What Alexa makes of an answer with this header, whose token is the directive's."""
    asked = builder("alexa_smart_home", event).event(Scene())
    told = {
        "namespace": namespace,
        "name": name,
        "payloadVersion": "3",
        "messageId": "1",
        "correlationToken": asked["directive"]["header"].get("correlationToken"),
        **header,
    }
    told = {key: value for key, value in told.items() if value is not None}
    answer = {"event": {"header": told, "payload": {} if payload is None else payload}}
    result = InvokeResult(200, json.dumps(answer).encode())
    return read(module_of("alexa_smart_home"), result, asked)


LAMP = {
    "endpointId": "lamp",
    "manufacturerName": "us",
    "description": "a lamp",
    "friendlyName": "lamp",
    "displayCategories": ["LIGHT"],
    "capabilities": [{"type": "AlexaInterface", "interface": "Alexa", "version": "3"}],
}


@pytest.mark.parametrize(
    ("event", "namespace", "name", "payload"),
    [
        ("turn-on", "Alexa", "Response", {}),
        ("turn-off", "Alexa", "DeferredResponse", {}),
        ("set-brightness", "Alexa", "Response", {}),
        ("report-state", "Alexa", "StateReport", {}),
        ("discovery", "Alexa.Discovery", "Discover.Response", {"endpoints": [LAMP]}),
        ("accept-grant", "Alexa.Authorization", "AcceptGrant.Response", {}),
    ],
)
def test_each_directive_has_its_answer(event: str, namespace: str, name: str, payload: Any) -> None:
    assert answered(event, namespace, name, payload).accepted
    assert not answered(event, "Alexa.Other", name, payload).accepted


@pytest.mark.parametrize(
    ("header", "because"),
    [
        ({"correlationToken": "other"}, "correlationToken is not that of the directive"),
        ({"correlationToken": None}, "correlationToken is not that of the directive"),
        ({"payloadVersion": "2"}, "payloadVersion is '2'"),
        ({"messageId": None}, "messageId has to be a string"),
        ({"name": "StateReport"}, "it has to be Alexa Response"),
    ],
)
def test_a_header_that_is_not_of_the_answer_is_refused(
    header: dict[str, Any], because: str
) -> None:
    found = answered("turn-on", "Alexa", **{"name": "Response", **header})
    assert (found.accepted, because in str(found.because)) == (False, True)


def test_an_error_is_an_answer_and_what_was_discovered_is_whole() -> None:
    payload = {"type": "ENDPOINT_UNREACHABLE", "message": "away"}
    error = answered("turn-on", "Alexa", "ErrorResponse", payload)
    assert (error.accepted, error.because) == (True, "ENDPOINT_UNREACHABLE: away")
    half = {"endpoints": [{**LAMP, "capabilities": []}]}
    found = answered("discovery", "Alexa.Discovery", "Discover.Response", half)
    assert found.because == "event.payload.endpoints[0] has no capabilities"


def test_the_permission_of_a_skill_sees_the_token_that_the_step_says() -> None:
    step = {"push": "alexa_smart_home", "to": "home"}
    permission = {
        "StatementId": "skill",
        "Principal": "alexa-connectedhome.amazon.com",
        "EventSourceToken": "mine",
    }
    function = {"Handler": lambda event, context: {}, "permissions": [permission]}
    values = {
        "name": "home",
        "functions": {"home": function},
        "timeline": [
            {"at": "1s", **step, "EventSourceToken": "mine"},
            {"at": "2s", **step, "EventSourceToken": "other"},
            {"at": "3s", **step},
        ],
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    kinds = [entry.kind for entry in sink.entries if entry.kind.startswith("push_")]
    assert kinds == ["push_answered", "push_failed", "push_failed"]
