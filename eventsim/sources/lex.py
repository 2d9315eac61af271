"""
Lex V2: a bot asks a function during a dialog, and when it has what it needs.

The attributes of a session, and the slots of an intent that goes on, come back with what is said
next in the session of that name.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html
https://docs.aws.amazon.com/lexv2/latest/dg/lambda-response-format.html
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Annotated, Any, Literal

from eventsim.errors import EventsimError
from eventsim.rules.arns import arn
from eventsim.sources._contract import Broken, kept, kind_of, one_of, value_at
from eventsim.types import Answer, Delivery, InvocationType, InvokeResult, Pushing, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "lexv2.amazonaws.com"
ANSWER_SECONDS_MAX = 30.0

SessionId = Annotated[str, "the session's id, which the app chooses"]
Intent = Annotated[str, "the intent's name"]
Slot = Annotated[tuple[str, ...], "name=value, or a name without value"]
Transcript = Annotated[str, "what the user said or wrote"]
Confirmation = Annotated[Literal["None", "Confirmed", "Denied"], "of the intent by the user"]
Mode = Annotated[Literal["Text", "Speech", "DTMF"], "how the user told it"]
Attributes = Annotated[dict[str, str] | None, "of the session; the last answer's unless given"]
BotName = Annotated[str, "the bot's name"]
BotId = Annotated[str, "the bot's id"]
AliasId = Annotated[str, "the id of the bot's alias"]
Locale = Annotated[str, "language and country"]


def dialog(
    scene: Scene,
    *,
    intent: Intent = "BookHotel",
    slot: Slot = ("City=Oslo", "Nights"),
    transcript: Transcript = "a hotel in Oslo",
    elicit: Annotated[
        str | None, "the slot that is asked for next; the first that is empty"
    ] = None,
    confirmation: Confirmation = "None",
    mode: Mode = "Text",
    session_id: SessionId = "alice",
    session_attributes: Attributes = None,
    bot_name: BotName = "Travel",
    bot_id: BotId = "QK7C2MX9ZT",
    alias_id: AliasId = "TSTALIASID",
    locale: Locale = "en_US",
) -> dict[str, Any]:
    """A user said something in a dialog: check it and say how to go on."""
    asked = _intent(intent, slot, "InProgress", confirmation)
    if elicit is not None and elicit not in asked["slots"]:
        raise EventsimError(f"elicit is '{elicit}', which is no slot that is given")
    bot = _bot(bot_name, bot_id, alias_id, locale)
    made = _event(scene, "DialogCodeHook", asked, transcript, mode, session_id, bot)
    made["sessionState"]["sessionAttributes"] = dict(session_attributes or {})
    empty = [name for name, value in asked["slots"].items() if value is None]
    next_slot = elicit or next(iter(empty), None)
    action = {"type": "Delegate"} if next_slot is None else {"type": "ElicitSlot"}
    if next_slot is not None:
        action["slotToElicit"] = next_slot
    prompt = {"attempt": "Initial"}
    made["proposedNextState"] = {
        "intent": deepcopy(asked),
        "dialogAction": action,
        "prompt": prompt,
    }
    return made


def fulfillment(
    scene: Scene,
    *,
    intent: Intent = "BookHotel",
    slot: Slot = ("City=Oslo", "Nights=3"),
    transcript: Transcript = "yes",
    confirmation: Confirmation = "Confirmed",
    mode: Mode = "Text",
    session_id: SessionId = "alice",
    session_attributes: Attributes = None,
    bot_name: BotName = "Travel",
    bot_id: BotId = "QK7C2MX9ZT",
    alias_id: AliasId = "TSTALIASID",
    locale: Locale = "en_US",
) -> dict[str, Any]:
    """A bot has all that an intent needs: do it."""
    asked = _intent(intent, slot, "ReadyForFulfillment", confirmation)
    bot = _bot(bot_name, bot_id, alias_id, locale)
    made = _event(scene, "FulfillmentCodeHook", asked, transcript, mode, session_id, bot)
    made["sessionState"]["sessionAttributes"] = dict(session_attributes or {})
    return made


EVENTS = (dialog, fulfillment)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the bot's alias."""
    bot = event["bot"]
    return arn("lex", scene.region, scene.account, f"bot-alias/{bot['id']}/{bot['aliasId']}")


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The answer, if it says how the dialog goes on."""
    return kept(result, _check)


async def deliver(pushing: Pushing, delivery: Delivery, scene: Scene) -> Answer:
    """Send what was said in its session, and keep what the answer says of that."""
    sessions = pushing.memory(delivery.source)
    event = delivery.event
    key = f"{delivery.function} {event['bot']['id']} {event['sessionId']}"
    event = _in_session(sessions.pop(key, {}), event)
    answer = await pushing.invoke(replace(delivery, event=event), scene)
    if answer.accepted and isinstance(answer.value, dict):
        sessions[key] = answer.value["sessionState"]
    return answer


def _in_session(known: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    state = event["sessionState"]
    attributes = state["sessionAttributes"] or known.get("sessionAttributes") or {}
    before, asked = known.get("intent") or {}, state["intent"]
    ended = known.get("dialogAction", {}).get("type") == "Close"
    if before.get("name") == asked["name"] and not ended:
        said = {name: slot for name, slot in asked["slots"].items() if slot is not None}
        slots = {**asked["slots"], **(before.get("slots") or {}), **said}
        asked = {**asked, "slots": slots}
    state = {**state, "sessionAttributes": attributes, "intent": asked}
    first = {**event["interpretations"][0], "intent": asked}
    told = {**event, "sessionState": state, "interpretations": [first]}
    if "proposedNextState" in event:
        told["proposedNextState"] = {**event["proposedNextState"], "intent": asked}
    return told


_ACTIONS = ("Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot")
_CONTENTS = ("CustomPayload", "ImageResponseCard", "PlainText", "SSML")
MESSAGES_MAX = 5


def _check(told: dict[str, Any]) -> None:
    state = value_at(told, "sessionState", dict)
    action = value_at(state, "dialogAction", dict, "sessionState")
    kind = one_of(action, "type", _ACTIONS, "sessionState.dialogAction")
    if kind == "ElicitSlot" and not isinstance(action.get("slotToElicit"), str):
        raise Broken("sessionState.dialogAction.slotToElicit is not there; ElicitSlot needs it")
    if kind != "ElicitIntent":
        intent = value_at(state, "intent", dict, "sessionState")
        if not isinstance(intent.get("name"), str):
            raise Broken("sessionState.intent.name has to be a string")
        if kind == "Close":
            one_of(intent, "state", ("Failed", "Fulfilled"), "sessionState.intent")
    elif not told.get("messages"):
        raise Broken("messages is not there; ElicitIntent needs one")
    if told.get("messages") is not None:
        _check_messages(value_at(told, "messages", list))


def _check_messages(messages: list[Any]) -> None:
    if len(messages) > MESSAGES_MAX:
        raise Broken(f"messages has {len(messages)} of them; at most {MESSAGES_MAX} may be")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise Broken(f"messages[{index}] is {kind_of(message)}; it has to be an object")
        one_of(message, "contentType", _CONTENTS, f"messages[{index}]")


def _intent(name: str, slots: tuple[str, ...], state: str, confirmation: str) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for each in slots:
        slot, equals, value = each.partition("=")
        read = {"originalValue": value, "interpretedValue": value, "resolvedValues": [value]}
        filled[slot] = {"shape": "Scalar", "value": read} if equals else None
    return {"name": name, "slots": filled, "state": state, "confirmationState": confirmation}


def _bot(name: str, bot_id: str, alias_id: str, locale: str) -> dict[str, Any]:
    alias = "TestBotAlias" if alias_id == "TSTALIASID" else "live"
    return {
        "name": name,
        "id": bot_id,
        "aliasId": alias_id,
        "aliasName": alias,
        "localeId": locale,
        "version": "DRAFT" if alias == "TestBotAlias" else "1",
    }


def _event(
    scene: Scene,
    source: str,
    intent: dict[str, Any],
    transcript: str,
    mode: str,
    session_id: str,
    bot: dict[str, Any],
) -> dict[str, Any]:
    heard = {
        "transcription": transcript,
        "transcriptionConfidence": 1.0,
        "resolvedContext": {"intent": intent["name"]},
        "resolvedSlots": {},
    }
    return {
        "messageVersion": "1.0",
        "invocationSource": source,
        "inputMode": mode,
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": session_id,
        "inputTranscript": transcript,
        "bot": bot,
        "interpretations": [
            {"intent": deepcopy(intent), "interpretationSource": "Lex", "nluConfidence": 0.87}
        ],
        "sessionState": {
            "intent": intent,
            "sessionAttributes": {},
            "originatingRequestId": scene.uuid(),
        },
        "transcriptions": [heard],
    }
