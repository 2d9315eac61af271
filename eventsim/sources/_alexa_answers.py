"""
What Alexa takes as a skill's answer.

https://developer.amazon.com/docs/custom-skills/request-and-response-json-reference.html#response-format
https://developer.amazon.com/docs/custom-skills/implement-canfulfillintentrequest-for-name-free-interaction.html
"""

from __future__ import annotations

import re
from typing import Any

from eventsim.sources._contract import Broken, kind_of, object_of, one_of, value_at, value_of
from eventsim.types import Answer, InvokeResult

ANSWER_BYTES_MAX = 120 * 1024
SPEECH_CHARACTERS_MAX = 8000
# Requests that nobody listens to the answer of: to the player, it can only be directives.
_SILENT = re.compile(r"SessionEndedRequest|AudioPlayer\.")
_SPEAK = re.compile(r"<speak\b.*</speak>", re.DOTALL)
_SAID = ("outputSpeech", "card", "reprompt", "directives")
_CARDS = ("Simple", "Standard", "LinkAccount", "AskForPermissionsConsent")
_MAYBE = ("YES", "NO", "MAYBE")


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The answer, if Alexa can take it. To the end of a session there is nothing to be said."""
    try:
        if len(result.payload) > ANSWER_BYTES_MAX:
            raise Broken(f"the answer has {len(result.payload)} bytes; at most 120 KB may be")
        kind = event["request"]["type"]
        if _SILENT.match(kind) and value_of(result) is None:
            return Answer()
        told = object_of(result)
        _check(told, kind)
    except Broken as broken:
        return broken.answer()
    return Answer(value=told)


def _check(told: dict[str, Any], kind: str) -> None:
    if not isinstance(told.get("version"), str):
        raise Broken(f'version is {kind_of(told.get("version"))}; it has to be "1.0"')
    if told.get("sessionAttributes") is not None:
        value_at(told, "sessionAttributes", dict)
    response = value_at(told, "response", dict)
    if _SILENT.match(kind):
        _check_silent(response, kind)
        return
    _speech(response, "response")
    if response.get("reprompt") is not None:
        _speech(value_at(response, "reprompt", dict, "response"), "response.reprompt")
    _card(response)
    _directives(response)
    if kind == "CanFulfillIntentRequest":
        _can_fulfill(response)


def _check_silent(response: dict[str, Any], kind: str) -> None:
    ended = kind == "SessionEndedRequest"
    said = [key for key in _SAID if response.get(key) and (ended or key != "directives")]
    if said:
        why = "the session has ended" if ended else "nobody is spoken to"
        raise Broken(f"response.{said[0]} is there, but {why}")
    _directives(response)
    for index, directive in enumerate(response.get("directives") or []):
        if not directive["type"].startswith("AudioPlayer."):
            raise Broken(f"response.directives[{index}] is {directive['type']}, not AudioPlayer's")


def _speech(told: dict[str, Any], where: str) -> None:
    if told.get("outputSpeech") is None:
        return
    place = f"{where}.outputSpeech"
    speech = value_at(told, "outputSpeech", dict, where)
    key = "ssml" if one_of(speech, "type", ("PlainText", "SSML"), place) == "SSML" else "text"
    text = value_at(speech, key, str, place)
    if len(text) > SPEECH_CHARACTERS_MAX:
        raise Broken(f"{place}.{key} has {len(text)} characters; at most 8000 may be")
    if key == "ssml" and not (
        text.strip().startswith("<speak") and text.strip().endswith("speak>")
    ):
        raise Broken(f"{place}.ssml has to stand in <speak>…</speak>")


def _card(response: dict[str, Any]) -> None:
    if response.get("card") is None:
        return
    card = value_at(response, "card", dict, "response")
    kind = one_of(card, "type", _CARDS, "response.card")
    text = "".join(str(card.get(key) or "") for key in ("title", "content", "text"))
    if len(text) > SPEECH_CHARACTERS_MAX:
        raise Broken(f"response.card has {len(text)} characters; at most 8000 may be")
    if kind == "AskForPermissionsConsent" and not isinstance(card.get("permissions"), list):
        raise Broken("response.card.permissions has to be an array")


def _directives(response: dict[str, Any]) -> None:
    ends = response.get("shouldEndSession")
    if ends is not None:
        value_at(response, "shouldEndSession", bool, "response")
    if response.get("directives") is None:
        return
    for index, directive in enumerate(value_at(response, "directives", list, "response")):
        kind = directive.get("type") if isinstance(directive, dict) else None
        if not isinstance(kind, str):
            raise Broken(f"response.directives[{index}] has no type")
        if kind.startswith("Dialog.") and ends is True:
            raise Broken(f"response.directives[{index}] is {kind}, but shouldEndSession is true")


def _can_fulfill(response: dict[str, Any]) -> None:
    told = value_at(response, "canFulfillIntent", dict, "response")
    place = "response.canFulfillIntent"
    one_of(told, "canFulfill", _MAYBE, place)
    if told.get("slots") is None:
        return
    slots = value_at(told, "slots", dict, place)
    for name in slots:
        slot = value_at(slots, name, dict, f"{place}.slots")
        one_of(slot, "canUnderstand", _MAYBE, f"{place}.slots.{name}")
        one_of(slot, "canFulfill", ("YES", "NO"), f"{place}.slots.{name}")
