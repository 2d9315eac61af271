"""
Alexa Smart Home: directives to the function behind a skill's devices, version 3.

The principal's permission asks for an EventSourceToken, the skill's id, which no directive
carries: a scenario says it as ``EventSourceToken`` of the step.

https://developer.amazon.com/docs/device-apis/message-guide.html
https://developer.amazon.com/docs/device-apis/alexa-discovery.html
https://developer.amazon.com/docs/device-apis/alexa-response.html
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from eventsim.sources._contract import Broken, kind_of, object_of, value_at
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "alexa-connectedhome.amazon.com"
ANSWER_SECONDS_MAX = 8.0

Endpoint = Annotated[str, "the device's endpointId, as the skill told it when it was discovered"]
Cookie = Annotated[dict[str, str] | None, "what the skill told of the device besides"]
Token = Annotated[str | None, "the user's access token; drawn unless given"]


def turn_on(
    scene: Scene,
    *,
    endpoint: Endpoint = "kitchen-light",
    cookie: Cookie = None,
    token: Token = None,
) -> dict[str, Any]:
    """A user switched a device on."""
    return _directive(scene, "Alexa.PowerController", "TurnOn", endpoint, cookie, token)


def turn_off(
    scene: Scene,
    *,
    endpoint: Endpoint = "kitchen-light",
    cookie: Cookie = None,
    token: Token = None,
) -> dict[str, Any]:
    """A user switched a device off."""
    return _directive(scene, "Alexa.PowerController", "TurnOff", endpoint, cookie, token)


def set_brightness(
    scene: Scene,
    *,
    brightness: Annotated[int, Field(ge=0, le=100), "percent"] = 42,
    endpoint: Endpoint = "kitchen-light",
    cookie: Cookie = None,
    token: Token = None,
) -> dict[str, Any]:
    """A user said how bright a lamp is to be."""
    payload = {"brightness": brightness}
    return _directive(
        scene, "Alexa.BrightnessController", "SetBrightness", endpoint, cookie, token, payload
    )


def adjust_brightness(
    scene: Scene,
    *,
    delta: Annotated[int, Field(ge=-100, le=100), "percent more, or less"] = -25,
    endpoint: Endpoint = "kitchen-light",
    cookie: Cookie = None,
    token: Token = None,
) -> dict[str, Any]:
    """A user wanted a lamp brighter or darker."""
    payload = {"brightnessDelta": delta}
    return _directive(
        scene, "Alexa.BrightnessController", "AdjustBrightness", endpoint, cookie, token, payload
    )


def set_target_temperature(
    scene: Scene,
    *,
    temperature: Annotated[float, "degrees Celsius"] = 20.5,
    endpoint: Endpoint = "hall-thermostat",
    cookie: Cookie = None,
    token: Token = None,
) -> dict[str, Any]:
    """A user said how warm it is to be."""
    payload = {"targetSetpoint": {"value": temperature, "scale": "CELSIUS"}}
    name = "SetTargetTemperature"
    return _directive(scene, "Alexa.ThermostatController", name, endpoint, cookie, token, payload)


def report_state(
    scene: Scene,
    *,
    endpoint: Endpoint = "kitchen-light",
    cookie: Cookie = None,
    token: Token = None,
) -> dict[str, Any]:
    """Alexa asks how a device is."""
    return _directive(scene, "Alexa", "ReportState", endpoint, cookie, token)


def discovery(scene: Scene, *, token: Token = None) -> dict[str, Any]:
    """Alexa asks which devices a user has."""
    payload = {"scope": _scope(scene, token)}
    return _message(_header(scene, "Alexa.Discovery", "Discover"), payload)


def accept_grant(
    scene: Scene,
    *,
    code: Annotated[str | None, "the authorization code; drawn unless given"] = None,
    token: Token = None,
) -> dict[str, Any]:
    """A user enabled the skill and lets it send events to Alexa."""
    payload = {
        "grant": {"type": "OAuth2.AuthorizationCode", "code": code or scene.letters(20)},
        "grantee": _scope(scene, token),
    }
    return _message(_header(scene, "Alexa.Authorization", "AcceptGrant"), payload)


EVENTS = (
    turn_on,
    turn_off,
    set_brightness,
    adjust_brightness,
    set_target_temperature,
    report_state,
    discovery,
    accept_grant,
)

# What answers a directive, besides ErrorResponse and DeferredResponse of Alexa.
_ANSWERS = {
    "Discover": ("Alexa.Discovery", "Discover.Response"),
    "AcceptGrant": ("Alexa.Authorization", "AcceptGrant.Response"),
    "ReportState": ("Alexa", "StateReport"),
}


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The event that a skill answers, if it is one that answers the directive."""
    try:
        told = object_of(result)
        _check(told, event["directive"])
    except Broken as broken:
        return broken.answer()
    if told["event"]["header"]["name"] == "ErrorResponse":
        payload = told["event"].get("payload") or {}
        return Answer(True, told, f"{payload.get('type')}: {payload.get('message')}")
    return Answer(value=told)


def _check(told: dict[str, Any], directive: dict[str, Any]) -> None:
    said = told.get("event")
    header = said.get("header") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(header, dict):
        raise Broken(f"event.header is {kind_of(header)}; it has to be an object")
    payload = value_at(said, "payload", dict, "event")
    if header.get("payloadVersion") != "3":
        raise Broken(f'event.header.payloadVersion is {header.get("payloadVersion")!r}, not "3"')
    if not isinstance(header.get("messageId"), str) or not header["messageId"]:
        raise Broken("event.header.messageId has to be a string")
    _name(header, directive["header"])
    asked = directive["header"].get("correlationToken")
    if header.get("correlationToken") != asked and header["name"] != "AcceptGrant.Response":
        raise Broken("event.header.correlationToken is not that of the directive")
    if directive["header"]["name"] == "Discover":
        _discovered(payload)


def _name(header: dict[str, Any], asked: dict[str, Any]) -> None:
    """The answer has a name that answers the directive, in the namespace of that name."""
    told = (header.get("namespace"), header.get("name"))
    wanted = _ANSWERS.get(asked["name"], ("Alexa", "Response"))
    if header.get("name") == "ErrorResponse":
        if str(told[0]).split(".")[0] == "Alexa":
            return
    elif told == wanted or told == ("Alexa", "DeferredResponse"):
        return
    raise Broken(f"event.header is {told[0]} {told[1]}; it has to be {wanted[0]} {wanted[1]}")


def _discovered(payload: dict[str, Any]) -> None:
    for index, endpoint in enumerate(value_at(payload, "endpoints", list, "event.payload")):
        wanted = ("endpointId", "manufacturerName", "description", "friendlyName")
        missing = [
            key
            for key in (*wanted, "displayCategories", "capabilities")
            if not isinstance(endpoint, dict) or not endpoint.get(key)
        ]
        if missing:
            raise Broken(f"event.payload.endpoints[{index}] has no {missing[0]}")


def _directive(
    scene: Scene,
    namespace: str,
    name: str,
    endpoint: str,
    cookie: dict[str, str] | None,
    token: str | None,
    payload: dict[str, Any] | None = None,
) -> dict[str, Any]:
    header = _header(scene, namespace, name)
    header["correlationToken"] = scene.base64(96)
    device = {"scope": _scope(scene, token), "endpointId": endpoint, "cookie": dict(cookie or {})}
    return _message(header, payload or {}, device)


def _message(
    header: dict[str, Any], payload: dict[str, Any], endpoint: dict[str, Any] | None = None
) -> dict[str, Any]:
    middle = {} if endpoint is None else {"endpoint": endpoint}
    return {"directive": {"header": header, **middle, "payload": payload}}


def _header(scene: Scene, namespace: str, name: str) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "name": name,
        "payloadVersion": "3",
        "messageId": scene.uuid(),
    }


def _scope(scene: Scene, token: str | None) -> dict[str, str]:
    return {"type": "BearerToken", "token": token or f"Atza|{scene.letters(80)}"}
