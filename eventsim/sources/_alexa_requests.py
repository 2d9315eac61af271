"""
What the requests of a skill are made of.

https://developer.amazon.com/docs/custom-skills/request-types-reference.html
https://developer.amazon.com/docs/custom-skills/entity-resolution.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from eventsim.errors import EventsimError
from eventsim.rules.timestamps import iso_seconds
from eventsim.types import Scene

# Skills are asked from three places, each with an address for what they ask in turn.
_ENDPOINTS = {
    "https://api.eu.amazonalexa.com": ("ar", "de", "en-GB", "en-IN", "es-ES", "fr-FR", "hi", "it"),
    "https://api.fe.amazonalexa.com": ("ja", "en-AU"),
}
_CONFIRMATIONS = ("NONE", "CONFIRMED", "DENIED")


def request_of(scene: Scene, kind: str, locale: str) -> dict[str, Any]:
    """What every request has."""
    return {
        "type": kind,
        "requestId": f"amzn1.echo-api.request.{scene.uuid()}",
        "timestamp": iso_seconds(scene.at),
        "locale": locale,
    }


def envelope(
    scene: Scene, request: dict[str, Any], application_id: str | None, user: str
) -> dict[str, Any]:
    """The request of a user at a device to a skill. The ids of all three stay what they are."""
    skill = application_id or skill_id(scene.account)
    return {
        "version": "1.0",
        "context": {
            "System": {
                "application": {"applicationId": skill},
                "user": {"userId": f"amzn1.ask.account.{_letters(f'{skill} {user}', 132)}"},
                "device": {
                    "deviceId": f"amzn1.ask.device.{_letters(f'device {user}', 132)}",
                    "supportedInterfaces": {},
                },
                "apiEndpoint": _endpoint(request["locale"]),
                "apiAccessToken": _token(scene),
            }
        },
        "request": request,
    }


def skill_id(account: str) -> str:
    """The id of the skill that is meant where nobody names one."""
    digits = hashlib.md5(account.encode(), usedforsecurity=False).hexdigest()
    parts = digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:]
    return f"amzn1.ask.skill.{'-'.join(parts)}"


def session_of(
    scene: Scene,
    made: dict[str, Any],
    session_id: str | None,
    access_token: str | None,
    attributes: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The same request in a session, which is new unless its id is given."""
    system = made["context"]["System"]
    if access_token is not None:
        system["user"]["accessToken"] = access_token
    session = {
        "new": session_id is None,
        "sessionId": session_id or f"amzn1.echo-api.session.{scene.uuid()}",
        "application": dict(system["application"]),
        "attributes": dict(attributes or {}),
        "user": dict(system["user"]),
    }
    return {"version": made["version"], "session": session, **made}


def intent_of(
    made: dict[str, Any],
    name: str,
    confirmation: str,
    slots: Sequence[str],
    resolutions: Sequence[str],
    confirmations: Sequence[str],
) -> dict[str, Any]:
    """The intent with its slots. Raises EventsimError for what is said of a slot that is none."""
    said: dict[str, list[str]] = {}
    for slot in slots:
        slot_name, equals, value = slot.partition("=")
        said.setdefault(slot_name, []).extend([value] if equals else [])
    skill = made["context"]["System"]["application"]["applicationId"]
    matched = _of_slots("resolution", resolutions, said)
    confirmed = _of_slots("slot_confirmation", confirmations, said)
    filled = {
        slot: _slot(slot, values, confirmed.get(slot), _matches(skill, slot, matched))
        for slot, values in said.items()
    }
    return {
        "name": name,
        "confirmationStatus": confirmation,
        **({"slots": filled} if filled else {}),
    }


def _slot(
    name: str, values: list[str], confirmation: str | None, matches: dict[str, Any] | None
) -> dict[str, Any]:
    status = confirmation or "NONE"
    if status not in _CONFIRMATIONS:
        raise EventsimError(f"slot_confirmation {name}={status}: write CONFIRMED or DENIED")
    slot: dict[str, Any] = {"name": name}
    resolved = {} if matches is None else {"resolutions": matches}
    if len(values) == 1:
        slot |= {"value": values[0], **resolved}
    slot["confirmationStatus"] = status
    simple = [{"type": "Simple", "value": value, **resolved} for value in values]
    if values:
        slot["source"] = "USER"
        slot["slotValue"] = simple[0] if len(simple) == 1 else {"type": "List", "values": simple}
    return slot


def _of_slots(parameter: str, texts: Sequence[str], slots: Mapping[str, object]) -> dict[str, str]:
    """What is said of slots by name. Raises EventsimError for a slot that there is not."""
    said = {}
    for text in texts:
        slot, _, rest = text.partition("=")
        if slot not in slots:
            raise EventsimError(f"{parameter} '{text}' is of no slot that is given; write slot=…")
        said[slot] = rest
    return said


def _matches(skill: str, slot: str, matched: Mapping[str, str]) -> dict[str, Any] | None:
    if slot not in matched:
        return None
    found: dict[str, Any] = {
        "authority": f"amzn1.er-authority.echo-sdk.{skill}.{slot.upper()}",
        "status": {"code": "ER_SUCCESS_MATCH" if matched[slot] else "ER_SUCCESS_NO_MATCH"},
    }
    if matched[slot]:
        entity, _, name = matched[slot].partition(":")
        found["values"] = [{"value": {"name": name or entity, "id": entity}}]
    return {"resolutionsPerAuthority": [found]}


def _endpoint(locale: str) -> str:
    for endpoint, locales in _ENDPOINTS.items():
        if locale.startswith(locales):
            return endpoint
    return "https://api.amazonalexa.com"


def _token(scene: Scene) -> str:
    """Three parts, like a signed token's; nobody could verify it."""
    head = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"RS256","kid":"1"}').decode().rstrip("=")
    return f"{head}.{scene.letters(160)}.{scene.letters(86)}"


def _letters(name: str, length: int) -> str:
    """As many capital letters and digits, the same for the same name."""
    text = ""
    while len(text) < length:
        text += base64.b32encode(hashlib.sha256(f"{name} {len(text)}".encode()).digest()).decode()
    return text.replace("=", "")[:length]
