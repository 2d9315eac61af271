"""
Laws of the event queue that hold for whatever functions do: no event is lost or ends twice.

``make soak`` sends 100,000 events; the default run a few thousand.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim import clock as clocks
from eventsim.clock import Clock, VirtualClock
from eventsim.ids import Chance
from eventsim.journal import Entry
from eventsim.reports._tally import Tally
from eventsim.types import Duration, Function, Lognormal
from tests.conftest import START
from tests.event_world import DLQ, DONE, ENDS, FAILED, REFUSES, SILENT, World, config, world
from tests.functions import function, request

SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"dead_letter": DLQ},
    {"event_invoke": config(on_success=DONE, on_failure=FAILED)},
    {"dead_letter": DLQ, "event_invoke": config(maximum_retry_attempts=1, on_failure=REFUSES)},
    {"dead_letter": SILENT, "event_invoke": config(maximum_retry_attempts=0)},
    {"event_invoke": config(maximum_event_age_in_seconds=60, on_failure=FAILED)},
    {"dead_letter": REFUSES, "event_invoke": config(on_success=SILENT, on_failure=DONE)},
    {"duplicate_deliveries": 0.05, "event_invoke": config(on_success=DONE)},
)


def unreliable(chance: Chance, name: str) -> Callable[[Any, Any], Any]:
    """A handler that mostly answers, and else raises, or ends its process."""
    drawn = chance.stream("handlers", name)

    def handler(event: Any, context: Any) -> Any:
        luck = drawn.random()
        if luck < 0.2:
            raise ValueError("boom")
        if luck < 0.23:
            sys.exit(1)
        return {"luck": luck}

    return handler


def functions(chance: Chance) -> list[Function]:
    """One function for each setting; about 1 in 20 of their invocations times out."""
    duration = Duration(distribution=Lognormal(0.5, 1.1))
    return [
        function(
            unreliable(chance, f"f{index}"), name=f"f{index}", timeout=3, duration=duration, **more
        )
        for index, more in enumerate(SETTINGS)
    ]


async def send(running: World, number: int, seconds: float) -> None:
    """Send so many events over so many seconds, and stop functions now and then."""
    drawn = Chance(1).stream("arrivals")
    for index in range(number):
        name = f"f{drawn.randrange(len(SETTINGS))}"
        asked = request({"n": index}, name, invocation_type="Event", request_id=str(index))
        await running.invoker.invoke(asked)
        if index % 997 == 500:
            running.environments.concurrency.reserve(name, drawn.choice([0, 1, 2, None]))
        await running.clock.sleep(drawn.expovariate(number / seconds))


class Ledger:
    """A sink that follows every event from its acceptance to its end, and who took it."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.kinds: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.open: Counter[str] = Counter()  # deliveries without an end, by request id
        self.homeless: Counter[str] = Counter()  # ends that nobody was heard of taking
        self.back = self.untried = 0

    def write(self, flat: dict[str, Any]) -> None:
        kind, request_id = flat["kind"], flat.get("request_id", "")
        self.kinds[kind] += 1
        if kind in Tally.KINDS_SET:
            self.tally.add(kind, flat)
        if kind in ("event_queued", "event_duplicated"):
            self.open[request_id] += 1
        elif kind in ENDS:
            assert self.open[request_id] > 0, f"{request_id} ends once too often"
            self.open[request_id] -= 1
        if kind == "event_discarded":
            self.homeless[request_id] += 1
            self.untried += flat["condition"] == "ZeroReservedConcurrency"
        elif kind == "event_dropped":
            assert self.homeless[request_id] > 0, f"{request_id} is somewhere, and dropped"
            self.homeless[request_id] -= 1
        elif kind == "destination_delivered" and flat["condition"] != "Success":
            self.homeless[request_id] = 0
        elif kind == "event_retried":
            self.back += not flat["invoked"]
        elif kind == "invocation_finished":
            self.errors[flat.get("error_type", "")] += 1

    def close(self) -> None:
        """Nothing to let go of."""

    def hold(self) -> dict[str, int]:
        """Everything ended, once, somewhere, and the counts of reports are these; return them."""
        assert self.open.total() == self.homeless.total() == 0
        counts = self.tally.counts()
        found: dict[str, int] = counts["events"]
        for key in ("queued", "duplicated", "retried", "succeeded", "discarded", "dropped"):
            assert found[key] == self.kinds[f"event_{key}"]
        assert found["queued"] + found["duplicated"] == found["succeeded"] + found["discarded"]
        delivered = found["dead_letters"] + found["destination_records"]
        assert delivered == self.kinds["destination_delivered"]
        metrics = [row["metrics"] for row in counts["functions"].values()]
        failures = sum(
            each["DeadLetterErrors"] + each["DestinationDeliveryFailures"] for each in metrics
        )
        assert failures == self.kinds["destination_failed"]
        attempts = found["retried"] + found["succeeded"] + found["discarded"] - self.untried
        assert counts["invocations"] + counts["throttles"] == attempts
        assert counts["throttles"] >= self.back
        return found


@pytest.mark.parametrize(
    "number", [2_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
async def test_every_event_ends_once_and_the_counts_reconcile(clock: Clock, number: int) -> None:
    """Errors, throttles, timeouts and crashes at random, in virtual time."""
    ledger = Ledger()
    async with world(clock, *functions(Chance(7)), seed=7, into=ledger) as running:
        await send(running, number, number / 200)
    found = ledger.hold()
    assert found["queued"] == number
    assert min(found.values()) > 0  # every way was gone
    assert {"ValueError", "Runtime.ExitError", "Sandbox.Timedout"} < set(ledger.errors)
    assert len(running.queue) == 0
    taken = sum(kept.taken for kept in running.kept.values())
    assert taken == found["dead_letters"] + found["destination_records"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SETTINGS) - 1),
            st.floats(0, 30),
            st.sampled_from([None, None, None, 0, 1]),
        ),
        max_size=20,
    ),
    st.integers(0, 2**16),
)
def test_whatever_is_sent_ends_once_and_the_same_seed_ends_it_the_same(
    events: list[tuple[int, float, int | None]], seed: int
) -> None:
    def told() -> list[Entry]:
        async def main() -> list[Entry]:
            clock = VirtualClock(START)
            async with world(clock, *functions(Chance(seed)), seed=seed) as running:
                for number, (index, wait, reserved) in enumerate(events):
                    name = f"f{index}"
                    running.environments.concurrency.reserve(name, reserved)
                    await running.event(number, name, request_id=str(number))
                    await clock.sleep(wait)
            return list(running.sink.entries)

        return clocks.run(main, virtual=True)

    entries, ledger = told(), Ledger()
    for entry in entries:
        ledger.write({"kind": entry.kind, **entry.fields})
    assert ledger.hold()["queued"] == len(events)
    assert entries == told()


@given(st.lists(st.floats(0, 400), min_size=1, max_size=30))
def test_attempts_come_when_they_are_due_whatever_else_arrives_meanwhile(
    waits: list[float],
) -> None:
    def fails(event: Any, context: Any) -> None:
        raise ValueError("boom")

    async def main() -> list[Entry]:
        clock = VirtualClock(START)
        f = function(fails, duration=Duration(0.0), init_duration=0.0)
        async with world(clock, f) as running, anyio.create_task_group() as senders:

            async def send_at(time: float, number: int) -> None:
                await clock.sleep_until(time)
                await running.event(request_id=str(number))

            for number, time in enumerate(waits):
                senders.start_soon(send_at, time, number)
        return list(running.sink.entries)

    entries = clocks.run(main, virtual=True)
    for number, time in enumerate(waits):
        started = [
            entry.time
            for entry in entries
            if entry.kind == "invocation_started" and entry.fields["request_id"] == str(number)
        ]
        assert started == [pytest.approx(time + after, abs=1e-5) for after in (0, 60, 180)]
