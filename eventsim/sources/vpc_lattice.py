"""
VPC Lattice: requests that a listener forwards to a function.

A response is read as a load balancer's is; one that is none is a 500.

https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from __future__ import annotations

import base64
from hashlib import md5
from typing import Annotated, Any
from urllib.parse import parse_qsl

from eventsim.rules.arns import arn
from eventsim.sources._contract import Broken, kind_of, object_of, status_of, value_at
from eventsim.sources._http_said import Binary, Body, Headers, Method, Path, Query, Said
from eventsim.types import Answer, HttpRequest, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "vpc-lattice.amazonaws.com"

Group = Annotated[str, "the name of the target group"]
Service = Annotated[str, "the name of the service"]


def request(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/orders",
    query: Query = "",
    header: Headers = (),
    body: Body = None,
    binary: Binary = False,
    service: Service = "orders",
    target_group: Group = "orders",
    principal: Annotated[
        str | None, "the ARN of the caller, where the service asks for IAM"
    ] = None,
    vpc: Annotated[str, "the id of the VPC that it comes from"] = "vpc-0b8276c84697e7339",
) -> dict[str, Any]:
    """A request came, in version 2.0 of the event."""
    said = Said(method, path, query, header, (), body, binary, host=_host(scene, service))
    asked = said.request(scene)
    place = arn("ec2", scene.region, scene.account, f"vpc/{vpc}")
    identity = {"sourceVpcArn": place}
    if principal is not None:
        identity |= {"type": "AWS_IAM", "principal": principal}
    made: dict[str, Any] = {
        "version": "2.0",
        "path": _whole_path(asked),
        "method": method,
        "headers": _listed(asked.headers),
    }
    if asked.query:
        made["queryStringParameters"] = _listed(parse_qsl(asked.query, keep_blank_values=True))
    if asked.body:
        made |= _body(asked.body, binary)
    made["requestContext"] = {
        "serviceNetworkArn": _arn(scene, "servicenetwork", "sn", "shop"),
        "serviceArn": _arn(scene, "service", "svc", service),
        "targetGroupArn": _arn(scene, "targetgroup", "tg", target_group),
        "identity": identity,
        "region": scene.region,
        "timeEpoch": str(round(scene.at.timestamp() * 1_000_000)),
    }
    return made


def request_v1(
    scene: Scene,
    *,
    method: Method = "GET",
    path: Path = "/orders",
    query: Query = "",
    header: Headers = (),
    body: Body = None,
    binary: Binary = False,
    service: Service = "orders",
) -> dict[str, Any]:
    """A request came, in version 1.0 of the event."""
    said = Said(method, path, query, header, (), body, binary, host=_host(scene, service))
    asked = said.request(scene)
    headers = {name: ",".join(values) for name, values in _listed(asked.headers).items()}
    text = _body(asked.body, binary)
    return {
        "raw_path": _whole_path(asked),
        "method": method,
        "headers": headers,
        "query_string_parameters": dict(parse_qsl(asked.query, keep_blank_values=True)),
        "body": text["body"],
        "is_base64_encoded": text["isBase64Encoded"],
    }


EVENTS = (request, request_v1)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The target group's ARN; version 1.0 does not say which, so it is the usual one."""
    context = event.get("requestContext")
    return str(context["targetGroupArn"] if context else _arn(scene, "targetgroup", "tg", "orders"))


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The response: its status, headers and body."""
    try:
        told = object_of(result)
        _check(told)
    except Broken as broken:
        return Answer(False, {"statusCode": 500}, str(broken))
    return Answer(value=told)


def _check(told: dict[str, Any]) -> None:
    status_of(told)
    headers = value_at(told, "headers", dict) if told.get("headers") else {}
    for name, value in headers.items():
        if not isinstance(value, str | int | float | list):
            raise Broken(f"headers.{name} is {kind_of(value)}; it has to be a string")
    if "body" in told:
        value_at(told, "body", str)


def _host(scene: Scene, service: str) -> str:
    digits = md5(service.encode(), usedforsecurity=False).hexdigest()[:17]
    return f"{service}-{digits}.7d67968.vpc-lattice-svcs.{scene.region}.on.aws"


def _arn(scene: Scene, kind: str, prefix: str, name: str) -> str:
    digits = md5(f"{kind} {name}".encode(), usedforsecurity=False).hexdigest()[:17]
    return arn("vpc-lattice", scene.region, scene.account, f"{kind}/{prefix}-{digits}")


def _whole_path(asked: HttpRequest) -> str:
    return f"{asked.path}?{asked.query}" if asked.query else asked.path


def _listed(pairs: Any) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, value in pairs:
        made.setdefault(name.lower(), []).append(value)
    return made


def _body(body: bytes, binary: bool) -> dict[str, Any]:
    text = base64.b64encode(body).decode() if binary else body.decode()
    return {"body": text, "isBase64Encoded": binary}
