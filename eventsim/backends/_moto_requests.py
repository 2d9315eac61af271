"""Requests that come to moto by HTTP: for which host they are, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventsim.rules.service_actions import ServiceRequest
from eventsim.rules.signatures import Signature
from eventsim.types import HttpRequest, HttpResponse

Ask = Callable[[Any], tuple[int, dict[str, Any], str | bytes]]  # given an AWSPreparedRequest
# moto's own names of services, where botocore calls them otherwise.
_BOTOCORE_NAMES = {"awslambda": "lambda", "cognitoidp": "cognito-idp", "rdsdata": "rds-data"}
_STREAMS = "DynamoDBStreams"


class MotoServices:
    """moto's services for whoever comes by HTTP; *ask* has moto answer a request."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def answer(self, request: HttpRequest, signature: Signature) -> HttpResponse:
        """Carry the request out. Raises what moto does where it has no answer."""
        status, headers, body = self._ask(_prepared(request, signature))
        content = body.encode() if isinstance(body, str) else bytes(body)
        pairs = tuple((str(name), str(value)) for name, value in headers.items())
        return HttpResponse(status, pairs, content)

    def read(self, request: HttpRequest, signature: Signature) -> ServiceRequest | None:
        """What moto takes a request for; None where it knows no such operation.

        A request whose parameters it cannot read has none.
        """
        from botocore.exceptions import DataNotFoundError
        from moto.core.request import determine_request_protocol, normalize_request
        from moto.core.routing import get_service_router
        from moto.core.utils import get_service_model
        from werkzeug.exceptions import NotFound

        normalized = normalize_request(_prepared(request, signature))
        try:
            name = _service(normalized.host)
            model = get_service_model(name)
            protocol = determine_request_protocol(model, normalized.content_type)
            operation, in_path = get_service_router(name).match(normalized)
        except (DataNotFoundError, NotFound, NotImplementedError):
            return None
        parameters = _parameters(normalized, operation, protocol, in_path)
        return ServiceRequest(signature.service, operation.name, parameters, protocol)


def _prepared(request: HttpRequest, signature: Signature) -> Any:
    """The request as if it had come to the service's own address."""
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.compat import HTTPHeaders

    headers = HTTPHeaders()
    for name, value in request.headers:
        if name.lower() != "host":
            headers[name] = value
    service = signature.service
    if request.header("X-Amz-Target").startswith(_STREAMS):
        service = f"streams.{service}"
    query = f"?{request.query}" if request.query else ""
    url = f"https://{service}.{signature.region}.amazonaws.com{request.path}{query}"
    return AWSPreparedRequest(request.method, url, headers, request.body, False)


def _service(host: str) -> str:
    """botocore's name of the service at an address; the host itself if it is none of moto's."""
    from moto.backend_index import backend_url_patterns

    found = (name for name, pattern in backend_url_patterns if pattern.match(f"https://{host}"))
    name = next(found, host)
    return _BOTOCORE_NAMES.get(name, name)


def _parameters(request: Any, operation: Any, protocol: str, in_path: Any) -> dict[str, Any]:
    from moto.core.parse import PROTOCOL_PARSERS, RequestParserError

    asked: Any = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.data,
        "url_path": request.path,
        "url_params": in_path,
    }
    try:
        parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation).parse(asked)
    except (RequestParserError, ValueError):
        return {}
    return parsed
