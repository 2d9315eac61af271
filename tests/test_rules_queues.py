"""What an answer means for a batch from a queue, when batches close, how many there may be."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventsim.errors import (
    InvokeError,
    RequestEntityTooLarge,
    ResourceNotFound,
    TooManyRequests,
)
from eventsim.rules import sqs
from eventsim.rules.batching import PAYLOAD_BYTES_MAX, Cut
from eventsim.rules.queues import (
    Again,
    Concurrency,
    Delete,
    Fail,
    Leave,
    QueueBatch,
    behind,
    effective_visibility,
    event_size,
    full_cut,
    next_steps,
    reported_failures,
)
from eventsim.types import EventSourceMapping, InvokeResult, Message

PLAIN = EventSourceMapping("f.E", "orders", "arn", "f", batch_size=10)
REPORTS = replace(PLAIN, function_response_types=("ReportBatchItemFailures",))
ERROR = InvokeResult(200, b"{}", function_error="Unhandled")
THROTTLE = TooManyRequests("Rate Exceeded.")
IDS = ["a", "b", "c"]


def message(message_id: str, group: str = "", receives: int = 1) -> Message:
    attributes = {"ApproximateReceiveCount": str(receives)}
    if group:
        attributes["MessageGroupId"] = group
    return Message(message_id, f"h-{message_id}", "x", "", attributes)


def batch_of(*ids: str, lease: float = 30.0, refused: int = 0) -> QueueBatch:
    return QueueBatch([message(each) for each in ids], 100, lease, refused=refused)


def answered(payload: object) -> InvokeResult:
    return InvokeResult(200, orjson.dumps(payload))


def named(*ids: object) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}


@pytest.mark.parametrize(
    "payload", ["", [], None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"x": 1}]
)
def test_an_answer_that_names_nothing_is_complete_success(payload: object) -> None:
    batch = batch_of(*IDS)

    assert next_steps(batch, answered(payload), REPORTS, 0.0) == [Delete(batch.messages)]


@pytest.mark.parametrize(
    "payload",
    [
        named(""),
        named(None),
        named(123),
        named("unknown"),
        named("a", "unknown"),
        {"batchItemFailures": [{"foo": "notvalid"}]},
        {"batchItemFailures": [{"foo": None}]},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": {"itemIdentifier": "a"}},
        {"batchItemFailures": "a"},
        "not a response",
        ["a"],
        5,
        True,
    ],
)
def test_an_answer_that_makes_no_sense_is_complete_failure(payload: object) -> None:
    batch = batch_of(*IDS)
    because = "batchItemFailures names all, or none that is there"

    steps = next_steps(batch, answered(payload), REPORTS, 0.0)

    assert steps == [Fail(0, True, because), Leave(batch.messages, because)]


@pytest.mark.parametrize("payload", [b"{", b"~~~ not json ~~~", b"\xff"])
def test_an_answer_that_is_not_json_is_complete_failure(payload: bytes) -> None:
    assert reported_failures(payload, IDS) == frozenset(IDS)


def test_an_entry_without_a_key_is_passed_over() -> None:
    """Observed on AWS, where it was acknowledged."""
    assert reported_failures(b'{"batchItemFailures":[{}]}', IDS) == frozenset()
    response = orjson.dumps({"batchItemFailures": [{}, {"itemIdentifier": "b"}]})
    assert reported_failures(response, IDS) == frozenset({"b"})


def test_what_is_named_stays_and_the_rest_is_deleted() -> None:
    batch = batch_of(*IDS)
    first, second, third = batch.messages
    because = "batchItemFailures names 2 of 3"

    assert next_steps(batch, answered(named("c", "a", "a")), REPORTS, 0.0) == [
        Fail(1, True, because),
        Delete([second]),
        Leave([first, third], because),
    ]


def test_nothing_is_looked_at_that_was_not_asked_for() -> None:
    batch = batch_of(*IDS)

    assert next_steps(batch, answered(named("a")), PLAIN, 0.0) == [Delete(batch.messages)]


@pytest.mark.parametrize("mapping", [PLAIN, REPORTS])
def test_a_function_error_leaves_everything(mapping: EventSourceMapping) -> None:
    batch = batch_of(*IDS)

    assert next_steps(batch, ERROR, mapping, 0.0) == [
        Fail(0, True, "function error", "Unhandled"),
        Leave(batch.messages, "function error"),
    ]


def test_a_throttled_batch_goes_out_again_within_its_lease_and_is_left_then() -> None:
    code = "TooManyRequestsException"
    again = f"{code}: not invoked, and its messages are invisible for a while yet"

    early = next_steps(batch_of("a"), THROTTLE, PLAIN, 0.0)
    late = next_steps(batch_of("a", refused=1), THROTTLE, PLAIN, 29.5)

    fail = Fail(0, False, code)
    assert early == [fail, Again(batch_of("a", refused=1), 0.25, again)]
    assert late == [fail, Leave(batch_of("a").messages, f"{code}: not invoked")]


@pytest.mark.parametrize("error", [ResourceNotFound("x"), RequestEntityTooLarge("x")])
def test_a_refusal_for_good_leaves_the_batch_at_once(error: InvokeError) -> None:
    steps = next_steps(batch_of("a"), error, PLAIN, 0.0)

    left = Leave(batch_of("a").messages, f"{error.code}: not invoked")
    assert steps == [Fail(0, False, error.code), left]


def test_the_attempt_of_a_batch_is_the_most_often_received_message() -> None:
    assert QueueBatch([message("a"), message("b", receives=4)], 1, 0.0).attempt == 4


@pytest.mark.parametrize(
    ("window", "timeout", "hidden"), [(0, 900, 30), (10, 20, 30), (10, 21, 61), (300, 3, 333)]
)
def test_a_window_that_outlasts_the_visibility_timeout_stretches_it(
    window: int, timeout: int, hidden: int
) -> None:
    assert effective_visibility(30, window, timeout) == hidden


def test_messages_stay_behind_the_failed_ones_of_their_group() -> None:
    messages = [message("1", "a"), message("2", "b"), message("3", "a")]

    assert behind(QueueBatch(messages, 1, 0.0), {"a"}) == (messages[1:2], messages[::2])


@given(st.lists(st.integers(1, PAYLOAD_BYTES_MAX), min_size=1, max_size=30), st.integers(1, 30))
def test_a_cut_is_the_longest_batch_that_fits(sizes: list[int], batch_size: int) -> None:
    frame = 14
    cut = full_cut(sizes, frame, batch_size)

    if cut is None:
        assert len(sizes) < batch_size
        assert event_size(sizes, frame) <= PAYLOAD_BYTES_MAX
        return
    assert cut.size == event_size(sizes[: cut.length], frame)
    assert cut.length == 1 or cut.size <= PAYLOAD_BYTES_MAX
    if cut.length < batch_size:
        assert event_size(sizes[: cut.length + 1], frame) > PAYLOAD_BYTES_MAX


def test_a_cut_says_which_limit_was_reached() -> None:
    assert full_cut([1, 1, 1], 14, 2) == Cut(2, 17, "BatchSize 2 reached")
    whole = [PAYLOAD_BYTES_MAX - 14]
    assert full_cut([*whole, 1], 14, 5) == Cut(1, PAYLOAD_BYTES_MAX, "6 MB of payload reached")
    assert full_cut(whole, 14, 5) is None


def test_concurrency_grows_by_300_a_minute_while_its_limit_is_reached() -> None:
    first = Concurrency.first(None)
    reached = first.reached(100.0)

    assert first == Concurrency(5, 1_250, None)
    assert reached.reached(130.0) == reached
    assert reached.grows_at() == 160.0
    assert reached.grown(159.9).limit == 5
    assert reached.grown(160.0) == Concurrency(305, 1_250, 160.0)
    assert reached.grown(100.0 + 600).limit == 1_250
    assert reached.grown(100.0 + 600).grows_at() is None


def test_concurrency_falls_back_when_the_queue_is_empty_and_nothing_is_in_flight() -> None:
    grown = Concurrency(305, 1_250, 160.0)

    assert grown.dry(in_flight=3) == Concurrency(305, 1_250)
    assert grown.dry(in_flight=0) == Concurrency(5, 1_250)


@given(st.floats(0, 1e9))
@example(38.76)
def test_concurrency_has_grown_when_it_was_said_to(reached_at: float) -> None:
    """Whoever waits until then would wait for nothing, again and again."""
    reached = Concurrency.first(None).reached(reached_at)
    grows_at = reached.grows_at()

    assert grows_at is not None
    assert reached.grown(grows_at).limit == 305


@pytest.mark.parametrize(("maximum", "first"), [(2, 2), (5, 5), (1000, 5)])
def test_maximum_concurrency_is_the_most_there_is(maximum: int, first: int) -> None:
    assert Concurrency.first(maximum) == Concurrency(first, maximum)
    assert Concurrency.first(maximum).reached(0.0).grown(6_000.0).limit == maximum


def test_the_digest_of_attributes_is_the_one_recorded_on_aws() -> None:
    attributes = {
        "WeeksOn": {"DataType": "Number", "StringValue": "6"},
        "Author": {"DataType": "String", "StringValue": "John Grisham"},
        "Title": {"DataType": "String", "StringValue": "The Whistler"},
    }

    assert sqs.md5_of_attributes(attributes) == "d25a6aea97eb8f585bfa92d314504a92"
    assert sqs.md5_of_attributes({}) is None
