"""Laws of the local invoker: what the Invoke API answers, and what it refuses."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import EventsimError, InvokeError
from eventsim.types import Duration, InvokeResult, Payload
from tests.functions import function, local, request

SECONDS = Duration(5.0)
CLIENT = base64.b64encode(
    json.dumps(
        {
            "custom": {"a": 1},
            "env": {"locale": "de"},
            "client": {"app_title": "shop"},
            "w3c": {"traceparent": "00-1", "baggage": 7, "other": "x"},
        }
    ).encode()
).decode()


def of_bytes(encoded: bytes) -> Payload:
    return Payload.of_bytes(encoded)


def of_size(size: int) -> Payload:
    return Payload(dict, size)


async def test_request_response_answers_200_with_the_version_that_ran(clock: Clock) -> None:
    """Invoke case 1."""
    with local(clock, function("answers.echo")) as running:
        answer = await running.invoke({"a": 1})
    assert answer == InvokeResult(200, b'{"a": 1}', None, "$LATEST", None)


async def test_a_function_that_fails_is_a_result(clock: Clock) -> None:
    """Invoke case 2."""
    with local(clock, function("answers.raises")) as running:
        answer = await running.invoke()
    assert (answer.status_code, answer.function_error) == (200, "Unhandled")


async def test_a_dry_run_answers_204_and_runs_nothing(clock: Clock) -> None:
    """Invoke case 4."""
    with local(clock, function("answers.prints")) as running:
        assert await running.invoke(invocation_type="DryRun") == InvokeResult(204)
    assert running.kinds() == ["invocation_requested"]
    assert running.logged == []


async def test_an_event_answers_202_at_once_and_runs_afterwards(clock: Clock) -> None:
    """Invoke cases 3 and 15."""
    async with anyio.create_task_group() as tasks:
        f = function("answers.nothing", duration=SECONDS, timeout=60)
        with local(clock, f, tasks=tasks) as running:
            answer = await running.invoke(
                invocation_type="Event", log_type="Tail", request_id="event-1"
            )
            assert (answer, clock.time()) == (InvokeResult(202), 0.0)
            assert running.kinds() == ["invocation_requested", "event_queued"]
            await clock.sleep(3600)
    (finished,) = running.entries("invocation_finished")
    assert (finished["request_id"], finished["time"]) == ("event-1", 5.1)


async def test_an_event_without_a_queue_is_refused_by_name(clock: Clock) -> None:
    with (
        local(clock, function("answers.nothing")) as running,
        pytest.raises(EventsimError, match="needs a queue"),
    ):
        await running.invoke(invocation_type="Event")


async def test_the_tail_is_start_to_report_and_says_init_once(clock: Clock) -> None:
    """Invoke case 16."""
    f = function("answers.prints", duration=Duration(0.0025), init_duration=0.1101)
    with local(clock, f) as running:
        cold, warm = [
            base64.b64decode((await running.invoke(log_type="Tail")).log_result or "").decode()
            for _ in range(2)
        ]
    assert cold == (
        "START RequestId: r Version: $LATEST\n"
        "to stdout\nto stderr\nas bytes\n"
        "[WARNING]\t2026-01-01T00:00:00.110Z\tr\tthrough logging\n"
        "through the context\n"
        "END RequestId: r\n"
        "REPORT RequestId: r\tDuration: 2.50 ms\tBilled Duration: 113 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 128 MB\tInit Duration: 110.10 ms\t\n"
    )
    assert warm.splitlines()[-1] == (
        "REPORT RequestId: r\tDuration: 2.50 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 128 MB\t"
    )


async def test_a_tail_has_4_kb_at_the_most_and_ends_with_the_report(clock: Clock) -> None:
    """Invoke case 14."""

    def handler(event: Any, context: Any) -> None:
        print("ü" * 10_000)

    with local(clock, function(handler)) as running:
        answer = await running.invoke(log_type="Tail")
    tail = base64.b64decode(answer.log_result or "")
    assert len(tail) == 4096
    assert tail.endswith(b"Init Duration: 100.00 ms\t\n")


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        ("answers.exits", "Status: error\tError Type: Runtime.ExitError"),
        ("slow", "Status: timeout"),
    ],
)
async def test_the_report_says_what_ended_the_runtime(
    clock: Clock, handler: str, status: str
) -> None:
    duration = Duration(9) if handler == "slow" else Duration()
    name = "answers.exits" if handler != "slow" else "answers.nothing"
    with local(clock, function(name, duration=duration)) as running:
        answer = await running.invoke({"status": 1}, log_type="Tail")
    tail = base64.b64decode(answer.log_result or "").decode()
    assert tail.endswith(f"\t{status}\t\n")


async def test_the_log_is_in_the_journal_at_payload_detail_only(clock: Clock) -> None:
    with local(clock, function("answers.nothing"), detail="payload") as running:
        await running.invoke({"a": 1})
    (logged,) = running.entries("function_logged")
    assert logged["text"].startswith("START RequestId: r Version: $LATEST\nEND RequestId: r\n")
    kept = {entry["hash"]: entry["content"] for entry in running.entries("payload_kept")}
    (asked,), (answered,) = (
        running.entries("invocation_requested"),
        running.entries("invocation_finished"),
    )
    assert (kept[asked["payload"]], kept[answered["answer"]]) == ('{"a":1}', "null")

    with local(clock, function("answers.prints")) as running:
        await running.invoke()
    assert "function_logged" not in running.kinds()


async def test_a_client_context_reaches_the_handler(clock: Clock) -> None:
    with local(clock, function("answers.context_attributes")) as running:
        answer = await running.answer(client_context=CLIENT)
    assert answer["client"] == [{"a": 1}, {"locale": "de"}, "shop"]
    assert answer["w3c"] == {"traceparent": "00-1"}


async def test_a_client_context_is_for_synchronous_invocations_only(clock: Clock) -> None:
    seen = []
    async with anyio.create_task_group() as tasks:
        f = function(lambda event, context: seen.append(context.client_context))
        with local(clock, f, tasks=tasks) as running:
            await running.invoke(invocation_type="Event", client_context=CLIENT)
            await clock.sleep(1)
    assert seen == [None]


async def test_no_payload_at_all_is_an_empty_object(clock: Clock) -> None:
    with local(clock, function("answers.echo")) as running:
        assert await running.answer(payload=of_bytes(b"")) == {}


def refusals() -> Iterator[Any]:
    not_found = "Function not found: arn:aws:lambda:us-east-1:123456789012:function:g:$LATEST"
    yield {"function_name": "g"}, 404, "ResourceNotFoundException", not_found
    yield (
        {"function_name": "g", "invocation_type": "DryRun"},
        404,
        "ResourceNotFoundException",
        (not_found),
    )
    yield (
        {"function_name": "g", "invocation_type": "Event"},
        404,
        "ResourceNotFoundException",
        (not_found),
    )
    derived = "The derived qualifier from the function name does not match the specified qualifier."
    conflict = {"function_name": "f:$LATEST", "qualifier": "1"}
    yield conflict, 400, "InvalidParameterValueException", derived
    for kind in ("RequestResponse", "DryRun", "Event"):
        yield (
            {"payload": of_bytes(b"\x87"), "invocation_type": kind},
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json",
        )
    sync_text = "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    yield {"payload": of_size(6_291_457)}, 413, "RequestEntityTooLargeException", sync_text
    event = {"payload": of_size(1_048_577), "invocation_type": "Event"}
    event_text = (
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    )
    yield event, 413, "RequestEntityTooLargeException", event_text
    context_text = "Client context must be a valid Base64-encoded JSON object."
    for context in ("not base64", base64.b64encode(b"[]").decode(), "YQ=="):
        yield {"client_context": context}, 400, "InvalidRequestContentException", context_text
    long = {"client_context": "e" * 3584}
    long_text = "Client context must be no more than 3583 bytes"
    yield long, 400, "InvalidRequestContentException", long_text
    pattern = "1 validation error detected: Value 'no such name!' at 'functionName' failed"
    yield {"function_name": "no such name!"}, 400, "ValidationException", pattern
    yield {"function_name": "f" * 65}, 400, "ValidationException", "1 validation error detected"
    kinds = (
        "1 validation error detected: Value 'Sync' at 'invocationType' failed to satisfy "
        "constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
    )
    yield {"invocation_type": "Sync"}, 400, "ValidationException", kinds


@pytest.mark.parametrize(("parameters", "status", "code", "text"), list(refusals()))
async def test_what_the_api_refuses_runs_nothing(
    clock: Clock, parameters: dict[str, Any], status: int, code: str, text: str
) -> None:
    """Invoke cases 6 and 7."""
    async with anyio.create_task_group() as tasks:
        with local(clock, function("answers.prints"), tasks=tasks) as running:
            with pytest.raises(InvokeError) as refused:
                await running.invoker.invoke(request(**parameters))
            await clock.sleep(60)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.message.startswith(text)
    key = "Message" if code == "ResourceNotFoundException" else "message"
    kind = {} if code == "ValidationException" else {"Type": "User"}
    assert refused.value.body == {key: refused.value.message, **kind}
    assert running.kinds() == ["invocation_requested", "invocation_denied"]
    assert running.entries("invocation_denied")[0]["code"] == code


async def test_payloads_of_just_the_limit_are_taken(clock: Clock) -> None:
    async with anyio.create_task_group() as tasks:
        with local(clock, function("answers.nothing"), tasks=tasks) as running:
            assert (await running.invoke(payload=of_size(6_291_456))).status_code == 200
            event = await running.invoke(payload=of_size(1_048_576), invocation_type="Event")
            assert event.status_code == 202
            assert (await running.invoke(client_context=CLIENT)).status_code == 200
            await clock.sleep(math.pi)
