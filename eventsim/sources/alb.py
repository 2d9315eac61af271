"""
Application Load Balancers: requests that a listener forwards to a function.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eventsim.errors import InvokeError
from eventsim.rules.arns import arn, dns_suffix
from eventsim.rules.http_answers import alb_answer, alb_page
from eventsim.rules.http_events import alb_event
from eventsim.rules.http_routes import takes_pattern
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
)
from eventsim.sources._names import hex_of
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
PRINCIPAL = "elasticloadbalancing.amazonaws.com"

BODY_BYTES_MAX = 1_048_576

Group = Annotated[str, "the name of the target group"]


class Resource(BaseModel):
    """A load balancer in a scenario: ``front: {type: alb, routes: {"/pets/*": pets}}``.

    A route is the path pattern of a listener rule and the function of its target group; the first
    that fits is taken. ``multi_value_headers`` is lambda.multi_value_headers.enabled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["alb"] = "alb"
    multi_value_headers: Annotated[bool, Field(strict=True)] = False
    routes: Annotated[
        dict[Annotated[str, Field(pattern=r"^[/*?]")], Annotated[str, Field(min_length=1)]],
        Field(min_length=1),
    ]

    def functions(self) -> list[tuple[tuple[str, ...], str]]:
        """Every function that it names, with the path of the key."""
        return [(("routes", pattern), function) for pattern, function in self.routes.items()]


class AlbFront:
    """A load balancer, by its *name* in the scenario."""

    body_bytes_max = BODY_BYTES_MAX
    root = ""

    def __init__(self, name: str, settings: Resource) -> None:
        self.name, self._settings = name, settings
        self.hosts: Sequence[str] = (f"{name}.localhost".lower(),)

    @property
    def routes(self) -> Sequence[str]:
        return [f"{pattern} -> {function}" for pattern, function in self._settings.routes.items()]

    def too_large(self) -> HttpResponse:
        """The 413 of a body over 1 MB."""
        return alb_page(413, "Request Entity Too Large")

    async def respond(self, request: HttpRequest, calling: Calling) -> HttpResponse:
        """The response of the function of the first pattern that fits; 404 without one."""
        scene = calling.scene()
        for pattern, function in self._settings.routes.items():
            if takes_pattern(pattern, request.path):
                request = forwarded(request, scene, *reached(request))
                group = group_arn(scene, function.partition(":")[0])
                event = alb_event(request, group, multi_value=self._settings.multi_value_headers)
                answer = await calling.call(event, function, source_arn=group)
                return alb_page(502, "Bad Gateway") if answer is None else answer.value
        return alb_page(404, "Not Found")


def open_fronts(
    scene: Scene, resources: Mapping[str, Resource], triggers: Sequence[Trigger]
) -> list[Front]:
    """The load balancers of a scenario."""
    return [AlbFront(name, resource) for name, resource in resources.items()]


def request(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    query: Query = "",
    header: Headers = (),
    cookie: Cookies = (),
    body: Body = None,
    binary: Binary = False,
    source_ip: SourceIp = CLIENT,
    target_group: Group = "functions",
) -> dict[str, Any]:
    """A request; of a name that is there several times, the last value."""
    said = Said(method, path, query, header, cookie, body, binary, source_ip, _domain(scene))
    return alb_event(said.request(scene), group_arn(scene, target_group), multi_value=False)


def multi_value(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/pets/1",
    query: Query = "",
    header: Headers = (),
    cookie: Cookies = (),
    body: Body = None,
    binary: Binary = False,
    source_ip: SourceIp = CLIENT,
    target_group: Group = "functions",
) -> dict[str, Any]:
    """A request to a target group with lambda.multi_value_headers.enabled."""
    said = Said(method, path, query, header, cookie, body, binary, source_ip, _domain(scene))
    return alb_event(said.request(scene), group_arn(scene, target_group), multi_value=True)


def health_check(
    scene: Scene,
    *,
    path: Path = "/",
    target_group: Group = "functions",
) -> dict[str, Any]:
    """The target group's own health check."""
    said = Said("GET", path, header=("User-Agent: ELB-HealthChecker/2.0",))
    event = alb_event(said.request(scene), group_arn(scene, target_group), multi_value=False)
    return {**event, "headers": {"user-agent": "ELB-HealthChecker/2.0"}}


EVENTS = (request, multi_value, health_check)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The target group's ARN."""
    return str(event["requestContext"]["elb"]["targetGroupArn"])


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The response, or the page of an answer that is none."""
    return alb_answer(result, multi_value="multiValueHeaders" in event)


def refusal(error: InvokeError, event: Any) -> Answer:
    """A load balancer tells no more of a function that was not invoked than of one that failed."""
    return Answer(False, alb_page(502, "Bad Gateway"), str(error))


def group_arn(scene: Scene, name: str) -> str:
    """The ARN of a target group of that name."""
    group = f"targetgroup/{name}/{hex_of(name, 16)}"
    return arn("elasticloadbalancing", scene.region, scene.account, group)


def _domain(scene: Scene) -> str:
    return f"lb-1234567890.{scene.region}.elb.{dns_suffix(scene.region)}"
