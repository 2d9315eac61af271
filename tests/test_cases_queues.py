"""Acceptance cases of a mapping on a queue, each through a whole run, on queues of two kinds."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from typing import Any

import orjson
import pytest

from tests.cases import Case

Given = Callable[[list[dict[str, Any]]], Any]
START = 1_767_225_600_000
REPORTS: dict[str, Any] = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
BACKENDS = pytest.mark.parametrize("backend", ["simulated", "moto"])


def case_of(answer: Given) -> Case:
    """A function that is told of its records, and how often it was called, by *answer*."""
    case = Case()
    case.answer = lambda event: answer(event["Records"])
    return case


def send(at: str, *bodies: Any, to: str = "inbox", **more: Any) -> dict[str, Any]:
    return {"at": at, "send": to, "messages": [{"body": body, **more} for body in bodies]}


def polled(
    case: Case, resources: dict[str, Any], *steps: dict[str, Any], **properties: Any
) -> None:
    queue = next(iter(resources))
    case.run(resources, steps, kind="SQS", Queue=queue, **properties)


def bodies(case: Case) -> list[list[str]]:
    return [[record["body"] for record in event["Records"]] for event in case.events]


def is_record(found: dict[str, Any], body: str, attributes: dict[str, str], arn: str) -> None:
    """It has the keys that were recorded on AWS, with these values, and no other."""
    own = {"messageId": found["messageId"], "receiptHandle": found["receiptHandle"]}
    assert all(own.values())
    assert found == {
        **own,
        "body": body,
        "attributes": {**attributes, "SenderId": found["attributes"]["SenderId"]},
        "messageAttributes": {},
        "md5OfBody": md5(body.encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }


@BACKENDS
def test_a_message_comes_again_after_its_visibility_timeout_and_not_before(backend: Any) -> None:
    """Case 39, to the last field of the second delivery."""

    def fails_once(records: list[dict[str, Any]]) -> None:
        if records[0]["attributes"]["ApproximateReceiveCount"] == "1":
            raise ValueError("once")

    case = case_of(fails_once)
    inbox = {"inbox": {"type": "sqs", "visibility_timeout": "3s"}}

    polled(case, inbox, send("0s", {"id": 1}), BatchSize=1, backend=backend)

    began, again = (entry.time for entry in case.told("batch_formed"))
    assert began == 0.0
    assert 3.0 <= again <= 4.0  # moto is asked once a second
    first, second = (event["Records"][0] for event in case.events)
    attributes = {"SentTimestamp": str(START), "ApproximateFirstReceiveTimestamp": str(START)}
    arn = "arn:aws:sqs:us-east-1:123456789012:inbox"
    is_record(first, '{"id":1}', {**attributes, "ApproximateReceiveCount": "1"}, arn)
    is_record(second, '{"id":1}', {**attributes, "ApproximateReceiveCount": "2"}, arn)
    assert first["messageId"] == second["messageId"]
    assert first["receiptHandle"] != second["receiptHandle"]


@BACKENDS
def test_what_fails_twice_lies_in_the_dead_letter_queue_unchanged(backend: Any) -> None:
    """Case 40."""
    case = case_of(lambda records: 1 / 0)
    redrive = {"queue": "dlq", "max_receive_count": 2}
    queues = {"inbox": {"type": "sqs", "redrive": redrive}, "dlq": {"type": "sqs"}}

    polled(case, queues, send("0s", "spaced  {body"), backend=backend)

    assert bodies(case) == [["spaced  {body"]] * 2
    assert case.bodies == {"inbox": [], "dlq": ["spaced  {body"]}


@BACKENDS
@pytest.mark.parametrize("queue", ["inbox", "inbox.fifo"])
def test_only_the_message_that_was_named_comes_again(queue: str, backend: Any) -> None:
    """Case 41, to the last field of what comes again."""

    def names_the_third(records: list[dict[str, Any]]) -> Any:
        named = [record["messageId"] for record in records if record["body"] == "3"]
        first = records[0]["attributes"]["ApproximateReceiveCount"] == "1"
        return {"batchItemFailures": [{"itemIdentifier": each} for each in named if first]}

    case = case_of(names_the_third)
    fifo = queue.endswith(".fifo")
    messages = [
        {"body": str(n), **({"group": "g", "deduplication_id": f"d-{n}"} if fifo else {})}
        for n in range(1, 5)
    ]
    step = {"at": "0s", "send": queue, "messages": messages}

    polled(case, {queue: {"type": "sqs"}}, step, **REPORTS, backend=backend)

    assert bodies(case) == [["1", "2", "3", "4"], ["3"]]
    assert [entry.fields["records"] for entry in case.told("messages_deleted")] == [3, 1]
    first, again = case.events[0]["Records"][2], case.events[1]["Records"][0]
    attributes = {
        "ApproximateReceiveCount": "2",
        "SentTimestamp": str(START),
        "ApproximateFirstReceiveTimestamp": str(START),
    }
    if fifo:
        number = first["attributes"]["SequenceNumber"]
        attributes |= {"SequenceNumber": number, "MessageGroupId": "g"}
        attributes |= {"MessageDeduplicationId": "d-3"}
    is_record(again, "3", attributes, f"arn:aws:sqs:us-east-1:123456789012:{queue}")
    assert again["messageId"] == first["messageId"]


@BACKENDS
def test_a_plain_body_matches_no_pattern_of_fields_and_is_deleted(backend: Any) -> None:
    """Case 42: gone from the queue, and the function was never called."""
    case = Case()
    criteria = {"Filters": [{"Pattern": '{"body":{"my-key":["my-value"]}}'}]}

    polled(
        case,
        {"inbox": {"type": "sqs"}},
        send("0s", "plain", '{"my-key":"other"}'),
        FilterCriteria=criteria,
        backend=backend,
    )

    assert case.events == []
    assert sum(entry.fields["records"] for entry in case.told("messages_deleted")) == 2
    assert case.bodies == {"inbox": []}


@BACKENDS
def test_one_group_is_worked_through_one_message_at_a_time(backend: Any) -> None:
    """Case 43: five messages, a handler of five seconds, BatchSize 1."""
    case = Case()
    slow = {"duration": "5s", "Timeout": 10, "init_duration": "0s"}

    polled(
        case,
        {"inbox.fifo": {"type": "sqs", "content_based_deduplication": True}},
        send("0s", "1", "2", "3", "4", "5", to="inbox.fifo", group="g"),
        function=slow,
        BatchSize=1,
        backend=backend,
    )

    assert bodies(case) == [["1"], ["2"], ["3"], ["4"], ["5"]]
    began = [entry.time for entry in case.told("invocation_started")]
    ended = [entry.time for entry in case.told("invocation_finished")]
    assert all(end <= start for end, start in zip(ended, began[1:], strict=False))
    assert orjson.dumps(case.events[0]).count(b'"MessageGroupId":"g"') == 1
