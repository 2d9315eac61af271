"""
Connect: a contact flow runs a function, and takes attributes from its answer.

https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn
from eventsim.sources._contract import Broken, kind_of, object_of
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "connect.amazonaws.com"
ANSWER_SECONDS_MAX = 8.0
ANSWER_BYTES_MAX = 32 * 1024


def contact_flow(
    scene: Scene,
    *,
    channel: Annotated[
        Literal["VOICE", "CHAT", "TASK"], "how the customer gets in touch"
    ] = "VOICE",
    customer: Annotated[str, "the customer's telephone number"] = "+15555550100",
    number: Annotated[str, "the number that was called"] = "+18005550100",
    method: Annotated[
        Literal["INBOUND", "OUTBOUND", "TRANSFER", "CALLBACK", "API"], "how the contact began"
    ] = "INBOUND",
    attributes: Annotated[dict[str, str] | None, "of the contact"] = None,
    parameters: Annotated[dict[str, str] | None, "that the block of the flow passes on"] = None,
    instance: Annotated[str, "the instance's id"] = "3f7b1c52-9c1d-4d55-8f0a-6f2b8d1c7a10",
) -> dict[str, Any]:
    """A contact flow comes to the block that invokes a function."""
    contact = scene.uuid()
    place = arn("connect", scene.region, scene.account, f"instance/{instance}")
    phone = channel == "VOICE"
    return {
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": dict(attributes or {}),
                "Channel": channel,
                "ContactId": contact,
                "CustomerEndpoint": (
                    {"Address": customer, "Type": "TELEPHONE_NUMBER"} if phone else None
                ),
                "InitialContactId": contact,
                "InitiationMethod": method,
                "InstanceARN": place,
                "MediaStreams": {"Customer": {"Audio": None}},
                "PreviousContactId": contact,
                "Queue": None,
                "SystemEndpoint": (
                    {"Address": number, "Type": "TELEPHONE_NUMBER"} if phone else None
                ),
            },
            "Parameters": dict(parameters or {}),
        },
    }


EVENTS = (contact_flow,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The instance's ARN."""
    return str(event["Details"]["ContactData"]["InstanceARN"])


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The attributes: an object of plain values, 32 KB at most."""
    try:
        if len(result.payload) > ANSWER_BYTES_MAX:
            raise Broken(f"the answer has {len(result.payload)} bytes; at most 32 KB may be")
        told = object_of(result)
        for key, value in told.items():
            if isinstance(value, list):
                raise Broken(f"{key} is {kind_of(value)}; a flow takes plain values")
    except Broken as broken:
        return broken.answer()
    return Answer(value=told)
