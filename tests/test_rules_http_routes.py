"""Which route a request takes, of a REST API, of an HTTP API, of a load balancer."""

from __future__ import annotations

import pytest

from eventsim.rules.cors import Cors, is_preflight
from eventsim.rules.http_routes import parse_route, take_http, take_rest, takes_pattern
from eventsim.types import HttpRequest, HttpResponse

KEYS = [
    "GET /",
    "GET /pets",
    "ANY /pets",
    "GET /pets/{id}",
    "GET /pets/dog",
    "POST /pets/{id}/toys",
    "ANY /files/{path+}",
    "GET /files/{path+}",
]
ROUTES = [parse_route(key) for key in KEYS]


@pytest.mark.parametrize(
    ("request_line", "rest", "http"),
    [
        ("GET /", "GET /", "GET /"),
        ("GET /pets", "GET /pets", "GET /pets"),
        ("POST /pets", "ANY /pets", "ANY /pets"),
        ("GET /pets/", "GET /pets", None),
        ("GET /pets/1", "GET /pets/{id}", "GET /pets/{id}"),
        ("GET /pets/dog", "GET /pets/dog", "GET /pets/dog"),
        ("POST /pets/1", None, None),
        ("POST /pets/dog/toys", "POST /pets/{id}/toys", "POST /pets/{id}/toys"),
        ("GET /files/a/b", "GET /files/{path+}", "GET /files/{path+}"),
        ("PUT /files/a/b", "ANY /files/{path+}", "ANY /files/{path+}"),
        ("GET /files", None, None),
        ("GET /files/", None, None),
        ("GET /nothing", None, None),
    ],
)
def test_the_most_particular_route_is_taken(
    request_line: str, rest: str | None, http: str | None
) -> None:
    method, path = request_line.split()
    found = take_rest(ROUTES, method, path), take_http(ROUTES, method, path)
    assert [taken and taken.route.key for taken in found] == [rest, http]


def test_an_http_api_goes_on_to_a_route_with_the_method_and_a_rest_api_does_not() -> None:
    routes = [parse_route("GET /pets/dog"), parse_route("POST /pets/{id}")]
    taken = take_http(routes, "POST", "/pets/dog")
    assert taken is not None
    assert taken.route.key == "POST /pets/{id}"
    assert take_rest(routes, "POST", "/pets/dog") is None


def test_the_default_route_takes_what_no_other_does() -> None:
    routes = [parse_route("GET /pets"), parse_route("$default")]
    taken = take_http(routes, "POST", "/pets")
    assert taken is not None
    assert (taken.route.key, taken.parameters) == ("$default", {})


def test_parameters_are_as_they_came() -> None:
    one = take_rest(ROUTES, "GET", "/pets/a%2Fb")
    rest = take_rest(ROUTES, "GET", "/files/a%20b/c")
    assert one is not None
    assert rest is not None
    assert (one.parameters, rest.parameters) == ({"id": "a%2Fb"}, {"path": "a%20b/c"})


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("FETCH /pets", "begins with no method"),
        ("/pets", "begins with no method"),
        ("GET pets", "is no path"),
        ("GET /pets/{id", "half a variable"),
        ("GET /{all+}/more", "must be its end"),
        ("GET /{id}/{id}", "a variable twice"),
    ],
)
def test_what_is_no_route_says_why(key: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_route(key)


@pytest.mark.parametrize(
    ("pattern", "path", "takes"),
    [
        ("*", "/", True),
        ("/api/*", "/api/v1/x", True),
        ("/api/*", "/api", False),
        ("/api/v?/*", "/api/v1/x", True),
        ("/api/v?/*", "/api/v12/x", False),
        ("/a.b", "/axb", False),
    ],
)
def test_a_pattern_of_a_load_balancer(pattern: str, path: str, takes: bool) -> None:
    assert takes_pattern(pattern, path) is takes


def test_cors_answers_for_origins_that_may_ask_alone() -> None:
    cors = Cors(("https://a.example", "http://*"), ("GET",), ("x-a", "x-b"), ("x-c",), True, 60)

    def asked(origin: str) -> HttpRequest:
        headers = (("Origin", origin), ("Access-Control-Request-Method", "GET"))
        return HttpRequest("OPTIONS", headers=headers)

    assert is_preflight(asked("https://a.example"))
    assert cors.preflight_headers(asked("https://a.example")) == (
        ("access-control-allow-origin", "https://a.example"),
        ("access-control-allow-methods", "GET"),
        ("access-control-allow-headers", "x-a,x-b"),
        ("access-control-max-age", "60"),
        ("access-control-allow-credentials", "true"),
    )
    assert cors.preflight_headers(asked("http://b.example")) != ()
    assert cors.preflight_headers(asked("https://b.example")) == ()


def test_cors_takes_the_place_of_what_the_function_says() -> None:
    cors = Cors(("*",), expose_headers=("x-c",))
    response = HttpResponse(headers=(("Access-Control-Allow-Origin", "no"), ("x", "y")))
    said = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "x-c"))
    asked = HttpRequest(headers=(("Origin", "https://a.example"),))
    assert cors.applied(asked, response).headers == (("x", "y"), *said)
    assert cors.applied(HttpRequest(), response).headers == (("x", "y"),)
