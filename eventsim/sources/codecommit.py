"""
CodeCommit: a trigger of a repository tells of branches and tags.

https://docs.aws.amazon.com/lambda/latest/dg/services-codecommit.html
https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-notify-lambda.html
"""

from __future__ import annotations

from typing import Annotated, Any

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_offset
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "codecommit.amazonaws.com"

Repository = Annotated[str, "the repository's name"]
Ref = Annotated[tuple[str, ...], "a branch, or refs/tags/x"]
Trigger = Annotated[str, "the trigger's name"]
CustomData = Annotated[str | None, "what the trigger passes on"]
User = Annotated[str, "the name of who pushed"]


def push(
    scene: Scene,
    *,
    repository: Repository = "orders",
    ref: Ref = ("main",),
    trigger: Trigger = "build",
    custom_data: CustomData = None,
    user: User = "alice",
) -> dict[str, Any]:
    """Commits were pushed to branches that are there."""
    return _event(scene, repository, ref, {}, trigger, custom_data, user)


def create(
    scene: Scene,
    *,
    repository: Repository = "orders",
    ref: Ref = ("feature",),
    trigger: Trigger = "build",
    custom_data: CustomData = None,
    user: User = "alice",
) -> dict[str, Any]:
    """Branches or tags were created."""
    return _event(scene, repository, ref, {"created": True}, trigger, custom_data, user)


def delete(
    scene: Scene,
    *,
    repository: Repository = "orders",
    ref: Ref = ("feature",),
    trigger: Trigger = "build",
    custom_data: CustomData = None,
    user: User = "alice",
) -> dict[str, Any]:
    """Branches or tags were deleted."""
    return _event(scene, repository, ref, {"deleted": True}, trigger, custom_data, user)


EVENTS = (push, create, delete)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The repository's ARN."""
    return str(event["Records"][0]["eventSourceARN"])


def _event(
    scene: Scene,
    repository: str,
    refs: tuple[str, ...],
    what: dict[str, bool],
    trigger: str,
    custom_data: str | None,
    user: str,
) -> dict[str, Any]:
    references = [
        {
            "commit": scene.hex(40),
            **what,
            "ref": ref if ref.startswith("refs/") else f"refs/heads/{ref}",
        }
        for ref in refs
    ]
    record = {
        "awsRegion": scene.region,
        "codecommit": {"references": references},
        **({} if custom_data is None else {"customData": custom_data}),
        "eventId": scene.uuid(),
        "eventName": "ReferenceChanges",
        "eventPartNumber": 1,
        "eventSource": "aws:codecommit",
        "eventSourceARN": arn("codecommit", scene.region, scene.account, repository),
        "eventTime": iso_offset(scene.at),
        "eventTotalParts": 1,
        "eventTriggerConfigId": scene.uuid(),
        "eventTriggerName": trigger,
        "eventVersion": "1.0",
        "userIdentityARN": arn("iam", scene.region, scene.account, f"user/{user}"),
    }
    return {"Records": [record]}
