"""
An API as a scenario writes it, and the events of functions that SAM makes one of.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-api.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapi.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_pascal

from eventsim.rules.authorizer_events import checked_source
from eventsim.rules.durations import PATTERN, seconds_of
from eventsim.rules.http_routes import DEFAULT, METHODS, checked_path, parse_route
from eventsim.rules.socket_events import SELECTION, checked_selection
from eventsim.sources._cors import CorsBlock

Protocol = Literal["REST", "HTTP", "WEBSOCKET"]
PayloadFormat = Literal["1.0", "2.0"]
TIMEOUT_SECONDS = {"REST": 29.0, "HTTP": 30.0, "WEBSOCKET": 29.0}
TOKEN_SECONDS = {"REST": 300.0, "HTTP": 0.0, "WEBSOCKET": 0.0}

NO_EVENT = frozenset({"RequestModel", "RequestParameters", "ResponseTransferMode"})
NO_HTTP_EVENT = frozenset({"RouteSettings"})


def duration(least: float, most: float) -> tuple[Any, ...]:
    """What makes a key one with a duration between so many seconds."""

    def read(value: Any) -> float | None:
        if value is None:
            return None
        seconds = seconds_of(value) if isinstance(value, str) else None
        if seconds is None or not least <= seconds <= most:
            limits = f"{least:g}s and {most:g}s"
            raise ValueError(f"write a duration between {limits}, such as 29s")
        return float(seconds)

    return BeforeValidator(read), WithJsonSchema({"type": "string", "pattern": PATTERN})


def _checked(check: Callable[[str], Any]) -> AfterValidator:
    def checked(value: str) -> str:
        check(value)
        return value

    return AfterValidator(checked)


def _short(value: Any) -> Any:
    """``route: function`` is short for ``route: {function: function}``."""
    return {"function": value} if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1)]
Timeout = Annotated[float | None, *duration(0.05, 900)]
_FROZEN = ConfigDict(extra="forbid", frozen=True)
_SAM = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)


class Authorizer(BaseModel):
    """A function that says who may go on; ``ttl`` is how long its answer is remembered."""

    model_config = _FROZEN

    function: Name
    type: Literal["TOKEN", "REQUEST"] = "REQUEST"
    identity_sources: Annotated[
        tuple[Annotated[str, _checked(checked_source)], ...], Field(min_length=1)
    ] = ("$request.header.Authorization",)
    payload_format: PayloadFormat = "2.0"
    ttl: Annotated[float | None, *duration(0, 3600)] = None


class RouteBlock(BaseModel):
    """What a route leads to.

    ``integration: AWS`` hands a REST API's body over as the event, for an invocation of the type
    ``invocation_type``; ``reply`` sends the answer back to who sent a message.
    """

    model_config = _FROZEN

    function: Name
    authorizer: Name | None = None
    payload_format: PayloadFormat | None = None
    integration: Literal["AWS_PROXY", "AWS"] = "AWS_PROXY"
    invocation_type: Literal["RequestResponse", "Event"] = "RequestResponse"
    reply: Annotated[bool, Field(strict=True)] = False
    timeout: Timeout = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.invocation_type == "Event" and self.integration == "AWS_PROXY":
            raise ValueError("invocation_type: Event needs integration: AWS besides")
        return self


class Resource(BaseModel):
    """An API in a scenario: ``shop: {type: apigateway, routes: {"GET /pets/{id}": pets}}``.

    In CloudFormation the keys are ProtocolType, StageName, StageVariables, BinaryMediaTypes,
    CorsConfiguration and RouteSelectionExpression. A REST API's stage is ``prod`` without one, an
    HTTP API's ``$default``. ``authorizer`` is that of every route that names none.
    """

    model_config = _FROZEN

    type: Literal["apigateway"] = "apigateway"
    protocol: Protocol = "REST"
    stage: Annotated[str, Field(pattern=r"^(\$default|[a-zA-Z0-9_-]{1,128})$")] | None = None
    stage_variables: dict[str, str] = Field(default_factory=dict)
    binary_media_types: tuple[str, ...] = ()
    timeout: Timeout = None
    cors: CorsBlock | None = None
    authorizers: dict[Name, Authorizer] = Field(default_factory=dict)
    authorizer: Name | None = None
    route_selection: Annotated[str, _checked(checked_selection)] = SELECTION
    routes: dict[Name, Annotated[RouteBlock, BeforeValidator(_short)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.protocol != "HTTP" and self.stage == DEFAULT:
            raise ValueError(f"stage $default is one of HTTP APIs, not of {self.protocol}")
        for name, given in (
            ("cors", self.cors is not None and self.protocol == "WEBSOCKET"),
            ("binary_media_types", bool(self.binary_media_types) and self.protocol != "REST"),
        ):
            if given:
                raise ValueError(f"{name} means nothing to an API of protocol {self.protocol}")
        for key, route in self.routes.items():
            self._route(key, route)
        if self.authorizer is not None and self.authorizer not in self.authorizers:
            raise ValueError(self._nobody(self.authorizer))
        return self

    def _route(self, key: str, route: RouteBlock) -> None:
        if self.protocol != "WEBSOCKET" and (self.protocol == "HTTP" or key != DEFAULT):
            parse_route(key)
        elif self.protocol == "REST":
            raise ValueError("$default is a route of HTTP APIs; write 'ANY /{proxy+}'")
        if route.authorizer is not None and route.authorizer not in (*self.authorizers, "NONE"):
            raise ValueError(self._nobody(route.authorizer))
        if route.payload_format is not None and self.protocol != "HTTP":
            raise ValueError(f"payload_format of {key} is a choice of HTTP APIs")
        if route.integration == "AWS" and self.protocol != "REST":
            raise ValueError(f"integration AWS of {key} is one of REST APIs")
        if route.reply and self.protocol != "WEBSOCKET":
            raise ValueError(f"reply of {key} is for messages of WebSocket APIs")

    def _nobody(self, name: str) -> str:
        known = ", ".join(self.authorizers) or "none"
        return f"'{name}' is no authorizer of it; there are: {known}"

    @property
    def stage_name(self) -> str:
        """The name of its stage."""
        return self.stage or (DEFAULT if self.protocol == "HTTP" else "prod")

    def functions(self) -> list[tuple[tuple[str, ...], str]]:
        """Every function that it names, with the path of the key."""
        named: list[tuple[tuple[str, ...], str]] = []
        for place, blocks in (("routes", self.routes), ("authorizers", self.authorizers)):
            for key, block in blocks.items():
                named.append(((place, key, "function"), block.function))
        return named


def _method(value: Any) -> Any:
    text = value.upper() if isinstance(value, str) else value
    if text == "X-AMAZON-APIGATEWAY-ANY-METHOD":
        return "ANY"
    if text not in (*METHODS, "ANY"):
        raise ValueError(f"write one of {', '.join((*METHODS, 'ANY'))}")
    return text


EventMethod = Annotated[str, BeforeValidator(_method)]
EventPath = Annotated[str, _checked(checked_path)]


class Auth(BaseModel):
    """Which authorizer of the API decides; NONE for none."""

    model_config = _SAM

    authorizer: Name | None = None


class ApiEvent(BaseModel):
    """A route of a REST API, as SAM writes it below its function."""

    model_config = _SAM
    not_simulated: ClassVar[Collection[str]] = NO_EVENT
    refers: ClassVar[tuple[str, Protocol]] = ("RestApiId", "REST")

    path: EventPath = Field(examples=["/pets/{id}"])
    method: EventMethod = Field(examples=["get"])
    rest_api_id: Name | None = None
    auth: Auth = Auth()
    timeout_in_millis: Annotated[int, Field(strict=True, ge=50, le=900_000)] | None = None

    @property
    def api(self) -> str:
        """The API's name."""
        return self.rest_api_id or "ServerlessRestApi"

    def route(self, function: str) -> tuple[str, RouteBlock]:
        """The route's key and what it leads to."""
        block = {"function": function, "authorizer": self.auth.authorizer}
        timed = {**block, "timeout": _seconds(self.timeout_in_millis)}
        return f"{self.method} {self.path}", RouteBlock.model_validate(timed)


class HttpApiEvent(BaseModel):
    """A route of an HTTP API, as SAM writes it below its function; ``$default`` without a path."""

    model_config = _SAM
    not_simulated: ClassVar[Collection[str]] = NO_HTTP_EVENT
    refers: ClassVar[tuple[str, Protocol]] = ("ApiId", "HTTP")

    path: EventPath | None = None
    method: EventMethod | None = None
    api_id: Name | None = None
    payload_format_version: PayloadFormat = "2.0"
    timeout_in_millis: Annotated[int, Field(strict=True, ge=50, le=30_000)] | None = None
    auth: Auth = Auth()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.path is None) != (self.method is None):
            raise ValueError("write both Path and Method, or neither for the $default route")
        return self

    @property
    def api(self) -> str:
        """The API's name."""
        return self.api_id or "ServerlessHttpApi"

    def route(self, function: str) -> tuple[str, RouteBlock]:
        """The route's key and what it leads to."""
        block = {
            "function": function,
            "authorizer": self.auth.authorizer,
            "payload_format": self.payload_format_version,
            "timeout": _seconds(self.timeout_in_millis),
        }
        key = DEFAULT if self.path is None else f"{self.method} {self.path}"
        return key, RouteBlock.model_validate(block)


def _seconds(milliseconds: int | None) -> str | None:
    """As a duration is written."""
    return None if milliseconds is None else f"{milliseconds}ms"


SAM_EVENTS: dict[str, type[BaseModel]] = {"Api": ApiEvent, "HttpApi": HttpApiEvent}
