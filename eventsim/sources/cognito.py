"""
Cognito: a user pool asks functions at sign-up, at sign-in, for tokens and for messages.

It waits for five seconds and asks three times in all. The answer is the whole event with its
response filled in; a function that fails refuses what the user wanted.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""

from __future__ import annotations

from typing import Any

from eventsim.rules.arns import arn
from eventsim.sources._cognito_challenges import (
    create_auth_challenge,
    define_auth_challenge,
    verify_auth_challenge,
)
from eventsim.sources._cognito_triggers import (
    custom_email_sender,
    custom_message,
    custom_sms_sender,
    post_authentication,
    post_confirmation,
    pre_authentication,
    pre_signup,
    pre_token_generation,
    pre_token_generation_v2,
    pre_token_generation_v3,
    user_migration,
)
from eventsim.sources._contract import Broken, object_of, one_of, value_at
from eventsim.types import Answer, Delivery, InvocationType, InvokeResult, Pushing, Scene

__all__ = [
    "create_auth_challenge",
    "custom_email_sender",
    "custom_message",
    "custom_sms_sender",
    "define_auth_challenge",
    "post_authentication",
    "post_confirmation",
    "pre_authentication",
    "pre_signup",
    "pre_token_generation",
    "pre_token_generation_v2",
    "pre_token_generation_v3",
    "user_migration",
    "verify_auth_challenge",
]

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "cognito-idp.amazonaws.com"
ANSWER_SECONDS_MAX = 5.0
ATTEMPTS_MAX = 3

EVENTS = (
    pre_signup,
    post_confirmation,
    pre_authentication,
    post_authentication,
    pre_token_generation,
    pre_token_generation_v2,
    pre_token_generation_v3,
    user_migration,
    custom_message,
    custom_email_sender,
    custom_sms_sender,
    define_auth_challenge,
    create_auth_challenge,
    verify_auth_challenge,
)

# What may stand in the response, besides null; a tuple has all that may.
_FIELDS: dict[str, dict[str, Any]] = {
    "PreSignUp": {"autoConfirmUser": bool, "autoVerifyEmail": bool, "autoVerifyPhone": bool},
    "TokenGeneration": {"claimsOverrideDetails": dict, "claimsAndScopeOverrideDetails": dict},
    "UserMigration": {
        "userAttributes": dict,
        "forceAliasCreation": bool,
        "enableSMSMFA": bool,
        "finalUserStatus": ("CONFIRMED", "RESET_REQUIRED"),
        "messageAction": ("SUPPRESS", "RESEND"),
        "desiredDeliveryMediums": list,
    },
    "CustomMessage": {"smsMessage": str, "emailMessage": str, "emailSubject": str},
    "DefineAuthChallenge": {
        "challengeName": str,
        "issueTokens": bool,
        "failAuthentication": bool,
    },
    "CreateAuthChallenge": {
        "publicChallengeParameters": dict,
        "privateChallengeParameters": dict,
        "challengeMetadata": str,
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": bool},
}


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The user pool's ARN."""
    return arn("cognito-idp", scene.region, scene.account, f"userpool/{event['userPoolId']}")


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The response that the function filled in, if the whole event came back with it."""
    trigger = str(event["triggerSource"]).partition("_")[0]
    try:
        told = object_of(result)
        if trigger in ("CustomEmailSender", "CustomSMSSender"):
            return Answer()
        if told.get("triggerSource") != event["triggerSource"]:
            raise Broken("the answer is not the event that was sent")
        response = value_at(told, "response", dict)
        for field, kind in _FIELDS.get(trigger, {}).items():
            if response.get(field) is not None:
                _check(response, field, kind)
    except Broken as broken:
        return broken.answer()
    return Answer(value=response)


def _check(response: dict[str, Any], field: str, kind: Any) -> None:
    if isinstance(kind, tuple):
        one_of(response, field, kind, "response")
    else:
        value_at(response, field, kind, "response")


async def deliver(pushing: Pushing, delivery: Delivery, scene: Scene) -> Answer:
    """Ask, and again where no answer came in time."""
    for _ in range(ATTEMPTS_MAX):
        began = pushing.clock.time()
        answer = await pushing.invoke(delivery, scene)
        if answer.accepted or pushing.clock.time() - began <= ANSWER_SECONDS_MAX:
            break
    return answer
