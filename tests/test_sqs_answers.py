"""What a mapping on a queue makes of an API that answers badly, or not at all."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError, Unreachable
from eventsim.sources import sqs
from eventsim.types import Queue
from tests.queue_bench import Bench

URL = "http://127.0.0.1/123456789012/orders"
ATTRIBUTES = {
    "QueueArn": "arn:aws:sqs:us-east-1:123456789012:orders",
    "VisibilityTimeout": "30",
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
}
AWAY = Unreachable("connection refused")
MESSAGE = {"MessageId": "m", "ReceiptHandle": "h", "Body": "1", "MD5OfBody": "5"}


class Api:
    """Has one message to receive, and the next of *deletions* for each request to delete."""

    def __init__(self, *deletions: Any) -> None:
        self.deletions = list(deletions)
        self.received = 0
        self.asked: list[list[str]] = []

    async def call(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        match operation:
            case "get_queue_url":
                return {"QueueUrl": URL}
            case "get_queue_attributes":
                return {"Attributes": ATTRIBUTES}
            case "receive_message":
                self.received += 1
                return {"Messages": [MESSAGE]} if self.received == 1 else {}
        self.asked.append([entry["ReceiptHandle"] for entry in parameters["Entries"]])
        answer = self.deletions.pop(0) if len(self.deletions) > 1 else self.deletions[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def client(self, service: str) -> Any:
        raise NotImplementedError


def failed(code: str, sender_fault: bool, number: str = "0") -> dict[str, Any]:
    return {"Failed": [{"Id": number, "Code": code, "SenderFault": sender_fault}]}


async def queue_on(api: Api, clock: Clock) -> Queue:
    backend = Backend("endpoint", clock, "123456789012", "us-east-1", api)
    return await sqs.find_queue("orders", backend)


async def test_what_the_service_could_not_delete_is_deleted_again(clock: Clock) -> None:
    api = Api(failed("InternalError", False, "1"), {})

    await (await queue_on(api, clock)).delete(["a", "b", "c"])

    assert api.asked == [["a", "b", "c"], ["b"]]


async def test_what_is_gone_is_not_deleted_again(clock: Clock) -> None:
    api = Api(failed("ReceiptHandleIsInvalid", True))

    await (await queue_on(api, clock)).delete(["a"])

    assert api.asked == [["a"]]


@pytest.mark.parametrize(("sender_fault", "requests"), [(True, 1), (False, 10)])
async def test_what_can_not_be_deleted_is_told(
    clock: Clock, sender_fault: bool, requests: int
) -> None:
    api = Api(failed("InternalError", sender_fault))

    with pytest.raises(ServiceError, match="InternalError"):
        await (await queue_on(api, clock)).delete(["a"])

    assert api.asked == [["a"]] * requests


@pytest.mark.parametrize("wanted", [True, False])
async def test_an_endpoint_that_is_away_when_a_message_is_deleted_ends_no_poller(
    clock: Clock, wanted: bool
) -> None:
    api = Api(AWAY)
    bench = Bench(clock, matches=lambda message: wanted)
    queue = await queue_on(api, clock)

    queue.finish()
    await bench.poll(queue)

    (returned,) = bench.told("messages_returned")
    assert returned.because == "not deleted, no answer: Unreachable"
    assert bench.told("messages_deleted") == []


async def test_an_endpoint_that_is_away_keeps_no_poller_from_stopping(clock: Clock) -> None:
    api = Api(AWAY)
    bench = Bench(clock)

    async with anyio.create_task_group() as tasks:
        settings = {"batch_size": 2, "maximum_batching_window_in_seconds": 20}
        poller = bench.poller(await queue_on(api, clock), **settings)
        tasks.start_soon(poller.run)
        await clock.sleep(5.0)
        poller.stop()

    (returned,) = bench.told("messages_returned")
    assert (returned.because, bench.calls) == ("the poller was stopped", [])
