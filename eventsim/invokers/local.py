"""
The Invoke API for the functions of this run.

RequestResponse answers 200, also for a function that failed; DryRun answers 204 and runs
nothing; Event answers 202 at once, and whoever accepts the event runs it afterwards under the
same request id.

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
    RecursiveInvocation,
    ValidationFailed,
)
from eventsim.invokers._entries import tell_refusal, tell_request
from eventsim.journal import Journal
from eventsim.rules import limits, log_lines, traces
from eventsim.rules.profiles import TODAY, Profile
from eventsim.runtimes import Call, FunctionVersion
from eventsim.types import Caller, InvokeRequest, InvokeResult, Outcome

__all__ = ["Accept", "Authorize", "Functions", "LocalInvoker", "tell_refusal"]

Accept = Callable[[FunctionVersion, Call], None]
Authorize = Callable[[Caller, FunctionVersion], None]
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

    *accept* takes the events of asynchronous invocation; without it, Event is refused with an
    EventsimError. *authorize* raises InvokeError when a caller may not invoke a function.
    """

    def __init__(
        self,
        functions: Functions,
        journal: Journal,
        accept: Accept | None = None,
        authorize: Authorize | None = None,
        profile: Profile = TODAY,
    ) -> None:
        self._functions = functions
        self._journal, self._requested = journal, journal.channel("invocation_requested")
        self._accept_event = accept
        self._authorize = authorize
        self._profile = profile

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Answer as the Invoke API does. Raises InvokeError when it refuses."""
        if self._requested.heard:
            tell_request(self._journal, request)
        try:
            target = self._functions.find(request.function_name, request.qualifier)
            if request.caller is not None and self._authorize is not None:
                self._authorize(request.caller, target)
            call = _checked(request, target, self._profile)
            if request.invocation_type == "DryRun":
                return _CHECKED
            if request.invocation_type == "Event":
                return self._accept(target, call)
            if call.trace_header is not None:
                _refuse_loop(target, call.trace_header)
            tail = request.log_type == "Tail"
            outcome = await self._functions.run(target, call, whole_log=tail)
        except InvokeError as refused:
            tell_refusal(self._journal, request.function_name, request.request_id, refused)
            raise
        return InvokeResult(
            200,
            outcome.payload,
            None if outcome.error is None else "Unhandled",
            target.version,
            log_lines.tail(outcome.log) if tail else None,
        )

    def _accept(self, target: FunctionVersion, call: Call) -> InvokeResult:
        if self._accept_event is None:
            raise EventsimError("an Event invocation needs a queue; give LocalInvoker an accept")
        self._accept_event(target, call)
        return _ACCEPTED


def recursive() -> RecursiveInvocation:
    """What a function is answered with that has run too often in one chain of requests."""
    return RecursiveInvocation(
        "Lambda has detected your function being invoked in a recursive loop with other "
        "Amazon Web Services resources and stopped your function's invocation.",
        Type="User",
    )


def _refuse_loop(target: FunctionVersion, trace_header: str) -> None:
    if target.function.recursive_loop != "Allow" and traces.is_loop(trace_header, target.arn):
        raise recursive()


def _checked(request: InvokeRequest, target: FunctionVersion, profile: Profile) -> Call:
    """The call that a request asks for. Raises InvokeError when it is not a proper one."""
    kind = request.invocation_type
    if kind not in _TYPES:
        raise ValidationFailed(
            f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(_TYPES)}]"
        )
    payload = request.payload
    if (error := limits.too_large(kind, payload.size, profile)) is not None:
        raise error
    try:
        payload.check()
    except ValueError as reason:
        raise limits.not_json(reason) from None
    context = None
    if request.client_context is not None and kind != "Event":
        context = _client_context(request.client_context)
    return Call(payload, request.request_id, target.arn, context, request.trace_header)


def _client_context(encoded: str) -> dict[str, Any]:
    if len(encoded) > limits.CLIENT_CONTEXT_BYTES_MAX:
        raise InvalidRequestContent(
            f"Client context must be no more than {limits.CLIENT_CONTEXT_BYTES_MAX} bytes",
            Type="User",
        )
    try:
        decoded = orjson.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise InvalidRequestContent(
            "Client context must be a valid Base64-encoded JSON object.", Type="User"
        )
    return decoded
