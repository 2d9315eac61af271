"""The steps ``split`` and ``merge``: what they do to a run, what it tells, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from eventsim import Options, Scenario, Simulation, clock, run
from eventsim.errors import BackendError, EventsimError, ScenarioError, ServiceError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.types import Position, PutRecord, TimedRecord

ZERO, ONE, TWO, THREE = (f"shardId-{number:012}" for number in range(4))
TRIM_HORIZON = Position("TRIM_HORIZON")


def scenario(*timeline: Mapping[str, Any], shards: int = 1, **keys: Any) -> Scenario:
    resources = {"orders": {"type": "kinesis", "shards": shards}}
    return Scenario.of({"name": "reshard", "resources": resources, "timeline": timeline, **keys})


def entries(subject: Scenario, *kinds: str) -> list[Entry]:
    """What a run writes of these kinds."""
    sink = MemorySink()
    run(subject, Options(sinks=[sink]))
    return [entry for entry in sink.entries if entry.kind in kinds]


def fault_of(*timeline: Mapping[str, Any], **keys: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        scenario(*timeline, **keys)
    (fault,) = error.value.faults
    return str(fault)


def test_splits_and_merges_stand_in_the_journal() -> None:
    subject = scenario(
        {"at": "1s", "split": f"orders/{ZERO}"},
        {"at": "2s", "merge": f"orders/{TWO}", "with": ONE},
    )

    written = entries(subject, "shard_split", "shard_merged")

    assert [(entry.time, entry.kind, entry.fields) for entry in written] == [
        (1.0, "shard_split", {"source": "orders", "shard": ZERO, "children": [ONE, TWO]}),
        (2.0, "shard_merged", {"source": "orders", "shards": [TWO, ONE], "child": THREE}),
    ]


def test_steps_of_one_time_are_done_in_the_order_of_the_file() -> None:
    record = {"key": "a", "data": "x", "explicit_hash_key": "0"}
    subject = scenario(
        {"at": "1s", "put": "orders", "records": [record]},
        {"at": "1s", "split": f"orders/{ZERO}", "new_starting_hash_key": "1000"},
        {"at": "1s", "put": "orders", "records": [record, {**record, "explicit_hash_key": "1000"}]},
    )

    written = entries(subject, "records_put", "shard_split")

    assert [(entry.kind, entry.fields["shard"]) for entry in written] == [
        ("records_put", ZERO),
        ("shard_split", ZERO),
        ("records_put", ONE),
        ("records_put", TWO),
    ]


def test_a_stream_that_is_split_in_python_tells_it_too() -> None:
    sink = MemorySink()

    async def main() -> None:
        async with Simulation(scenario(), Options(sinks=[sink])) as simulation:
            stream: Any = simulation.streams["orders"]
            await stream.split(ZERO)
            await stream.put([PutRecord("a", b"", 0)])
            await simulation.run()

    clock.run(main, virtual=True)

    kinds = [entry.kind for entry in sink.entries]
    assert kinds == ["shard_split", "records_put", "run_started", "run_finished"]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (
            {"split": f"orders/{THREE}"},
            f"ResourceNotFoundException: Could not find shard {THREE} in stream orders under "
            "account 123456789012.",
        ),
        (
            {"split": f"orders/{ZERO}"},
            f"InvalidArgumentException: Shard {ZERO} in stream orders under account 123456789012 "
            "has already been merged or split, and thus is not eligible for merging or splitting.",
        ),
        (
            {"merge": f"orders/{ONE}", "with": THREE},
            f"ResourceNotFoundException: Could not find shard {THREE} in stream orders under "
            "account 123456789012.",
        ),
    ],
)
def test_a_step_on_a_shard_that_is_not_there_ends_the_run(
    step: dict[str, Any], reason: str
) -> None:
    sink = MemorySink()
    subject = scenario({"at": "1s", "split": f"orders/{ZERO}"}, {"at": "3s", **step})

    with pytest.raises(ServiceError) as error:
        run(subject, Options(sinks=[sink]))

    last = sink.entries[-1]
    assert (str(error.value), last.because) == (reason, reason)
    assert (last.kind, last.time, last.fields["outcome"]) == ("run_finished", 3.0, "failed")


def test_moto_refuses_the_steps_by_name() -> None:
    for step in ({"split": f"orders/{ZERO}"}, {"merge": f"orders/{ZERO}", "with": ONE}):
        with pytest.raises(BackendError, match=r"the moto back end cannot (split|merge) shards of"):
            run(scenario({"at": "0s", **step}, shards=2, backend="moto"))


def test_a_stream_that_does_not_reshard_refuses_the_steps() -> None:
    subject = Scenario.of(
        {
            "name": "ticks",
            "resources": {"beats": {"type": "tests.outside.ticks", "count": 1}},
            "timeline": [{"at": "1s", "split": "beats/tick-0"}],
        }
    )

    with pytest.raises(EventsimError) as error:
        run(subject)

    assert str(error.value) == "cannot split a shard of beats: it is no stream that reshards"


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (
            {"split": f"ordres/{ZERO}"},
            "timeline[0].split: is 'ordres', which is no resource of the scenario; did you mean "
            "'orders'?",
        ),
        (
            {"merge": f"ordres/{ZERO}", "with": ONE},
            "timeline[0].merge: is 'ordres', which is no resource of the scenario; did you mean "
            "'orders'?",
        ),
        (
            {"split": "orders"},
            "timeline[0].split: is 'orders'; write a stream and its shard, such as "
            "orders/shardId-000000000000",
        ),
        (
            {"merge": f"orders/{ZERO}", "with": f"orders/{ONE}"},
            f"timeline[0].with: is 'orders/{ONE}'; write a shard, such as shardId-000000000001",
        ),
        (
            {"split": f"orders/{ZERO}", "new_starting_hash_key": 5},
            "timeline[0].new_starting_hash_key: is 5; write a whole number below 2^128 in quotes, "
            'such as "0"',
        ),
        (
            {"split": f"arn:aws:kinesis:eu-west-1:123456789012:stream/orders/{ZERO}"},
            "timeline[0].split: is in eu-west-1, account 123456789012; the scenario is in "
            "us-east-1, account 123456789012",
        ),
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(step: dict[str, Any], fault: str) -> None:
    assert fault_of({"at": "1s", **step}) == fault


def test_a_merge_says_with_which() -> None:
    assert "with" in fault_of({"at": "1s", "merge": f"orders/{ZERO}"})


def test_an_arn_names_the_stream_of_a_shard_too() -> None:
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"

    (written,) = entries(scenario({"at": "1s", "split": f"{arn}/{ZERO}"}), "shard_split")

    assert written.fields["shard"] == ZERO


def test_what_a_recording_still_holds_goes_to_the_children() -> None:
    """Told an hour ahead, as a recording is; split in the middle of it."""
    count = 200

    async def main() -> list[bytes]:
        async with Simulation(scenario({"at": "50.5s", "split": f"orders/{ZERO}"})) as simulation:
            stream: Any = simulation.streams["orders"]
            stream.store.schedule(
                TimedRecord(float(n), PutRecord(f"key-{n % 9}", b"%d" % n)) for n in range(count)
            )
            await simulation.run()
            await simulation.clock.sleep_until(float(count))
            found = []
            for shard in await stream.shards():
                read = await stream.reader(shard.shard_id, TRIM_HORIZON).read(None)
                assert read.closed == (shard.shard_id == ZERO)
                found.append([int(record.data) for record in read.records])
            assert found[0] == list(range(51))
            assert min(len(found[1]), len(found[2])) > 0
            assert all(shard == sorted(shard) for shard in found)
            return [b"%d" % number for shard in found for number in shard]

    assert sorted(clock.run(main, virtual=True)) == sorted(b"%d" % n for n in range(count))
