"""
What every queue keeps, whichever back end it is on.

Three back ends: simulated, moto in this process, and an endpoint (moto's server on a port of its
own, whose clock is real time). What moto cannot pass is marked where it is, with what is wrong.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from eventsim.backends import Backend, open_backend
from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.ids import Chance
from eventsim.services import QueueSummary
from eventsim.sources import sqs
from eventsim.types import Message, Queue, SendMessage, TimedMessage

BACKENDS = ("simulated", "moto", "endpoint")
TEXT = {"DataType": "String", "StringValue": "x"}


@dataclass
class Place:
    """Queues on a back end, and what was told of them."""

    backend: Backend
    clock: Clock
    told: list[QueueSummary] = field(default_factory=list)

    async def queue(self, name: str = "orders", **resource: Any) -> Queue:
        queues = await self.queues(**{name.replace(".", "_"): resource})
        return queues[name]

    async def queues(self, **resources: dict[str, Any]) -> dict[str, Queue]:
        named = {name.replace("_", "."): sqs.Resource(**each) for name, each in resources.items()}
        told = dict.fromkeys(named, self.told.append)
        return await sqs.open_queues(named, self.backend, Chance(0), told)

    async def soon(self, queue: Queue, seconds: float = 2.5) -> list[Message]:
        """What can be received now; moto shows what becomes visible a moment later."""
        return [*(await queue.receive(10, self.clock.time() + seconds)).messages]


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend, clock)
    await backend.aclose()


def cannot(
    place: Place, request: pytest.FixtureRequest, why: str, *raises: type[BaseException]
) -> None:
    """Mark what moto is known to fail, in this process and behind its server."""
    if place.backend.name != "simulated":
        request.applymarker(pytest.mark.xfail(reason=why, raises=raises, strict=True))


def fifo(group: str, *bodies: str) -> list[SendMessage]:
    return [
        SendMessage(body, message_group_id=group, message_deduplication_id=body) for body in bodies
    ]


def bodies(messages: Sequence[Message]) -> list[str]:
    return [message.body for message in messages]


def handles(messages: Sequence[Message]) -> list[str]:
    return [message.receipt_handle for message in messages]


async def receive_all(queue: Queue) -> list[Message]:
    """Everything until the queue has ended, each message deleted as it comes."""
    found: list[Message] = []
    while not (received := await queue.receive(10, None)).ended:
        found += received.messages
        await queue.delete(handles(received.messages))
    return found


async def test_every_message_is_received_until_it_is_deleted(place: Place) -> None:
    queue = await place.queue()

    await queue.send([SendMessage(str(n)) for n in range(25)])
    queue.finish()

    assert sorted(bodies(await receive_all(queue)), key=int) == [str(n) for n in range(25)]


async def test_the_queue_says_which_it_is(place: Place) -> None:
    queue = await place.queue(visibility_timeout="7s")
    ordered = await place.queue("orders.fifo")

    assert (queue.arn, queue.fifo) == ("arn:aws:sqs:us-east-1:123456789012:orders", False)
    assert (ordered.arn, ordered.fifo) == (f"{queue.arn}.fifo", True)
    assert (queue.visibility_timeout, ordered.visibility_timeout) == (7.0, 30.0)


async def test_a_message_says_what_it_is(place: Place) -> None:
    queue = await place.queue()
    attributes: dict[str, dict[str, Any]] = {
        "Author": TEXT,
        "Blob": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    }

    await queue.send([SendMessage("hello", attributes)])
    (message,) = await place.soon(queue)

    assert (message.body, message.md5_of_body) == ("hello", "5d41402abc4b2a76b9719d911017c592")
    assert message.message_attributes == attributes
    assert message.md5_of_message_attributes == "e6401749b327253789d40b559b9608ad"
    assert message.attributes["ApproximateReceiveCount"] == "1"
    assert message.attributes.keys() >= {
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }


async def test_what_was_received_is_invisible_and_then_comes_again(place: Place) -> None:
    queue = await place.queue(visibility_timeout="2s")
    await queue.send([SendMessage("a")])

    first = await place.soon(queue)
    between = await place.soon(queue, 0.5)
    (again,) = (await queue.receive(10, None)).messages

    assert (bodies(first), between, again.body) == (["a"], [], "a")
    assert again.attributes["ApproximateReceiveCount"] == "2"
    assert again.receipt_handle != first[0].receipt_handle
    stamps = "SentTimestamp", "ApproximateFirstReceiveTimestamp"
    assert [again.attributes[s] for s in stamps] == [first[0].attributes[s] for s in stamps]


async def test_a_receive_may_hide_for_longer_than_the_queue(place: Place) -> None:
    queue = await place.queue(visibility_timeout="0s")
    await queue.send([SendMessage("a")])

    await queue.receive(1, None, visibility_timeout=600)

    assert await place.soon(queue) == []


async def test_a_changed_visibility_shows_a_message_at_once(place: Place) -> None:
    queue = await place.queue()
    await queue.send([SendMessage("a")])

    await queue.change_visibility(handles(await place.soon(queue)), 0)

    assert bodies(await place.soon(queue)) == ["a"]


async def test_a_delayed_message_comes_later(place: Place) -> None:
    queue = await place.queue(delay="600s")
    await queue.send([SendMessage("queue"), SendMessage("own", delay_seconds=2)])

    before = await place.soon(queue, 0.5)
    (message,) = (await queue.receive(10, None)).messages

    assert (before, message.body) == ([], "own")


async def test_deleting_twice_is_no_error(place: Place) -> None:
    queue = await place.queue()
    await queue.send([SendMessage("a")])
    received = handles(await place.soon(queue))

    await queue.delete(received)
    await queue.delete(received)
    queue.finish()

    assert await receive_all(queue) == []


async def test_a_message_that_came_again_is_deleted_by_its_newest_handle_only(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "moto takes every handle that there ever was", AssertionError)
    queue = await place.queue()
    await queue.send([SendMessage("a")])
    old = handles(await place.soon(queue))
    await queue.change_visibility(old, 0)
    new = handles(await place.soon(queue))

    await queue.delete(old)
    await queue.change_visibility(new, 0)

    assert bodies(await place.soon(queue)) == ["a"]


async def test_the_receive_that_would_be_one_too_many_moves_to_the_dead_letter_queue(
    place: Place,
) -> None:
    redrive = {"queue": "dlq", "max_receive_count": 1}
    queues = await place.queues(orders={"redrive": redrive}, dlq={})
    queue, dead = queues["orders"], queues["dlq"]
    await queue.send([SendMessage("a", {"Author": TEXT})])
    first = await place.soon(queue)
    await queue.change_visibility(handles(first), 0)

    unmoved = await place.soon(dead)
    assert await place.soon(queue) == []
    (moved,) = await place.soon(dead)

    assert unmoved == []
    assert (moved.message_id, moved.body) == (first[0].message_id, "a")
    assert moved.message_attributes == {"Author": TEXT}
    assert moved.attributes["ApproximateReceiveCount"] == "2"


async def test_a_dead_letter_queue_ends_after_the_queues_it_serves(place: Place) -> None:
    redrive = {"queue": "dlq", "max_receive_count": 1}
    queues = await place.queues(orders={"redrive": redrive, "visibility_timeout": "2s"}, dlq={})
    queue, dead = queues["orders"], queues["dlq"]
    await queue.send([SendMessage("a")])
    await place.soon(queue)
    for each in queues.values():
        each.finish()
    found: list[Message] = []

    async def drain(one: Queue) -> None:
        found.extend(await receive_all(one))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drain, dead)
        tasks.start_soon(drain, queue)

    assert bodies(found) == ["a"]


async def test_a_group_is_received_in_order_and_closed_while_in_flight(place: Place) -> None:
    queue = await place.queue("orders.fifo")
    await queue.send([*fifo("a", "a1", "a2", "a3"), *fifo("b", "b1")])

    first = (await queue.receive(1, None)).messages
    others = await place.soon(queue)
    await queue.delete(handles(first))
    rest = await place.soon(queue)

    assert [bodies(each) for each in (first, others, rest)] == [["a1"], ["b1"], ["a2", "a3"]]
    assert rest[0].attributes["MessageGroupId"] == "a"
    assert rest[0].attributes["MessageDeduplicationId"] == "a2"
    assert rest[0].attributes["SequenceNumber"].isdecimal()


async def test_a_message_of_a_group_that_comes_again_comes_before_newer_ones(
    place: Place,
) -> None:
    queue = await place.queue("orders.fifo")
    await queue.send(fifo("a", "a1", "a2", "a3"))
    first = (await queue.receive(2, None)).messages

    await queue.change_visibility([first[1].receipt_handle], 0)
    still = await place.soon(queue)
    await queue.change_visibility([first[0].receipt_handle], 0)

    assert still == []
    assert bodies(await place.soon(queue)) == ["a1", "a2", "a3"]


async def test_a_duplicate_is_taken_and_not_kept(place: Place) -> None:
    queue = await place.queue("orders.fifo", content_based_deduplication=True)
    await queue.send(
        [SendMessage("a", message_group_id="g"), SendMessage("b", message_group_id="g")]
    )
    await queue.send([SendMessage("a", message_group_id="g")])
    queue.finish()

    assert bodies(await receive_all(queue)) == ["a", "b"]


async def test_a_duplicate_of_a_deleted_message_is_not_kept_either(
    place: Place, request: pytest.FixtureRequest
) -> None:
    cannot(place, request, "moto looks at what is still in the queue", AssertionError)
    queue = await place.queue("orders.fifo")
    await queue.send(fifo("g", "a"))
    await queue.delete(handles(await place.soon(queue)))

    await queue.send(fifo("g", "a"))

    assert await place.soon(queue) == []


async def test_what_is_too_old_is_gone(place: Place, request: pytest.FixtureRequest) -> None:
    if place.backend.name == "endpoint":
        pytest.skip("an endpoint's clock is real time, and retention a minute at least")
    cannot(place, request, "moto does not return it, and keeps it all the same", AssertionError)
    queue = await place.queue(retention="60s")
    await queue.send([SendMessage("a")])
    await place.clock.sleep(61.0)

    await queue.send([SendMessage("b")])
    received = await place.soon(queue)
    await queue.delete(handles(received))
    queue.finish()
    after = await queue.receive(10, place.clock.time() + 60)

    assert (bodies(received), after.ended) == (["b"], True)


async def test_messages_are_sent_at_their_times_and_told_before_they_are_received(
    place: Place,
) -> None:
    queue = await place.queue()
    times = [float(n // 12) for n in range(24)]
    feed = (TimedMessage(time, SendMessage(str(n))) for n, time in enumerate(times))

    await queue.feed(feed)
    queue.finish()
    ids = {message.message_id for message in await receive_all(queue)}

    assert [(each.what, each.messages, each.since) for each in place.told] == [
        ("sent", 10, 0.0),
        ("sent", 2, 0.0),
        ("sent", 10, 1.0),
        ("sent", 2, 1.0),
    ]
    assert {each.first for each in place.told} | {each.last for each in place.told} <= ids


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("orders", SendMessage(""), "MissingParameter"),
        ("orders", SendMessage("\0"), "InvalidMessageContents"),
        ("orders", SendMessage("x" * (1024 * 1024 + 1)), "InvalidParameterValue"),
        ("orders", SendMessage("a", delay_seconds=901), "InvalidParameterValue"),
        ("orders", SendMessage("a", {"aws.x": TEXT}), "InvalidParameterValue"),
        ("orders.fifo", SendMessage("a"), "MissingParameter"),
        ("orders.fifo", SendMessage("a", message_group_id="g"), "InvalidParameterValue"),
    ],
    ids=["empty", "characters", "large", "delay", "attribute", "group", "deduplication"],
)
async def test_what_the_service_would_refuse_is_refused_with_its_code(
    place: Place, name: str, message: SendMessage, code: str
) -> None:
    queue = await place.queue(name)
    good = SendMessage("b", message_group_id="g", message_deduplication_id="b")

    with pytest.raises(ServiceError) as error:
        await queue.send([good if queue.fifo else SendMessage("b"), message])

    assert error.value.code == code
    assert await place.soon(queue) == []


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_megabyte_goes_through(place: Place) -> None:
    queue = await place.queue()
    large = "x" * 1024 * 1024

    await queue.send([SendMessage("a"), SendMessage(large), SendMessage("b")])
    queue.finish()

    assert sorted(map(len, bodies(await receive_all(queue)))) == [1, 1, 1024 * 1024]
