"""What every invoker writes in the journal of a request, and of a refusal."""

from __future__ import annotations

from typing import Any

from eventsim.errors import InvokeError, TooManyRequests
from eventsim.journal import Journal
from eventsim.types import InvokeRequest


def tell_request(journal: Journal, request: InvokeRequest, function: str | None = None) -> None:
    """Write what was asked for, under the function's own name if the request has another."""
    if not journal.hears("invocation_requested"):
        return
    fields: dict[str, Any] = {}
    if journal.detail == "payload":
        fields["payload"] = journal.keep(request.payload.encoded())
    journal.write(
        "invocation_requested",
        function=function or request.function_name,
        request_id=request.request_id,
        type=request.invocation_type,
        **fields,
    )


def tell_refusal(journal: Journal, function: str, request_id: str, refused: InvokeError) -> None:
    """Write that a request was throttled or denied, and why."""
    throttled = isinstance(refused, TooManyRequests)
    journal.write(
        "invocation_throttled" if throttled else "invocation_denied",
        refused.fields.get("Reason") or refused.message,
        function=function,
        request_id=request_id,
        code=refused.code,
    )
