"""Alexa, and the services that ask a function in the middle of what they do."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson
from ask_sdk_core.serialize import DefaultSerializer
from ask_sdk_model.request_envelope import RequestEnvelope

from tests.event_validators import (
    Refused,
    Validator,
    in_botocore,
    powertools,
    schema,
    typed,
    whole,
)

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

_NULLABLE_SLOTS = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            {"type": "null"},
            whole(
                {
                    "shape": {"const": "Scalar"},
                    "value": whole(
                        {
                            "originalValue": TEXT,
                            "interpretedValue": TEXT,
                            "resolvedValues": {"type": "array", "items": TEXT},
                        }
                    ),
                }
            ),
        ]
    },
}
_LEX_INTENT = whole(
    {
        "name": TEXT,
        "slots": _NULLABLE_SLOTS,
        "state": {"enum": ["InProgress", "ReadyForFulfillment"]},
        "confirmationState": {"enum": ["None", "Confirmed", "Denied"]},
    }
)
_LEX_INPUT = schema(
    "https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html",
    whole(
        {
            "messageVersion": {"const": "1.0"},
            "invocationSource": {"enum": ["DialogCodeHook", "FulfillmentCodeHook"]},
            "inputMode": {"enum": ["DTMF", "Speech", "Text"]},
            "responseContentType": TEXT,
            "sessionId": TEXT,
            "inputTranscript": TEXT,
            "bot": whole(
                {
                    "name": TEXT,
                    "id": {"type": "string", "pattern": "^[0-9A-Z]{10}$"},
                    "aliasId": {"type": "string", "pattern": "^[0-9A-Z]{10}$"},
                    "aliasName": TEXT,
                    "localeId": {"type": "string", "pattern": "^[a-z]{2}_[A-Z]{2}$"},
                    "version": {"type": "string", "pattern": "^(DRAFT|[0-9]+)$"},
                }
            ),
            "interpretations": {
                "type": "array",
                "minItems": 1,
                "maxItems": 5,
                "items": whole(
                    {
                        "intent": _LEX_INTENT,
                        "interpretationSource": {"enum": ["Bedrock", "Lex"]},
                        "nluConfidence": {"type": "number", "minimum": 0, "maximum": 1},
                    }
                ),
            },
            "proposedNextState": whole(
                {
                    "intent": _LEX_INTENT,
                    "dialogAction": whole({"type": TEXT, "slotToElicit": TEXT}, "slotToElicit"),
                    "prompt": whole({"attempt": {"enum": ["Initial", "Retry1"]}}),
                }
            ),
            "sessionState": whole(
                {
                    "intent": _LEX_INTENT,
                    "sessionAttributes": {"type": "object"},
                    "originatingRequestId": UUID,
                }
            ),
            "transcriptions": {
                "type": "array",
                "items": whole(
                    {
                        "transcription": TEXT,
                        "transcriptionConfidence": {"type": "number"},
                        "resolvedContext": whole({"intent": TEXT}),
                        "resolvedSlots": _NULLABLE_SLOTS,
                    }
                ),
            },
        },
        "proposedNextState",
    ),
)
_SESSION, _INTENT = (in_botocore("lexv2-runtime", name) for name in ("SessionState", "Intent"))


def _lex(event: Any) -> None:
    """The session and the intents are those of the runtime API, which has no empty slots."""
    _LEX_INPUT.check(event)
    known = deepcopy(event)
    intents = [each["intent"] for each in (known["sessionState"], *known["interpretations"])]
    for intent in intents:
        intent["slots"] = {name: slot for name, slot in intent["slots"].items() if slot is not None}
        _INTENT(intent)
    _SESSION(known["sessionState"])


_LEX = Validator(
    f"botocore's `SessionState` and `Intent` of lexv2-runtime, {_LEX_INPUT.name}", _lex
)
_ROTATION = typed("SecretsManagerRotationEvent")
_STEP = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_STEP_INPUT = whole({"orderId": UUID, "total": {"type": "integer"}})
_STEPS = {
    "task": schema(f"{_STEP}connect-lambda.html", _STEP_INPUT),
    "wait-for-callback": schema(
        f"{_STEP}connect-to-resource.html",
        whole({"TaskToken": {**TEXT, "maxLength": 1024}, "Input": _STEP_INPUT}),
    ),
    "error": schema(
        f"{_STEP}concepts-error-handling.html",
        whole({"Error": TEXT, "Cause": {"type": "string", "pattern": "^{.*}$"}}),
    ),
}

VALIDATORS: dict[tuple[str, str], Validator] = {
    **{
        ("alexa", event): _SKILL
        for event in ("launch", "intent", "session-ended", "can-fulfill", "audio-player")
    },
    **{("cognito", event): powertools(model) for event, model in _COGNITO.items()},
    ("cognito", "create-auth-challenge"): powertools(
        "CognitoCreateAuthChallengeTriggerModel",
        {"request.challengeName": "the model lacks the name of the challenge that is to be made"},
    ),
    ("cognito", "pre-token-generation-v2"): _TOKENS,
    ("cognito", "pre-token-generation-v3"): _TOKENS,
    ("lex", "dialog"): _LEX,
    ("lex", "fulfillment"): _LEX,
    **{
        ("secrets_manager", f"{step}-secret"): _ROTATION
        for step in ("create", "set", "test", "finish")
    },
    **{("step_functions", event): check for event, check in _STEPS.items()},
    **{("alexa_smart_home", event): check for event, check in _SMART_HOME.items()},
}
TIMES = {"alexa": ("iso_seconds",)}
