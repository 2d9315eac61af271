"""Lex: an answer says how the dialog goes on, and the session keeps what is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventsim import Options, Scenario, run
from eventsim.errors import EventsimError
from eventsim.journal.sinks import MemorySink
from eventsim.push import read
from eventsim.push.builders import builder, module_of
from eventsim.types import InvokeResult, Scene


def told(kind: str, messages: Any = None, **intent: Any) -> dict[str, Any]:
    action = {"type": kind, **({"slotToElicit": "Nights"} if kind == "ElicitSlot" else {})}
    state = {"dialogAction": action, "intent": {"name": "BookHotel", **intent}}
    return {"sessionState": state, **({} if messages is None else {"messages": messages})}


PLAIN = {"contentType": "PlainText", "content": "hi"}


@pytest.mark.parametrize(
    ("value", "because"),
    [
        (told("Delegate"), None),
        (told("Close", state="Fulfilled"), None),
        (told("ElicitSlot", [PLAIN]), None),
        (told("ElicitIntent", [PLAIN]), None),
        ({}, "sessionState is null; it has to be an object"),
        ({"sessionState": {}}, "sessionState.dialogAction is null"),
        (told("Later"), "dialogAction.type is 'Later'"),
        (told("Close"), "intent.state is None; it has to be one of Failed, Fulfilled"),
        (told("ElicitIntent"), "ElicitIntent needs one"),
        ({"sessionState": {"dialogAction": {"type": "ElicitSlot"}}}, "ElicitSlot needs it"),
        ({"sessionState": {"dialogAction": {"type": "Delegate"}}}, "sessionState.intent is null"),
        (told("Delegate", {}), "messages is an object"),
        (told("Delegate", [PLAIN] * 6), "messages has 6 of them; at most 5 may be"),
        (told("Delegate", [{"contentType": "Text"}]), "messages[0].contentType is 'Text'"),
    ],
)
def test_an_answer_is_held_to_the_contract(value: Any, because: str | None) -> None:
    asked = builder("lex", "dialog").event(Scene())
    answer = read(module_of("lex"), InvokeResult(200, json.dumps(value).encode()), asked)
    assert answer.accepted == (because is None), answer.because
    assert because is None or because in str(answer.because)


def test_a_session_keeps_its_attributes_and_the_slots_of_an_intent_until_it_is_closed() -> None:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> Any:
        seen.append(event["sessionState"])
        state = event["sessionState"]
        turns = int(state["sessionAttributes"].get("turns", 0)) + 1
        done = event["invocationSource"] == "FulfillmentCodeHook"
        intent = {**state["intent"], "state": "Fulfilled"} if done else state["intent"]
        action = {"type": "Close" if done else "Delegate"}
        kept = {"turns": str(turns)}
        new = {"dialogAction": action, "intent": intent, "sessionAttributes": kept}
        return {"sessionState": new}

    def step(at: int, event: str, *slots: str, **more: Any) -> dict[str, Any]:
        given = {"slot": list(slots), **more}
        return {"at": f"{at}s", "push": "lex", "event": event, "to": "f", "with": given}

    values = {
        "name": "s",
        "functions": {"f": {"Handler": handler}},
        "timeline": [
            step(1, "dialog", "City=Oslo", "Nights"),
            step(2, "dialog", "City", "Nights=3"),
            step(3, "fulfillment"),
            step(4, "dialog", "City", "Nights"),
            step(5, "dialog", "City", "Nights", session_id="bob"),
        ],
    }
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[MemorySink()]))

    def known(state: dict[str, Any]) -> dict[str, str]:
        slots = state["intent"]["slots"]
        return {name: slot["value"]["interpretedValue"] for name, slot in slots.items() if slot}

    assert [known(state) for state in seen] == [
        {"City": "Oslo"},
        {"City": "Oslo", "Nights": "3"},
        {"City": "Oslo", "Nights": "3"},
        {},
        {},
    ]
    turns = [state["sessionAttributes"].get("turns") for state in seen]
    assert turns == [None, "1", "2", "3", None]


def test_the_slot_that_is_asked_for_is_one_of_the_intent() -> None:
    with pytest.raises(EventsimError, match="elicit is 'Stars', which is no slot"):
        builder("lex", "dialog").event(Scene(), {"elicit": "Stars"})
