"""The picture of the timeline: what waits, who works, and what destinations got, to scale."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from eventsim import Entry, Options, load, registry, run
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import find

DESTINATIONS = """\
records delivered, by shard and queue   █ 1 record in 30.3 ms
discarded                                                       █         1
orders/0                                             !       ×            0
                 ! failed, sent again  ~ expired  × discarded
waiting, by queue; the most at once   █ 1 for all of 30.3 ms
discarded                                                    ▃███         1
invocations, by function   █ 1 invocation in 30.3 ms
archivist                                            !       !            2
consumer                                             !       !            2
watchman                                                        █         1
                 ! function error
environments, while they work   █ 1 for all of 30.3 ms
consumer #1                                       ░░░!       !            2
archivist #1                                      ░░░!       !            2
watchman #1                                                  ░░░░         1
                 ░ init  ! function error
documents delivered, by destination   █ 1 document in 30.3 ms
discarded                                                    █            1
discarded-events                                             █            1
                 ┬───────────────┬────────────────┬──────────────
                 0 s             500 ms           1 s
"""
THROTTLED = """\
waiting, by queue; the most at once   █ 3 for all of 417 ms
payments, events ████████████▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▅▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃         3
invocations, by function   █ 1 invocation in 417 ms
payments                     █               █                  █         3
environments, while they work   █ 1 for all of 417 ms
payments #1      ░███████████▂   ▂███████████▇      ▁████████████         3
                 ░ init  ! function error
                 ┬───────────┬───────────┬───────────┬───────────
                 0 s         5 s         10 s        15 s
"""


def picture(entries: Iterator[Entry]) -> str:
    """What stands between the title and the words."""
    out = io.StringIO()
    registry.load("reports", "timeline").write(entries, out)
    return out.getvalue().split("\n\n")[1] + "\n"


def of_scenario(name: str) -> str:
    sink = MemorySink()
    run(load(find(name)), Options(sinks=[sink]))
    return picture(iter(sink.entries))


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("on-failure-destination", DESTINATIONS), ("async-throttles", THROTTLED)],
)
def test_the_picture_of_a_scenario_is_this(name: str, drawn: str) -> None:
    assert of_scenario(name) == drawn


def entry(time: float, kind: str, **fields: Any) -> Entry:
    return Entry(1, time, "2026-01-01T00:00:00.000Z", kind, None, fields)


def lane(drawn: str, name: str) -> str:
    """The blocks of the last lane of that name, without its total."""
    row = [line for line in drawn.splitlines() if line.startswith(name)][-1]
    return row[len(name) :].rsplit(None, 1)[0].strip()


def queue(*changes: tuple[float, str, int]) -> Iterator[Entry]:
    yield entry(0.0, "run_started", start="2026-01-01T00:00:00Z")
    place = {"mapping": "f.Orders", "source": "orders", "shard": ""}
    for time, kind, records in changes:
        yield entry(time, kind, **place, records=records, first="a", last="b")
    yield entry(48.0, "run_finished", outcome="ok", seconds=48.0, counts={})


def test_a_queue_is_as_high_as_it_is_long() -> None:
    changes = [(0.0, "records_put", 8), (12.0, "messages_deleted", 4), (24.0, "records_put", 2)]
    blocks = lane(picture(queue(*changes, (36.0, "messages_deleted", 6))), "orders ")

    assert blocks == "█" * 12 + "▄" * 12 + "▆" * 12


def test_what_left_a_queue_before_it_was_told_of_makes_no_depth_below_none() -> None:
    blocks = lane(picture(queue((0.0, "messages_deleted", 9), (24.0, "records_put", 1))), "orders ")

    assert blocks == "█" * 24


def busy(environments: int) -> Iterator[Entry]:
    yield entry(0.0, "run_started", start="2026-01-01T00:00:00Z")
    for n in range(environments):
        name = {"function": "f", "environment": f"{n:x}", "request_id": f"{n}"}
        yield entry(1.0 + n, "environment_started", **name, init=1.0)
        yield entry(2.0 + n, "invocation_finished", **name, duration=1.0, billed=1.0)


def test_many_environments_are_drawn_as_some_and_the_others_together() -> None:
    drawn = picture(busy(200))
    rows = [line for line in drawn.splitlines() if line.startswith(("f #", "5", "… "))]

    assert [row[:4] for row in rows[:7]] == [f"f #{n}" for n in range(1, 8)]
    assert rows[7].startswith("58 more environm")
    assert sum(int(row.split()[-1]) for row in rows) == 200
