"""A WebSocket API driven by a real client, and by the functions that write back to it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.served import Server, served

SEEN: list[dict[str, Any]] = []


def connecting(event: Any, context: Any) -> Any:
    SEEN.append(event)
    refused = (event.get("queryStringParameters") or {}).get("refuse")
    return {"statusCode": 403 if refused else 200, "body": "no"}


def disconnecting(event: Any, context: Any) -> None:
    SEEN.append(event)


def messages(event: Any, context: Any) -> Any:
    body = event["body"]
    if "fail" in body:
        raise ValueError(body)
    if "back" in body:
        post(event, b"from the back channel")
        return {"statusCode": 200}
    return {"statusCode": 200, "body": body.upper()}


def guard(event: Any, context: Any) -> Any:
    allowed = event["queryStringParameters"]["token"] == "good"
    statement = {
        "Effect": "Allow" if allowed else "Deny",
        "Action": "execute-api:Invoke",
        "Resource": event["methodArn"],
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": document, "context": {"plan": 5}}


def post(event: Any, data: bytes) -> None:
    """What a function does with the management API."""
    context = event["requestContext"]
    where = f"http://{context['domainName']}/_fronts/chat/{context['stage']}/@connections"
    url = f"{where}/{quote(context['connectionId'], safe='')}"
    with urlopen(Request(url, data=data, method="POST")) as answer:
        assert answer.status == 200


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    names = ("connecting", "disconnecting", "messages", "guard")
    guarded = {"function": "guard", "identity_sources": ["$request.querystring.token"]}
    with served(
        resources={
            "chat": {
                "type": "apigateway",
                "protocol": "WEBSOCKET",
                "routes": {
                    "$connect": "connecting",
                    "$disconnect": "disconnecting",
                    "shout": {"function": "messages", "reply": True},
                    "quiet": "messages",
                },
            },
            "closed": {
                "type": "apigateway",
                "protocol": "WEBSOCKET",
                "authorizers": {"guard": guarded},
                "routes": {"$connect": {"function": "connecting", "authorizer": "guard"}},
            },
        },
        functions={name: {"Handler": globals()[name]} for name in names},
    ) as found:
        yield found


@pytest.fixture
def client(server: Server) -> Iterator[ClientConnection]:
    SEEN.clear()
    with connect(socket_url(server)) as connection:
        yield connection


def socket_url(server: Server, front: str = "chat", query: str = "") -> str:
    return server.url(front).replace("http:", "ws:") + query


def say(client: ClientConnection, action: str, **more: Any) -> None:
    client.send(json.dumps({"action": action, **more}))


def test_a_message_takes_its_route_and_a_reply_comes_back(client: ClientConnection) -> None:
    say(client, "shout", text="hello")
    assert json.loads(client.recv(5)) == {"ACTION": "SHOUT", "TEXT": "HELLO"}


def test_without_a_reply_route_nothing_comes_back(client: ClientConnection) -> None:
    say(client, "quiet")
    say(client, "shout")
    assert json.loads(client.recv(5)) == {"ACTION": "SHOUT"}


def test_a_function_writes_to_its_connection(client: ClientConnection) -> None:
    say(client, "quiet", text="back")
    assert client.recv(5) == "from the back channel"


def test_a_message_without_a_route_and_one_that_fails_are_told(client: ClientConnection) -> None:
    for action, text in (("none", "Forbidden"), ("shout", "Internal server error")):
        say(client, action, text="fail")
        told = json.loads(client.recv(5))
        assert (told["message"], set(told)) == (text, {"message", "connectionId", "requestId"})


def test_a_message_that_is_too_large_ends_the_connection(client: ClientConnection) -> None:
    client.send("x" * (128 * 1024 + 1))
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_client_is_refused_with_the_status_of_the_function(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(socket_url(server, query="?refuse=1")):
        raise AssertionError
    assert refused.value.response.status_code == 403


def test_the_beginning_and_the_end_are_told_with_the_same_connection(server: Server) -> None:
    SEEN.clear()
    with connect(socket_url(server, query="?a=1"), additional_headers={"X-A": "b"}) as client:
        client.close(1001, "bye")
    wait_for(2)
    began, ended = (event["requestContext"] for event in SEEN)
    assert (began["eventType"], ended["eventType"]) == ("CONNECT", "DISCONNECT")
    assert began["connectionId"] == ended["connectionId"]
    assert (ended["disconnectStatusCode"], ended["disconnectReason"]) == (1001, "bye")
    assert SEEN[0]["headers"]["X-A"] == "b"
    assert SEEN[0]["queryStringParameters"] == {"a": "1"}


def wait_for(events: int) -> None:
    """Return when the functions have seen so many events."""
    until = time.monotonic() + 5
    while len(SEEN) < events and time.monotonic() < until:
        time.sleep(0.01)
    assert len(SEEN) == events


def test_the_management_api_tells_closes_and_forgets(
    server: Server, client: ClientConnection
) -> None:
    name = quote(SEEN[0]["requestContext"]["connectionId"], safe="")
    url = f"{server.url('chat')}/@connections/{name}"
    told = httpx.get(url).json()
    assert set(told) == {"connectedAt", "identity", "lastActiveAt"}
    assert told["identity"]["sourceIp"] == "127.0.0.1"
    assert httpx.delete(url).status_code == 204
    with pytest.raises(ConnectionClosed):
        client.recv(5)
    wait_for(2)
    gone = httpx.post(url, content=b"anybody")
    assert (gone.status_code, gone.headers["x-amzn-errortype"]) == (410, "GoneException")


def test_an_authorizer_lets_clients_in(server: Server) -> None:
    SEEN.clear()
    with connect(socket_url(server, "closed", "?token=good")):
        pass
    assert SEEN[0]["requestContext"]["authorizer"] == {
        "plan": "5",
        "principalId": "me",
        "integrationLatency": 0,
    }
    for query, status in (("?token=bad", 403), ("", 401)):
        with pytest.raises(InvalidStatus) as refused, connect(socket_url(server, "closed", query)):
            raise AssertionError
        assert refused.value.response.status_code == status


def test_nobody_is_at_the_connections_of_another_stage(server: Server) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{server.base}/_fronts/chat/other/@connections/x")
    assert refused.value.code == 403
    refused.value.close()
