"""
Function URLs: requests to a function's own address.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from eventsim.errors import AccessDenied, InvokeError, TooManyRequests
from eventsim.rules.arns import arn
from eventsim.rules.cors import is_preflight
from eventsim.rules.http_answers import fault, url_answer
from eventsim.rules.http_events import steady_id, url_event
from eventsim.sources._cors import CorsBlock
from eventsim.sources._http_said import (
    CLIENT,
    Binary,
    Body,
    Cookies,
    Headers,
    Method,
    Path,
    Query,
    Said,
    SourceIp,
    forwarded,
    reached,
    url_suffix,
)
from eventsim.types import (
    Answer,
    Calling,
    Front,
    HttpRequest,
    HttpResponse,
    InvocationType,
    InvokeResult,
    Scene,
    Trigger,
)

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = None  # a URL without AuthType asks in nobody's name, and SAM lets everybody ask
URL_ID = "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"
BODY_BYTES_MAX = 6 * 1_048_576
_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/")


class Config(BaseModel):
    """``FunctionUrlConfig`` of a function, as SAM has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)

    auth_type: Literal["NONE", "AWS_IAM"]
    cors: CorsBlock | None = None
    invoke_mode: Literal["BUFFERED"] = "BUFFERED"


class UrlFront:
    """The URL of the function *target*, by its name.

    With AuthType AWS_IAM a request has to be signed; whose signature it is, and whether it is
    right, is not looked at.
    """

    body_bytes_max = BODY_BYTES_MAX
    root = ""

    def __init__(self, target: str, config: Config, region: str) -> None:
        self.name, self._target, self._config = f"{target.partition(':')[0]}-url", target, config
        self._id = steady_id(target, 32)
        self._domain = f"{self._id}.lambda-url.{region}.{url_suffix(region)}"
        self.hosts: Sequence[str] = (f"{self.name}.localhost".lower(), self._domain)
        self._cors = None if config.cors is None else config.cors.cors()

    @property
    def routes(self) -> Sequence[str]:
        return [f"ANY / -> {self._target}"]

    def too_large(self) -> HttpResponse:
        """The 413 of a body over 6 MB."""
        return fault(413, "Request Entity Too Large", key="Message")

    async def respond(self, request: HttpRequest, calling: Calling) -> HttpResponse:
        """The function's response; the URL answers preflights and strangers itself."""
        if self._cors is not None and is_preflight(request):
            return HttpResponse(200, self._cors.preflight_headers(request))
        signed = _SIGNED.match(request.header("Authorization"))
        if self._config.auth_type == "AWS_IAM" and signed is None:
            return FORBIDDEN
        scene = calling.scene()
        host = request.header("Host") or self._domain
        iam = signed[1] if signed and self._config.auth_type == "AWS_IAM" else None
        caller = None if iam is None else {"iam": _identity(iam, scene)}
        event = url_event(
            forwarded(request, scene, *reached(request)), self._id, host, scene, caller
        )
        answer = await calling.call(event, self._target)
        response: HttpResponse = FORBIDDEN if answer is None else answer.value
        own = (("x-amzn-RequestId", event["requestContext"]["requestId"]),)
        response = replace(response, headers=(*response.headers, *own))
        return response if self._cors is None else self._cors.applied(request, response)


def open_fronts(
    scene: Scene, resources: Mapping[str, Any], triggers: Sequence[Trigger]
) -> list[Front]:
    """The URLs of a scenario's functions; *triggers* are their FunctionUrlConfig."""
    return [UrlFront(each.function, each.properties, scene.region) for each in triggers]


def _identity(access_key: str, scene: Scene) -> dict[str, Any]:
    """Who signed a request, as far as that can be seen: the key."""
    user = arn("iam", scene.region, scene.account, "root")
    return {
        "accessKey": access_key,
        "accountId": scene.account,
        "callerId": scene.account,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": user,
        "userId": scene.account,
    }


def request(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/",
    query: Query = "",
    header: Headers = (),
    cookie: Cookies = (),
    body: Body = None,
    binary: Binary = False,
    source_ip: SourceIp = CLIENT,
) -> dict[str, Any]:
    """A request to the URL of a function with AuthType NONE."""
    domain = f"{URL_ID}.lambda-url.{scene.region}.{url_suffix(scene.region)}"
    said = Said(method, path, query, header, cookie, body, binary, source_ip, domain)
    return url_event(said.request(scene), URL_ID, domain, scene)


EVENTS = (request,)


def answer(result: InvokeResult, event: Any) -> Answer:
    """The response, as in payload format 2.0, or the 502 of an answer that is none."""
    return url_answer(result)


def refusal(error: InvokeError, event: Any) -> Answer:
    """What the URL answers for a function that could not be invoked."""
    return Answer(False, _refused(error), str(error))


def _refused(error: InvokeError) -> HttpResponse:
    if isinstance(error, TooManyRequests):
        return fault(429, "Rate Exceeded.", "TooManyRequestsException")
    if isinstance(error, AccessDenied):
        return FORBIDDEN
    return HttpResponse(502, (("content-type", "application/json"),), b"Internal Server Error")


FORBIDDEN = fault(
    403,
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    "AccessDeniedException",
    key="Message",
)
