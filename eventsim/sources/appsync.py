"""
AppSync: a GraphQL API resolves fields by a function, and an Event API hands its messages to one.

The API invokes by the role of its data source, so no function's policy is asked. A function that
fails is an error of the field.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-js-lambda.html
https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
https://docs.aws.amazon.com/appsync/latest/eventapi/event-handlers-overview.html
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import Field

from eventsim.rules.arns import arn, dns_suffix
from eventsim.sources._contract import Broken, kind_of, value_at, value_of
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse", "Event")
PRINCIPAL = None
ANSWER_SECONDS_MAX = 30.0

Who = Annotated[
    Literal["cognito", "iam", "oidc", "lambda", "api-key"], "how the caller is authorized"
]
UserName = Annotated[str, "the caller's name"]
Parent = Annotated[str, "the type that the field belongs to"]
Name = Annotated[str, "the field"]
Arguments = Annotated[dict[str, Any] | None, "the field's arguments; an id unless given"]
Selection = Annotated[tuple[str, ...], "a field that is asked for below"]
Headers = Annotated[dict[str, str] | None, "headers of the request besides the usual ones"]
Stash = Annotated[dict[str, Any] | None, "what earlier functions of a pipeline put aside"]


def resolver(
    scene: Scene,
    *,
    parent_type: Parent = "Query",
    field: Name = "getOrder",
    arguments: Arguments = None,
    select: Selection = ("id", "total"),
    source: Annotated[dict[str, Any] | None, "the object that the field belongs to"] = None,
    previous: Annotated[
        dict[str, Any] | None, "the result of the function before in a pipeline"
    ] = None,
    stash: Stash = None,
    identity: Who = "cognito",
    username: UserName = "alice",
    headers: Headers = None,
) -> dict[str, Any]:
    """A field is to be resolved."""
    asked = {"id": scene.uuid()} if arguments is None else dict(arguments)
    return {
        "arguments": asked,
        "identity": _identity(scene, identity, username),
        "source": source,
        "request": _request(scene, headers),
        "prev": None if previous is None else {"result": previous},
        "info": _info(parent_type, field, asked, select),
        "stash": dict(stash or {}),
    }


def batch_resolver(
    scene: Scene,
    *,
    parent_type: Parent = "Order",
    field: Name = "lines",
    select: Selection = ("article", "amount"),
    records: Annotated[int, Field(ge=1, le=2000), "so many objects at once"] = 2,
    identity: Who = "cognito",
    username: UserName = "alice",
    headers: Headers = None,
) -> list[dict[str, Any]]:
    """A field is to be resolved for several objects at once."""
    who, request = _identity(scene, identity, username), _request(scene, headers)
    return [
        {
            "arguments": {},
            "identity": deepcopy(who),
            "source": {"id": scene.uuid()},
            "request": deepcopy(request),
            "prev": None,
            "info": _info(parent_type, field, {}, select),
            "stash": {},
        }
        for _ in range(records)
    ]


def publish(
    scene: Scene,
    *,
    channel: Annotated[str, "the path of the channel"] = "/orders/new",
    payload: Annotated[dict[str, Any] | None, "of each message; an order unless given"] = None,
    records: Annotated[int, Field(ge=1, le=5), "so many messages"] = 1,
    identity: Who = "api-key",
    username: UserName = "alice",
    headers: Headers = None,
) -> dict[str, Any]:
    """Messages are published to a channel of an Event API."""
    made = _channel_event(scene, "PUBLISH", channel, identity, username, headers)
    made["events"] = [
        {"id": scene.uuid(), "payload": payload or {"orderId": scene.uuid()}}
        for _ in range(records)
    ]
    return made


def subscribe(
    scene: Scene,
    *,
    channel: Annotated[str, "the path of the channel"] = "/orders/*",
    identity: Who = "api-key",
    username: UserName = "alice",
    headers: Headers = None,
) -> dict[str, Any]:
    """Somebody subscribes to a channel of an Event API."""
    return _channel_event(scene, "SUBSCRIBE", channel, identity, username, headers)


EVENTS = (resolver, batch_resolver, publish, subscribe)


def answer(result: InvokeResult, event: Any) -> Answer:
    """The value of the field, the values of all, or the messages that go on."""
    try:
        told = value_of(result)
        if isinstance(event, list):
            _check_batch(told, len(event))
        elif "channel" in event["info"]:
            _check_channel(told, event)
    except Broken as broken:
        return broken.answer()
    return Answer(value=told)


def _check_batch(told: Any, count: int) -> None:
    if not isinstance(told, list):
        raise Broken(f"the answer is {kind_of(told)}, not an array of {count}")
    if len(told) != count:
        raise Broken(f"the answer has {len(told)} results for {count} objects")


def _check_channel(told: Any, event: dict[str, Any]) -> None:
    """Null refuses nothing; ``error`` refuses all; each message goes on, or has an error."""
    if told is None:
        return
    if not isinstance(told, dict):
        raise Broken(f"the answer is {kind_of(told)}, not an object")
    if told.get("error") is not None:
        raise Broken(f"the function refused it: {told['error']}")
    if event["info"]["operation"] == "SUBSCRIBE":
        return
    sent = {message["id"] for message in event["events"]}
    for index, message in enumerate(value_at(told, "events", list)):
        if not isinstance(message, dict) or message.get("id") not in sent:
            raise Broken(f"events[{index}].id is of no message that was sent")


def _info(parent: str, field: str, asked: dict[str, Any], select: Sequence[str]) -> dict[str, Any]:
    lines = "".join(f"  {name}\n" for name in select)
    return {
        "selectionSetList": list(select),
        "selectionSetGraphQL": f"{{\n{lines}}}",
        "parentTypeName": parent,
        "fieldName": field,
        "variables": dict(asked),
    }


def _channel_event(
    scene: Scene,
    operation: str,
    channel: str,
    identity: str,
    username: str,
    headers: dict[str, str] | None,
) -> dict[str, Any]:
    segments = channel.strip("/").split("/")
    return {
        "identity": _identity(scene, identity, username),
        "result": None,
        "request": _request(scene, headers),
        "info": {
            "channel": {"path": f"/{'/'.join(segments)}", "segments": segments},
            "channelNamespace": {"name": segments[0]},
            "operation": operation,
        },
        "error": None,
        "prev": None,
        "stash": {},
        "outErrors": [],
        "events": None,
    }


def _request(scene: Scene, headers: dict[str, str] | None) -> dict[str, Any]:
    domain = f"{scene.letters(26, 'abcdefghijklmnopqrstuvwxyz234567')}.appsync-api"
    return {
        "headers": {
            "accept": "application/json",
            "content-type": "application/json",
            "host": f"{domain}.{scene.region}.{dns_suffix(scene.region)}",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-amzn-requestid": scene.uuid(),
            "x-forwarded-for": f"203.0.113.{scene.number(1, 254)}",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            **(headers or {}),
        },
        "domainName": None,
    }


def _identity(scene: Scene, kind: str, username: str) -> dict[str, Any] | None:
    address = [f"203.0.113.{scene.number(1, 254)}"]
    sub, since = scene.uuid(), int(scene.at.timestamp())
    match kind:
        case "cognito":
            issuer = f"https://cognito-idp.{scene.region}.{dns_suffix(scene.region)}/{scene.region}_K4x7QmB2v"
            claims = {
                "sub": sub,
                "iss": issuer,
                "cognito:username": username,
                "token_use": "access",
            }
            return {
                "sub": sub,
                "issuer": issuer,
                "username": username,
                "claims": {**claims, "auth_time": since, "iat": since, "exp": since + 3600},
                "sourceIp": address,
                "defaultAuthStrategy": "ALLOW",
                "groups": None,
            }
        case "iam":
            user = arn("iam", scene.region, scene.account, f"user/{username}")
            return {
                "accountId": scene.account,
                "cognitoIdentityPoolId": None,
                "cognitoIdentityId": None,
                "sourceIp": address,
                "username": f"AIDA{scene.letters(17)}",
                "userArn": user,
                "cognitoIdentityAuthType": None,
                "cognitoIdentityAuthProvider": None,
            }
        case "oidc":
            issuer = "https://login.example.com"
            until = {"aud": "orders", "iat": since, "exp": since + 3600}
            return {"sub": sub, "issuer": issuer, "claims": {"sub": sub, "iss": issuer, **until}}
        case "lambda":
            return {"resolverContext": {"username": username}}
    return None
