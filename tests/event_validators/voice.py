"""Alexa, and the services that ask a function in the middle of what they do."""

from __future__ import annotations

from typing import Any

import orjson
from ask_sdk_core.serialize import DefaultSerializer
from ask_sdk_model.request_envelope import RequestEnvelope

from tests.event_validators import Refused, Validator, powertools, schema, whole

TEXT = {"type": "string", "minLength": 1}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}


def _round_trip(event: Any) -> None:
    """What the SDK reads and writes again has every key of the event: it ignores others."""
    serializer = DefaultSerializer()
    read = serializer.deserialize(orjson.dumps(event).decode(), RequestEnvelope)
    _same(event, serializer.serialize(read), ())


def _same(sent: Any, back: Any, path: tuple[str, ...]) -> None:
    if isinstance(sent, dict):
        for key, value in sent.items():
            if key == "source" and path[:3] == ("request", "intent", "slots"):
                continue  # ask-sdk-model 1.82 does not know who filled a slot, Alexa sends it
            if not isinstance(back, dict) or key not in back:
                raise Refused(f"the SDK does not know {'.'.join((*path, key))}")
            _same(value, back[key], (*path, key))
    elif isinstance(sent, list):
        for index, value in enumerate(sent):
            _same(value, back[index], (*path, str(index)))
    elif path[-1] != "timestamp" and sent != back:
        raise Refused(f"{'.'.join(path)} is {sent!r}, read as {back!r}")


_SKILL = Validator("ask-sdk `RequestEnvelope`, there and back", _round_trip)

_MESSAGE_GUIDE = "https://developer.amazon.com/docs/device-apis/message-guide.html"
_SCOPE = whole({"type": {"const": "BearerToken"}, "token": TEXT})
_HEADER = {
    "namespace": {"type": "string", "pattern": "^Alexa(\\.[A-Z][A-Za-z]+)?$"},
    "name": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
    "payloadVersion": {"const": "3"},
    "messageId": UUID,
}


def _directive(payload: dict[str, Any]) -> Validator:
    endpoint = whole({"scope": _SCOPE, "endpointId": TEXT, "cookie": {"type": "object"}})
    header = whole({**_HEADER, "correlationToken": TEXT})
    told = {"header": header, "endpoint": endpoint, "payload": payload}
    return schema(_MESSAGE_GUIDE, whole({"directive": whole(told)}))


def _to_skill(payload: dict[str, Any]) -> Validator:
    return schema(
        _MESSAGE_GUIDE, whole({"directive": whole({"header": whole(_HEADER), "payload": payload})})
    )


_PERCENT = {"type": "integer", "minimum": -100, "maximum": 100}
_SMART_HOME = {
    "turn-on": _directive(whole({})),
    "turn-off": _directive(whole({})),
    "report-state": _directive(whole({})),
    "set-brightness": _directive(whole({"brightness": _PERCENT})),
    "adjust-brightness": _directive(whole({"brightnessDelta": _PERCENT})),
    "set-target-temperature": _directive(
        whole({"targetSetpoint": whole({"value": {"type": "number"}, "scale": TEXT})})
    ),
    "discovery": _to_skill(whole({"scope": _SCOPE})),
    "accept-grant": _to_skill(
        whole(
            {
                "grant": whole({"type": {"const": "OAuth2.AuthorizationCode"}, "code": TEXT}),
                "grantee": _SCOPE,
            }
        )
    ),
}

# The model of Powertools for versions 2 and 3 has no triggerSource, and scopes as an object.
_TOKENS = schema(
    "https://docs.aws.amazon.com/cognito/latest/developerguide/"
    "user-pool-lambda-pre-token-generation.html",
    whole(
        {
            "version": {"enum": ["2", "3"]},
            "triggerSource": {"type": "string", "pattern": "^TokenGeneration_[A-Za-z]+$"},
            "region": TEXT,
            "userPoolId": {"type": "string", "pattern": "^[a-z0-9-]+_[A-Za-z0-9]{9}$"},
            "userName": {"type": "string"},
            "callerContext": whole({"awsSdkVersion": TEXT, "clientId": TEXT}),
            "request": whole(
                {
                    "userAttributes": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                    },
                    "groupConfiguration": whole(
                        {
                            "groupsToOverride": {"type": "array", "items": TEXT},
                            "iamRolesToOverride": {"type": "array", "items": TEXT},
                            "preferredRole": TEXT,
                        },
                        "preferredRole",
                    ),
                    "scopes": {"type": "array", "items": TEXT},
                    "clientMetadata": {"type": "object"},
                },
                "clientMetadata",
            ),
            "response": whole({"claimsAndScopeOverrideDetails": {"type": "null"}}),
        }
    ),
)
_COGNITO = {
    "pre-signup": "CognitoPreSignupTriggerModel",
    "post-confirmation": "CognitoPostConfirmationTriggerModel",
    "pre-authentication": "CognitoPreAuthenticationTriggerModel",
    "post-authentication": "CognitoPostAuthenticationTriggerModel",
    "pre-token-generation": "CognitoPreTokenGenerationTriggerModelV1",
    "user-migration": "CognitoMigrateUserTriggerModel",
    "custom-message": "CognitoCustomMessageTriggerModel",
    "custom-email-sender": "CognitoCustomEmailSenderTriggerModel",
    "custom-sms-sender": "CognitoCustomSMSSenderTriggerModel",
    "define-auth-challenge": "CognitoDefineAuthChallengeTriggerModel",
    "verify-auth-challenge": "CognitoVerifyAuthChallengeTriggerModel",
}

VALIDATORS: dict[tuple[str, str], Validator] = {
    **{("alexa", event): _SKILL for event in ("launch", "intent", "session-ended", "can-fulfill")},
    **{("cognito", event): powertools(model) for event, model in _COGNITO.items()},
    ("cognito", "create-auth-challenge"): powertools(
        "CognitoCreateAuthChallengeTriggerModel",
        {"request.challengeName": "the model lacks the name of the challenge that is to be made"},
    ),
    ("cognito", "pre-token-generation-v2"): _TOKENS,
    ("cognito", "pre-token-generation-v3"): _TOKENS,
    **{("alexa_smart_home", event): check for event, check in _SMART_HOME.items()},
}
TIMES = {"alexa": ("iso_seconds",)}
