"""Laws of the steps that touch a mapping or its function: update, restart, delete, throttle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from eventsim.errors import MappingRefused, ScenarioError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Result, Simulation, run
from eventsim.types import PutRecord

Handler = Callable[[Any, Any], Any]


def scenario(
    handler: Handler, timeline: Sequence[dict[str, Any]], duration: str = "20ms", **properties: Any
) -> Scenario:
    settings = {"Stream": "orders", "StartingPosition": "TRIM_HORIZON", **properties}
    return Scenario.of(
        {
            "name": "small",
            "resources": {
                "orders": {"type": "kinesis", "shards": 1, "release": "retention"},
                "dlq": {"type": "sqs"},
            },
            "functions": {
                "consumer": {
                    "Handler": handler,
                    "duration": duration,
                    "Timeout": 60,
                    "Events": {"Orders": {"Type": "Kinesis", "Properties": settings}},
                }
            },
            "timeline": list(timeline),
        },
        folder=Path(__file__).parent,
    )


def told(scenario: Scenario) -> tuple[Result, list[Entry]]:
    sink = MemorySink()
    return run(scenario, Options(sinks=[sink])), sink.entries


def put(at: str, *numbers: int) -> dict[str, Any]:
    return {"at": at, "put": "orders", "records": [{"key": "a", "data": n} for n in numbers]}


def update(at: str, **properties: Any) -> dict[str, Any]:
    return {"at": at, "update": "consumer.Orders", "Properties": properties}


class Seen:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, event: Any, context: Any) -> None:
        import base64

        self.batches.append([int(base64.b64decode(r["kinesis"]["data"])) for r in event["Records"]])


def states(entries: Sequence[Entry]) -> list[tuple[float, str]]:
    return [(e.time, e.fields["state"]) for e in entries if e.kind == "mapping_changed"]


def test_a_mapping_that_was_disabled_goes_on_behind_its_checkpoint() -> None:
    """Case 22."""
    seen = Seen()
    timeline = [
        put("0s", 1, 2),
        update("10s", Enabled=False),
        put("20s", 3),
        put("3h", 4),
        update("4h", Enabled=True),
        put("5h", 5),
    ]

    result, entries = told(scenario(seen, timeline))

    assert seen.batches == [[1, 2], [3, 4], [5]]
    assert states(entries) == [
        (0.0, "Creating"),
        (0.0, "Enabled"),
        (10.0, "Disabling"),
        (10.0, "Disabled"),
        (14_400.0, "Enabling"),
        (14_400.0, "Enabled"),
    ]
    assert result.counts["records"]["delivered"] == 5


def test_latest_does_not_lose_what_came_while_it_was_disabled() -> None:
    seen = Seen()
    timeline = [
        update("10s", Enabled=False),
        put("20s", 1),
        update("30s", Enabled=True),
    ]

    told(scenario(seen, timeline, StartingPosition="LATEST"))

    assert seen.batches == [[1]]


def test_a_change_waits_for_what_is_in_flight_and_then_holds() -> None:
    seen = Seen()
    timeline = [put("0s", 1, 2, 3, 4), update("2s", BatchSize=1)]

    _, entries = told(scenario(seen, timeline, duration="10s", BatchSize=3))

    assert seen.batches == [[1, 2, 3], [4]]
    assert states(entries)[2:] == [(2.0, "Updating"), (11.1, "Enabled")]


def test_a_change_renews_the_retries_and_sends_the_failed_batch_again() -> None:
    def poison(event: Any, context: Any) -> None:
        raise ValueError("poison")

    timeline = [put("0s", 1), update("5s", MaximumRetryAttempts=1)]

    _, entries = told(scenario(poison, timeline))

    discarded = [e.fields for e in entries if e.kind == "batch_discarded"]
    assert [e["approximate_invoke_count"] for e in discarded] == [2]


def test_what_was_in_flight_comes_again_after_a_restart() -> None:
    seen = Seen()
    timeline = [put("0s", 1, 2, 3), {"at": "3s", "restart": "consumer.Orders"}]

    result, _ = told(scenario(seen, timeline, duration="1500ms", BatchSize=1))

    assert seen.batches == [[1], [2], [2], [3]]
    assert result.counts["records"]["delivered"] == 3


def test_a_deleted_mapping_is_gone_and_holds_nothing_back() -> None:
    seen = Seen()
    timeline = [put("0s", 1), {"at": "5s", "delete": "consumer.Orders"}, put("10s", 2)]

    _, entries = told(scenario(seen, timeline))

    assert seen.batches == [[1]]
    assert states(entries)[2:] == [(5.0, "Deleting")]


def test_what_is_asked_of_a_mapping_that_is_gone_is_refused() -> None:
    timeline = [{"at": "5s", "delete": "consumer.Orders"}, update("6s", Enabled=False)]

    with pytest.raises(MappingRefused, match="The resource you requested does not exist"):
        told(scenario(Seen(), timeline))


def test_a_stream_deleted_while_polled_ends_its_shards_and_no_run() -> None:
    seen = Seen()
    timeline = [put("0s", 1, 2), {"at": "1500ms", "delete": "orders"}]

    result, entries = told(scenario(seen, timeline, duration="5s", BatchSize=1))

    assert seen.batches == [[1], [2]]
    assert [(e.time, e.because) for e in entries if e.kind == "shard_lost"] == [
        (11.1, "it is not there any more: ResourceNotFoundException")
    ]
    assert result.outcome == "ok"


def test_a_throttled_function_loses_no_retry() -> None:
    """Case 10: MaximumRetryAttempts 0, and nothing is discarded."""
    seen = Seen()
    timeline = [{"at": "0s", "throttle": "consumer", "for": "30s"}, put("1s", 1)]

    result, entries = told(scenario(seen, timeline, MaximumRetryAttempts=0))

    assert seen.batches == [[1]]
    assert result.counts["records"]["discarded"] == 0
    throttles = [e for e in entries if e.kind == "invocation_throttled"]
    assert [e.fields["code"] for e in throttles] == ["TooManyRequestsException"] * len(throttles)
    assert throttles[0].because == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert throttles[-1].time < 30.0


def faults(*timeline: dict[str, Any]) -> list[str]:
    with pytest.raises(ScenarioError) as refused:
        scenario(Seen(), timeline)
    return [str(fault) for fault in refused.value.faults]


def test_a_step_on_what_is_not_there_is_a_fault_that_names_the_near_one() -> None:
    assert faults(
        {"at": "1s", "update": "consumer.Order", "Properties": {"Enabled": False}},
        {"at": "1s", "restart": "consumer"},
        {"at": "1s", "throttle": "consumr", "for": "1s"},
        {"at": "1s", "delete": "oders"},
    ) == [
        "timeline[0].update: is 'consumer.Order', which is no mapping and no function of the "
        "scenario; did you mean 'consumer.Orders'?",
        "timeline[1].restart: is 'consumer', which is no mapping of the scenario; "
        "did you mean 'consumer.Orders'?",
        "timeline[2].throttle: is 'consumr', which is no function of the scenario; "
        "did you mean 'consumer'?",
        "timeline[3].delete: is 'oders', which is no resource of the scenario; "
        "did you mean 'orders'?",
    ]


def test_an_update_that_lambda_refuses_is_a_fault_at_its_setting() -> None:
    assert faults(
        update("1s", BatchSize=10_001),
        update("1s", StartingPosition="LATEST"),
        update("1s", BatchSise=5),
        update("1s", Enabled="no"),
    ) == [
        "timeline[0].Properties.BatchSize: ValidationException: 1 validation error detected: "
        "Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less "
        "than or equal to 10000",
        "timeline[1].Properties.StartingPosition: InvalidParameterValueException: "
        "StartingPosition cannot be changed after the mapping was created",
        "timeline[2].Properties.BatchSise: unknown key 'BatchSise' in timeline[2].Properties; "
        "did you mean 'BatchSize'?",
        "timeline[3].Properties.Enabled: is 'no'; it must be true or false",
    ]


async def test_latest_loses_nothing_when_it_starts_again_at_the_moment_it_began() -> None:
    seen = Seen()

    async with (
        Simulation(scenario(seen, [], StartingPosition="LATEST")) as simulation,
        anyio.create_task_group() as tasks,
    ):
        mapping, stream = simulation.mappings["consumer.Orders"], simulation.streams["orders"]
        await mapping.create(tasks)
        await mapping.update(enabled=False)
        await stream.put([PutRecord("a", b"1")])
        await mapping.update(enabled=True)
        assert simulation.clock.time() == 0.0
        stream.finish()

    assert seen.batches == [[1]]


@pytest.mark.parametrize(
    ("step", "ends"),
    [
        (update("5s", Enabled=False), ["Disabling", "Disabled"]),
        ({"at": "5s", "delete": "consumer.Orders"}, ["Deleting"]),
        ({"at": "5s", "restart": "consumer.Orders"}, ["Enabled"]),
        (update("5s", BatchSize=1), ["Updating", "Enabled"]),
    ],
)
def test_what_comes_during_a_restart_waits_for_it_and_leaves_one_poller_at_most(
    step: dict[str, Any], ends: Sequence[str]
) -> None:
    seen = Seen()
    timeline = [{"at": "5s", "restart": "consumer.Orders"}, step, put("10s", 1), put("20s", 2)]

    _, entries = told(scenario(seen, timeline))

    assert states(entries)[2:] == [(5.0, "Enabled"), *((5.0, state) for state in ends)]
    assert seen.batches == ([[1], [2]] if ends[-1] == "Enabled" else [])


@pytest.mark.parametrize(
    "step", [update("8s", BatchSize=2), {"at": "8s", "restart": "consumer.Orders"}]
)
def test_a_mapping_whose_stream_is_gone_may_change_and_finds_nothing(step: dict[str, Any]) -> None:
    seen = Seen()
    timeline = [put("0s", 1), {"at": "5s", "delete": "orders"}, step]

    result, entries = told(scenario(seen, timeline))

    assert seen.batches == [[1]]
    assert result.outcome == "ok"
    assert states(entries)[-1] == (8.0, "Enabled")
    lost = "it is not there any more: ResourceNotFoundException"
    assert [(e.time, e.fields["shard"], e.because) for e in entries if e.kind == "shard_lost"] == [
        (5.0, "shardId-000000000000", lost),
        (8.0, "", lost),
    ]


def test_throttles_that_overlap_end_with_the_last_of_them() -> None:
    seen = Seen()
    timeline = [
        {"at": "0s", "throttle": "consumer", "for": "5s"},
        {"at": "3s", "throttle": "consumer", "for": "30s"},
        put("1s", 1),
    ]

    _, entries = told(scenario(seen, timeline))

    assert seen.batches == [[1]]
    assert [e.time >= 33.0 for e in entries if e.kind == "invocation_started"] == [True]
