"""Cognito: the whole event comes back, with its response filled in, in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.errors import EventsimError
from eventsim.journal.sinks import MemorySink
from eventsim.push import read
from eventsim.push.builders import builder, builders, module_of
from eventsim.types import Answer, InvokeResult, Scene


def answered(event: str, response: Any, **changes: Any) -> Answer:
    asked = builder("cognito", event).event(Scene())
    told = {**asked, "response": response, **changes}
    return read(module_of("cognito"), InvokeResult(200, json.dumps(told).encode()), asked)


@pytest.mark.parametrize("event", builders("cognito"))
def test_the_event_itself_is_an_answer(event: str) -> None:
    asked = builder("cognito", event).event(Scene())
    result = InvokeResult(200, json.dumps(asked).encode())
    assert read(module_of("cognito"), result, asked).accepted


@pytest.mark.parametrize(
    ("event", "response", "because"),
    [
        ("pre-signup", {"autoConfirmUser": "true"}, "autoConfirmUser is a string"),
        ("pre-signup", None, "response is null; it has to be an object"),
        ("custom-message", {"smsMessage": 5}, "smsMessage is a number"),
        ("define-auth-challenge", {"issueTokens": "yes"}, "issueTokens is a string"),
        ("verify-auth-challenge", {"answerCorrect": 1}, "answerCorrect is a number"),
        ("user-migration", {"finalUserStatus": "FINE"}, "has to be one of CONFIRMED"),
        ("pre-token-generation", {"claimsOverrideDetails": []}, "is an array"),
    ],
)
def test_a_response_of_the_wrong_type_is_refused(event: str, response: Any, because: str) -> None:
    found = answered(event, response)
    assert (found.accepted, because in str(found.because)) == (False, True)


def test_another_event_and_a_failure_are_no_answer() -> None:
    asked = builder("cognito", "pre-signup").event(Scene())
    assert "not the event" in str(answered("pre-signup", {}, triggerSource="X").because)
    failed = read(module_of("cognito"), InvokeResult(200, b"{}", "Unhandled"), asked)
    assert failed.because == "the function failed: Unhandled"
    assert answered("pre-signup", {"autoConfirmUser": True}).value == {"autoConfirmUser": True}


@pytest.mark.parametrize(("seconds", "times"), [(4, 1), (6, 3)])
def test_it_waits_for_five_seconds_and_asks_three_times(seconds: int, times: int) -> None:
    function = {
        "Handler": lambda event, context: event,
        "Timeout": 30,
        "duration": f"{seconds}s",
    }
    step = {"at": "1s", "push": "cognito", "event": "pre-signup", "to": "f"}
    values = {"name": "s", "functions": {"f": function}, "timeline": [step]}
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    answers = [entry.because for entry in sink.entries if entry.kind == "push_answered"]
    assert answers == ([None] if times == 1 else ["no answer within 5 s"] * 3)


def test_attributes_and_challenges_have_their_form() -> None:
    made = builder("cognito", "pre-signup").event(Scene(), {"attribute": ["custom:plan=a=b"]})
    assert made["request"]["userAttributes"] == {
        "email": "alice@example.com",
        "custom:plan": "a=b",
    }
    done = {"done": ["CUSTOM_CHALLENGE=false"]}
    made = builder("cognito", "define-auth-challenge").event(Scene(), done)
    assert made["request"]["session"] == [
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": False}
    ]
    for event, given in (
        ("pre-signup", {"attribute": ["plan"]}),
        ("define-auth-challenge", {"done": ["GUESS=true"]}),
        ("define-auth-challenge", {"done": ["SRP_A"]}),
    ):
        with pytest.raises(EventsimError, match="write"):
            builder("cognito", event).event(Scene(), given)
