"""
No record is lost, or repeated in silence, whatever happens: a state machine over mappings.

Each step happens to a real poller on a simulated Kinesis stream, and virtual time goes on between
them; the laws are held against all that happened. ``make soak`` tries 20,000 histories.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from eventsim.errors import InvokeError
from eventsim.poller.progress import ShardProgress
from eventsim.rules.failures import Retry, Step, next_steps
from eventsim.sources.kinesis import Resource
from eventsim.types import Batch, EventSourceMapping, InvokeResult, TumblingWindow
from tests.poller_history import Behaviour, Put
from tests.poller_world import START, World

MACHINE = settings(
    max_examples={"soak": 20_000}.get(settings.get_current_profile_name(), 1_500),
    stateful_step_count=18,
)
FINDING = settings(MACHINE, max_examples=500, phases=[Phase.generate], report_multiple_bugs=False)

STARTING_POSITIONS = ["TRIM_HORIZON", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]

puts = st.builds(
    Put,
    st.sampled_from("abcdefgh"),
    st.sampled_from(["ok", "ok", "ok", "ok", "skip", "1", "2", "poison"]),
)
bursts = st.lists(puts, min_size=1, max_size=12)
gaps = st.sampled_from([0.0, 0.0004, 0.001, 0.3, 1.0, 2.5, 30.0, 700.0])
behaviours = st.builds(
    Behaviour,
    st.sampled_from(
        [
            "records",
            "error",
            "throttle",
            "success",
            "failure",
            "rubbish",
            "partial",
            "partial",
            "oversized",
            "oversized",
        ]
    ),
    st.integers(0, 11),
    st.sampled_from([0.0, 0.0, 0.5, 3.0, 40.0, 301.0]),
)
waits = st.sampled_from([0.0, 0.001, 0.25, 0.8, 1.0, 5.0, 31.0, 61.0, 130.0, 310.0, 4_000.0])


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    """Settings of a mapping that go together."""
    found: dict[str, Any] = {
        "starting_position": draw(st.sampled_from(STARTING_POSITIONS)),
        "batch_size": draw(st.sampled_from([1, 2, 3, 5, 100])),
        "maximum_batching_window_in_seconds": draw(st.sampled_from([0, 0, 1, 5, 60])),
        "maximum_retry_attempts": draw(st.sampled_from([-1, 0, 1, 2, 3])),
        "maximum_record_age_in_seconds": draw(st.sampled_from([-1, -1, 60, 300])),
        "bisect_batch_on_function_error": draw(st.booleans()),
    }
    if draw(st.booleans()):
        found["function_response_types"] = ("ReportBatchItemFailures",)
    match draw(st.sampled_from(["plain", "lanes", "lanes", "windows"])):
        case "lanes":
            found["parallelization_factor"] = draw(st.integers(2, 10))
            found["filters"] = draw(st.sampled_from([(), ("{}",)]))
        case "windows":
            found["tumbling_window_in_seconds"] = draw(st.sampled_from([1, 10, 60]))
        case _:
            found["filters"] = draw(st.sampled_from([(), ("{}",)]))
    return found


class PollerMachine(RuleBasedStateMachine):
    """Builds a history step by step; what it breaks is told at its end."""

    @initialize(
        mapping=mappings(),
        shards=st.integers(1, 3),
        release=st.sampled_from(["consumed", "retention"]),
        keeping=st.sampled_from([0.0, 0.0, 0.02]),
        early=st.lists(puts, max_size=5),
        first=st.lists(puts, max_size=3),
        after=st.sampled_from([0.0, 0.0007, 1.0]),
    )
    def begin(
        self,
        mapping: dict[str, Any],
        shards: int,
        release: Any,
        keeping: float,
        early: list[Put],
        first: list[Put],
        after: float,
    ) -> None:
        if mapping["starting_position"] == "AT_TIMESTAMP":
            mapping["starting_position_timestamp"] = START.timestamp() + round(after / 2, 3)
        self.world = world = World(Resource(shards=shards, release=release), keeping, **mapping)
        world.run(world.put(early))
        world.run(world.wait(after))
        world.run(world.enable(first))

    @rule(puts=bursts)
    def put(self, puts: list[Put]) -> None:
        self.world.run(self.world.put(puts))

    @rule(puts=st.lists(st.tuples(gaps, puts), min_size=1, max_size=8))
    def feed(self, puts: list[tuple[float, Put]]) -> None:
        self.world.run(self.world.feed(puts))

    @rule(seconds=waits)
    def wait(self, seconds: float) -> None:
        self.world.run(self.world.wait(seconds))

    @rule(script=st.lists(behaviours, min_size=1, max_size=6))
    def behave(self, script: list[Behaviour]) -> None:
        self.world.function.script.extend(script)

    @precondition(lambda self: self.world.polling)
    @rule()
    def disable(self) -> None:
        self.world.run(self.world.disable())

    @precondition(lambda self: self.world.polling)
    @rule()
    def crash(self) -> None:
        self.world.run(self.world.crash())

    @precondition(lambda self: not self.world.polling)
    @rule(puts=st.lists(puts, max_size=3))
    def enable(self, puts: list[Put]) -> None:
        self.world.run(self.world.enable(puts))

    @precondition(lambda self: not self.world.polling)
    @rule()
    def stay_away_for_longer_than_the_retention(self) -> None:
        self.world.run(self.world.wait(90_000.0))

    @rule(which=st.integers(0, 20))
    def split(self, which: int) -> None:
        self.world.run(self.world.split(which))

    @rule(which=st.integers(0, 20))
    def merge(self, which: int) -> None:
        self.world.run(self.world.merge(which))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        try:
            world.run(world.finish())
            world.hold_laws()
        finally:
            world.close()


@pytest.mark.hypothesis
@pytest.mark.timeout(3_600)
def test_no_record_is_lost_or_repeated_in_silence() -> None:
    run_machine(PollerMachine, settings=MACHINE)


class TooFar(ShardProgress):
    """Puts the checkpoint onto the first record that is still to be dealt with."""

    async def done(
        self, lane: int, first: str | None, floor: str = "", window: TumblingWindow | None = None
    ) -> None:
        await super().done(lane, first, first or floor, window)


def test_a_checkpoint_one_too_far_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventsim.poller.shard.ShardProgress", TooFar)

    with pytest.raises(AssertionError, match="a checkpoint passed what is still to be dealt with"):
        run_machine(PollerMachine, settings=FINDING)


def never_renewed(
    batch: Batch, answer: InvokeResult | InvokeError, mapping: EventSourceMapping
) -> list[Step]:
    """The steps of the rules, but that what is left of a batch has only the retries left."""
    return [
        step._replace(batch=step.batch._replace(attempt=batch.attempt + 1))
        if isinstance(step, Retry) and len(step.batch.records) < len(batch.records)
        else step
        for step in next_steps(batch, answer, mapping)
    ]


def test_a_retry_budget_that_is_never_renewed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventsim.poller.lane.next_steps", never_renewed)

    with pytest.raises(AssertionError, match=r"budget was another|not tried as often"):
        run_machine(PollerMachine, settings=FINDING)
