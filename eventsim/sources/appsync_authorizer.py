"""
AppSync: a GraphQL API asks a function whether a request is allowed.

https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization
"""

from __future__ import annotations

from typing import Annotated, Any

from eventsim.rules.arns import arn, dns_suffix
from eventsim.sources._contract import Broken, kept, kind_of, value_at
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "appsync.amazonaws.com"
ANSWER_SECONDS_MAX = 10.0


def request(
    scene: Scene,
    *,
    token: Annotated[str, "the Authorization header"] = "custom-token",
    api_id: Annotated[str, "the API's id"] = "giy7kumfmvcqvbedntjwjvagii",
    query: Annotated[str, "the document"] = "query GetOrder($id: ID!) { getOrder(id: $id) { id } }",
    operation: Annotated[str | None, "the operation's name"] = "GetOrder",
    variables: Annotated[dict[str, Any] | None, "of the query; an id unless given"] = None,
    headers: Annotated[dict[str, str] | None, "besides the usual ones"] = None,
) -> dict[str, Any]:
    """A request came with a token: is it allowed, and what of it?"""
    return {
        "authorizationToken": token,
        "requestContext": {
            "apiId": api_id,
            "accountId": scene.account,
            "requestId": scene.uuid(),
            "queryString": query,
            "operationName": operation,
            "variables": {"id": scene.uuid()} if variables is None else dict(variables),
        },
        "requestHeaders": {
            "accept": "application/json",
            "content-type": "application/json",
            "host": f"{api_id}.appsync-api.{scene.region}.{dns_suffix(scene.region)}",
            "x-forwarded-for": f"203.0.113.{scene.number(1, 254)}",
            "x-forwarded-proto": "https",
            **(headers or {}),
        },
    }


EVENTS = (request,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The API's ARN."""
    resource = f"apis/{event['requestContext']['apiId']}"
    return arn("appsync", scene.region, scene.account, resource)


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """Whether the request is allowed. An answer that is none refuses it."""
    return kept(result, _check)


def _check(told: dict[str, Any]) -> None:
    value_at(told, "isAuthorized", bool)
    if told.get("resolverContext") is not None:
        _check_context(value_at(told, "resolverContext", dict))
    denied = told.get("deniedFields")
    if denied is not None and not (
        isinstance(denied, list) and all(isinstance(field, str) for field in denied)
    ):
        raise Broken("deniedFields has to be an array of strings")
    ttl = told.get("ttlOverride")
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl < 0):
        raise Broken("ttlOverride has to be a whole number of seconds")


def _check_context(context: dict[str, Any]) -> None:
    for name, value in context.items():
        if isinstance(value, dict | list):
            raise Broken(f"resolverContext.{name} is {kind_of(value)}; it has to be a plain value")
