"""
A function's answer as the response that each front makes of it, or its fault.

AWS is silent on the range of ``statusCode``: 200 to 599 are taken here. A header that HTTP cannot
carry makes an answer malformed.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from eventsim.rules.http_messages import HOP_BY_HOP, matches_media_type, title_case
from eventsim.types.http import HttpRequest, HttpResponse, Pairs
from eventsim.types.invocations import InvokeResult
from eventsim.types.pushing import Answer

ALB_BODY_BYTES_MAX = 1_048_576
_REST_KEYS = frozenset(
    {"statusCode", "body", "headers", "multiValueHeaders", "isBase64Encoded", "cookies"}
)
_REMAPPED = ("connection", "content-length", "date", "server", "www-authenticate")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TEXT = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_JSON = (("content-type", "application/json"),)


class Malformed(Exception):
    """The answer is not one that the front takes; the text says why."""


def fault(
    status: int, message: str | None, error_type: str = "", key: str = "message"
) -> HttpResponse:
    """A response of a front's own: a *message* in JSON, and which error it is."""
    kind = (("x-amzn-errortype", error_type),) if error_type else ()
    return HttpResponse(status, (*_JSON, *kind), orjson.dumps({key: message}))


def rest_answer(result: InvokeResult) -> Answer:
    """What a REST API makes of an answer; base64 is left for who knows its media types."""
    broken = fault(502, "Internal server error", "InternalServerErrorException")
    try:
        answer = _object(_value(result))
        if unknown := answer.keys() - _REST_KEYS:
            raise Malformed(f"'{min(unknown)}' is no key of an answer")
        headers = tuple(_rest_headers(_headers(answer)))
        body, encoded = _body(answer)
        return Answer(value=_typed(_status(answer), headers, body, "application/json", encoded))
    except Malformed as why:
        return _refused(result, broken, f"Malformed Lambda proxy response: {why}")


def http_v1_answer(result: InvokeResult) -> Answer:
    """What an HTTP API makes of an answer in payload format 1.0."""
    broken = fault(500, "Internal Server Error")
    try:
        answer = _object(_value(result))
        headers = _headers(answer)
        return Answer(value=_decoded(answer, headers, "text/plain;charset=UTF-8"))
    except Malformed as why:
        return _refused(result, broken, str(why))


def http_v2_answer(result: InvokeResult) -> Answer:
    """What an HTTP API makes of an answer in payload format 2.0."""
    try:
        return Answer(value=_version_2(_value(result), "text/plain;charset=UTF-8"))
    except Malformed as why:
        return _refused(result, fault(500, "Internal Server Error"), str(why))


def url_answer(result: InvokeResult) -> Answer:
    """What a function URL makes of an answer, which is read as in payload format 2.0."""
    try:
        return Answer(value=_version_2(_value(result), "application/json"))
    except Malformed as why:
        broken = HttpResponse(502, _JSON, b"Internal Server Error")
        return _refused(result, broken, str(why))


def socket_answer(result: InvokeResult) -> Answer:
    """What a WebSocket API makes of an answer: the status lets a client in, the body is sent back.

    An answer without a status has none to refuse a client with.
    """
    try:
        value = _value(result)
        answer = value if isinstance(value, dict) else {}
        return Answer(value=_decoded(answer, _headers(answer), "application/json"))
    except Malformed as why:
        broken = fault(502, "Internal server error", "InternalServerErrorException")
        return _refused(result, broken, str(why))


def alb_answer(result: InvokeResult, *, multi_value: bool) -> Answer:
    """What a load balancer makes of an answer, of whose headers it reads one of the two maps."""
    try:
        answer = _object(_value(result))
        if "statusCode" not in answer:
            raise Malformed("it has no statusCode")
        key = "multiValueHeaders" if multi_value else "headers"
        headers = _headers({key: answer.get(key)})
        response = _decoded(answer, headers, "application/octet-stream")
        if len(response.body) > ALB_BODY_BYTES_MAX:
            raise Malformed("its body is larger than 1 MB")
        return Answer(value=response)
    except Malformed as why:
        return _refused(result, alb_page(502, "Bad Gateway"), str(why))


def alb_page(status: int, title: str) -> HttpResponse:
    """The page of a load balancer that answers itself."""
    text = f"{status} {title}"
    page = (
        f"<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n"
        f"<center><h1>{text}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return HttpResponse(status, (("content-type", "text/html"),), page.encode())


def rest_decoded(
    response: HttpResponse, request: HttpRequest, binary_types: tuple[str, ...]
) -> HttpResponse:
    """The response of a REST API: base64 is undone if the client accepts one of its binary types
    first, or if it accepts anything and the response is of one.
    """
    if not response.encoded:
        return response
    accepted = request.header("Accept", "*/*").partition(",")[0]
    wanted = response.header("content-type") if accepted.strip() == "*/*" else accepted
    if not matches_media_type(binary_types, wanted):
        return HttpResponse(response.status, response.headers, response.body)
    return HttpResponse(response.status, response.headers, b64decode(response.body))


def _refused(result: InvokeResult, response: HttpResponse, why: str) -> Answer:
    if result.function_error is not None:
        why = f"the function failed: {result.function_error}"
    return Answer(False, response, why)


def _value(result: InvokeResult) -> Any:
    if result.function_error is not None:
        raise Malformed("the function failed")
    try:
        return orjson.loads(result.payload)
    except ValueError:
        raise Malformed("it is not JSON") from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"it is {_kind(value)}, not an object")
    return value


def _version_2(value: Any, content_type: str) -> HttpResponse:
    if not isinstance(value, dict) or "statusCode" not in value:
        body = value.encode() if isinstance(value, str) else orjson.dumps(value)
        return HttpResponse(200, _JSON, body)
    headers = _headers({"headers": value.get("headers")})
    given = value.get("cookies") or []
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise Malformed("cookies is no list of texts")
    set_cookies = tuple(_checked("set-cookie", each) for each in given)
    return _decoded(value, (*headers, *set_cookies), content_type)


def _decoded(answer: Mapping[str, Any], headers: Pairs, content_type: str) -> HttpResponse:
    body, encoded = _body(answer)
    own = tuple(pair for pair in headers if pair[0].lower() not in _DROPPED)
    return _typed(_status(answer), own, b64decode(body) if encoded else body, content_type, False)


_DROPPED = HOP_BY_HOP | {"content-length"}


def _typed(
    status: int, headers: Pairs, body: bytes, content_type: str, encoded: bool
) -> HttpResponse:
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", content_type))
    return HttpResponse(status, headers, body, encoded)


def _status(answer: Mapping[str, Any]) -> int:
    given = answer.get("statusCode", 200)
    number = int(given) if isinstance(given, str) and given.isdecimal() else given
    if isinstance(number, bool) or not isinstance(number, int) or not 200 <= number <= 599:
        raise Malformed(f"statusCode is {given!r}")
    return number


def _body(answer: Mapping[str, Any]) -> tuple[bytes, bool]:
    """The bytes of the body, and whether they are base64, which has been tried."""
    body, encoded = answer.get("body"), answer.get("isBase64Encoded") or False
    if body is None:
        body = ""
    if not isinstance(body, str):
        raise Malformed(f"body is {_kind(body)}, not text")
    if not isinstance(encoded, bool):
        raise Malformed(f"isBase64Encoded is {encoded!r}")
    if encoded:
        try:
            b64decode(body, validate=True)
        except ValueError:
            raise Malformed("isBase64Encoded is true, but body is not base64") from None
    return body.encode(), encoded


def _headers(answer: Mapping[str, Any]) -> Pairs:
    """The headers of both maps; a name that is in both has the values of the lists."""
    single, multi = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict):
        raise Malformed(f"headers is {_kind(single)}, not an object")
    if not isinstance(multi, dict):
        raise Malformed(f"multiValueHeaders is {_kind(multi)}, not an object")
    listed = {name.lower() for name in multi}
    found = [_checked(n, each) for n, each in single.items() if n.lower() not in listed]
    for name, values in multi.items():
        if not isinstance(values, list):
            raise Malformed(f"multiValueHeaders has {_kind(values)} for {name}, not a list")
        found += [_checked(name, each) for each in values]
    return tuple(found)


def _rest_headers(headers: Pairs) -> Iterator[tuple[str, str]]:
    """What a REST API has to say itself is given on under another name."""
    for name, value in headers:
        if name.lower() in _REMAPPED:
            yield f"x-amzn-Remapped-{title_case(name)}", value
        elif name.lower() not in HOP_BY_HOP:
            yield name, value


def _checked(name: str, value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        value = str(value).lower()
    if value is None or isinstance(value, dict | list):
        raise Malformed(f"the header {name} is {_kind(value)}")
    text = str(value)
    if not _TOKEN.fullmatch(name) or not _TEXT.fullmatch(text):
        raise Malformed(f"the header {name!r} is none that HTTP can carry")
    return name, text


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a truth", int: "a number"}
    return kinds.get(type(value), "a number")
