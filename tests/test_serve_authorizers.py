"""Lambda authorizers of REST and HTTP APIs: who is let in, what the function is told, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.served import Server, served

ASKED: list[Any] = []


def echo(event: Any, context: Any) -> Any:
    authorizer = event["requestContext"].get("authorizer")
    return {"statusCode": 200, "body": json.dumps(authorizer)}


def policy(event: Any, context: Any) -> Any:
    ASKED.append(event)
    token = event.get("authorizationToken") or event["headers"]["Authorization"]
    if token == "stranger":
        raise Exception("Unauthorized")
    if token == "broken":
        return {"principalId": "me"}
    statement = {
        "Effect": "Deny" if token == "denied" else "Allow",
        "Action": "execute-api:Invoke",
        "Resource": event["methodArn"],
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": token, "policyDocument": document, "context": {"n": 5, "yes": True}}


def simple(event: Any, context: Any) -> Any:
    ASKED.append(event)
    return {"isAuthorized": event["identitySource"] == ["good"], "context": {"deep": [1]}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    kept = {"function": "policy", "type": "TOKEN", "ttl": "300s"}
    names = ("echo", "policy", "simple")
    with served(
        resources={
            "rest": {
                "type": "apigateway",
                "authorizers": {
                    "token": {**kept, "ttl": "0s"},
                    "kept": kept,
                    "request": {"function": "policy", "ttl": "0s"},
                },
                "authorizer": "token",
                "routes": {
                    "GET /": "echo",
                    "GET /open": {"function": "echo", "authorizer": "NONE"},
                    "GET /kept": {"function": "echo", "authorizer": "kept"},
                    "GET /also": {"function": "echo", "authorizer": "kept"},
                    "GET /request": {"function": "echo", "authorizer": "request"},
                },
            },
            "http": {
                "type": "apigateway",
                "protocol": "HTTP",
                "authorizers": {"simple": {"function": "simple"}},
                "routes": {"GET /": {"function": "echo", "authorizer": "simple"}},
            },
        },
        functions={name: {"Handler": globals()[name]} for name in names},
    ) as found:
        yield found


def get(server: Server, front: str, path: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": token}
    return httpx.get(f"{server.url(front)}{path}", headers=headers)


@pytest.mark.parametrize(
    ("token", "status", "told"),
    [
        (None, 401, {"message": "Unauthorized"}),
        ("stranger", 401, {"message": "Unauthorized"}),
        ("broken", 500, {"message": None}),
        (
            "denied",
            403,
            {"Message": "User is not authorized to access this resource with an explicit deny"},
        ),
        ("me", 200, {"n": "5", "yes": "true", "principalId": "me", "integrationLatency": 0}),
    ],
)
@pytest.mark.parametrize("path", ["/", "/request"])
def test_a_rest_api_asks_before_it_invokes(
    server: Server, path: str, token: str | None, status: int, told: Any
) -> None:
    answer = get(server, "rest", path, token)
    assert (answer.status_code, answer.json()) == (status, told)


def test_a_route_may_have_no_authorizer(server: Server) -> None:
    assert get(server, "rest", "/open", None).json() is None


def test_an_answer_is_remembered_and_holds_for_what_its_policy_names(server: Server) -> None:
    ASKED.clear()
    assert get(server, "rest", "/kept", "me").status_code == 200
    assert get(server, "rest", "/kept", "me").status_code == 200
    other = get(server, "rest", "/also", "me")
    assert (other.status_code, len(ASKED)) == (403, 1)
    assert other.json() == {"Message": "User is not authorized to access this resource"}


def test_an_http_api_takes_yes_or_no(server: Server) -> None:
    assert get(server, "http", "/", None).json() == {"message": "Unauthorized"}
    assert get(server, "http", "/", "bad").json() == {"message": "Forbidden"}
    assert get(server, "http", "/", "good").json() == {"lambda": {"deep": [1]}}


def test_the_authorizer_is_not_told_of_an_authorizer(server: Server) -> None:
    ASKED.clear()
    get(server, "http", "/", "good")
    assert ASKED[0]["type"] == "REQUEST"
    assert ASKED[0]["routeArn"].endswith("/$default/GET/")
    assert "authorizer" not in ASKED[0]["requestContext"]
