"""Laws of a mapping on a queue whatever its function does: nothing lost, order per group."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim import clock as clocks
from eventsim.clock import VirtualClock
from eventsim.types import InvokeResult, SendMessage, TimedMessage
from tests.conftest import START
from tests.queue_bench import ERROR, OK, PARTIAL, Bench, said

LIMIT = 3
MESSAGES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 1.0, 7.0]), st.sampled_from("abc")), max_size=25
)
# What the function makes of a message, each time that it gets it: fail the batch, report, take.
FATES = st.lists(st.sampled_from("xptttt"), min_size=1, max_size=12)


class Fickle:
    """Answers by the fates, one after the other, again and again."""

    def __init__(self, fates: str, bench: Bench) -> None:
        self.fates, self.bench, self.drawn = fates, bench, 0

    def __call__(self, records: list[dict[str, Any]]) -> InvokeResult:
        drawn = []
        for _ in records:
            drawn.append(self.fates[self.drawn % len(self.fates)])
            self.drawn += 1
        if "x" in drawn:
            return ERROR
        first = next((n for n, fate in enumerate(drawn) if fate == "p"), len(drawn))
        left = records[first:]  # as a handler must that stops at the first failure
        return said([record["messageId"] for record in left]) if left else OK


def settings_of(fifo: bool) -> st.SearchStrategy[dict[str, Any]]:
    window = st.just(0) if fifo else st.sampled_from([0, 2, 40])
    return st.fixed_dictionaries(
        {
            "batch_size": st.sampled_from([1, 3, 10]),
            "maximum_batching_window_in_seconds": window,
            "maximum_concurrency": st.sampled_from([None, 2]),
        }
    )


async def play(
    bench: Bench, name: str, messages: list[tuple[float, str]], mapping: dict[str, Any]
) -> list[str]:
    """Run it to its end; return what lies in the dead-letter queue."""
    dead = "dlq_fifo" if name.endswith("fifo") else "dlq"
    redrive = {"queue": dead.replace("_", "."), "max_receive_count": LIMIT}
    opened = {name: {"redrive": redrive, "visibility_timeout": "5s"}, dead: {}}
    queue = await bench.open(**opened)
    timed = sorted((time, n, group) for n, (time, group) in enumerate(messages))
    fifo = queue.fifo
    await queue.feed(
        TimedMessage(
            time,
            SendMessage(
                f"{group}{n}",
                message_group_id=group if fifo else None,
                message_deduplication_id=str(n) if fifo else None,
            ),
        )
        for time, n, group in timed
    )
    await bench.poll(queue, function_response_types=PARTIAL, **mapping)
    return await bench.bodies_left(dead.replace("_", "."))


def deleted(bench: Bench) -> int:
    return sum(entry.fields["records"] for entry in bench.told("messages_deleted"))


def run_of(
    name: str, messages: list[tuple[float, str]], fates: list[str], mapping: dict[str, Any]
) -> tuple[Bench, list[str]]:
    async def main() -> tuple[Bench, list[str]]:
        bench = Bench(VirtualClock(START), duration=1.0)
        bench.answer = Fickle("".join(fates), bench)
        return bench, await play(bench, name, messages, mapping)

    return clocks.run(main, virtual=True)


@settings(max_examples=200)
@given(MESSAGES, FATES, settings_of(fifo=False))
def test_every_message_is_deleted_or_lies_in_the_dead_letter_queue(
    messages: list[tuple[float, str]], fates: list[str], mapping: dict[str, Any]
) -> None:
    bench, dead = run_of("orders", messages, fates, mapping)

    assert deleted(bench) + len(dead) == len(messages)
    got = Counter(body for call in bench.calls for body in call.bodies)
    assert all(count <= LIMIT for count in got.values())
    assert all(got[body] == LIMIT for body in dead)
    assert len(got) == len(messages)


@settings(max_examples=200)
@given(MESSAGES, FATES, settings_of(fifo=True))
def test_a_group_is_worked_through_in_order_and_by_one_batch_at_a_time(
    messages: list[tuple[float, str]], fates: list[str], mapping: dict[str, Any]
) -> None:
    bench, dead = run_of("orders_fifo", messages, fates, mapping)

    assert deleted(bench) + len(dead) == len(messages)
    timed = sorted((time, n, group) for n, (time, group) in enumerate(messages))
    sent = [f"{group}{n}" for _, n, group in timed]
    for group in "abc":
        order = [body for body in sent if body[0] == group]
        calls = [(c.time, [b for b in c.bodies if b[0] == group]) for c in bench.calls]
        mine = [(time, bodies) for time, bodies in calls if bodies]
        times = [time for time, _ in mine]
        assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))
        seen: list[str] = []
        for _, bodies in mine:
            new = [body for body in bodies if body not in seen]
            assert bodies == sorted(bodies, key=order.index)
            seen += new
        assert seen == order
