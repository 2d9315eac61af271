"""A function's answer as each front reads it: the contract, and every way to miss it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest

from eventsim.rules.http_answers import (
    alb_answer,
    http_v1_answer,
    http_v2_answer,
    rest_answer,
    rest_decoded,
    socket_answer,
    url_answer,
)
from eventsim.types import Answer, HttpRequest, HttpResponse, InvokeResult

ENCODED = b64encode(b"\x89PNG").decode()


def result(value: Any, error: str | None = None) -> InvokeResult:
    return InvokeResult(200, orjson.dumps(value), error)


def readings(value: Any, error: str | None = None) -> dict[str, Answer]:
    """What each of the fronts makes of one answer."""
    made = result(value, error)
    return {
        "rest": rest_answer(made),
        "http-1.0": http_v1_answer(made),
        "http-2.0": http_v2_answer(made),
        "url": url_answer(made),
        "alb": alb_answer(made, multi_value=False),
    }


def statuses(value: Any, error: str | None = None) -> dict[str, int]:
    return {front: answer.value.status for front, answer in readings(value, error).items()}


BROKEN = {"rest": 502, "http-1.0": 500, "http-2.0": 500, "url": 502, "alb": 502}
INFERRED = {"http-2.0": 200, "url": 200}


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "two"},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 200.5},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 1},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "body": "", "isBase64Encoded": "false"},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
    ],
    ids=str,
)
def test_an_answer_that_no_front_takes_is_the_fault_of_each(value: Any) -> None:
    assert statuses(value) == BROKEN


@pytest.mark.parametrize("value", [None, "text", 5, [1], {"a": 1}, {}], ids=str)
def test_formats_without_a_status_infer_one_and_the_others_do_not(value: Any) -> None:
    found = statuses(value)
    assert {front: found[front] for front in INFERRED} == INFERRED
    expected = {"rest": 502, "http-1.0": 500, "alb": 502}
    if value in ({}, {"a": 1}):
        expected["http-1.0"] = 200  # which skips keys it does not know
    if value == {}:
        expected["rest"] = 200
    assert {front: found[front] for front in expected} == expected


def test_what_is_inferred_is_the_value_as_json_and_a_text_as_it_is() -> None:
    assert http_v2_answer(result({"a": 1})).value == HttpResponse(
        200, (("content-type", "application/json"),), b'{"a":1}'
    )
    assert url_answer(result("hello")).value.body == b"hello"


def test_a_function_that_failed_is_never_an_answer() -> None:
    value = {"statusCode": 200, "body": "ok"}
    assert statuses(value, "Unhandled") == BROKEN
    reasons = {answer.because for answer in readings(value, "Unhandled").values()}
    assert reasons == {"the function failed: Unhandled"}


def test_each_front_has_its_own_words_for_its_fault() -> None:
    found = readings({"statusCode": "two"})
    assert found["rest"].value.body == b'{"message":"Internal server error"}'
    assert found["http-2.0"].value.body == b'{"message":"Internal Server Error"}'
    assert found["url"].value.body == b"Internal Server Error"
    assert b"<h1>502 Bad Gateway</h1>" in found["alb"].value.body
    assert found["rest"].value.header("x-amzn-ErrorType") == "InternalServerErrorException"
    assert found["rest"].because == "Malformed Lambda proxy response: statusCode is 'two'"


def test_a_rest_api_takes_no_key_that_it_does_not_know() -> None:
    value = {"statusCode": 200, "body": "", "statusText": "OK"}
    assert statuses(value) == {**dict.fromkeys(BROKEN, 200), "rest": 502}


def test_a_numeric_text_is_a_status() -> None:
    assert statuses({"statusCode": "201"}) == dict.fromkeys(BROKEN, 201)


def test_lists_win_over_single_headers_of_the_same_name() -> None:
    value = {
        "statusCode": 200,
        "headers": {"X-A": "single", "X-B": 5, "X-C": True},
        "multiValueHeaders": {"x-a": ["1", "2"]},
    }
    for answer in (rest_answer(result(value)), http_v1_answer(result(value))):
        wanted = (("X-B", "5"), ("X-C", "true"), ("x-a", "1"), ("x-a", "2"))
        assert answer.value.headers[:4] == wanted


def test_a_text_in_multi_value_headers_is_malformed() -> None:
    value = {"statusCode": 200, "multiValueHeaders": {"a": "b"}}
    found = statuses(value)
    assert (found["rest"], found["http-1.0"]) == (502, 500)
    assert found["http-2.0"] == 200  # which does not read them


def test_a_load_balancer_reads_one_map_of_headers() -> None:
    value = {
        "statusCode": 200,
        "headers": {"x-a": "single"},
        "multiValueHeaders": {"x-a": ["1", "2"]},
    }
    single = alb_answer(result(value), multi_value=False).value.headers
    multi = alb_answer(result(value), multi_value=True).value.headers
    assert [pair for pair in single if pair[0] == "x-a"] == [("x-a", "single")]
    assert [pair for pair in multi if pair[0] == "x-a"] == [("x-a", "1"), ("x-a", "2")]


def test_a_load_balancer_needs_a_status_and_takes_a_megabyte() -> None:
    assert alb_answer(result({"body": "x"}), multi_value=False).value.status == 502
    large = {"statusCode": 200, "body": "x" * 1_048_577}
    assert alb_answer(result(large), multi_value=False).because == "its body is larger than 1 MB"


def test_cookies_become_headers() -> None:
    value = {"statusCode": 200, "cookies": ["a=1", "b=2; Secure"]}
    expected = (("set-cookie", "a=1"), ("set-cookie", "b=2; Secure"))
    for answer in (http_v2_answer(result(value)), url_answer(result(value))):
        assert answer.value.headers[:2] == expected
    assert statuses({"statusCode": 200, "cookies": "a=1"})["http-2.0"] == 500


def test_every_front_but_a_rest_api_decodes_base64_always() -> None:
    value = {"statusCode": 200, "body": ENCODED, "isBase64Encoded": True}
    found = readings(value)
    bodies = {front: answer.value.body for front, answer in found.items() if front != "rest"}
    assert set(bodies.values()) == {b"\x89PNG"}
    assert (found["rest"].value.body, found["rest"].value.encoded) == (ENCODED.encode(), True)


@pytest.mark.parametrize(
    ("accept", "kind", "types", "decoded"),
    [
        ("*/*", "image/png", ("image/png",), True),
        ("*/*", "image/png", (), False),
        ("image/png", "text/plain", ("image/*",), True),
        ("text/html,image/png", "image/png", ("image/*",), False),
        ("text/html", "image/png", ("*/*",), True),
        ("", "image/png", ("image/*",), True),
    ],
)
def test_a_rest_api_decodes_base64_for_its_binary_types(
    accept: str, kind: str, types: tuple[str, ...], decoded: bool
) -> None:
    headers = {"Content-Type": kind}
    value = {"statusCode": 200, "body": ENCODED, "isBase64Encoded": True, "headers": headers}
    request = HttpRequest(headers=(("Accept", accept),) if accept else ())
    response = rest_decoded(rest_answer(result(value)).value, request, types)
    assert response.body == (b"\x89PNG" if decoded else ENCODED.encode())
    assert not response.encoded


def test_what_a_rest_api_says_itself_is_remapped() -> None:
    value = {"statusCode": 200, "headers": {"Date": "now", "Connection": "x", "Content-Length": 3}}
    names = [name for name, _ in rest_answer(result(value)).value.headers]
    assert names[:3] == [
        "x-amzn-Remapped-Date",
        "x-amzn-Remapped-Connection",
        "x-amzn-Remapped-Content-Length",
    ]


@pytest.mark.parametrize(
    ("value", "error", "status"),
    [(None, None, 200), ({"statusCode": 401}, None, 401), ("x", "Unhandled", 502)],
)
def test_a_websocket_api_takes_the_status_alone(value: Any, error: str | None, status: int) -> None:
    assert socket_answer(result(value, error)).value.status == status
