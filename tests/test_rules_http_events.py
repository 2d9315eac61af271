"""Requests as events: what each front hands over, how it spells it, and what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.ids import Chance
from eventsim.rules.authorizer_events import (
    checked_source,
    http_v2_authorizer_event,
    identity_values,
    request_event,
)
from eventsim.rules.http_events import (
    Matched,
    Stage,
    alb_event,
    http_v1_event,
    http_v2_event,
    rest_event,
    url_event,
)
from eventsim.rules.http_routes import Route
from eventsim.rules.socket_events import Connection, message_event, selected_route
from eventsim.types import HttpRequest, Scene

REQUEST = HttpRequest(
    "GET",
    "/pets/a%20b",
    "q=a%20b&q=c&empty",
    (("X-Two", "1"), ("X-Two", "2"), ("Cookie", "a=1; b=2"), ("User-Agent", "me")),
)
PETS = Matched(Route("ANY", "/pets/{id}"), {"id": "a%20b"})
STAGE = Stage("abc", "prod", "abc.example.com", {"color": "blue"}, ("image/*",))


def scene() -> Scene:
    return Scene(chance=Chance(1))


def test_a_rest_api_keeps_the_path_and_the_case_as_they_came() -> None:
    event = rest_event(REQUEST, STAGE, PETS, scene())

    assert event["path"] == "/pets/a%20b"
    assert event["requestContext"]["path"] == "/prod/pets/a%20b"
    assert event["pathParameters"] == {"id": "a%20b"}
    assert event["headers"]["X-Two"] == "2"
    assert event["multiValueHeaders"]["X-Two"] == ["1", "2"]
    assert event["queryStringParameters"] == {"q": "c", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"q": ["a b", "c"], "empty": [""]}
    assert event["stageVariables"] == {"color": "blue"}


def test_what_a_rest_request_does_not_have_is_null() -> None:
    event = rest_event(
        HttpRequest(), Stage("abc", "prod", "h"), Matched(Route("GET", "/")), scene()
    )

    empty = {
        *("queryStringParameters", "multiValueQueryStringParameters", "pathParameters"),
        *("stageVariables", "body"),
    }
    assert {name for name, value in event.items() if value is None} == empty
    assert event["isBase64Encoded"] is False
    assert "authorizer" not in event["requestContext"]


def test_an_http_api_decodes_the_path_and_tells_its_stage() -> None:
    first = http_v1_event(REQUEST, STAGE, PETS, scene())
    second = http_v2_event(REQUEST, STAGE, PETS, scene())

    assert (first["version"], first["path"]) == ("1.0", "/prod/pets/a b")
    assert (second["version"], second["rawPath"]) == ("2.0", "/prod/pets/a b")
    assert first["pathParameters"] == second["pathParameters"] == {"id": "a b"}
    assert set(first["headers"]) == {"x-two", "cookie", "user-agent"}


def test_format_2_joins_what_is_there_twice_and_lists_cookies_apart() -> None:
    event = http_v2_event(REQUEST, STAGE, PETS, scene())

    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"] == {"x-two": "1,2", "user-agent": "me"}
    assert event["queryStringParameters"] == {"q": "a b,c", "empty": ""}
    assert event["rawQueryString"] == REQUEST.query
    assert event["routeKey"] == "ANY /pets/{id}"


def test_what_a_request_of_format_2_does_not_have_is_absent() -> None:
    stage, route = Stage("abc", "$default", "h"), Matched(Route("ANY", "$default"))
    event = http_v2_event(HttpRequest(), stage, route, scene())

    assert set(event) == {
        *("version", "routeKey", "rawPath", "rawQueryString", "headers"),
        *("requestContext", "isBase64Encoded"),
    }
    assert event["rawPath"] == "/"


def test_a_function_url_keeps_the_path_and_knows_nobody() -> None:
    event = url_event(REQUEST, "xyz", "xyz.lambda-url.us-east-1.on.aws", scene())

    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/pets/a%20b"
    context = event["requestContext"]
    assert (context["accountId"], context["stage"]) == ("anonymous", "$default")
    assert "pathParameters" not in event


def test_a_load_balancer_decodes_nothing_and_has_one_kind_of_values() -> None:
    single = alb_event(REQUEST, "arn", multi_value=False)
    multi = alb_event(REQUEST, "arn", multi_value=True)

    assert single["queryStringParameters"] == {"q": "c", "empty": ""}
    assert multi["multiValueQueryStringParameters"] == {"q": ["a%20b", "c"], "empty": [""]}
    assert multi["multiValueHeaders"]["x-two"] == ["1", "2"]
    assert "headers" not in multi
    assert "multiValueHeaders" not in single
    assert single["body"] == ""


@pytest.mark.parametrize(
    ("kind", "encoding", "rest", "others"),
    [
        ("application/json", "", ("hi", False), ("hi", False)),
        ("text/plain; charset=utf-8", "", ("hi", False), ("hi", False)),
        ("application/x-www-form-urlencoded", "", ("hi", False), ("aGk=", True)),
        ("image/png", "", ("aGk=", True), ("aGk=", True)),
        ("text/plain", "gzip", ("hi", False), ("aGk=", True)),
        ("", "", ("hi", False), ("aGk=", True)),
    ],
)
def test_a_rest_api_encodes_its_binary_types_and_the_others_all_but_text(
    kind: str, encoding: str, rest: Any, others: Any
) -> None:
    headers = (("Content-Type", kind), ("Content-Encoding", encoding))
    request = HttpRequest("POST", "/", "", headers, b"hi")
    stage = Stage("abc", "$default", "h", {}, ("image/*",))
    matched = Matched(Route("ANY", "$default"))

    def body(event: dict[str, Any]) -> Any:
        return event["body"], event["isBase64Encoded"]

    assert body(rest_event(request, stage, matched, scene())) == rest
    assert body(http_v1_event(request, stage, matched, scene())) == others
    assert body(http_v2_event(request, stage, matched, scene())) == others
    assert body(url_event(request, "x", "h", scene())) == others
    assert body(alb_event(request, "arn", multi_value=False)) == others


def test_an_authorizer_is_asked_without_the_body() -> None:
    request = HttpRequest("POST", "/pets/1", "", (("Authorization", "me"),), b"secret")
    rest = request_event(request, STAGE, PETS, scene())
    http = http_v2_authorizer_event(request, STAGE, PETS, scene(), ["me"])

    arn = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/pets/1"
    assert (rest["type"], rest["methodArn"], http["routeArn"]) == ("REQUEST", arn, arn)
    assert http["identitySource"] == ["me"]
    assert not {"body", "isBase64Encoded"} & (rest.keys() | http.keys())


def test_identity_sources_are_all_there_or_nobody_is_asked() -> None:
    sources = ("$request.header.x-two", "$request.querystring.q", "$stageVariables.color")
    assert identity_values(sources, REQUEST, STAGE) == ["2", "c", "blue"]
    assert identity_values((*sources, "$request.header.none"), REQUEST, STAGE) is None
    assert identity_values(("$context.httpMethod",), REQUEST, STAGE) == ["GET"]


@pytest.mark.parametrize("text", ["Authorization", "$request.header.", "$context.nothing", ""])
def test_what_names_nothing_of_a_request_is_no_identity_source(text: str) -> None:
    with pytest.raises(ValueError, match="is no identity source"):
        checked_source(text)


@pytest.mark.parametrize(
    ("message", "routes", "route"),
    [
        ('{"action": "join"}', ("join", "$default"), "join"),
        ('{"action": "leave"}', ("join", "$default"), "$default"),
        ('{"action": "leave"}', ("join",), None),
        ('{"action": "$connect"}', ("$connect", "$default"), "$default"),
        ("not JSON", ("join", "$default"), "$default"),
        ("[1]", ("join",), None),
        (b"\x00", ("join", "$default"), "$default"),
    ],
)
def test_a_message_takes_the_route_that_it_names(
    message: str | bytes, routes: tuple[str, ...], route: str | None
) -> None:
    known = dict.fromkeys(routes)
    assert selected_route(message, known, "$request.body.action") == route


def test_a_message_has_no_headers_and_an_id_of_its_own() -> None:
    connection = Connection("me=", 5, "127.0.0.1")
    event = message_event("hello", "$default", connection, STAGE, scene())

    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    assert "headers" not in event
    context = event["requestContext"]
    assert (context["eventType"], context["connectionId"]) == ("MESSAGE", "me=")
    assert context["messageId"] != context["requestId"]
