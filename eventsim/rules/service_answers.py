"""
How AWS's services write what they answer a request with that they do not carry out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from xml.sax.saxutils import escape

import orjson

from eventsim.rules.service_actions import ServiceRequest
from eventsim.types import HttpResponse

_DENIED = "AccessDenied"
_EXCEPTION = "AccessDeniedException"
# Services that write it in a way of their own, whatever the form of the request.
_CODES = {
    "ec2": "UnauthorizedOperation",
    "monitoring": _DENIED,
    "sns": "AuthorizationError",
    "sqs": _DENIED,
}
_QUERY_COMPATIBLE = ("monitoring", "sqs")  # JSON whose clients look for the code of old
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"


class Refusal(NamedTuple):
    """An error as a service says it."""

    code: str
    message: str
    status: int = 403


def denied(request: ServiceRequest, resource: str, message: str) -> Refusal:
    """The refusal of who may not do what the request is about, in the service's own words."""
    by_form = _DENIED if request.protocol in ("query", "ec2", "rest-xml") else _EXCEPTION
    status = 400 if request.protocol == "json" and request.service != "sqs" else 403
    if request.service == "s3":
        message = message.replace(f"resource: {resource} ", f'resource: "{resource}" ')
    return Refusal(_CODES.get(request.service, by_form), message, status)


def refused(
    request: ServiceRequest, method: str, refusal: Refusal, request_id: str
) -> HttpResponse:
    """The response in the form that the request has; one to HEAD has no body."""
    write = _FORMS.get(request.protocol, _json)
    response = write(request, refusal, request_id)
    return HttpResponse(response.status, response.headers) if method == "HEAD" else response


def caller_identity(account: str, session: str, user_id: str, request_id: str) -> HttpResponse:
    """What GetCallerIdentity says of a role's *session*, which is its ARN."""
    return _xml(
        200,
        request_id,
        f'<GetCallerIdentityResponse xmlns="{_STS}"><GetCallerIdentityResult>'
        f"<Arn>{escape(session)}</Arn><UserId>{escape(user_id)}</UserId>"
        f"<Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata>"
        f"<RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    )


def _json(request: ServiceRequest, refusal: Refusal, request_id: str) -> HttpResponse:
    headers = [
        ("Content-Type", "application/x-amz-json-1.0"),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", refusal.code),
    ]
    kind = refusal.code
    if request.service in _QUERY_COMPATIBLE:
        headers.append(("x-amzn-query-error", f"{refusal.code};Sender"))
        kind = _EXCEPTION if refusal.code == _DENIED else refusal.code
    body = {"__type": kind, "message": refusal.message, "Message": refusal.message}
    return HttpResponse(refusal.status, tuple(headers), orjson.dumps(body))


def _query(request: ServiceRequest, refusal: Refusal, request_id: str) -> HttpResponse:
    return _xml(
        refusal.status,
        request_id,
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.code}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
    )


def _ec2(request: ServiceRequest, refusal: Refusal, request_id: str) -> HttpResponse:
    return _xml(
        refusal.status,
        request_id,
        f"<Response><Errors><Error><Code>{refusal.code}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>",
    )


def _rest_xml(request: ServiceRequest, refusal: Refusal, request_id: str) -> HttpResponse:
    return _xml(
        refusal.status,
        request_id,
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<RequestId>{request_id}</RequestId></Error>",
    )


def _xml(status: int, request_id: str, body: str) -> HttpResponse:
    headers = (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id))
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return HttpResponse(status, headers, text.encode())


_FORMS: dict[str, Callable[[ServiceRequest, Refusal, str], HttpResponse]] = {
    "ec2": _ec2,
    "query": _query,
    "rest-xml": _rest_xml,
}
