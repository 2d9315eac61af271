"""Alexa: a real skill in a dialog of three turns, its session, and what is no answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ask_sdk_core.skill_builder import SkillBuilder
from ask_sdk_core.utils.predicate import is_intent_name, is_request_type
from ask_sdk_model.dialog.elicit_slot_directive import ElicitSlotDirective

from eventsim import Options, Scenario, run
from eventsim.errors import EventsimError
from eventsim.journal.sinks import MemorySink
from eventsim.push import read
from eventsim.push.builders import builder, module_of
from eventsim.types import InvokeResult, Scene
from tests.event_validators.voice import VALIDATORS

SKILL = "amzn1.ask.skill.6bd5c2a4-3f0e-4a57-9b5d-2f1f0f6f2a11"
Handler = Any


def trip_skill() -> Handler:
    """A skill of ask-sdk's that asks for one slot after the other, and counts its turns."""
    skill: Any = SkillBuilder()
    skill.skill_id = SKILL

    def launch(asked: Any) -> Any:
        asked.attributes_manager.session_attributes["turns"] = 1
        return asked.response_builder.speak("Where to?").ask("Where to?").response

    def plan(asked: Any) -> Any:
        kept, intent = (
            asked.attributes_manager.session_attributes,
            asked.request_envelope.request.intent,
        )
        kept["turns"] = kept.get("turns", 0) + 1
        slots = {name: slot.value for name, slot in intent.slots.items() if slot.value}
        if "travelDate" not in slots:
            ask = ElicitSlotDirective(slot_to_elicit="travelDate", updated_intent=intent)
            answer = asked.response_builder.speak("When?").ask("When?").add_directive(ask)
            return answer.response
        said = f"{slots['toCity']} {slots['travelDate']} {kept['turns']}"
        return asked.response_builder.speak(said).set_should_end_session(True).response

    def ended(asked: Any) -> Any:
        return asked.response_builder.response

    skill.request_handler(is_request_type("LaunchRequest"))(launch)
    skill.request_handler(is_intent_name("PlanTripIntent"))(plan)
    skill.request_handler(is_request_type("SessionEndedRequest"))(ended)
    return skill.lambda_handler()


def played(
    handler: Handler, *steps: dict[str, Any], **function: Any
) -> tuple[list[Any], list[Any]]:
    """The events that a skill got, and what Alexa made of its answers."""
    seen: list[Any] = []

    def keep(event: Any, context: Any) -> Any:
        seen.append(json.loads(json.dumps(event)))
        return handler(event, context)

    values = {
        "name": "skill",
        "functions": {"skill": {"Handler": keep, **function}},
        "timeline": [
            {"at": f"{10 * n}s", "push": "alexa", "to": "skill", **step}
            for n, step in enumerate(steps)
        ],
    }
    sink = MemorySink()
    run(Scenario.of(values, Path(__file__).parent), Options(sinks=[sink]))
    answers = [entry for entry in sink.entries if entry.kind == "push_answered"]
    return seen, [(entry.fields["accepted"], entry.because) for entry in answers]


def intent(*slots: str, **more: Any) -> dict[str, Any]:
    return {"event": "intent", "with": {"slot": list(slots), "application_id": SKILL, **more}}


def test_a_real_skill_is_played_through_a_dialog_of_three_turns() -> None:
    said: list[str] = []
    skill = trip_skill()

    def handler(event: Any, context: Any) -> Any:
        told = skill(event, context)
        said.append(told["response"]["outputSpeech"]["ssml"])
        return told

    seen, answers = played(
        handler,
        {"event": "launch", "with": {"application_id": SKILL}},
        intent("toCity=Rome", "travelDate", dialog_state="STARTED"),
        intent("travelDate=2026-05-01"),
    )
    assert answers == [(True, None)] * 3
    assert said[-1] == "<speak>Rome 2026-05-01 3</speak>"
    sessions = [event["session"] for event in seen]
    assert [each["new"] for each in sessions] == [True, False, False]
    assert [each["attributes"] for each in sessions] == [{}, {"turns": 1}, {"turns": 2}]
    assert len({each["sessionId"] for each in sessions}) == 1
    assert [event["request"].get("dialogState") for event in seen] == [
        None,
        "STARTED",
        "IN_PROGRESS",
    ]


def test_an_answer_that_ends_the_session_or_says_nothing_of_it_begins_another() -> None:
    for ends in (True, None):
        response = {} if ends is None else {"shouldEndSession": ends}
        told = {"version": "1.0", "sessionAttributes": {"a": 1}, "response": response}
        seen, _ = played(lambda event, context, told=told: told, intent(), intent())
        assert [event["session"]["new"] for event in seen] == [True, True]
        assert [event["session"]["attributes"] for event in seen] == [{}, {}]
        assert len({event["session"]["sessionId"] for event in seen}) == 2


OPEN = {"version": "1.0", "sessionAttributes": {"a": 1}, "response": {"shouldEndSession": False}}


def test_a_launch_begins_a_session_and_users_and_skills_have_their_own() -> None:
    launch = {"event": "launch", "with": {"application_id": SKILL}}
    seen, _ = played(
        lambda event, context: OPEN,
        launch,
        intent(),
        intent(user="bob"),
        {"event": "intent"},
        launch,
        intent(session_id="amzn1.echo-api.session.mine"),
    )
    assert [event["session"]["new"] for event in seen] == [True, False, True, True, True, True]
    assert seen[-1]["session"]["sessionId"] == "amzn1.echo-api.session.mine"


def test_the_end_of_a_session_has_its_attributes_and_closes_it() -> None:
    def handler(event: Any, context: Any) -> Any:
        return None if event["request"]["type"] == "SessionEndedRequest" else OPEN

    ended = {"event": "session-ended", "with": {"application_id": SKILL}}
    seen, answers = played(handler, intent(), ended, intent())
    assert [event["session"]["new"] for event in seen] == [True, False, True]
    assert seen[1]["session"]["attributes"] == {"a": 1}
    assert seen[1]["session"]["sessionId"] == seen[0]["session"]["sessionId"]
    assert answers == [(True, None)] * 3


def test_a_skill_whose_answer_cannot_be_taken_is_told_that_the_session_has_ended() -> None:
    def handler(event: Any, context: Any) -> Any:
        return None if event["request"]["type"] == "SessionEndedRequest" else {"version": "1.0"}

    seen, answers = played(handler, intent())
    assert answers == [(False, "response is null; it has to be an object"), (True, None)]
    request = seen[1]["request"]
    assert (request["reason"], request["error"]) == (
        "ERROR",
        {"type": "INVALID_RESPONSE", "message": "response is null; it has to be an object"},
    )


def test_alexa_waits_for_eight_seconds_and_no_longer() -> None:
    for seconds, accepted in ((7, True), (9, False)):
        function = {"Timeout": 20, "duration": f"{seconds}s"}
        _, answers = played(lambda event, context: OPEN, intent(), **function)
        assert answers[0] == (accepted, None if accepted else "no answer within 8 s")


def test_the_permission_of_a_skill_is_its_event_source_token() -> None:
    permission = {
        "StatementId": "skill",
        "Principal": "alexa-appkit.amazon.com",
        "EventSourceToken": SKILL,
    }
    other = {"event": "launch", "with": {"application_id": "amzn1.ask.skill.other"}}
    seen, answers = played(lambda event, context: OPEN, intent(), other, permissions=[permission])
    assert (len(seen), answers) == (1, [(True, None)])


def result(value: Any) -> InvokeResult:
    return InvokeResult(200, json.dumps(value).encode())


def response(**fields: Any) -> dict[str, Any]:
    return {"version": "1.0", "response": fields}


SPEECH = {"outputSpeech": {"type": "SSML", "ssml": "<speak>Hi</speak>"}}


@pytest.mark.parametrize(
    ("event", "value", "because"),
    [
        ("launch", response(**SPEECH, reprompt=SPEECH, card={"type": "Simple"}), None),
        ("launch", [], "the answer is an array, not an object"),
        ("launch", {"response": {}}, 'version is null; it has to be "1.0"'),
        ("launch", {**OPEN, "sessionAttributes": []}, "sessionAttributes is an array"),
        ("launch", response(outputSpeech={"type": "Text"}), "outputSpeech.type is 'Text'"),
        ("launch", response(outputSpeech={"type": "PlainText"}), "outputSpeech.text is null"),
        ("launch", response(outputSpeech={"type": "SSML", "ssml": "Hi"}), "stand in <speak>"),
        ("launch", response(outputSpeech={"type": "PlainText", "text": "x" * 8001}), "8001 char"),
        ("launch", response(reprompt={"outputSpeech": {}}), "reprompt.outputSpeech.type is None"),
        ("launch", response(card={"type": "Fancy"}), "card.type is 'Fancy'"),
        ("launch", response(shouldEndSession="yes"), "shouldEndSession is a string"),
        ("launch", response(directives={}), "directives is an object"),
        ("launch", response(directives=[{}]), "directives[0] has no type"),
        (
            "intent",
            response(directives=[{"type": "Dialog.Delegate"}], shouldEndSession=True),
            "directives[0] is Dialog.Delegate, but shouldEndSession is true",
        ),
        ("launch", response(x="y" * 122_880), "at most 120 KB may be"),
        ("session-ended", None, None),
        ("session-ended", response(), None),
        ("session-ended", response(**SPEECH), "outputSpeech is there, but the session has ended"),
        ("audio-player", None, None),
        ("audio-player", response(directives=[{"type": "AudioPlayer.Stop"}]), None),
        ("audio-player", response(directives=[{"type": "Dialog.Delegate"}]), "not AudioPlayer's"),
        ("audio-player", response(**SPEECH), "outputSpeech is there, but nobody is spoken to"),
        ("can-fulfill", response(), "canFulfillIntent is null"),
        ("can-fulfill", response(canFulfillIntent={"canFulfill": "YES"}), None),
        (
            "can-fulfill",
            response(canFulfillIntent={"canFulfill": "YES", "slots": {"a": {}}}),
            "slots.a.canUnderstand is None; it has to be one of YES, NO, MAYBE",
        ),
    ],
)
def test_an_answer_is_held_to_the_contract(event: str, value: Any, because: str | None) -> None:
    asked = builder("alexa", event).event(Scene())
    answer = read(module_of("alexa"), result(value), asked)
    assert answer.accepted == (because is None), answer.because
    assert because is None or because in str(answer.because)


def test_slots_are_empty_single_lists_and_resolved() -> None:
    said = {
        "slot": ["a", "b=1", "c=1", "c=2"],
        "resolution": ["b=ONE:one"],
        "slot_confirmation": ["b=CONFIRMED"],
    }
    slots = builder("alexa", "intent").event(Scene(), said)["request"]["intent"]["slots"]
    assert slots["a"] == {"name": "a", "confirmationStatus": "NONE"}
    (found,) = slots["b"]["resolutions"]["resolutionsPerAuthority"]
    assert (found["status"]["code"], found["values"]) == (
        "ER_SUCCESS_MATCH",
        [{"value": {"name": "one", "id": "ONE"}}],
    )
    assert slots["b"]["confirmationStatus"] == "CONFIRMED"
    assert [each["value"] for each in slots["c"]["slotValue"]["values"]] == ["1", "2"]
    for wrong in ({"resolution": ["z=1"]}, {"slot": ["a"], "slot_confirmation": ["a=SURE"]}):
        with pytest.raises(EventsimError, match="write"):
            builder("alexa", "intent").event(Scene(), wrong)


@pytest.mark.parametrize("event", ["PlaybackStarted", "PlaybackStopped", "PlaybackFailed"])
def test_the_player_tells_of_its_stream_outside_a_session(event: str) -> None:
    asked = builder("alexa", "audio-player").event(Scene(), {"event": event, "offset": 5})
    assert "session" not in asked
    VALIDATORS["alexa", "audio-player"].check(asked)
