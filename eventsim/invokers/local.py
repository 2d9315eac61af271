"""
The Invoke API for the functions of this run.

RequestResponse answers 200, also for a function that failed; DryRun answers 204 and runs
nothing; Event answers 202 at once and runs the function once afterwards, under the same
request id. Nothing is retried yet, and an event that is throttled is lost, with its entry: the
queue of asynchronous invocation is not simulated.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from eventsim.errors import (
    EventsimError,
    InvalidRequestContent,
    InvokeError,
    TooManyRequests,
    ValidationFailed,
)
from eventsim.journal import Journal
from eventsim.rules import limits, log_lines
from eventsim.runtimes import Call, FunctionVersion
from eventsim.types import InvokeRequest, InvokeResult, Outcome

_ACCEPTED = InvokeResult(202)
_CHECKED = InvokeResult(204)
_TYPES = ("Event", "RequestResponse", "DryRun")


class Functions(Protocol):
    """The functions that can be invoked; ``environments.Environments`` is one."""

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion: ...

    async def run(
        self, target: FunctionVersion, call: Call, *, whole_log: bool = False
    ) -> Outcome: ...


class LocalInvoker:
    """An Invoker for functions that run here. Writes what was asked for, and what was refused.

    *start_soon* starts a task that outlives the call, as a task group's method does; without
    it, Event is refused with an EventsimError.
    """

    def __init__(
        self,
        functions: Functions,
        journal: Journal,
        start_soon: Callable[..., object] | None = None,
    ) -> None:
        self._functions = functions
        self._journal = journal
        self._start_soon = start_soon

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Answer as the Invoke API does. Raises InvokeError when it refuses."""
        self._tell_request(request)
        try:
            target = self._functions.find(request.function_name, request.qualifier)
            call = _checked(request, target)
            if request.invocation_type == "DryRun":
                return _CHECKED
            if request.invocation_type == "Event":
                return self._accept(target, call)
            tail = request.log_type == "Tail"
            outcome = await self._functions.run(target, call, whole_log=tail)
        except InvokeError as refused:
            self._tell_refusal(request.function_name, request.request_id, refused)
            raise
        return InvokeResult(
            200,
            outcome.payload,
            None if outcome.error is None else "Unhandled",
            target.version,
            log_lines.tail(outcome.log) if tail else None,
        )

    def _accept(self, target: FunctionVersion, call: Call) -> InvokeResult:
        if self._start_soon is None:
            raise EventsimError(
                "an Event invocation needs a task group to run in; give LocalInvoker a start_soon"
            )
        self._start_soon(self._run_afterwards, target, call)
        return _ACCEPTED

    async def _run_afterwards(self, target: FunctionVersion, call: Call) -> None:
        try:
            await self._functions.run(target, call)
        except InvokeError as refused:
            self._tell_refusal(target.function.name, call.request_id, refused)

    def _tell_request(self, request: InvokeRequest) -> None:
        if not self._journal.hears("invocation_requested"):
            return
        fields: dict[str, Any] = {}
        if self._journal.detail == "payload":
            fields["payload"] = self._journal.keep(request.payload.encoded())
        self._journal.write(
            "invocation_requested",
            function=request.function_name,
            request_id=request.request_id,
            type=request.invocation_type,
            **fields,
        )

    def _tell_refusal(self, function: str, request_id: str, refused: InvokeError) -> None:
        throttled = isinstance(refused, TooManyRequests)
        self._journal.write(
            "invocation_throttled" if throttled else "invocation_denied",
            refused.fields.get("Reason") or refused.message,
            function=function,
            request_id=request_id,
            code=refused.code,
        )


def _checked(request: InvokeRequest, target: FunctionVersion) -> Call:
    """The call that a request asks for. Raises InvokeError when it is not a proper one."""
    kind = request.invocation_type
    if kind not in _TYPES:
        raise ValidationFailed(
            f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(_TYPES)}]"
        )
    payload = request.payload
    if (error := limits.too_large(kind, payload.size)) is not None:
        raise error
    try:
        payload.check()
    except ValueError as reason:
        raise limits.not_json(reason) from None
    context = None
    if request.client_context is not None and kind != "Event":
        context = _client_context(request.client_context)
    return Call(payload, request.request_id, target.arn, context)


def _client_context(encoded: str) -> dict[str, Any]:
    if len(encoded) > limits.CLIENT_CONTEXT_BYTES_MAX:
        raise InvalidRequestContent(
            f"Client context must be no more than {limits.CLIENT_CONTEXT_BYTES_MAX} bytes"
        )
    try:
        decoded = orjson.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    return decoded
