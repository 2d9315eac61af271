"""
IoT: what the action of a rule passes on, a button, and what the registry tells of things.

A rule's action hands over whatever its SQL selects.

https://docs.aws.amazon.com/iot/latest/developerguide/lambda-rule-action.html
https://docs.aws.amazon.com/iot/latest/developerguide/registry-events.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "iot.amazonaws.com"

ThingName = Annotated[str, "the thing's name"]
Attributes = Annotated[dict[str, str] | None, "the thing's attributes"]
Operation = Annotated[Literal["CREATED", "UPDATED", "DELETED"], "what happened to it"]
Version = Annotated[int, "the thing's version number"]


def rule_action(
    scene: Scene,
    *,
    message: Annotated[
        dict[str, Any] | None, "what the rule's SQL selects; a reading unless given"
    ] = None,
    topic: Annotated[str | None, "added as topic(), where the SQL selects it"] = None,
) -> dict[str, Any]:
    """A message matched a rule."""
    if message is None:
        reading = scene.number(150, 260) / 10
        now = epoch_milliseconds(scene.at)
        message = {"device": "sensor-7", "temperature": reading, "timestamp": now}
    return {**message, **({} if topic is None else {"topic": topic})}


def button(
    scene: Scene,
    *,
    click: Annotated[Literal["SINGLE", "DOUBLE", "LONG"], "how it was pressed"] = "SINGLE",
    serial_number: Annotated[str, "the button's serial number"] = "G030JF055364XVRB",
    battery_voltage: Annotated[int, "millivolts"] = 1567,
) -> dict[str, Any]:
    """A button was pressed."""
    return {
        "serialNumber": serial_number,
        "batteryVoltage": f"{battery_voltage}mV",
        "clickType": click,
    }


def thing(
    scene: Scene,
    *,
    operation: Operation = "CREATED",
    thing_name: ThingName = "sensor-7",
    thing_type: Annotated[str | None, "the thing's type"] = None,
    attributes: Attributes = None,
    version: Version = 1,
) -> dict[str, Any]:
    """A thing of the registry was created, updated or deleted."""
    return {
        "eventType": "THING_EVENT",
        "eventId": scene.uuid(),
        "timestamp": epoch_milliseconds(scene.at),
        "operation": operation,
        "accountId": scene.account,
        "thingId": scene.uuid(),
        "thingName": thing_name,
        "versionNumber": version,
        "thingTypeName": thing_type,
        "attributes": dict(attributes or {}),
    }


EVENTS = (rule_action, button, thing)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the rule that is meant."""
    return arn("iot", scene.region, scene.account, "rule/to_function")
