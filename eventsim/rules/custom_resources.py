"""
What CloudFormation and the function of a custom resource say to each other.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

RESPONSE_BYTES_MAX = 4096
PHYSICAL_ID_BYTES_MAX = 1024
SERVICE_TIMEOUT = 3600  # seconds, and the most that may be asked for
ECHOED = ("StackId", "RequestId", "LogicalResourceId")


@dataclass(frozen=True, slots=True)
class Response:
    """What a function said of a request. ``physical_id`` is None where it named no resource."""

    succeeded: bool
    physical_id: str | None = None
    reason: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def as_strings(value: Any) -> Any:
    """Properties as a function gets them: every scalar is a text."""
    if isinstance(value, dict):
        return {str(key): as_strings(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_strings(inner) for inner in value]
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def service_timeout(request: Mapping[str, Any]) -> int:
    """Seconds that CloudFormation waits for the response to a request."""
    said = request.get("ResourceProperties", {}).get("ServiceTimeout", "")
    if isinstance(said, str) and said.isascii() and said.isdigit():
        return min(max(int(said), 1), SERVICE_TIMEOUT)
    return SERVICE_TIMEOUT


def read_response(body: bytes, request: Mapping[str, Any]) -> Response:
    """The response to *request* that a *body* is; one that is none has failed, with the reason."""
    try:
        said = orjson.loads(body)
    except ValueError:
        return _invalid("is not JSON")
    if not isinstance(said, dict):
        return _invalid("is not a JSON object")
    for name in ECHOED:
        if said.get(name) != request[name]:
            return _invalid(f"has {name} {said.get(name)!r}, the request {request[name]!r}")
    return _of_status(said)


def _of_status(said: dict[str, Any]) -> Response:
    status, physical_id, reason = (
        said.get(name) for name in ("Status", "PhysicalResourceId", "Reason")
    )
    if status not in ("SUCCESS", "FAILED"):
        return _invalid(f"has Status {status!r}; it is SUCCESS or FAILED")
    if status == "FAILED" and not (isinstance(reason, str) and reason):
        return _invalid("has failed without a Reason")
    if physical_id is not None and not isinstance(physical_id, str):
        return _invalid(f"has PhysicalResourceId {physical_id!r}, which is no text")
    if physical_id is not None and len(physical_id.encode()) > PHYSICAL_ID_BYTES_MAX:
        return _invalid(f"has a PhysicalResourceId of over {PHYSICAL_ID_BYTES_MAX} bytes")
    if status == "SUCCESS" and not physical_id:
        return _invalid("has no PhysicalResourceId")
    data = said.get("Data") or {}
    if not isinstance(data, dict):
        return _invalid(f"has Data {data!r}, which is no object")
    return Response(status == "SUCCESS", physical_id or None, reason, data)


def _invalid(what: str) -> Response:
    return Response(False, None, f"the response {what}")
