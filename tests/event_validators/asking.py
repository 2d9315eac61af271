"""GraphQL, the edge, pipelines, things and rules: services that run a function on the way."""

from __future__ import annotations

from typing import Any

import orjson
from aws_lambda_powertools.utilities.data_classes import ConnectContactFlowEvent, VPCLatticeEventV2
from aws_lambda_powertools.utilities.data_classes.appsync_authorizer_event import (
    AppSyncAuthorizerEvent,
)
from aws_lambda_powertools.utilities.parser.models.iot_registry_events import IoTCoreThingEvent

from tests.event_validators import (
    Validator,
    data_class,
    in_botocore,
    powertools,
    schema,
    typed,
    whole,
)

TEXT = {"type": "string", "minLength": 1}
ANY = {"type": "object"}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_AWS = "https://docs.aws.amazon.com"

_RESOLVER = powertools("AppSyncResolverEventModel")
_EVENT_API = f"the model lacks it: {_AWS}/appsync/latest/eventapi/channel-namespace-handlers.html"
_CHANNEL = powertools("AppSyncEventsModel", {"result": _EVENT_API, "error": _EVENT_API})


def _every(event: Any) -> None:
    for each in event:
        _RESOLVER.check(each)


_AUTHORIZER = data_class(
    AppSyncAuthorizerEvent,
    f"{_AWS}/appsync/latest/devguide/security-authz.html",
    whole(
        {
            "authorizationToken": TEXT,
            "requestContext": whole(
                {
                    "apiId": TEXT,
                    "accountId": {"type": "string", "pattern": "^[0-9]{12}$"},
                    "requestId": UUID,
                    "queryString": TEXT,
                    "operationName": {"type": ["string", "null"]},
                    "variables": ANY,
                }
            ),
            "requestHeaders": {"type": "object", "additionalProperties": {"type": "string"}},
        }
    ),
)

_HEADERS = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z0-9-]+$"},
    "additionalProperties": {
        "type": "array",
        "items": whole({"key": TEXT, "value": {"type": "string"}}),
    },
}
_CUSTOM_ORIGIN = {
    "customHeaders": _HEADERS,
    "domainName": TEXT,
    "keepaliveTimeout": {"type": "integer"},
    "path": {"type": "string"},
    "port": {"type": "integer"},
    "protocol": {"enum": ["http", "https"]},
    "readTimeout": {"type": "integer"},
    "sslProtocols": {"type": "array", "items": TEXT},
}
_CF_REQUEST = {
    "clientIp": TEXT,
    "headers": _HEADERS,
    "method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE"]},
    "querystring": {"type": "string", "pattern": "^[^?]*$"},
    "uri": {"type": "string", "pattern": "^/"},
}
_CF_RESPONSE = {
    "headers": _HEADERS,
    "status": {"type": "string", "pattern": "^[2-5][0-9]{2}$"},
    "statusDescription": {"type": "string"},
}


def _cloudfront(trigger: str) -> Validator:
    request = dict(_CF_REQUEST)
    if trigger.startswith("origin"):
        request["origin"] = whole({"custom": whole(_CUSTOM_ORIGIN)})
    config = {
        "distributionDomainName": {"type": "string", "pattern": "\\.cloudfront\\.net$"},
        "distributionId": {"type": "string", "pattern": "^E[0-9A-Z]{13}$"},
        "eventType": {"const": trigger},
        "requestId": {"type": "string", "pattern": "^[A-Za-z0-9+/]{54}==$|^[A-Za-z0-9+/=]+$"},
    }
    told: dict[str, Any] = {"config": whole(config), "request": whole(request)}
    if trigger.endswith("response"):
        told["response"] = whole(_CF_RESPONSE)
    record = whole({"cf": whole(told)})
    page = f"{_AWS}/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html"
    records = {"type": "array", "minItems": 1, "maxItems": 1, "items": record}
    return schema(page, whole({"Records": records}))


_RULE = typed(
    "ConfigEvent",
    {
        "evaluationMode": "the type lacks what came with proactive rules: "
        f"{_AWS}/config/latest/developerguide/evaluate-config_develop-rules_example-events.html"
    },
)
_ADDED = f"the type lacks it: {_AWS}/codecommit/latest/userguide/how-to-notify-lambda.html"

_ARN = {"type": "string", "pattern": "^arn:aws[a-z-]*:"}
_DESTINATION = f"{_AWS}/lambda/latest/dg/invocation-async-retain-records.html"
_ASYNC = {
    "version": {"const": "1.0"},
    "timestamp": TEXT,
    "requestContext": whole(
        {
            "requestId": UUID,
            "functionArn": {"type": "string", "pattern": ":function:[^:]+:\\$LATEST$"},
            "condition": {"enum": ["Success", "RetriesExhausted", "EventAgeExceeded"]},
            "approximateInvokeCount": {"type": "integer", "minimum": 0},
        }
    ),
    "requestPayload": ANY,
}
_ANSWERED = {
    "responseContext": whole(
        {
            "statusCode": {"const": 200},
            "executedVersion": TEXT,
            "functionError": {"enum": ["Handled", "Unhandled"]},
        },
        "functionError",
    ),
    "responsePayload": ANY,
}
_GIVEN_UP = {
    "requestContext": whole(
        {
            "requestId": UUID,
            "functionArn": _ARN,
            "condition": {"enum": ["RetryAttemptsExhausted", "RecordAgeExceeded"]},
            "approximateInvokeCount": {"type": "integer", "minimum": 1},
        }
    ),
    "responseContext": _ANSWERED["responseContext"],
    "version": {"const": "1.0"},
    "timestamp": TEXT,
    "KinesisBatchInfo": whole(
        {
            "shardId": {"type": "string", "pattern": "^shardId-[0-9]{12}$"},
            "startSequenceNumber": {"type": "string", "pattern": "^[0-9]{56}$"},
            "endSequenceNumber": {"type": "string", "pattern": "^[0-9]{56}$"},
            "approximateArrivalOfFirstRecord": TEXT,
            "approximateArrivalOfLastRecord": TEXT,
            "batchSize": {"type": "integer", "minimum": 1},
            "streamArn": _ARN,
        }
    ),
}

_THING = Validator(
    "Powertools `IoTCoreThingEvent`",
    lambda event: IoTCoreThingEvent.model_validate(event, extra="forbid"),
)
_CONNECTION = schema(
    f"{_AWS}/iot/latest/developerguide/custom-auth-lambda.html",
    whole(
        {
            "token": TEXT,
            "signatureVerified": {"type": "boolean"},
            "protocols": {"type": "array", "items": {"enum": ["tls", "http", "mqtt"]}},
            "protocolData": whole(
                {
                    "tls": whole({"serverName": TEXT}),
                    "http": whole({"headers": ANY, "queryString": {"type": "string"}}),
                    "mqtt": whole({"username": TEXT, "password": TEXT, "clientId": TEXT}),
                },
                "http",
                "mqtt",
            ),
            "connectionMetadata": whole({"id": UUID}),
        },
        "token",
    ),
)
_CONTEXTS = {
    "tls": in_botocore("iot", "TlsContext"),
    "http": in_botocore("iot", "HttpContext"),
    "mqtt": in_botocore("iot", "MqttContext"),
}


def _connecting(event: Any) -> None:
    """What is known of the connection is what TestInvokeAuthorizer takes of it."""
    _CONNECTION.check(event)
    for protocol, told in event["protocolData"].items():
        _CONTEXTS[protocol](told)


_CONNECTING = Validator(f"botocore's contexts of iot, {_CONNECTION.name}", _connecting)
_END = whole({"Address": TEXT, "Type": {"const": "TELEPHONE_NUMBER"}})
_CONTACT = data_class(
    ConnectContactFlowEvent,
    f"{_AWS}/connect/latest/adminguide/connect-lambda-functions.html",
    whole(
        {
            "Name": {"const": "ContactFlowEvent"},
            "Details": whole(
                {
                    "ContactData": whole(
                        {
                            "Attributes": ANY,
                            "Channel": {"enum": ["VOICE", "CHAT", "TASK"]},
                            "ContactId": UUID,
                            "CustomerEndpoint": {"anyOf": [_END, {"type": "null"}]},
                            "InitialContactId": UUID,
                            "InitiationMethod": TEXT,
                            "InstanceARN": _ARN,
                            "MediaStreams": ANY,
                            "PreviousContactId": UUID,
                            "Queue": {"type": ["object", "null"]},
                            "SystemEndpoint": {"anyOf": [_END, {"type": "null"}]},
                        }
                    ),
                    "Parameters": ANY,
                }
            ),
        }
    ),
    "audio",  # null while nothing is streamed
)
_LISTS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
_LATTICE = data_class(
    VPCLatticeEventV2,
    f"{_AWS}/vpc-lattice/latest/ug/lambda-functions.html",
    whole(
        {
            "version": {"const": "2.0"},
            "path": {"type": "string", "pattern": "^/"},
            "method": TEXT,
            "headers": _LISTS,
            "queryStringParameters": _LISTS,
            "body": {"type": "string"},
            "isBase64Encoded": {"type": "boolean"},
            "requestContext": whole(
                {
                    "serviceNetworkArn": _ARN,
                    "serviceArn": _ARN,
                    "targetGroupArn": _ARN,
                    "identity": whole(
                        {"sourceVpcArn": _ARN, "type": TEXT, "principal": TEXT},
                        *("type", "principal"),
                    ),
                    "region": TEXT,
                    "timeEpoch": {"type": "string", "pattern": "^[0-9]{16}$"},
                }
            ),
        },
        *("queryStringParameters", "body", "isBase64Encoded"),
    ),
    *("body", "decoded_body", "json_body", "is_base64_encoded"),  # not of a request without one
)
_READING = schema(
    f"{_AWS}/iot/latest/developerguide/iot-sql-reference.html",
    whole(
        {"device": TEXT, "temperature": {"type": "number"}, "timestamp": {"type": "integer"}},
    ),
)
_BUTTON = schema(
    f"{_AWS}/lambda/latest/dg/services-iot.html",
    whole(
        {
            "serialNumber": {"type": "string", "pattern": "^[0-9A-Z]{16}$"},
            "batteryVoltage": {"type": "string", "pattern": "^[0-9]+mV$"},
            "clickType": {"enum": ["SINGLE", "DOUBLE", "LONG"]},
        }
    ),
)


def _rule(event: Any) -> None:
    """The envelope, and a notification that is JSON in it."""
    _RULE.check(event)
    orjson.loads(event["ruleParameters"])
    assert orjson.loads(event["invokingEvent"])["messageType"].endswith("Notification")


_CONFIG = Validator(_RULE.name, _rule, _RULE.gaps, _RULE.needed)

VALIDATORS: dict[tuple[str, str], Validator] = {
    ("appsync", "resolver"): _RESOLVER,
    ("appsync", "batch-resolver"): Validator(f"{_RESOLVER.name}, each", _every),
    ("appsync", "publish"): _CHANNEL,
    ("appsync", "subscribe"): _CHANNEL,
    ("appsync_authorizer", "request"): _AUTHORIZER,
    **{
        ("cloudfront", trigger): _cloudfront(trigger)
        for trigger in ("viewer-request", "origin-request", "origin-response", "viewer-response")
    },
    **{
        ("config", event): _CONFIG
        for event in ("configuration-change", "oversized-change", "scheduled")
    },
    ("codecommit", "push"): typed("CodeCommitMessageEvent"),
    ("codecommit", "create"): typed(
        "CodeCommitMessageEvent", {"Records.*.codecommit.references.*.created": _ADDED}
    ),
    ("codecommit", "delete"): typed(
        "CodeCommitMessageEvent", {"Records.*.codecommit.references.*.deleted": _ADDED}
    ),
    ("codepipeline", "job"): typed("CodePipelineEvent"),
    ("connect", "contact-flow"): _CONTACT,
    ("iot", "rule-action"): _READING,
    ("iot", "button"): _BUTTON,
    ("iot", "thing"): _THING,
    ("iot_authorizer", "connect"): _CONNECTING,
    ("iot_provisioning", "provision"): typed("IoTPreProvisioningHookEvent"),
    ("lambda_destination", "on-success"): schema(_DESTINATION, whole({**_ASYNC, **_ANSWERED})),
    ("lambda_destination", "on-failure"): schema(_DESTINATION, whole({**_ASYNC, **_ANSWERED})),
    ("lambda_destination", "event-age-exceeded"): schema(_DESTINATION, whole(_ASYNC)),
    ("lambda_destination", "kinesis-failure"): schema(
        f"{_AWS}/lambda/latest/dg/kinesis-on-failure-destination.html", whole(_GIVEN_UP)
    ),
    ("lambda_destination", "dynamodb-failure"): powertools(
        "DynamoDBStreamLambdaOnFailureDestinationModel"
    ),
    ("vpc_lattice", "request"): _LATTICE,
    ("vpc_lattice", "request-v1"): powertools("VpcLatticeModel"),
    ("transfer_family", "sign-in"): powertools("TransferFamilyAuthorizer"),
}
TIMES = {
    "codecommit": ("iso_offset",),
    "config": ("iso_milliseconds",),
    "lambda_destination": ("iso_milliseconds", "iso_seconds"),
}
