"""What the summary and the timeline say of queues, of several mappings, and of a crashed poller."""

from __future__ import annotations

import io
from typing import Any

import pytest

from eventsim import Options, Scenario, load, registry, run
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import find


def told(report: str, scenario: Scenario | str) -> str:
    """What a report says of a run of *scenario*, its rows joined into one line of words."""
    sink, out = MemorySink(), io.StringIO()
    if isinstance(scenario, str):
        scenario = load(find(scenario))
    run(scenario, Options(sinks=[sink]))
    registry.load("reports", report).write(iter(sink.entries), out)
    return " ".join(out.getvalue().split())


def queues(*functions: str, queue: str = "dead-letters") -> Scenario:
    """A poison message that is redriven, and mappings of *functions* on *queue* besides."""

    def fail(event: dict[str, Any], context: Any) -> None:
        raise ValueError("poison")

    def function(handler: Any, name: str) -> dict[str, Any]:
        event = {"Type": "SQS", "Properties": {"Queue": name}}
        return {"Handler": handler, "Events": {"Messages": event}}

    redrive = {"queue": "dead-letters", "max_receive_count": 1}
    return Scenario.of(
        {
            "name": "queues",
            "resources": {
                "orders": {"type": "sqs", "redrive": redrive},
                "dead-letters": {"type": "sqs"},
                "mail": {"type": "sqs"},
            },
            "functions": {
                "consumer": function(fail, "orders"),
                **{name: function(lambda event, context: None, queue) for name in functions},
            },
            "timeline": [
                {"at": "0s", "send": "orders", "messages": [{"body": "poison"}]},
                *(
                    {"at": f"{n}s", "send": "mail", "messages": [{"body": f"{n}"}]}
                    for n in range(4 if queue == "mail" else 0)
                ),
            ],
        }
    )


def test_a_redriven_message_is_counted_and_does_not_wait_in_its_queue() -> None:
    summary = told("summary", queues())

    assert "put 1 read 1 delivered 0 discarded 0 redriven 1" in summary
    assert "1 record on dead-letters, which no mapping reads" in summary
    assert "still" not in summary


def test_a_message_that_a_mapping_takes_from_the_dead_letter_queue_is_accounted_for() -> None:
    assert "every record accounted for" in told("summary", queues("undertaker"))


def test_mappings_on_one_queue_share_its_messages() -> None:
    summary = told("summary", queues("one", "other", queue="mail"))

    assert "mail" not in summary.split("invocations")[0]


def test_records_before_the_starting_position_are_not_waited_for() -> None:
    summary = told("summary", "starting-position")

    assert "2 records not read by newest.Orders" in summary
    assert "still waiting" not in summary


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fan-out", "orders/0 pushed.Orders: read 1 record"),
        ("fan-out", "records delivered, by shard "),
        ("queue", "records delivered, by queue "),
        ("queue", "orders 1 record stays in the queue, visible in 19.88 s: function error"),
        ("on-failure-destination", "records delivered, by shard and queue "),
        ("on-failure-destination", "document about 1 record delivered to discarded "),
        ("partial-batch-response", "batchItemFailures from …000003 on"),
        (
            "poller-restart",
            "Enabled: the poller crashed, and another goes on behind the checkpoint",
        ),
        ("tumbling-window", "orders/0 final invocation of its window: a record of a later"),
        ("first-batch", "orders/0 read 5 records"),
    ],
)
def test_the_timeline_says(name: str, words: str) -> None:
    assert words in told("timeline", name)


@pytest.mark.parametrize("name", ["first-batch", "starting-position"])
def test_no_timeline_tells_that_a_mapping_is_being_created(name: str) -> None:
    assert "Creating" not in told("timeline", name)


@pytest.mark.parametrize("name", ["queue", "queue-redrive"])
def test_the_picture_marks_what_stays_in_a_queue_and_what_leaves_it(name: str) -> None:
    picture = told("timeline", name).split("invocations, by function")[0]

    assert "! failed, sent again" in picture
    assert ("× 0" in picture) == (name == "queue-redrive")
