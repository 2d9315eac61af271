"""Asks an API's Lambda authorizers, and remembers what they said as long as they may be."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from eventsim.rules.arns import arn
from eventsim.rules.authorizer_answers import Identity
from eventsim.rules.authorizer_events import (
    http_v1_authorizer_event,
    http_v2_authorizer_event,
    identity_values,
    request_event,
    token_event,
)
from eventsim.rules.http_answers import fault
from eventsim.rules.http_events import Matched, Stage, execute_api_arn, steady_id
from eventsim.sources._apigateway_settings import TOKEN_SECONDS, Authorizer, Protocol
from eventsim.types import Calling, HttpRequest, HttpResponse, Scene

REMEMBERED_MAX = 1000
WITHIN_SECONDS = 29.0
Ask = Callable[[HttpRequest, Stage, Matched, Scene, list[str]], dict[str, Any]]


class Authorizing:
    """One authorizer of an API."""

    def __init__(self, name: str, settings: Authorizer, protocol: Protocol) -> None:
        self._settings, self._protocol = settings, protocol
        self._id = steady_id(name, 6)
        ttl = settings.ttl
        self._ttl = TOKEN_SECONDS[protocol] if ttl is None else ttl
        self._remembered: OrderedDict[tuple[str, ...], tuple[float, Identity]] = OrderedDict()

    async def admit(
        self, request: HttpRequest, stage: Stage, matched: Matched, calling: Calling
    ) -> Matched | HttpResponse:
        """The match with what the function is told of who asks; a response for who may not."""
        values = identity_values(self._settings.identity_sources, request, stage)
        if values is None:
            return fault(401, "Unauthorized", "UnauthorizedException" if self._rest else "")
        scene = calling.scene()
        method_arn = execute_api_arn(scene, stage, request.method, request.path)
        key = tuple(values)
        found = self._known(key, calling.time())
        if found is None:
            event = self._event(request, stage, matched, scene, values, method_arn)
            answered = await self._ask(event, stage, calling)
            if isinstance(answered, HttpResponse):
                return answered
            found = answered
            self._remember(key, found, calling.time())
        denial = found.denial(method_arn)
        return self._denied(denial) if denial else replace(matched, authorizer=self._told(found))

    async def admit_socket(
        self,
        request: HttpRequest,
        stage: Stage,
        event: Mapping[str, Any],
        calling: Calling,
    ) -> Mapping[str, Any] | HttpResponse:
        """What functions are told of who asks for a connection by *event*."""
        if identity_values(self._settings.identity_sources, request, stage) is None:
            return fault(401, "Unauthorized", "UnauthorizedException")
        scene = calling.scene()
        connect_arn = execute_api_arn(scene, stage, "$connect", "")
        asked = {"type": "REQUEST", "methodArn": connect_arn, **event}
        asked.pop("isBase64Encoded", None)
        answered = await self._ask(asked, stage, calling)
        if isinstance(answered, HttpResponse):
            return answered
        denial = answered.denial(connect_arn)
        return self._denied(denial) if denial else self._told(answered)

    @property
    def _rest(self) -> bool:
        return self._protocol != "HTTP"

    async def _ask(
        self, event: dict[str, Any], stage: Stage, calling: Calling
    ) -> Identity | HttpResponse:
        scene = calling.scene()
        resource = f"{stage.api_id}/authorizers/{self._id}"
        source = arn("execute-api", scene.region, scene.account, resource)
        answer = await calling.call(
            event, self._settings.function, source_arn=source, within=WITHIN_SECONDS
        )
        if answer is None:
            text = "Internal server error" if self._rest else "Internal Server Error"
            return fault(500, text, "AuthorizerFailureException" if self._rest else "")
        found: Identity | HttpResponse = answer.value
        return found

    def _event(
        self,
        request: HttpRequest,
        stage: Stage,
        matched: Matched,
        scene: Scene,
        values: list[str],
        method_arn: str,
    ) -> dict[str, Any]:
        if self._settings.type == "TOKEN":
            return token_event(method_arn, values[0])
        if self._rest:
            return request_event(request, stage, matched, scene)
        if self._settings.payload_format == "1.0":
            return http_v1_authorizer_event(request, stage, matched, scene, values)
        return http_v2_authorizer_event(request, stage, matched, scene, values)

    def _told(self, identity: Identity) -> dict[str, Any]:
        """The ``authorizer`` of the request's context; that of format 2.0 wraps it."""
        principal = {} if identity.principal is None else {"principalId": identity.principal}
        told = {**identity.context, **principal}
        return {**told, "integrationLatency": 0} if self._rest else told

    def _denied(self, why: str) -> HttpResponse:
        if not self._rest:
            return fault(403, "Forbidden")
        text = "User is not authorized to access this resource"
        if "explicit" in why:
            text += " with an explicit deny"
        return fault(403, text, "AccessDeniedException", key="Message")

    def _known(self, key: tuple[str, ...], now: float) -> Identity | None:
        until, identity = self._remembered.get(key, (0.0, None))
        return identity if now < until else None

    def _remember(self, key: tuple[str, ...], identity: Identity, now: float) -> None:
        if self._ttl:
            self._remembered[key] = (now + self._ttl, identity)
            self._remembered.move_to_end(key)
            if len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
