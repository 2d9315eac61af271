"""REST and HTTP APIs: a request finds its route, is let in, and is answered by a function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from eventsim.rules.arns import arn
from eventsim.rules.cors import is_preflight
from eventsim.rules.http_answers import fault, rest_decoded
from eventsim.rules.http_events import (
    Matched,
    Stage,
    http_v1_event,
    http_v2_event,
    rest_event,
    steady_id,
)
from eventsim.rules.http_routes import DEFAULT, parse_route, take_http, take_rest
from eventsim.sources._apigateway_authorizing import Authorizing
from eventsim.sources._apigateway_settings import TIMEOUT_SECONDS, Resource, RouteBlock
from eventsim.sources._http_said import forwarded, reached
from eventsim.types import Calling, HttpRequest, HttpResponse

BODY_BYTES_MAX = 10 * 1_048_576
NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Taking:
    """A request on its way: where it came to, and which route it took."""

    request: HttpRequest
    stage: Stage
    matched: Matched
    target: RouteBlock


class HttpFront:
    """A REST or an HTTP API, by its *name* in the scenario."""

    body_bytes_max = BODY_BYTES_MAX

    def __init__(self, name: str, settings: Resource, domain: str) -> None:
        self.name, self._settings = name, settings
        self._rest = settings.protocol == "REST"
        self.api_id = steady_id(name, 10)
        self.hosts: Sequence[str] = (f"{name}.localhost".lower(), domain)
        stage = settings.stage_name
        self.root = "" if stage == DEFAULT else f"/{stage}"
        self._targets = {parse_route(key): block for key, block in settings.routes.items()}
        self._authorizers = {
            key: Authorizing(f"{name}/{key}", each, settings.protocol)
            for key, each in settings.authorizers.items()
        }
        self._cors = None if settings.cors is None else settings.cors.cors()

    @property
    def routes(self) -> Sequence[str]:
        return [f"{route.key} -> {target.function}" for route, target in self._targets.items()]

    def too_large(self) -> HttpResponse:
        """The 413 of a body over 10 MB."""
        if self._rest:
            return fault(413, "Request Too Long", "RequestTooLargeException")
        return fault(413, "Request Entity Too Large")

    async def respond(self, request: HttpRequest, calling: Calling) -> HttpResponse:
        """The response of the function that the request's route leads to, or the API's own."""
        inside = self._inside(request)
        if inside is None:
            return fault(403, "Forbidden", "ForbiddenException") if self._rest else _not_found()
        if not self._rest and self._cors is not None:
            if is_preflight(request) and not self._takes_options(inside):
                return HttpResponse(204, self._cors.preflight_headers(request))
            return self._cors.applied(request, await self._routed(inside, calling))
        return await self._routed(inside, calling)

    def _inside(self, request: HttpRequest) -> HttpRequest | None:
        """The request with the path that it has in the API; None for one of another stage."""
        if not self.root:
            return request
        if request.path != self.root and not request.path.startswith(f"{self.root}/"):
            return None
        return replace(request, path=request.path.removeprefix(self.root) or "/")

    def _takes_options(self, request: HttpRequest) -> bool:
        """Whether a route of its own, of the method OPTIONS, takes a preflight."""
        routes = [route for route in self._targets if route.method == "OPTIONS"]
        return take_http(routes, "OPTIONS", request.path) is not None

    async def _routed(self, request: HttpRequest, calling: Calling) -> HttpResponse:
        take = take_rest if self._rest else take_http
        taken = take(self._targets, request.method, request.path)
        if taken is None:
            return self._unrouted(request)
        scene = calling.scene()
        request = forwarded(request, scene, *reached(request))
        stage = Stage(
            self.api_id,
            self._settings.stage_name,
            request.header("Host") or self.hosts[-1],
            self._settings.stage_variables,
            self._settings.binary_media_types,
        )
        matched = Matched(taken.route, taken.parameters)
        target = self._targets[taken.route]
        name = target.authorizer or self._settings.authorizer
        if name is not None and name != NONE:
            admitted = await self._authorizers[name].admit(request, stage, matched, calling)
            if isinstance(admitted, HttpResponse):
                return admitted
            matched = admitted
        return await self._invoked(Taking(request, stage, matched, target), calling)

    def _unrouted(self, request: HttpRequest) -> HttpResponse:
        if not self._rest:
            return _not_found()
        resource = take_rest([replace(r, method="ANY") for r in self._targets], "", request.path)
        if self._cors is not None and request.method == "OPTIONS" and resource is not None:
            return HttpResponse(200, self._cors.preflight_headers(request))
        return fault(403, "Missing Authentication Token", "MissingAuthenticationTokenException")

    async def _invoked(self, taking: Taking, calling: Calling) -> HttpResponse:
        target, stage = taking.target, taking.stage
        event = self._event(taking, calling)
        if isinstance(event, HttpResponse):
            return event
        own = target.timeout or self._settings.timeout
        within = TIMEOUT_SECONDS[self._settings.protocol] if own is None else own
        answer = await calling.call(
            event,
            target.function,
            source_arn=self._source_arn(taking, calling),
            invocation_type=target.invocation_type,
            within=within,
        )
        if answer is None:
            return self._late()
        response: HttpResponse = answer.value
        if self._rest:
            response = rest_decoded(response, taking.request, stage.binary_types)
        return self._marked(response, event)

    def _event(self, taking: Taking, calling: Calling) -> Any:
        """The event, or the response to what cannot be one."""
        if taking.target.integration == "AWS":
            return _passed_through(taking.request)
        request, stage, matched = taking.request, taking.stage, taking.matched
        if self._rest:
            return rest_event(request, stage, matched, calling.scene())
        if taking.target.payload_format == "1.0":
            return http_v1_event(request, stage, matched, calling.scene())
        if matched.authorizer is not None:
            context = {k: v for k, v in matched.authorizer.items() if k != "principalId"}
            matched = replace(matched, authorizer={"lambda": context})
        return http_v2_event(request, stage, matched, calling.scene())

    def _source_arn(self, taking: Taking, calling: Calling) -> str:
        scene, route, stage = calling.scene(), taking.matched.route, taking.stage
        part = DEFAULT if route.path == DEFAULT else f"{_called(taking, self._rest)}{route.path}"
        resource = f"{stage.api_id}/{stage.name}/{part}"
        return arn("execute-api", scene.region, scene.account, resource)

    def _late(self) -> HttpResponse:
        if self._rest:
            return fault(504, "Endpoint request timed out", "InternalServerErrorException")
        return fault(503, "Service Unavailable")

    def _marked(self, response: HttpResponse, event: Any) -> HttpResponse:
        """The response with the ids of its request."""
        context = event.get("requestContext") if isinstance(event, dict) else None
        if context is None:
            return response
        if not self._rest:
            own = (("apigw-requestid", context["requestId"]),)
            return replace(response, headers=(*response.headers, *own))
        ids = (
            ("x-amzn-RequestId", context["requestId"]),
            ("x-amz-apigw-id", context["extendedRequestId"]),
        )
        return replace(response, headers=(*response.headers, *ids))


def _called(taking: Taking, rest: bool) -> str:
    """The method in the ARN of what calls: that of the route, ``*`` for any."""
    method = taking.matched.route.method
    return taking.request.method if rest or method != "ANY" else "*"


def _not_found() -> HttpResponse:
    return fault(404, "Not Found")


def _passed_through(request: HttpRequest) -> Any:
    """The body as the event, of whatever type: so it is without a mapping template."""
    if not request.body:
        return {}
    try:
        return orjson.loads(request.body)
    except ValueError:
        return fault(400, "Could not parse request body into json", "BadRequestException")
