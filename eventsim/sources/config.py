"""
AWS Config: a rule of one's own is to judge a resource, or all of them at times.

https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html
"""

from __future__ import annotations

import re
from hashlib import md5
from typing import Annotated, Any, Literal

import orjson

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import epoch_milliseconds, iso_milliseconds
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "config.amazonaws.com"

# What ids begin with and what stands before them in ARNs, where it is not the type's own name.
_IDS = {
    "AWS::EC2::Instance": ("i", "instance/"),
    "AWS::EC2::NetworkInterface": ("eni", "network-interface/"),
    "AWS::EC2::SecurityGroup": ("sg", "security-group/"),
    "AWS::EC2::Volume": ("vol", "volume/"),
    "AWS::Lambda::Function": ("function", "function:"),
    "AWS::S3::Bucket": ("bucket", ""),
}
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")

Rule = Annotated[str, "the rule's name"]
Parameters = Annotated[dict[str, str] | None, "the rule's parameters"]
ResourceType = Annotated[str, "the resource's type"]
ResourceId = Annotated[str | None, "the resource's id; drawn unless given"]
LeftScope = Annotated[bool, "the resource is no longer one that the rule is for"]
Change = Annotated[Literal["CREATE", "UPDATE", "DELETE"], "what happened to it"]


def configuration_change(
    scene: Scene,
    *,
    rule: Rule = "encrypted-volumes",
    parameters: Parameters = None,
    resource_type: ResourceType = "AWS::EC2::Volume",
    resource_id: ResourceId = None,
    configuration: Annotated[
        dict[str, Any] | None, "of the resource, as its service describes it"
    ] = None,
    change: Change = "UPDATE",
    left_scope: LeftScope = False,
) -> dict[str, Any]:
    """A resource changed."""
    item = _item(scene, resource_type, resource_id, change)
    described = {"encrypted": True, "size": 8} if configuration is None else configuration
    item["configuration"] = None if change == "DELETE" else described
    told = {
        "configurationItemDiff": {"changedProperties": {}, "changeType": change},
        "configurationItem": item,
        "notificationCreationTime": iso_milliseconds(scene.at),
        "messageType": "ConfigurationItemChangeNotification",
        "recordVersion": "1.3",
    }
    return _event(scene, rule, parameters, told, left_scope)


def oversized_change(
    scene: Scene,
    *,
    rule: Rule = "encrypted-volumes",
    parameters: Parameters = None,
    resource_type: ResourceType = "AWS::EC2::SecurityGroup",
    resource_id: ResourceId = None,
    change: Change = "UPDATE",
    left_scope: LeftScope = False,
) -> dict[str, Any]:
    """A resource changed whose configuration is too large for an event."""
    item = _item(scene, resource_type, resource_id, change)
    told = {
        "configurationItemSummary": {"changeType": change, **item},
        "notificationCreationTime": iso_milliseconds(scene.at),
        "messageType": "OversizedConfigurationItemChangeNotification",
        "recordVersion": "1.0",
    }
    return _event(scene, rule, parameters, told, left_scope)


def scheduled(
    scene: Scene, *, rule: Rule = "encrypted-volumes", parameters: Parameters = None
) -> dict[str, Any]:
    """It is time to judge all resources."""
    told = {
        "awsAccountId": scene.account,
        "notificationCreationTime": iso_milliseconds(scene.at),
        "messageType": "ScheduledNotification",
        "recordVersion": "1.0",
    }
    return _event(scene, rule, parameters, told, False)


EVENTS = (configuration_change, oversized_change, scheduled)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The rule's ARN."""
    return str(event["configRuleArn"])


def _event(
    scene: Scene,
    rule: str,
    parameters: dict[str, str] | None,
    told: dict[str, Any],
    left_scope: bool,
) -> dict[str, Any]:
    rule_id = f"config-rule-{md5(rule.encode(), usedforsecurity=False).hexdigest()[:6]}"
    role = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    return {
        "version": "1.0",
        "invokingEvent": orjson.dumps(told).decode(),
        "ruleParameters": orjson.dumps(parameters or {}).decode(),
        "resultToken": scene.base64(120),
        "eventLeftScope": left_scope,
        "executionRoleArn": arn("iam", scene.region, scene.account, f"role/{role}"),
        "configRuleArn": arn("config", scene.region, scene.account, f"config-rule/{rule_id}"),
        "configRuleName": rule,
        "configRuleId": rule_id,
        "accountId": scene.account,
        "evaluationMode": "DETECTIVE",
    }


def _item(scene: Scene, kind: str, resource_id: str | None, change: str) -> dict[str, Any]:
    service, _, name = kind.removeprefix("AWS::").partition("::")
    words = _WORD.sub("-", name).lower()
    prefix, place = _IDS.get(kind, (words, f"{words}/"))
    named = resource_id or f"{prefix}-0{scene.hex(16)}"
    states = {"CREATE": "ResourceDiscovered", "UPDATE": "OK", "DELETE": "ResourceDeleted"}
    return {
        "resourceType": kind,
        "resourceId": named,
        "ARN": arn(service.lower(), scene.region, scene.account, f"{place}{named}"),
        "awsAccountId": scene.account,
        "awsRegion": scene.region,
        "availabilityZone": f"{scene.region}a",
        "configurationItemCaptureTime": iso_milliseconds(scene.at),
        "configurationItemStatus": states[change],
        "configurationStateId": str(epoch_milliseconds(scene.at)),
        "configurationItemVersion": "1.3",
        "tags": {},
        "relationships": [],
    }
