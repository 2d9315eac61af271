"""
Invoke in its three types, and InvokeAsync, which is older.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from typing import Any

from eventsim.lambda_api.refusing import conflict, not_here
from eventsim.lambda_api.region import Call, Handler, Region
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


OPERATIONS: dict[str, Handler] = {"Invoke": invoke, "InvokeAsync": invoke_async}
