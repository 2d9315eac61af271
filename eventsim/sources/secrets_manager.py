"""
Secrets Manager: the four steps of a rotation, one invocation each.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

from hashlib import md5
from typing import Annotated, Any

from eventsim.rules.arns import arn
from eventsim.sources._builders import variant
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse", "Event")
PRINCIPAL = "secretsmanager.amazonaws.com"

Secret = Annotated[str, "the secret's name"]
Token = Annotated[
    str | None, "the id of the new version, the same in all steps; drawn unless given"
]
RotationToken = Annotated[str | None, "of a function that is in another account"]


def _step(
    step: str,
    scene: Scene,
    *,
    secret: Secret = "orders/database",
    token: Token = None,
    rotation_token: RotationToken = None,
) -> dict[str, Any]:
    suffix = md5(secret.encode(), usedforsecurity=False).hexdigest()[:6]
    resource = f"secret:{secret}-{suffix}"
    return {
        "Step": step,
        "SecretId": arn("secretsmanager", scene.region, scene.account, resource),
        "ClientRequestToken": token or scene.uuid(),
        **({} if rotation_token is None else {"RotationToken": rotation_token}),
    }


create_secret = variant(
    _step, "createSecret", "create_secret", "A new version is to be made, as AWSPENDING."
)
set_secret = variant(
    _step, "setSecret", "set_secret", "The database or service is to take the new version."
)
test_secret = variant(_step, "testSecret", "test_secret", "The new version is to be tried.")
finish_secret = variant(
    _step, "finishSecret", "finish_secret", "The new version is to be the current one."
)

EVENTS = (create_secret, set_secret, test_secret, finish_secret)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The secret's ARN."""
    return str(event["SecretId"])
