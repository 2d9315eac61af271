"""
The events of Cognito's custom challenges at sign-in.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson

from eventsim.errors import EventsimError
from eventsim.sources._cognito_parts import (
    CLIENT_ID,
    Attributes,
    ClientId,
    Metadata,
    PoolId,
    UserName,
    attributes,
    event,
    metadata,
)
from eventsim.types import Scene

Done = Annotated[tuple[str, ...], "a challenge that came before, as NAME=true or NAME=false"]
_NAMES = (
    "CUSTOM_CHALLENGE",
    "SRP_A",
    "PASSWORD_VERIFIER",
    "SMS_MFA",
    "EMAIL_OTP",
    "SOFTWARE_TOKEN_MFA",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "ADMIN_NO_SRP_AUTH",
)


def define_auth_challenge(
    scene: Scene,
    *,
    done: Done = ("SRP_A=true",),
    username: UserName = "alice",
    attribute: Attributes = (),
    user_not_found: Annotated[bool, "the pool hides who exists, and this one does not"] = False,
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """What comes next at a sign-in: a challenge, tokens, or a refusal."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        "session": _session(done),
        **({"userNotFound": True} if user_not_found else {}),
        **metadata(client_metadata),
    }
    response = {"challengeName": None, "issueTokens": None, "failAuthentication": None}
    user = (user_pool_id, client_id, username)
    return event(scene, "DefineAuthChallenge_Authentication", request, response, user)


def create_auth_challenge(
    scene: Scene,
    *,
    done: Done = ("SRP_A=true", "PASSWORD_VERIFIER=true"),
    username: UserName = "alice",
    attribute: Attributes = (),
    user_not_found: Annotated[bool, "the pool hides who exists, and this one does not"] = False,
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A custom challenge is to be made, with its answer."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        "challengeName": "CUSTOM_CHALLENGE",
        "session": _session(done),
        **({"userNotFound": True} if user_not_found else {}),
        **metadata(client_metadata),
    }
    response = {
        "publicChallengeParameters": None,
        "privateChallengeParameters": None,
        "challengeMetadata": None,
    }
    user = (user_pool_id, client_id, username)
    return event(scene, "CreateAuthChallenge_Authentication", request, response, user)


def verify_auth_challenge(
    scene: Scene,
    *,
    challenge_answer: Annotated[str, "what the user answered"] = "blue",
    private: Annotated[
        tuple[str, ...], "name=value of privateChallengeParameters, which only the function knows"
    ] = ("answer=blue",),
    username: UserName = "alice",
    attribute: Attributes = (),
    user_not_found: Annotated[bool, "the pool hides who exists, and this one does not"] = False,
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user answered a custom challenge: is it right?"""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        "privateChallengeParameters": dict(each.partition("=")[::2] for each in private),
        "challengeAnswer": challenge_answer,
        **({"userNotFound": True} if user_not_found else {}),
        **metadata(client_metadata),
    }
    user = (user_pool_id, client_id, username)
    response = {"answerCorrect": False}
    return event(scene, "VerifyAuthChallengeResponse_Authentication", request, response, user)


def _session(done: tuple[str, ...]) -> list[dict[str, Any]]:
    """The challenges so far. Raises EventsimError for one that Cognito does not know."""
    found: list[dict[str, Any]] = []
    for each in done:
        name, _, passed = each.partition("=")
        if name not in _NAMES or passed not in ("true", "false"):
            known = ", ".join(_NAMES)
            raise EventsimError(f"done is '{each}'; write NAME=true or NAME=false, of {known}")
        found.append({"challengeName": name, "challengeResult": orjson.loads(passed)})
    return found
