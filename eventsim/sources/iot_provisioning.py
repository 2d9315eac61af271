"""
IoT: a hook decides before a device is provisioned.

https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html
"""

from __future__ import annotations

from typing import Annotated, Any

from eventsim.rules.arns import arn
from eventsim.sources._contract import Broken, kept, value_at
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "iot.amazonaws.com"
ANSWER_SECONDS_MAX = 5.0


def provision(
    scene: Scene,
    *,
    template: Annotated[str, "the provisioning template's name"] = "fleet",
    client_id: Annotated[str, "the device's client id"] = "221a6d10-9c7f-42f1-9153-e52e6fc869c1",
    parameters: Annotated[
        dict[str, str] | None, "that the device gave; a serial number unless given"
    ] = None,
) -> dict[str, Any]:
    """A device asks to be provisioned."""
    template_arn = arn("iot", scene.region, scene.account, f"provisioningtemplate/{template}")
    body = "\n".join(scene.base64(48) for _ in range(12))
    return {
        "claimCertificateId": scene.hex(64),
        "certificateId": scene.hex(64),
        "certificatePem": f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n",
        "templateArn": template_arn,
        "clientId": client_id,
        "parameters": {"SerialNumber": "1001"} if parameters is None else dict(parameters),
    }


EVENTS = (provision,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The template's ARN."""
    return str(event["templateArn"])


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """Whether the device is provisioned, with which parameters instead."""
    return kept(result, _check)


def _check(told: dict[str, Any]) -> None:
    value_at(told, "allowProvisioning", bool)
    overrides = told.get("parameterOverrides") or {}
    if not isinstance(overrides, dict) or not all(
        isinstance(value, str) for value in overrides.values()
    ):
        raise Broken("parameterOverrides has to be an object of strings")
