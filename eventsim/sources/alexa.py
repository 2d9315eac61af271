"""
Alexa: the requests of a custom skill, and its sessions.

A user has one session with a skill at a time. A launch begins a new one; an intent, or the end of
the session, is of the one that is open, and gets the attributes that the skill answered last. An
intent without a session that is open begins one. What an answer leaves to the dialog (a ``Dialog``
directive) goes on in the next request of that intent: IN_PROGRESS, with the slots that are filled.
A session is over with ``shouldEndSession``, also where an answer does not say; after an answer
that Alexa cannot take, the skill is told so by a SessionEndedRequest.

https://developer.amazon.com/docs/custom-skills/request-and-response-json-reference.html
https://developer.amazon.com/docs/custom-skills/manage-skill-session-and-session-attributes.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.sources._alexa_answers import answer
from eventsim.sources._alexa_requests import envelope, intent_of, request_of, session_of
from eventsim.sources._alexa_sessions import deliver
from eventsim.types import InvocationType, Scene

__all__ = [
    "answer",
    "audio_player",
    "can_fulfill",
    "deliver",
    "intent",
    "launch",
    "session_ended",
]

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "alexa-appkit.amazon.com"
ANSWER_SECONDS_MAX = 8.0

Locale = Annotated[str, "language and country"]
SessionId = Annotated[str | None, "of the session that this is a turn of; a new one unless given"]
ApplicationId = Annotated[str | None, "the skill's id; a permission's EventSourceToken"]
User = Annotated[str, "a name that the user's and the device's ids are made of"]
AccessToken = Annotated[str | None, "of a user who linked an account"]
Attributes = Annotated[dict[str, Any] | None, "of the session; the last answer's unless given"]
Intent = Annotated[str, "the intent's name"]
Slot = Annotated[tuple[str, ...], "name=value, or a name without value; twice the same is a list"]
Resolution = Annotated[tuple[str, ...], "slot=ID:name of the entity; a slot alone matches none"]
Confirmation = Literal["NONE", "CONFIRMED", "DENIED"]
DialogState = Literal["STARTED", "IN_PROGRESS", "COMPLETED"]
Playback = Literal[
    "PlaybackStarted",
    "PlaybackNearlyFinished",
    "PlaybackFinished",
    "PlaybackStopped",
    "PlaybackFailed",
]
ErrorType = Literal["INVALID_RESPONSE", "DEVICE_COMMUNICATION_ERROR", "INTERNAL_SERVICE_ERROR"]


def launch(
    scene: Scene,
    *,
    locale: Locale = "en-US",
    session_id: SessionId = None,
    application_id: ApplicationId = None,
    user: User = "alice",
    access_token: AccessToken = None,
    attributes: Attributes = None,
) -> dict[str, Any]:
    """A user opened the skill without saying what for."""
    made = envelope(scene, request_of(scene, "LaunchRequest", locale), application_id, user)
    return session_of(scene, made, session_id, access_token, attributes)


def intent(
    scene: Scene,
    *,
    intent: Intent = "PlanTripIntent",
    slot: Slot = ("toCity=Rome",),
    resolution: Resolution = (),
    slot_confirmation: Annotated[tuple[str, ...], "slot=CONFIRMED or slot=DENIED"] = (),
    confirmation: Annotated[Confirmation, "whether the user confirmed the intent"] = "NONE",
    dialog_state: Annotated[
        DialogState | None, "of a skill with a dialog model; that of its dialog unless given"
    ] = None,
    locale: Locale = "en-US",
    session_id: SessionId = None,
    application_id: ApplicationId = None,
    user: User = "alice",
    access_token: AccessToken = None,
    attributes: Attributes = None,
) -> dict[str, Any]:
    """A user said what the skill is to do."""
    request = request_of(scene, "IntentRequest", locale)
    if dialog_state is not None:
        request["dialogState"] = dialog_state
    made = envelope(scene, request, application_id, user)
    request["intent"] = intent_of(made, intent, confirmation, slot, resolution, slot_confirmation)
    return session_of(scene, made, session_id, access_token, attributes)


def session_ended(
    scene: Scene,
    *,
    reason: Annotated[
        Literal["USER_INITIATED", "ERROR", "EXCEEDED_MAX_REPROMPTS"], "why it ended"
    ] = "USER_INITIATED",
    error_type: Annotated[ErrorType, "where the reason is ERROR"] = "INVALID_RESPONSE",
    error_message: Annotated[str, "where the reason is ERROR"] = (
        "An exception occurred while dispatching the request to the skill."
    ),
    locale: Locale = "en-US",
    session_id: SessionId = None,
    application_id: ApplicationId = None,
    user: User = "alice",
    attributes: Attributes = None,
) -> dict[str, Any]:
    """A session ended otherwise than by the skill's own answer."""
    request = request_of(scene, "SessionEndedRequest", locale)
    request["reason"] = reason
    if reason == "ERROR":
        request["error"] = {"type": error_type, "message": error_message}
    made = envelope(scene, request, application_id, user)
    made = session_of(scene, made, session_id, None, attributes)
    made["session"]["new"] = False
    return made


def can_fulfill(
    scene: Scene,
    *,
    intent: Intent = "PlanTripIntent",
    slot: Slot = ("toCity=Rome",),
    locale: Locale = "en-US",
    application_id: ApplicationId = None,
    user: User = "alice",
) -> dict[str, Any]:
    """Alexa asks whether the skill could do what a user said to nobody by name."""
    request = request_of(scene, "CanFulfillIntentRequest", locale)
    made = envelope(scene, request, application_id, user)
    request["intent"] = intent_of(made, intent, "NONE", slot, (), ())
    return made


def audio_player(
    scene: Scene,
    *,
    event: Annotated[Playback, "what became of the stream"] = "PlaybackStarted",
    stream_token: Annotated[str, "the token that the skill gave the stream"] = "episode-1",
    offset: Annotated[int, Field(ge=0), "milliseconds into the stream"] = 0,
    locale: Locale = "en-US",
    application_id: ApplicationId = None,
    user: User = "alice",
) -> dict[str, Any]:
    """A stream that the skill plays began, went on to its end, stopped, or failed."""
    request = request_of(scene, f"AudioPlayer.{event}", locale)
    place = {"token": stream_token, "offsetInMilliseconds": offset}
    active = {"PlaybackStarted": "PLAYING", "PlaybackNearlyFinished": "PLAYING"}
    state = {**place, "playerActivity": active.get(event, "STOPPED")}
    if event == "PlaybackFailed":
        message = "the stream could not be reached"
        request["token"] = stream_token
        request["currentPlaybackState"] = dict(state)
        request["error"] = {"type": "MEDIA_ERROR_SERVICE_UNAVAILABLE", "message": message}
    else:
        request |= place
    made = envelope(scene, request, application_id, user)
    made["context"]["AudioPlayer"] = state
    made["context"]["System"]["device"]["supportedInterfaces"]["AudioPlayer"] = {}
    return made


EVENTS = (launch, intent, session_ended, can_fulfill, audio_player)


def event_source_token(event: dict[str, Any]) -> str:
    """The skill's id, which the permission that Alexa asks for can require."""
    return str(event["context"]["System"]["application"]["applicationId"])
