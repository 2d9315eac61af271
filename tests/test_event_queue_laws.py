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
from eventsim.types import Duration, Function, Payload
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
    duration = Duration(0.5, 1.1)
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
    """Every event from its acceptance to its end, and who took it."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        by_kind: dict[str, list[str]] = {}
        for entry in entries:
            by_kind.setdefault(entry.kind, []).append(entry.fields.get("request_id", ""))
        self.by_kind = {kind: Counter(ids) for kind, ids in by_kind.items()}
        self.taken = Counter(
            entry.fields["request_id"]
            for entry in entries
            if entry.kind == "destination_delivered" and entry.fields["condition"] != "Success"
        )

    def of(self, *kinds: str) -> Counter[str]:
        return sum((self.by_kind.get(kind, Counter()) for kind in kinds), Counter())

    def hold(self) -> None:
        """Every delivery has one end; one that failed is with somebody, or dropped in writing."""
        assert self.of("event_queued", "event_duplicated") == self.of(*ENDS)
        given_up = self.of("event_discarded")
        for request_id, number in given_up.items():
            taken, dropped = self.taken[request_id], self.of("event_dropped")[request_id]
            assert (taken > 0) != (dropped > 0) or number > 1
            assert taken + dropped >= number
        assert not (self.of("event_dropped") + self.taken) - Counter(
            {request_id: 2 * number for request_id, number in given_up.items()}
        )

    def attempts(self) -> None:
        """Each attempt is told once: what ran, and what could not."""
        steps = [e for e in self.entries if e.kind in ("event_retried", "event_succeeded")]
        back = sum(not e.fields.get("invoked", True) for e in steps)
        untried = sum(
            e.kind == "event_discarded" and e.fields["condition"] == "ZeroReservedConcurrency"
            for e in self.entries
        )
        ran = self.of("invocation_finished").total()
        refused = self.of("invocation_throttled").total()
        assert ran + refused == len(steps) + self.of("event_discarded").total() - untried
        assert refused >= back


def reconciled(entries: list[Entry]) -> dict[str, int]:
    """The counts that reports make of these entries, held against the entries themselves."""
    tally = Tally()
    for entry in entries:
        if entry.kind in Tally.KINDS_SET:
            tally.add(entry.kind, entry.fields)
    counts = tally.counts()
    found: dict[str, int] = counts["events"]
    told = Counter(entry.kind for entry in entries)
    for key in ("queued", "duplicated", "retried", "succeeded", "discarded", "dropped"):
        assert found[key] == told[f"event_{key}"]
    delivered = found["dead_letters"] + found["destination_records"]
    assert delivered == told["destination_delivered"]
    rows = counts["functions"].values()
    failures = sum(
        row["metrics"]["DeadLetterErrors"] + row["metrics"]["DestinationDeliveryFailures"]
        for row in rows
    )
    assert failures == told["destination_failed"]
    return found


@pytest.mark.parametrize(
    "number", [2_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
async def test_every_event_ends_once_and_the_counts_reconcile(clock: Clock, number: int) -> None:
    """Errors, throttles, timeouts and crashes at random, in virtual time."""
    async with world(clock, *functions(Chance(7)), seed=7) as running:
        await send(running, number, number / 200)
    entries = list(running.sink.entries)
    ledger = Ledger(entries)
    ledger.hold()
    ledger.attempts()
    found = reconciled(entries)
    assert found["queued"] == number
    assert found["queued"] + found["duplicated"] == found["succeeded"] + found["discarded"]
    assert min(found.values()) > 0  # every way was gone
    assert len(running.queue) == 0
    errors = Counter(e.fields.get("error_type") for e in entries if e.kind == "invocation_finished")
    assert {"ValueError", "Runtime.ExitError", "Sandbox.Timedout"} < set(errors)
    sent = sum(len(kept.documents) for kept in running.kept.values())
    assert sent == found["dead_letters"] + found["destination_records"]


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
                    payload = Payload.of_bytes(b"%d" % number)
                    asked = request(None, name, payload=payload, invocation_type="Event")
                    await running.invoker.invoke(asked)
                    await clock.sleep(wait)
            return list(running.sink.entries)

        return clocks.run(main, virtual=True)

    entries = told()
    reconciled(entries)
    told_of = Counter(entry.kind for entry in entries)
    ends = sum(told_of[kind] for kind in ENDS)
    assert told_of["event_queued"] + told_of["event_duplicated"] == ends
    assert told_of["event_queued"] == len(events)
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
