"""What the events of Cognito's triggers are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from eventsim.errors import EventsimError
from eventsim.types import Scene

PoolId = Annotated[str | None, "the user pool's id; one of the region's unless given"]
ClientId = Annotated[str, "the app client's id"]
UserName = Annotated[str, "the user's name in the pool"]
Attributes = Annotated[tuple[str, ...], "name=value of a user attribute, besides or instead"]
Metadata = Annotated[dict[str, str] | None, "ClientMetadata that the app passed on"]
Groups = Annotated[tuple[str, ...], "a group that the user is in"]

CLIENT_ID = "5qk3n2v8m1t7c4r9x6b0h2d5fj"


def event(
    scene: Scene,
    trigger: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any] | None,
    user: tuple[str | None, str, str | None],
    version: str = "1",
) -> dict[str, Any]:
    """The event of a trigger, with what is to be filled in; *user* is pool, client and name."""
    pool, client, name = user
    return {
        "version": version,
        "region": scene.region,
        "userPoolId": pool or f"{scene.region}_K4x7QmB2v",
        **({} if name is None else {"userName": name}),
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client},
        "triggerSource": trigger,
        "request": dict(request),
        **({} if response is None else {"response": dict(response)}),
    }


def attributes(
    scene: Scene, name: str, said: Sequence[str], status: str | None = "CONFIRMED"
) -> dict[str, str]:
    """The user's attributes, all of them text; one who has signed up has an id and a status.

    Raises EventsimError for what is not name=value.
    """
    verified = "false" if status in (None, "UNCONFIRMED") else "true"
    known = {} if status is None else {"sub": scene.uuid(), "cognito:user_status": status}
    known |= {} if status is None else {"email_verified": verified}
    known["email"] = name if "@" in name else f"{name}@example.com"
    for each in said:
        attribute, equals, value = each.partition("=")
        if not equals or not attribute:
            raise EventsimError(f"attribute is '{each}'; write name=value")
        known[attribute] = value
    return known


def metadata(said: Mapping[str, str] | None) -> dict[str, Any]:
    """ClientMetadata, where the app passed any on."""
    return {} if said is None else {"clientMetadata": dict(said)}


def groups(names: Sequence[str], scene: Scene, partition: str) -> dict[str, Any]:
    """The groups of a user, and the roles that these stand for."""
    roles = [f"arn:{partition}:iam::{scene.account}:role/{name}" for name in names]
    preferred = {"preferredRole": roles[0]} if roles else {}
    return {
        "groupConfiguration": {
            "groupsToOverride": list(names),
            "iamRolesToOverride": roles,
            **preferred,
        }
    }
