"""
A function behind the Invoke API: of AWS itself, or of whoever serves it at an address.

Requests go as they are, and answers come as they are: what is queued, retried or refused there
is not done again here. Nothing is sent twice: a request that gets no answer may have run, so
it raises Unreachable and leaves that to who asked.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.backends import AwsApi, in_our_words
from eventsim.backends.endpoint import open_api
from eventsim.clock import Clock
from eventsim.errors import InvokeError, ServiceError, Unreachable, ValidationFailed
from eventsim.invokers._entries import tell_refusal, tell_request
from eventsim.journal import Journal
from eventsim.rules import foreign_answers
from eventsim.rules.billing import billed_seconds
from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.types import InvokeRequest, InvokeResult

IN_FLIGHT_MAX = 1_000
PATIENCE_SECONDS = 10.0  # for an answer to arrive, after the longest that the function may take

_NO_FIELDS = frozenset({"Error", "ResponseMetadata", "message", "Message"})


def open_lambda(endpoint_url: str | None, region: str, *, allow_aws: bool, timeout: int) -> AwsApi:
    """Clients of an Invoke API whose functions take *timeout* seconds at most.

    Raises BackendError without an address, UnsafeEndpoint for one outside this machine that
    nobody allowed. Close it by ``aclose``.
    """
    return open_api(
        "the aws invoker",
        region,
        endpoint_url,
        allow_aws,
        read_timeout=timeout + PATIENCE_SECONDS,
        max_pool_connections=IN_FLIGHT_MAX,
    )


class AwsInvoker:
    """An Invoker for one function, called *name* in this run, *function_name* there."""

    def __init__(
        self, name: str, function_name: str, api: AwsApi, clock: Clock, journal: Journal
    ) -> None:
        self._name, self._function_name = name, function_name
        self._api, self._clock, self._journal = api, clock, journal

    async def invoke(self, request: InvokeRequest, qualifier: str | None = None) -> InvokeResult:
        """Ask once, for *qualifier* if the name that was used has one.

        Raises InvokeError with AWS's code, fields and status, Unreachable without an answer.
        """
        tell_request(self._journal, request, self._name)
        began = self._clock.time()
        try:
            async with self._clock.hold():
                result = await self._ask(request, qualifier or request.qualifier)
        except InvokeError as refused:
            tell_refusal(self._journal, self._name, request.request_id, refused)
            raise
        if result.status_code == 200:
            self._tell_answer(request, result, self._clock.time() - began)
        return result

    async def _ask(self, request: InvokeRequest, qualifier: str | None) -> InvokeResult:
        from botocore.exceptions import ClientError, ParamValidationError

        parameters = _parameters(self._function_name, qualifier, request)
        try:
            with in_our_words():
                try:
                    client = await self._api.client("lambda")
                    answer = await client.invoke(**parameters)
                    payload = await _whole(answer["Payload"])
                except ClientError as error:
                    raise _refusal(error.response) from error
                except ParamValidationError as error:
                    raise ValidationFailed(str(error)) from error
        except ServiceError as error:
            raise Unreachable(f"no Invoke API answered: {error}") from error
        return InvokeResult(
            answer["StatusCode"],
            payload,
            answer.get("FunctionError"),
            answer.get("ExecutedVersion"),
            answer.get("LogResult"),
        )

    def _tell_answer(self, request: InvokeRequest, result: InvokeResult, seconds: float) -> None:
        """Write how it went: as the REPORT line says, or by how long the answer took."""
        report = foreign_answers.report(result.log_result)
        fields: dict[str, Any] = {
            "duration": round(seconds, 6),
            "billed": billed_seconds(round(seconds, 6)),
        }
        if report is not None:
            fields = {"duration": report.duration, "billed": report.billed}
            if report.init is not None:
                fields["init"] = report.init
        if result.function_error is not None:
            error = foreign_answers.function_error(result.payload)
            fields["error"] = result.function_error
            fields["error_type"], fields["error_message"] = error.type, error.message[:1024]
        if self._journal.detail == "payload":
            fields["answer"] = self._journal.keep(result.payload)
        self._journal.write(
            "invocation_finished",
            function=self._name,
            version=result.executed_version or request.qualifier or "",
            request_id=request.request_id,
            **fields,
        )


def _parameters(
    function_name: str, qualifier: str | None, request: InvokeRequest
) -> dict[str, Any]:
    given = {
        "FunctionName": function_name,
        "InvocationType": request.invocation_type,
        "Payload": request.payload.encoded(),
        "LogType": "Tail" if request.log_type == "Tail" else None,
        "ClientContext": request.client_context,
        "Qualifier": qualifier,
    }
    return {name: value for name, value in given.items() if value is not None}


async def _whole(stream: Any) -> bytes:
    """All that the function answered; Lambda sends no more than its limit."""
    parts, size = list[bytes](), 0
    async with stream:
        while part := await stream.read(1 << 16):
            parts.append(part)
            size += len(part)
            if size > RESPONSE_BYTES_MAX:
                raise Unreachable(f"an answer of over {RESPONSE_BYTES_MAX} bytes is not Lambda's")
    return b"".join(parts)


def _refusal(response: Mapping[str, Any]) -> InvokeError:
    """What the Invoke API said instead of an answer, as the error that it means."""
    error = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    fields = {name: str(value) for name, value in response.items() if name not in _NO_FIELDS}
    code = str(error.get("Code") or "ServiceException")
    return InvokeError.of(code, status, str(error.get("Message", "")), fields)
