"""The story of one message of a batch, and why a request was refused: what a journal can say."""

from __future__ import annotations

import io
from typing import Literal

import pytest

from eventsim import Options, load, run
from eventsim.errors import EventsimError
from eventsim.journal.sinks import MemorySink
from eventsim.reports import explain
from eventsim.scenario import find

# Three messages in one batch: the third fails it, and all of them come again until it is taken.
TOGETHER = (
    "BatchSize=10",
    'timeline[0].messages=[{"body": "fine"}, {"body": "dandy"}, {"body": "shaky"}]',
)
FIRST, MIDDLE = "ab0a5b49-0057-4845-92d6-83f21dddde2e", "77bdea76-8790-4c24-8506-5fe46d9263ef"


def around(wanted: str, detail: Literal["off", "batch", "payload"]) -> str:
    sink, out = MemorySink(), io.StringIO()
    run(load(find("queue"), TOGETHER), Options(detail=detail, sinks=[sink]))
    explain.write_around(lambda: iter(sink.entries), wanted, out)
    return " ".join(out.getvalue().split())


def test_a_message_in_the_middle_of_its_batches_has_its_story_at_detail_payload() -> None:
    told = around(MIDDLE, "payload")

    assert told == around(FIRST, "payload")
    assert "3 messages are put into the queue orders [queue]." in told
    assert told.count("Lambda receives 3 messages from the queue orders") == 3
    assert told.count("The function consumer fails") == 2
    assert "in 20 ms, at the third attempt [delete when done]. Lambda deletes 3 messages" in told
    assert "may not be all" not in told


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (
            "batch",
            "of messages that came together it names the first and the last only, at detail "
            "batch; run it again with --detail payload, which has them all",
        ),
        (
            "off",
            "it was made with --detail off and has no records; make it with --detail batch",
        ),
    ],
)
def test_a_journal_that_is_too_coarse_for_a_message_says_what_to_do(
    detail: Literal["off", "batch"], said: str
) -> None:
    with pytest.raises(EventsimError) as refused:
        around(MIDDLE, detail)

    assert str(refused.value) == f"the journal tells nothing of '{MIDDLE}'; {said}"


def test_a_story_that_may_lack_a_part_says_so() -> None:
    told = around(FIRST, "batch")

    assert "This may not be all: of messages that came together the journal names" in told
    assert "A run with --detail payload has the whole story. The run is over" in told


def test_what_is_asked_for_shows_as_text_where_it_is_refused() -> None:
    with pytest.raises(EventsimError) as refused:
        around("\x1b[31m<b>", "payload")

    assert "tells nothing of '\\x1b[31m<b>'; write a request id" in str(refused.value)


def test_what_is_left_of_a_batch_is_said_to_have_its_retries_again() -> None:
    sink, out = MemorySink(), io.StringIO()
    run(load(find("partial-batch-response")), Options(sinks=[sink]))
    explain.write(iter(sink.entries), out)
    told = " ".join(out.getvalue().split())

    assert "in 250 ms; what is left of a batch has all its retries again [ReportBatch" in told
    assert "(only a ParallelizationFactor lets other keys go on)" in told


def test_a_refusal_is_put_down_to_what_is_behind_it() -> None:
    sink, out = MemorySink(), io.StringIO()
    run(load(find("dry-run")), Options(sinks=[sink]))
    explain.write(iter(sink.entries), out)
    told = " ".join(out.getvalue().split())

    assert "function:payments:7 [functions and qualifiers]. Nothing ran." in told
    assert "[Source: REDACTED] [payload]." in told
    assert "[permissions]" not in told
