"""Real clients at real applications behind the fronts: FastAPI by Mangum, Flask by apig-wsgi."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest
from apig_wsgi import make_lambda_handler
from fastapi import FastAPI, Response
from flask import Flask, jsonify, make_response, request
from mangum import Mangum

from eventsim.simulation.serving import Address, _bound
from tests.served import Server, served

PNG = bytes(range(256))
CORS = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"]}


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.get("/pets/{name}")
    def pet(name: str, q: str = "") -> dict[str, str]:
        return {"name": name, "q": q}

    @app.get("/cookies")
    def cookies(response: Response) -> dict[str, str]:
        response.set_cookie("a", "1")
        response.set_cookie("b", "2", secure=True)
        return {}

    @app.get("/picture")
    def picture() -> Response:
        return Response(PNG, media_type="image/png")

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("no")

    return app


def flask_app() -> Flask:
    app = Flask(__name__)

    @app.route("/echo", methods=["POST"])
    def echo() -> Any:
        return request.get_data(), {"Content-Type": "image/png"}

    @app.route("/seen/<path:rest>")
    def seen(rest: str) -> Any:
        return jsonify(rest=rest, tags=request.args.getlist("tag"), a=request.cookies.get("a"))

    @app.route("/picture")
    def picture() -> Any:
        response = make_response(PNG)
        response.headers["Content-Type"] = "image/png"
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    return app


def slow(event: Any, context: Any) -> Any:
    time.sleep(1)
    return {"statusCode": 200, "body": "late"}


def malformed(event: Any, context: Any) -> Any:
    return {"statusCode": 200, "body": {"not": "text"}}


@cache
def mangum() -> Mangum:
    return Mangum(fastapi_app(), lifespan="off")


def through_mangum(event: Any, context: Any) -> Any:
    return mangum()(event, context)  # made here, for it makes the loop of its thread


FLASK = make_lambda_handler(flask_app(), binary_support=True)


def function(handler: Any, **more: Any) -> dict[str, Any]:
    return {"Handler": handler, "Timeout": 5, **more}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    rest = {"type": "apigateway", "binary_media_types": ["image/*"], "stage": "live"}
    http = {"type": "apigateway", "protocol": "HTTP", "cors": CORS}
    with served(
        resources={
            "rest": {
                **rest,
                "routes": {
                    "ANY /{proxy+}": "flask",
                    "GET /slow": {"function": "slow", "timeout": "100ms"},
                    "GET /malformed": "malformed",
                    "GET /pets/{name}": "fast",
                    "POST /later": {
                        "function": "later",
                        "integration": "AWS",
                        "invocation_type": "Event",
                    },
                },
            },
            "http": {
                **http,
                "routes": {
                    "$default": "fast",
                    "GET /seen/{rest+}": {"function": "flask", "payload_format": "1.0"},
                    "GET /slow": {"function": "slow", "timeout": "100ms"},
                    "GET /malformed": "malformed",
                },
            },
            "balancer": {
                "type": "alb",
                "multi_value_headers": True,
                "routes": {"/malformed": "malformed", "/seen/*": "flask", "/picture": "flask"},
            },
        },
        functions={
            "fast": function(through_mangum, FunctionUrlConfig={"AuthType": "NONE"}),
            "flask": function(FLASK),
            "slow": function(slow),
            "malformed": function(malformed),
            "later": function(lambda event, context: event),
            "signed": function(through_mangum, FunctionUrlConfig={"AuthType": "AWS_IAM"}),
        },
    ) as found:
        yield found


@pytest.mark.parametrize("front", ["rest", "http", "fast-url"])
def test_path_parameters_and_queries_reach_the_application(server: Server, front: str) -> None:
    answer = httpx.get(f"{server.url(front)}/pets/r%C3%A9x", params={"q": "a b"})
    assert (answer.status_code, answer.json()) == (200, {"name": "réx", "q": "a b"})


@pytest.mark.parametrize("front", ["http", "fast-url"])
def test_cookies_come_and_go(server: Server, front: str) -> None:
    with httpx.Client() as client:
        answer = client.get(f"{server.url(front)}/cookies")
        assert answer.headers.get_list("set-cookie")[0].startswith("a=1")
        assert len(answer.headers.get_list("set-cookie")) == 2


@pytest.mark.parametrize("front", ["rest", "http", "balancer"])
def test_lists_and_the_rest_of_a_path_reach_the_application(server: Server, front: str) -> None:
    url = f"{server.url(front)}/seen/x/y%20z?tag=1&tag=2"
    answer = httpx.get(url, headers={"Cookie": "a=5"})
    assert answer.json() == {"rest": "x/y z", "tags": ["1", "2"], "a": "5"}


@pytest.mark.parametrize("front", ["rest", "http", "fast-url", "balancer"])
def test_a_binary_download_is_the_bytes(server: Server, front: str) -> None:
    answer = httpx.get(f"{server.url(front)}/picture", headers={"Accept": "image/png"})
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")


def test_two_cookies_are_two_headers_of_a_rest_api_and_a_load_balancer(server: Server) -> None:
    for front in ("rest", "balancer"):
        headers = {"Accept": "image/png"}
        answer = httpx.get(f"{server.url(front)}/picture", headers=headers)
        assert len(answer.headers.get_list("set-cookie")) == 2


def test_a_binary_upload_is_the_bytes(server: Server) -> None:
    headers = {"Content-Type": "image/png", "Accept": "image/png"}
    answer = httpx.post(f"{server.url('rest')}/echo", content=PNG, headers=headers)
    assert answer.status_code == 200
    assert answer.content == PNG


def test_an_answer_that_is_none_is_the_fault_of_each_front(server: Server) -> None:
    found = {
        front: httpx.get(f"{server.url(front)}/malformed") for front in ("rest", "http", "balancer")
    }
    assert {front: answer.status_code for front, answer in found.items()} == {
        "rest": 502,
        "http": 500,
        "balancer": 502,
    }
    assert found["rest"].json() == {"message": "Internal server error"}
    told = [entry.because for entry in server.entries("push_answered") if entry.because]
    assert "Malformed Lambda proxy response: body is an object, not text" in told


def test_a_function_that_is_late_is_a_fault_and_runs_on(server: Server) -> None:
    rest = httpx.get(f"{server.url('rest')}/slow")
    http = httpx.get(f"{server.url('http')}/slow")
    assert (rest.status_code, rest.json()) == (504, {"message": "Endpoint request timed out"})
    assert (http.status_code, http.json()) == (503, {"message": "Service Unavailable"})


def test_an_asynchronous_integration_answers_at_once_with_nothing(server: Server) -> None:
    answer = httpx.post(f"{server.url('rest')}/later", json={"a": 1})
    assert (answer.status_code, answer.content) == (200, b"")
    types = [e.fields["type"] for e in server.entries("event_pushed")]
    assert "Event" in types
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # as curl has it
    passed = httpx.post(f"{server.url('rest')}/later", content=b'{"a": 1}', headers=form)
    assert (passed.status_code, passed.content) == (200, b"")
    bad = httpx.post(f"{server.url('rest')}/later", content=b"{", headers={"a": "b"})
    assert bad.status_code == 400


def test_a_preflight_is_answered_by_the_api(server: Server) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    answer = httpx.options(f"{server.url('http')}/pets/1", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    real = httpx.get(f"{server.url('http')}/pets/1", headers={"Origin": "https://a.example"})
    assert real.headers["access-control-allow-origin"] == "https://a.example"


def test_what_is_not_there_is_refused_as_each_front_does(server: Server) -> None:
    assert httpx.get(f"{server.base}/nobody").status_code == 404
    assert "/_fronts/rest/" in httpx.get(f"{server.base}/nobody").json()["message"]
    other_stage = f"{server.base}/_fronts/rest/dead/pets/1"
    assert httpx.get(other_stage).json() == {"message": "Forbidden"}
    assert httpx.post(f"{server.url('rest')}/pets/1").status_code == 403
    assert httpx.get(f"{server.url('balancer')}/none").status_code == 404


def test_a_front_is_found_by_the_name_of_its_host(server: Server) -> None:
    answer = httpx.get(f"{server.base}/live/pets/rex", headers={"Host": "rest.localhost:80"})
    assert answer.json()["name"] == "rex"


def test_a_signed_url_wants_a_signature(server: Server) -> None:
    url = f"{server.url('signed-url')}/pets/rex"
    assert httpx.get(url).status_code == 403
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/lambda/x"}
    assert httpx.get(url, headers=signed).status_code == 200


def test_a_body_beyond_the_limit_is_refused(server: Server) -> None:
    too_large = b"x" * (1_048_576 + 1)
    answer = httpx.post(f"{server.url('balancer')}/seen/x", content=too_large)
    assert answer.status_code == 413

    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 65_536 for _ in range(17))

    assert httpx.post(f"{server.url('balancer')}/seen/x", content=pieces()).status_code == 413


def test_every_request_is_told_in_the_journal(server: Server) -> None:
    httpx.get(f"{server.url('rest')}/pets/told?q=1")
    told = server.entries("request_served")[-1].fields
    assert told == {
        "front": "rest",
        "method": "GET",
        "url_path": "/live/pets/told",
        "http_status": 200,
    }


def test_what_an_application_answers_to_its_own_failure_passes_through(server: Server) -> None:
    answer = httpx.get(f"{server.url('http')}/fails")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert answer.headers["content-type"].startswith("text/plain")


def test_answers_on_a_kept_connection_do_not_wait_for_those_before_them_to_arrive() -> None:
    async def accepted() -> int:
        options = list[int]()

        def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            socket_ = writer.get_extra_info("socket")
            options.append(socket_.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = _bound(Address())
        async with await asyncio.start_server(look, sock=listening):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            await reader.read()
            writer.close()
        return options[0]

    assert asyncio.run(accepted()) != 0
