"""Laws of asynchronous invocation: when an event is tried again, and where it ends."""

from __future__ import annotations

import os
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import InvokeError, ServiceError
from eventsim.rules.profiles import TODAY
from eventsim.runtimes import FunctionVersion
from eventsim.types import Duration, InvokeRequest, InvokeResult, Payload
from tests.event_world import (
    DLQ,
    DONE,
    FAILED,
    REFUSES,
    SILENT,
    config,
    fails,
    works,
    world,
)
from tests.functions import ARN, function, request

INSTANT: dict[str, Any] = {"duration": Duration(0.0), "init_duration": 0.0}


async def test_an_event_that_fails_is_tried_after_one_minute_and_after_two_more(
    clock: Clock,
) -> None:
    """Invoke case 20."""
    f = function(fails, **INSTANT, dead_letter=DLQ, event_invoke=config(on_failure=FAILED))
    async with world(clock, f, detail="payload") as running:
        assert await running.event({"id": 1}, request_id="one") == InvokeResult(202)
    assert running.times("invocation_started") == [0.0, 60.0, 180.0]
    logs = [entry["text"] for entry in running.fields("function_logged")]
    begun = [line for log in logs for line in log.splitlines() if line.startswith("START")]
    assert begun == ["START RequestId: one Version: $LATEST"] * 3
    assert [
        (entry.fields["wait"], entry.fields["invoked"], entry.because)
        for entry in running.told("event_retried")
    ] == [(60.0, True, "ValueError: retry 1 of 2"), (120.0, True, "ValueError: retry 2 of 2")]
    (given_up,) = running.told("event_discarded")
    assert (given_up.time, given_up.because) == (180.0, "MaximumRetryAttempts is 2")
    assert given_up.fields == {
        "function": "f",
        "request_id": "one",
        "condition": "RetriesExhausted",
        "approximate_invoke_count": 3,
        "age": 180.0,
    }
    assert running.documents(DLQ) == [{"id": 1}]
    assert running.documents(FAILED)[0]["requestContext"]["approximateInvokeCount"] == 3
    assert running.told("event_dropped") == []


async def test_no_retries_is_one_attempt(clock: Clock) -> None:
    """Invoke case 21."""
    f = function(fails, event_invoke=config(maximum_retry_attempts=0, on_failure=FAILED))
    async with world(clock, f) as running:
        await running.event()
    (record,) = running.documents(FAILED)
    assert (record["requestContext"]["condition"], len(running.told("invocation_started"))) == (
        "RetriesExhausted",
        1,
    )
    assert record["requestContext"]["approximateInvokeCount"] == 1


@pytest.mark.parametrize(("age", "attempts"), [(60, 1), (90, 2), (200, 3)])
async def test_an_event_that_would_be_too_old_is_given_up_at_once(
    clock: Clock, age: int, attempts: int
) -> None:
    """Invoke case 22."""
    settings = config(maximum_event_age_in_seconds=age, on_failure=FAILED)
    async with world(clock, function(fails, event_invoke=settings)) as running:
        await running.event()
    (record,) = running.documents(FAILED)
    condition = "RetriesExhausted" if attempts == 3 else "EventAgeExceeded"
    assert record["requestContext"] == {
        "requestId": "r",
        "functionArn": f"{ARN}f:$LATEST",
        "condition": condition,
        "approximateInvokeCount": attempts,
    }
    assert len(running.told("invocation_started")) == attempts
    assert running.times("event_discarded") == running.times("invocation_finished")[-1:]


async def test_a_throttled_event_backs_off_and_costs_no_retry(clock: Clock) -> None:
    """Invoke cases 18 and 19."""
    f = function(works, duration=Duration(20.0), init_duration=0.0, timeout=60)
    async with world(clock, f) as running:
        running.environments.concurrency.reserve("f", 1)
        await running.event(request_id="first")
        await running.event(request_id="second")
        await running.at(0.5)
        with pytest.raises(InvokeError) as raised:
            await running.invoker.invoke(InvokeRequest("f", Payload(dict), "sync"))
        assert raised.value.fields["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    retried = running.fields("event_retried")
    assert [entry["wait"] for entry in retried] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert not any(entry["invoked"] for entry in retried)
    assert running.fields("event_succeeded") == [
        {"function": "f", "request_id": "first", "approximate_invoke_count": 1, "age": 0.0},
        {"function": "f", "request_id": "second", "approximate_invoke_count": 1, "age": 31.0},
    ]


async def test_the_wait_of_a_throttled_event_is_never_over_five_minutes(clock: Clock) -> None:
    async with world(
        clock,
        function(works, event_invoke=config(maximum_event_age_in_seconds=3600, on_failure=FAILED)),
        settings={"concurrent_executions": 0},
    ) as running:
        await running.event()
    waits = [entry["wait"] for entry in running.fields("event_retried")]
    assert waits[:10] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0]
    assert set(waits[10:]) == {300.0}
    (record,) = running.documents(FAILED)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert sum(waits) <= 3600 < sum(waits) + 300


async def test_without_any_concurrency_reserved_an_event_is_given_up_untried(clock: Clock) -> None:
    """Invoke case 23."""
    f = function(works, dead_letter=DLQ, event_invoke=config(on_failure=FAILED))
    async with world(clock, f) as running:
        running.environments.concurrency.reserve("f", 0)
        assert await running.event({"id": 1}) == InvokeResult(202)
    (record,) = running.documents(FAILED)
    assert list(record) == ["version", "timestamp", "requestContext", "requestPayload"]
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert (running.told("invocation_started"), running.times("event_discarded")) == ([], [0.0])
    (letter,) = running.kept[DLQ].documents
    assert letter.attributes["ErrorCode"]["StringValue"] == "429"


async def test_the_end_of_a_good_event_is_recorded_only_where_somebody_asks(clock: Clock) -> None:
    """Invoke case 24."""
    f = function(works, dead_letter=DLQ, event_invoke=config(on_success=DONE, on_failure=FAILED))
    g = function(works, name="g")
    async with world(clock, f, g) as running:
        await running.event({"id": 1})
        await running.event({"id": 2}, name="g")
    (record,) = running.documents(DONE)
    assert record["requestContext"] == {
        "requestId": "r",
        "functionArn": f"{ARN}f:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"done": {"id": 1}}
    assert set(running.kept) == {DONE}


async def test_a_record_has_the_requests_qualifier_and_latest_without_one(clock: Clock) -> None:
    f = function(works, event_invoke=config(on_success=DONE))
    async with world(clock, f) as running:
        await running.event(name="f:$LATEST")
        await running.event()
    arns = [record["requestContext"]["functionArn"] for record in running.documents(DONE)]
    assert arns == [f"{ARN}f:$LATEST"] * 2


async def test_a_dead_letter_is_the_event_itself_with_three_attributes(clock: Clock) -> None:
    """Invoke case 25."""
    f = function(fails, dead_letter=DLQ)
    async with world(clock, f) as running:
        await running.event({"raise": "ü"}, request_id="one")
    (letter,) = running.kept[DLQ].documents
    assert letter.attributes == {
        "RequestID": {"DataType": "String", "StringValue": "one"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "boom"},
    }
    assert running.documents(DLQ) == [{"raise": "ü"}]
    assert running.fields("destination_delivered") == [
        {
            "function": "f",
            "request_id": "one",
            "config": "DeadLetterQueue",
            "destination": DLQ,
            "condition": "RetriesExhausted",
        }
    ]


@pytest.mark.parametrize(("arn", "code"), [(REFUSES, "AccessDenied"), (SILENT, "Unreachable")])
async def test_what_nobody_takes_is_dropped_with_an_entry(
    clock: Clock, arn: str, code: str
) -> None:
    """Invoke case 26."""
    f = function(fails, dead_letter=arn, event_invoke=config(on_failure=arn))
    async with world(clock, f) as running:
        await running.event()
    failed = [(entry["config"], entry["code"]) for entry in running.fields("destination_failed")]
    assert failed == [("DeadLetterQueue", code), ("OnFailure", code)]
    assert [entry.because for entry in running.told("event_dropped")] == ["it was taken nowhere"]


async def test_a_role_that_may_not_send_is_a_destination_that_refuses(clock: Clock) -> None:
    """Invoke case 26."""

    def may_send(target: FunctionVersion, arn: str) -> None:
        if arn == DLQ:
            raise ServiceError("AccessDenied", f"{target.function.name} may not send to {arn}")

    f = function(fails, dead_letter=DLQ, event_invoke=config(on_failure=FAILED))
    async with world(clock, f, may_send=may_send) as running:
        await running.event()
    (refused,) = running.told("destination_failed")
    assert (refused.because, refused.fields["code"]) == (f"f may not send to {DLQ}", "AccessDenied")
    assert len(running.documents(FAILED)) == 1
    assert running.told("event_dropped") == []


async def test_without_a_dead_letter_queue_and_a_destination_an_event_is_lost(clock: Clock) -> None:
    async with world(clock, function(fails)) as running:
        await running.event()
    (lost,) = running.told("event_dropped")
    assert lost.because == "it has no dead-letter queue and no on-failure destination"


async def test_a_synchronous_invocation_is_not_tried_again_and_told_to_nobody(clock: Clock) -> None:
    """Invoke case 27."""
    f = function(fails, dead_letter=DLQ, event_invoke=config(on_failure=FAILED))
    async with world(clock, f) as running:
        answer = await running.invoker.invoke(InvokeRequest("f", Payload(dict), "r"))
        await clock.sleep(600)
    assert answer.function_error == "Unhandled"
    assert (len(running.told("invocation_started")), running.kept) == (1, {})


async def test_an_event_over_one_mebibyte_is_refused_and_nothing_queued(clock: Clock) -> None:
    """Invoke case 13."""
    async with world(clock, function(works)) as running:
        for size in (300_000, TODAY.async_request_bytes_max):
            await running.event("x" * (size - 2))
        with pytest.raises(InvokeError) as raised:
            await running.event("x" * (TODAY.async_request_bytes_max - 1))
    assert (raised.value.status, raised.value.code) == (413, "RequestEntityTooLargeException")
    assert len(running.told("event_queued", "event_succeeded")) == 4


async def test_a_full_queue_refuses_with_429(clock: Clock) -> None:
    async with world(clock, function(works), events_max=2) as running:
        await running.event()
        await running.event()
        assert len(running.queue) == 2
        with pytest.raises(InvokeError) as raised:
            await running.event()
        await running.queue.idle()
        await running.event()
    assert (raised.value.status, raised.value.fields["Reason"]) == (
        429,
        "FunctionInvocationRateLimitExceeded",
    )
    assert len(running.told("event_succeeded")) == 3


async def test_an_event_that_is_delivered_twice_has_two_ends_under_one_request_id(
    clock: Clock,
) -> None:
    f = function(works, duplicate_deliveries=1.0, event_invoke=config(on_success=DONE))
    async with world(clock, f) as running:
        await running.event({"id": 1})
    (again,) = running.fields("event_duplicated")
    assert 0 <= again["wait"] <= 10
    assert [entry["request_id"] for entry in running.fields("event_succeeded")] == ["r", "r"]
    assert len(running.documents(DONE)) == 2
    assert len(running.told("event_queued")) == 1


async def test_all_attempts_and_the_records_of_an_event_are_of_one_trace(clock: Clock) -> None:
    seen: list[str] = []

    def handler(event: Any, context: Any) -> None:
        seen.append(os.environ["_X_AMZN_TRACE_ID"])
        raise ValueError("boom")

    f = function(handler, event_invoke=config(on_failure=FAILED))
    async with world(clock, f) as running:
        await running.event()
    (record,) = running.kept[FAILED].documents
    assert len(seen) == 3
    assert {*seen} == {record.trace_header}


async def test_events_of_one_instant_are_tried_in_the_order_they_came(clock: Clock) -> None:
    async with world(clock, function(works, **INSTANT)) as running:
        for number in range(2_500):
            await running.event(request_id=str(number))
    started = [entry["request_id"] for entry in running.fields("event_succeeded")]
    assert started == [str(number) for number in range(2_500)]


async def test_the_settings_of_latest_are_not_those_of_another_qualifier(clock: Clock) -> None:
    settings = config(on_success=DONE, qualifier="PROD")
    async with world(clock, function(works, event_invoke=settings)) as running:
        await running.event()
    assert running.kept == {}


@pytest.mark.parametrize("alias", [None, "live"])
async def test_a_second_delivery_runs_what_its_arn_means_by_then(
    clock: Clock, alias: str | None
) -> None:
    """And brings neither the old code nor its environments back."""
    f = function(works, **INSTANT, duplicate_deliveries=1.0, description="old")
    async with world(clock, f) as running:
        functions = running.environments
        if alias:
            functions.publish("f")
            functions.shift("f", alias, "1")
        await running.event(name=f"f:{alias}" if alias else "f")
        (again,) = running.fields("event_duplicated")
        await running.at(again["wait"] / 2)
        functions.update("f", "a test", description="new")
        if alias:
            functions.publish("f")
            functions.shift("f", alias, "2")
        await running.invoker.invoke(request(name=f"f:{alias}" if alias else "f"))
    ran = [entry["version"] for entry in running.fields("invocation_started")]
    assert ran == (["1", "2", "2"] if alias else ["$LATEST"] * 3)
    assert len(running.told("environment_started")) == 2


async def test_a_full_queue_delivers_nothing_twice(clock: Clock) -> None:
    f = function(works, duplicate_deliveries=1.0)
    async with world(clock, f, events_max=3) as running:
        await running.event()
        await running.event()
        assert len(running.queue) == 3
        assert len(running.told("event_duplicated")) == 1
        with pytest.raises(InvokeError):
            await running.event()
