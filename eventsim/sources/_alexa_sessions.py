"""The sessions that users have with skills, from one request to the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from eventsim.errors import InvokeError
from eventsim.rules.timestamps import iso_seconds
from eventsim.types import Answer, Delivery, Pushing, Scene


@dataclass(slots=True)
class Session:
    """A session that is open: what the next request in it begins with."""

    session_id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    dialog: dict[str, Any] | None = None  # the intent that the skill has asked more about


async def deliver(pushing: Pushing, delivery: Delivery, scene: Scene) -> Answer:
    """Send a request in the session that it belongs to, and keep what the answer says of it."""
    if "session" not in delivery.event:
        return await pushing.invoke(delivery, scene)
    sessions: dict[str, Session] = pushing.memory(delivery.source)
    event = delivery.event
    skill, user = event["session"]["application"], event["session"]["user"]
    key = f"{delivery.function} {skill['applicationId']} {user['userId']}"
    session = _session(sessions.pop(key, None), event)
    event = _in_session(session, event)
    answer = await pushing.invoke(replace(delivery, event=event), scene)
    if event["request"]["type"] == "SessionEndedRequest" or isinstance(answer.value, InvokeError):
        return answer
    if not answer.accepted:
        ended = _ended(event, answer, pushing, scene)
        await pushing.invoke(replace(delivery, event=ended), scene)
    elif answer.value["response"].get("shouldEndSession") is False:
        sessions[key] = _after(session, answer.value, event)
    return answer


def _session(known: Session | None, event: dict[str, Any]) -> Session:
    """The open session that a request belongs to, or a new one."""
    said = event["session"]
    match event["request"]["type"]:
        case _ if known is None:
            return Session("")
        case "SessionEndedRequest":
            return known
        case "LaunchRequest":
            return Session("")
    other = not said["new"] and said["sessionId"] != known.session_id
    return Session("") if other else known


def _in_session(session: Session, event: dict[str, Any]) -> dict[str, Any]:
    """The request as it is in its session, and in the dialog that is under way there."""
    said = event["session"]
    told = {
        **said,
        "new": not session.session_id,
        "sessionId": session.session_id or said["sessionId"],
        "attributes": said["attributes"] or session.attributes,
    }
    request = event["request"]
    if request["type"] == "SessionEndedRequest":
        told["new"] = False
    if session.dialog is not None and request["type"] == "IntentRequest":
        request = _in_dialog(session.dialog, request)
    return {**event, "session": told, "request": request}


def _in_dialog(dialog: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    intent = request["intent"]
    if intent["name"] != dialog["name"]:
        return request
    slots = dict(dialog.get("slots") or {})
    for name, slot in (intent.get("slots") or {}).items():
        if "value" in slot or "slotValue" in slot or name not in slots:
            slots[name] = slot
    if slots:
        intent = {**intent, "slots": slots}
    return {**request, "dialogState": request.get("dialogState", "IN_PROGRESS"), "intent": intent}


def _after(session: Session, told: dict[str, Any], event: dict[str, Any]) -> Session:
    """The session once the skill has answered that it goes on."""
    request = event["request"]
    dialog = None
    for directive in told["response"].get("directives") or []:
        if directive["type"].startswith("Dialog.") and "intent" in request:
            updated = directive.get("updatedIntent") or {}
            dialog = {**request["intent"], **updated}
    session_id = session.session_id or event["session"]["sessionId"]
    return Session(session_id, told.get("sessionAttributes") or {}, dialog)


def _ended(event: dict[str, Any], answer: Answer, pushing: Pushing, scene: Scene) -> dict[str, Any]:
    """What Alexa says to a skill whose answer it could not take."""
    request = {
        "type": "SessionEndedRequest",
        "requestId": f"amzn1.echo-api.request.{scene.uuid()}",
        "timestamp": iso_seconds(pushing.clock.wall()),
        "locale": event["request"]["locale"],
        "reason": "ERROR",
        "error": {"type": "INVALID_RESPONSE", "message": str(answer.because)},
    }
    return {**event, "session": {**event["session"], "new": False}, "request": request}
