"""
Invoke in its three types, InvokeAsync, which is older, and InvokeWithResponseStream.

A stream has the whole answer in one chunk, since functions do not stream here; that of a function
that failed has none, and tells the error at its end.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
"""

from __future__ import annotations

from typing import Any

from eventsim.lambda_api.refusing import conflict, invalid, not_here
from eventsim.lambda_api.region import Call, Handler, Region
from eventsim.server import event_stream
from eventsim.types import InvokeRequest, InvokeResult, Payload


async def invoke(call: Call) -> dict[str, Any]:
    given = call.given
    for name in ("DurableExecutionName", "TenantId"):
        if given.get(name):
            raise not_here(name)
    result = await _invoked(call, given.get("InvocationType") or "RequestResponse")
    return {
        "StatusCode": result.status_code,
        "FunctionError": result.function_error,
        "ExecutedVersion": result.executed_version,
        "LogResult": result.log_result,
        "Payload": result.payload,
    }


async def invoke_async(call: Call) -> dict[str, Any]:
    result = await _invoked(call.over(Payload=call.given["InvokeArgs"]), "Event")
    return {"Status": result.status_code}


async def invoke_with_response_stream(call: Call) -> dict[str, Any]:
    kind = call.given.get("InvocationType") or "RequestResponse"
    if call.given.get("TenantId"):
        raise not_here("TenantId")
    if kind == "Event":
        raise invalid("InvocationType Event is not supported with a response stream.")
    result = await _invoked(call, kind)
    return {
        "StatusCode": result.status_code,
        "ExecutedVersion": result.executed_version,
        "ResponseStreamContentType": event_stream.MEDIA_TYPE,
        "EventStream": b"" if kind == "DryRun" else _streamed(result),
    }


def _streamed(result: InvokeResult) -> bytes:
    end: dict[str, Any] = {}
    begun = b""
    if result.function_error is None:
        begun = event_stream.event("PayloadChunk", result.payload)
    else:
        end["ErrorCode"] = result.function_error
        end["ErrorDetails"] = result.payload.decode("utf-8", "replace")
    if result.log_result is not None:
        end["LogResult"] = result.log_result
    return begun + event_stream.json_event("InvokeComplete", end)


async def _invoked(call: Call, invocation_type: Any) -> InvokeResult:
    region, given = call.region, call.given
    _check_state(region, given)
    request = InvokeRequest(
        given["FunctionName"],
        Payload.of_bytes(given.get("Payload") or b""),
        call.request_id,
        invocation_type,
        given.get("LogType") or "None",
        given.get("ClientContext"),
        given.get("Qualifier"),
        trace_header=call.trace_header,
    )
    return await region.invoke(request)


def _check_state(region: Region, given: Any) -> None:
    """Raises ResourceConflictException for a function that is not created yet."""
    name, _ = region.named(given)
    deployed = region.functions.get(name)
    if deployed is not None and deployed.versions["$LATEST"].state["State"] == "Pending":
        raise conflict(
            "The operation cannot be performed at this time. The function is currently in the "
            "following state: Pending"
        )


OPERATIONS: dict[str, Handler] = {
    "Invoke": invoke,
    "InvokeAsync": invoke_async,
    "InvokeWithResponseStream": invoke_with_response_stream,
}
