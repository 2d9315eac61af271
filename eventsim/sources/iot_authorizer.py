"""
IoT: a custom authorizer decides who may connect, and to what.

https://docs.aws.amazon.com/iot/latest/developerguide/config-custom-auth.html
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn, dns_suffix
from eventsim.sources._contract import Broken, kept, value_at
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "iot.amazonaws.com"
ANSWER_SECONDS_MAX = 5.0
POLICIES_MAX, POLICY_CHARACTERS_MAX = 10, 2048
_SECONDS = {"disconnectAfterInSeconds": (300, 86_400), "refreshAfterInSeconds": (300, 86_400)}


def connect(
    scene: Scene,
    *,
    protocol: Annotated[Literal["mqtt", "http"], "how it connects"] = "mqtt",
    client_id: Annotated[str, "MQTT's client id"] = "sensor-7",
    username: Annotated[str, "MQTT's user name"] = "sensor-7",
    password: Annotated[str, "MQTT's password, as it is"] = "open sesame",
    token: Annotated[str | None, "of an authorizer that has a token key"] = None,
    signature_verified: Annotated[bool, "the token's signature is right"] = False,
) -> dict[str, Any]:
    """A device connects: who is it, and what may it do?"""
    domain = f"{scene.letters(14, 'abcdefghijklmnopqrstuvwxyz0123456789')}-ats.iot"
    server = f"{domain}.{scene.region}.{dns_suffix(scene.region)}"
    spoken: dict[str, Any] = {"tls": {"serverName": server}}
    if protocol == "mqtt":
        encoded = base64.b64encode(password.encode()).decode()
        spoken["mqtt"] = {"username": username, "password": encoded, "clientId": client_id}
    else:
        spoken["http"] = {"headers": {"host": server}, "queryString": ""}
    return {
        **({} if token is None else {"token": token}),
        "signatureVerified": signature_verified,
        "protocols": list(spoken),
        "protocolData": spoken,
        "connectionMetadata": {"id": scene.uuid()},
    }


EVENTS = (connect,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the authorizer that is meant."""
    return arn("iot", scene.region, scene.account, "authorizer/devices")


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """Who it is and what it may do. An answer that is none refuses the connection."""
    return kept(result, _check)


def _check(told: dict[str, Any]) -> None:
    if not value_at(told, "isAuthenticated", bool):
        return
    principal = told.get("principalId")
    if not isinstance(principal, str) or not 1 <= len(principal) <= 128 or not principal.isalnum():
        raise Broken("principalId has to be 1 to 128 letters and digits")
    for key, (least, most) in _SECONDS.items():
        seconds = told.get(key)
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int)
            or not least <= seconds <= most
        ):
            raise Broken(f"{key} is {seconds!r}; it has to be from {least} to {most}")
    policies = told.get("policyDocuments")
    if not isinstance(policies, list) or not 1 <= len(policies) <= POLICIES_MAX:
        raise Broken("policyDocuments has to be an array of 1 to 10 policies")
    for index, policy in enumerate(policies):
        if len(policy if isinstance(policy, str) else str(policy)) > POLICY_CHARACTERS_MAX:
            raise Broken(f"policyDocuments[{index}] is longer than {POLICY_CHARACTERS_MAX}")
