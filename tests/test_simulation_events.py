"""Asynchronous invocation in whole runs: each kind of destination, loops, steps, metrics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventsim.errors import EventsimError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.services.buses import EventBus
from eventsim.simulation import Options, Result, Simulation, run
from eventsim.types import InvokeRequest, Payload

FAILED = {"DestinationConfig": {"OnFailure": {"Destination": "failed"}}}


def takes(event: Any, context: Any) -> Any:
    if event.get("id") == "poison":
        raise ValueError("cannot take it")
    return {"taken": event}


def scenario(
    function: dict[str, Any], *steps: dict[str, Any], resources: Any = None, **more: Any
) -> Scenario:
    functions = {"f": {"Handler": takes, **function}, **more.pop("functions", {})}
    return Scenario.of(
        {
            "name": "events",
            "resources": resources or {},
            "functions": functions,
            "timeline": list(steps),
            **more,
        }
    )


def event(payload: Any, at: str = "1s", **more: Any) -> dict[str, Any]:
    return {"at": at, "invoke": "f", "type": "Event", "payload": payload, **more}


def told(made: Scenario, options: dict[str, Any] | None = None) -> tuple[Result, list[Entry]]:
    sink = MemorySink()
    return run(made, Options(sinks=[sink], **(options or {}))), list(sink.entries)


def entries(found: list[Entry], *kinds: str) -> list[dict[str, Any]]:
    return [entry.fields for entry in found if entry.kind in kinds]


def metrics(result: Result, function: str = "f") -> dict[str, Any]:
    found: dict[str, Any] = result.counts["functions"][function]["metrics"]
    return found


def test_a_dead_letter_queue_is_read_by_a_mapping_until_the_last_event_has_ended() -> None:
    made = scenario(
        {"DeadLetterQueue": {"Type": "SQS", "TargetArn": "failed"}, "Timeout": 3},
        event({"id": "poison"}),
        resources={"failed": {"type": "sqs"}},
        functions={
            "g": {
                "Handler": lambda event, context: None,
                "Events": {"Failed": {"Type": "SQS", "Properties": {"Queue": "failed"}}},
            }
        },
    )
    result, found = told(made)
    (delivered,) = entries(found, "batch_delivered")
    assert (delivered["mapping"], delivered["records"]) == ("g.Failed", 1)
    assert 181 < result.seconds < 182
    assert metrics(result) == {
        "AsyncEventsReceived": 1,
        "AsyncEventAge": {"max": 180102.0, "last": 180102.0},
        "AsyncEventsDropped": 1,
        "DeadLetterErrors": 0,
        "DestinationDeliveryFailures": 0,
        "RecursiveInvocationsDropped": 0,
    }
    assert result.counts["events"]["dead_letters"] == 1


@pytest.mark.parametrize("backend", ["simulated", "moto"])
def test_records_reach_a_queue_a_topic_a_bucket_and_a_bus(backend: Any) -> None:
    resources = {
        "inbox": {"type": "sqs"},
        "done": {"type": "sns", "subscriptions": [{"queue": "inbox"}]},
        "failed": {"type": "s3"},
        "audit": {"type": "eventbridge"},
    }
    to = {"OnSuccess": {"Destination": "done"}, "OnFailure": {"Destination": "failed"}}
    audit = {"OnSuccess": {"Type": "EventBridge", "Destination": "audit"}}
    made = scenario(
        {"EventInvokeConfig": {"MaximumRetryAttempts": 0, "DestinationConfig": to}},
        event({"id": 1}),
        event({"id": "poison"}),
        {"at": "2s", "invoke": "g", "type": "Event"},
        resources=resources,
        functions={"g": {"Handler": takes, "EventInvokeConfig": {"DestinationConfig": audit}}},
    )
    result, found = told(made, {"backend": backend})
    assert result.counts["events"]["destination_records"] == 3
    assert [entry["config"] for entry in entries(found, "destination_delivered")] == [
        "OnSuccess",
        "OnFailure",
        "OnSuccess",
    ]
    assert entries(found, "destination_failed") == []


async def test_a_bus_shows_the_event_as_its_targets_would_get_it() -> None:
    audit = {"OnSuccess": {"Destination": "audit"}, "OnFailure": {"Destination": "audit"}}
    made = scenario(
        {"EventInvokeConfig": {"MaximumRetryAttempts": 0, "DestinationConfig": audit}},
        event({"mode": "ok"}),
        event({"id": "poison"}),
        resources={"audit": {"type": "eventbridge"}},
    )
    async with Simulation(made) as simulation:
        await simulation.run()
        bus = simulation.buses["audit"]
    assert isinstance(bus, EventBus)
    good, bad = (event.document for event in bus.events)
    assert list(good) == [
        *("version", "id", "detail-type", "source", "account"),
        *("time", "region", "resources", "detail"),
    ]
    assert good["detail-type"] == "Lambda Function Invocation Result - Success"
    assert good["resources"] == [
        "arn:aws:events:us-east-1:123456789012:event-bus/audit",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
    ]
    assert good["time"] == "2026-01-01T00:00:01Z"
    assert bad["detail"]["requestContext"]["condition"] == "RetriesExhausted"


async def test_messages_about_an_event_carry_the_trace_header() -> None:
    to = {"OnSuccess": {"Destination": "done"}}
    made = scenario(
        {"EventInvokeConfig": {"DestinationConfig": to}},
        event({"id": 1}),
        resources={"done": {"type": "sqs"}},
    )
    async with Simulation(made) as simulation:
        await simulation.run()
        (message,) = (await simulation.queues["done"].receive(10, None)).messages
    assert message.attributes["AWSTraceHeader"].startswith("Root=1-695")
    assert json.loads(message.body)["responsePayload"] == {"taken": {"id": 1}}


def test_a_fifo_queue_takes_no_record() -> None:
    """A FIFO target is accepted, and the delivery fails."""
    fifo = {"DestinationConfig": {"OnSuccess": {"Destination": "done.fifo"}}}
    made = scenario(
        {"EventInvokeConfig": fifo}, event({}), resources={"done.fifo": {"type": "sqs"}}
    )
    result, found = told(made)
    (failed,) = entries(found, "destination_failed")
    assert failed["code"] == "MissingParameter"
    assert metrics(result)["DestinationDeliveryFailures"] == 1
    assert entries(found, "event_dropped") == []


def test_what_is_denied_is_counted_and_the_run_goes_on() -> None:
    """Invoke case 26."""
    made = scenario(
        {
            "DeadLetterQueue": {"Type": "SNS", "TargetArn": "alerts"},
            "EventInvokeConfig": {"MaximumRetryAttempts": 0, **FAILED},
        },
        event({"id": "poison"}),
        event({"id": 2}, at="5s"),
        resources={
            "failed": {"type": "sqs", "refuse": "AccessDenied"},
            "alerts": {"type": "sns", "refuse": "AuthorizationError"},
        },
    )
    result, _ = told(made)
    found = metrics(result)
    assert (found["DeadLetterErrors"], found["DestinationDeliveryFailures"]) == (1, 1)
    assert (result.counts["events"]["dropped"], result.counts["events"]["succeeded"]) == (1, 1)


def denied(**function: Any) -> tuple[Result, list[Entry]]:
    """A failing event of a function whose role is said so, and a queue for it."""
    config = {"EventInvokeConfig": {"MaximumRetryAttempts": 0, **FAILED}}
    resources = {"failed": {"type": "sqs"}, "letters": {"type": "sqs"}}
    letters = {"DeadLetterQueue": {"Type": "SQS", "TargetArn": "letters"}}
    made = scenario(
        {**config, **letters, **function},
        event({"id": "poison"}),
        resources=resources,
        identities={"mute": {"Policies": ["AWSLambdaBasicExecutionRole"]}},
    )
    return told(made)


def test_a_role_that_may_not_send_is_heard_of_and_the_event_dropped() -> None:
    """Invoke case 26."""
    result, found = denied(Role="mute")
    assert [entry["code"] for entry in entries(found, "destination_failed")] == ["AccessDenied"] * 2
    assert (
        metrics(result)["DeadLetterErrors"] == metrics(result)["DestinationDeliveryFailures"] == 1
    )
    assert result.counts["events"]["dropped"] == 1


def test_a_role_that_sam_makes_may_send_to_the_functions_own_destinations() -> None:
    result, _ = denied(Policies="AWSLambdaBasicExecutionRole")
    assert (result.counts["events"]["dead_letters"], metrics(result)["DeadLetterErrors"]) == (1, 0)
    assert result.counts["events"]["destination_records"] == 1


def nothing(event: Any, context: Any) -> None:
    return None


def chain(recursive_loop: str = "Terminate") -> Scenario:
    """Two functions, each the other's destination, and a second to go round in."""

    def function(other: str) -> dict[str, Any]:
        to = {"OnSuccess": {"Type": "Lambda", "Destination": other}}
        return {
            "Handler": nothing,
            "EventInvokeConfig": {"DestinationConfig": to},
            "RecursiveLoop": recursive_loop,
            "DeadLetterQueue": {"Type": "SQS", "TargetArn": "stopped"},
        }

    return scenario(
        function("g"),
        event({}),
        functions={"g": function("f")},
        resources={"stopped": {"type": "sqs"}},
        run_for="2s",
    )


def test_two_functions_that_send_to_each_other_are_stopped_after_16_invocations() -> None:
    result, found = told(chain())
    started = [entry["function"] for entry in entries(found, "invocation_started")]
    assert (started.count("f"), started.count("g")) == (16, 16)
    (stopped,) = entries(found, "event_discarded")
    assert (stopped["function"], stopped["condition"]) == ("f", "RecursiveInvocation")
    assert stopped["approximate_invoke_count"] == 0
    assert metrics(result)["RecursiveInvocationsDropped"] == 1
    assert result.counts["events"]["dead_letters"] == 1


def test_a_loop_that_is_allowed_goes_on() -> None:
    _, found = told(chain("Allow"))
    started = [entry["function"] for entry in entries(found, "invocation_started")]
    assert started.count("f") > 16
    assert entries(found, "event_discarded") == []


def test_a_poller_invokes_synchronously_so_that_its_function_sends_no_record() -> None:
    made = scenario(
        {
            "EventInvokeConfig": {"DestinationConfig": {"OnSuccess": {"Destination": "again"}}},
            "Events": {"Again": {"Type": "SQS", "Properties": {"Queue": "again"}}},
        },
        event({}),
        resources={
            "again": {"type": "sqs", "redrive": {"queue": "dead", "max_receive_count": 1}},
            "dead": {"type": "sqs"},
        },
    )
    _, found = told(made)
    assert len(entries(found, "invocation_started")) == 2


async def test_the_lineage_of_a_message_counts_for_the_function_that_is_sent_it() -> None:
    from eventsim.rules import traces
    from eventsim.types import SendMessage

    made = scenario(
        {"Events": {"Again": {"Type": "SQS", "Properties": {"Queue": "again"}}}},
        resources={
            "again": {"type": "sqs", "redrive": {"queue": "dead", "max_receive_count": 1}},
            "dead": {"type": "sqs"},
        },
    )
    header, arn = None, "arn:aws:lambda:us-east-1:123456789012:function:f"
    for _ in range(16):
        header = traces.onward(header, arn, "r", 0.0)
    sink = MemorySink()
    async with Simulation(made, Options(sinks=[sink])) as simulation:
        await simulation.queues["again"].send([SendMessage("{}", trace_header=header)])
        result = await simulation.run()
    assert entries(list(sink.entries), "invocation_started") == []
    (denied,) = entries(list(sink.entries), "invocation_denied")
    assert denied["code"] == "RecursiveInvocationException"
    assert result.counts["sources"]["dead"]["dead_letters"] == 1


def test_zero_reserved_concurrency_gives_an_event_up_at_once() -> None:
    """Invoke case 23, by a step and by the function's own reservation."""
    resources = {"failed": {"type": "sqs"}}
    step = {"at": "0s", "throttle": "f", "for": "5s"}
    by_step = scenario({"EventInvokeConfig": FAILED}, step, event({}), resources=resources)
    by_key = scenario(
        {"EventInvokeConfig": FAILED, "ReservedConcurrentExecutions": 0},
        event({}),
        resources=resources,
    )
    for made in (by_step, by_key):
        _, found = told(made)
        (given_up,) = [entry for entry in found if entry.kind == "event_discarded"]
        assert (given_up.time, given_up.fields["condition"]) == (1.0, "ZeroReservedConcurrency")
        assert len(entries(found, "destination_delivered")) == 1


def test_a_step_invokes_in_each_of_the_three_ways_and_a_failure_ends_nothing() -> None:
    made = scenario(
        {},
        {"at": "0s", "invoke": "f", "type": "DryRun"},
        {"at": "1s", "invoke": "f", "payload": {"id": "poison"}},
        {"at": "2s", "invoke": "f", "payload": "no JSON"},
        {"at": "3s", "invoke": "f", "qualifier": "7"},
        {"at": "4s", "invoke": "f", "log_type": "Tail", "client_context": {"custom": {"a": 1}}},
        {"at": "5s", "invoke": "f", "count": 3},
        {"at": "6s", "invoke": "f", "type": "Event", "count": 3},
    )
    result, found = told(made)
    assert [entry["code"] for entry in entries(found, "invocation_denied")] == [
        "InvalidRequestContentException",
        "ResourceNotFoundException",
    ]
    assert len(entries(found, "invocation_requested")) == 11
    assert (result.counts["invocations"], result.counts["errors"]) == (8, 1)
    assert result.ok


def test_three_at_once_are_three_environments() -> None:
    """Invoke case 28."""
    _, found = told(scenario({}, {"at": "1s", "invoke": "f", "count": 3}))
    assert len(entries(found, "environment_started")) == 3


def test_the_same_seed_tells_the_same_journal() -> None:
    made = scenario(
        {"duplicate_deliveries": 0.5, "EventInvokeConfig": {"MaximumRetryAttempts": 1, **FAILED}},
        event({"id": 1}, count=20),
        event({"id": "poison"}, count=20),
        resources={"failed": {"type": "s3"}},
    )
    first, second, other = (told(made, {"seed": seed}) for seed in (3, 3, 4))
    assert first == second
    twice = [found[0].counts["events"]["duplicated"] for found in (first, other)]
    assert all(0 < number < 40 for number in twice)
    assert first[1] != other[1]


def test_what_waits_when_the_run_is_cut_off_is_counted_as_waiting() -> None:
    result, _ = told(scenario({}, event({"id": "poison"}), run_for="30s"))
    events = result.counts["events"]
    assert (events["queued"], events["succeeded"], events["discarded"]) == (1, 0, 0)


def test_in_real_time_the_waits_are_divided_by_the_speed() -> None:
    made = scenario({}, event({"id": "poison"}), time={"real": {"speed": 2_000}})
    result, found = told(made)
    waits = [entry["wait"] for entry in entries(found, "event_retried")]
    assert (waits, result.counts["events"]["dropped"]) == ([60.0, 120.0], 1)
    assert result.seconds > 181


async def test_an_event_before_the_run_is_refused_and_leaves_nothing_behind() -> None:
    async with Simulation(scenario({})) as simulation:
        request = InvokeRequest("f", Payload(dict), "r", "Event")
        with pytest.raises(EventsimError, match="call run\\(\\) first"):
            await simulation.invoker.invoke(request)
        result = await simulation.run()
    assert (result.counts["events"]["queued"], result.seconds) == (0, 0.0)
