"""
Transfer Family: a server asks a function who may sign in, and where to.

https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn
from eventsim.sources._contract import Broken, object_of, value_at
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "transfer.amazonaws.com"

_SERVER = "s-0a1b2c3d4e5f67890"


def sign_in(
    scene: Scene,
    *,
    username: Annotated[str, "the user's name"] = "alice",
    password: Annotated[str | None, "empty where the user has a key"] = "open sesame",
    protocol: Annotated[Literal["SFTP", "FTPS", "FTP"], "that the client speaks"] = "SFTP",
    server: Annotated[str, "the server's id"] = _SERVER,
    source_ip: Annotated[str | None, "the client's address; drawn unless given"] = None,
) -> dict[str, Any]:
    """A user signs in."""
    return {
        "username": username,
        "password": password or "",
        "protocol": protocol,
        "serverId": server,
        "sourceIp": source_ip or f"203.0.113.{scene.number(1, 254)}",
    }


EVENTS = (sign_in,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The server's ARN."""
    return arn("transfer", scene.region, scene.account, f"server/{event['serverId']}")


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """Where the user may go. No role at all means that the user may not sign in."""
    try:
        told = object_of(result)
        if not told.get("Role"):
            raise Broken("there is no Role: the user may not sign in")
        for key in ("Role", "Policy", "HomeDirectory", "HomeDirectoryDetails"):
            if key in told:
                value_at(told, key, str)
        if told.get("HomeDirectoryType", "PATH") not in ("PATH", "LOGICAL"):
            raise Broken(f"HomeDirectoryType is {told['HomeDirectoryType']!r}, not PATH or LOGICAL")
        if not event["password"] and not isinstance(told.get("PublicKeys"), list):
            raise Broken("PublicKeys has to be an array where the user has a key")
    except Broken as broken:
        return broken.answer()
    return Answer(value=told)
