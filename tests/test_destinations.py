"""Documents arrive on SQS, SNS and S3, on each of the three back ends, or are refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from eventsim.backends import Backend, open_backend
from eventsim.clock import Clock
from eventsim.destinations import open_destination, open_on_failure
from eventsim.errors import BackendError, EventsimError, ServiceError, Unreachable
from eventsim.ids import Chance
from eventsim.sources import s3, sns
from eventsim.types import (
    Bucket,
    Document,
    Message,
    Payload,
    Publish,
    Queue,
    Received,
    SendMessage,
    TimedMessage,
    Topic,
)

BACKENDS = ("simulated", "moto", "endpoint")
BODY = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "version": "1.0"}
EVENT = {"Records": [{"eventID": "é"}]}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ARN = "arn:aws:sqs:us-east-1:123456789012:orders-dlq"


def document() -> Document:
    return Document(BODY, Payload(lambda: EVENT), "aws/lambda/u/shard-1/", 1767225600.5)


@dataclass
class HeldQueue:
    """A queue by its public protocol: keeps what is sent, or refuses it with a code."""

    arn: str = ARN
    fifo: bool = False
    refuse: str | None = None
    visibility_timeout: float = 30.0
    sent: list[SendMessage] = field(default_factory=list)

    async def send(self, messages: Sequence[SendMessage]) -> None:
        if self.refuse is not None:
            raise ServiceError(self.refuse, "no")
        self.sent += messages

    async def feed(self, messages: Iterator[TimedMessage]) -> None:
        await self.send([timed.message for timed in messages])

    async def receive(
        self, most: int, until: float | None, visibility_timeout: float | None = None
    ) -> Received:
        taken, self.sent = self.sent[:most], self.sent[most:]
        return Received([_message(each.body) for each in taken])

    async def delete(self, receipt_handles: Sequence[str]) -> None: ...

    async def change_visibility(self, receipt_handles: Sequence[str], seconds: float) -> None: ...

    def finish(self) -> None: ...


class RealQueue(HeldQueue):
    """The same behind the SQS API of a back end."""

    def __init__(self, arn: str, url: str, backend: Backend) -> None:
        super().__init__(arn)
        self._url, self._backend = url, backend

    async def send(self, messages: Sequence[SendMessage]) -> None:
        for message in messages:
            await self._call("send_message", MessageBody=message.body)

    async def receive(
        self, most: int, until: float | None, visibility_timeout: float | None = None
    ) -> Received:
        answer = await self._call("receive_message", MaxNumberOfMessages=most)
        return Received([_message(each["Body"]) for each in answer.get("Messages", ())])

    async def _call(self, operation: str, **parameters: Any) -> Any:
        return await self._backend.call("sqs", operation, QueueUrl=self._url, **parameters)


def _message(body: str) -> Message:
    return Message("m", "r", body, hashlib.md5(body.encode()).hexdigest(), {})


@dataclass
class Place:
    """A back end, and the resources that were opened on it."""

    backend: Backend
    chance: Chance = field(default_factory=lambda: Chance(7))

    async def queue(self, name: str = "orders-dlq") -> Queue:
        if self.backend.name == "simulated":
            return HeldQueue(f"arn:aws:sqs:us-east-1:123456789012:{name}")
        answer = await self.backend.call("sqs", "create_queue", QueueName=name)
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        return RealQueue(arn, answer["QueueUrl"], self.backend)

    async def topic(self, resource: dict[str, Any], **queues: Queue) -> Topic:
        settings = sns.Resource(**resource)
        return await sns.open_topic("alerts", settings, self.backend, self.chance, queues)

    async def bucket(self, name: str = "discarded", **resource: Any) -> Bucket:
        return await s3.open_bucket(name, s3.Resource(**resource), self.backend)

    async def send(self, to: Queue | Topic | Bucket) -> None:
        destination = open_destination(to.arn, {to.arn: to}, self.chance)
        assert destination.arn == to.arn
        await destination.send(document())


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Place]:
    url = request.getfixturevalue("moto_server") if request.param == "endpoint" else None
    backend = await open_backend(request.param, clock, endpoint_url=url)
    yield Place(backend)
    await backend.aclose()


@pytest.fixture
async def simulated(clock: Clock) -> Place:
    return Place(await open_backend("simulated", clock))


async def bodies(queue: Queue) -> list[str]:
    return [message.body for message in (await queue.receive(10, None)).messages]


async def test_a_queue_gets_the_body(place: Place) -> None:
    queue = await place.queue()

    await place.send(queue)

    assert await bodies(queue) == [orjson.dumps(BODY).decode()]


async def test_a_subscribed_queue_gets_the_body_in_the_envelope_of_sns(place: Place) -> None:
    queue = await place.queue("inbox")
    topic = await place.topic({"subscriptions": [{"queue": "inbox"}]}, inbox=queue)

    await place.send(topic)

    (body,) = await bodies(queue)
    envelope = orjson.loads(body)
    subscription = envelope["UnsubscribeURL"].partition("&SubscriptionArn=")[2]
    assert topic.arn == "arn:aws:sns:us-east-1:123456789012:alerts"
    assert re.fullmatch(rf"{topic.arn}:[0-9a-f-]{{36}}", subscription)
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic.arn)
    assert orjson.loads(envelope["Message"]) == BODY
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", envelope["Timestamp"])
    assert {"MessageId", "Signature", "SigningCertURL"} < set(envelope)


async def test_raw_delivery_is_the_body_itself(place: Place) -> None:
    queue = await place.queue("inbox")
    raw = {"queue": "inbox", "raw_message_delivery": True}
    topic = await place.topic({"subscriptions": [raw]}, inbox=queue)

    await place.send(topic)

    assert [orjson.loads(body) for body in await bodies(queue)] == [BODY]


@pytest.mark.parametrize(
    ("scope", "policy"),
    [
        ("MessageAttributes", {"kind": ["wanted"]}),
        ("MessageBody", {"size": [{"numeric": [">", 1]}]}),
    ],
)
async def test_a_subscription_gets_what_its_filter_policy_accepts(
    place: Place, scope: str, policy: dict[str, Any]
) -> None:
    queue = await place.queue("inbox")
    filtered = {"queue": "inbox", "raw_message_delivery": True, "filter_policy_scope": scope}
    subscriptions = [{**filtered, "filter_policy": policy}]
    topic = await place.topic({"subscriptions": subscriptions}, inbox=queue)

    for kind, size in (("wanted", 2), ("other", 1)):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        await topic.publish(Publish(f'{{"size": {size}}}', None, attributes))

    assert await bodies(queue) == ['{"size": 2}']


def test_a_filter_policy_that_sns_refuses_is_no_subscription() -> None:
    wrong = {"subscriptions": [{"queue": "inbox", "filter_policy": {"kind": "wanted"}}]}

    with pytest.raises(ValueError, match="kind: takes an array"):
        sns.Resource.model_validate(wrong)


async def test_a_bucket_gets_an_object_with_the_event_as_json_text(place: Place) -> None:
    bucket = await place.bucket()

    await place.send(bucket)
    await place.send(bucket)

    assert bucket.arn == "arn:aws:s3:::discarded"
    keys = await bucket.list_objects("aws/lambda/u/shard-1/")
    pattern = rf"aws/lambda/u/shard-1/2026/01/01/2026-01-01T00\.00\.00-{UUID}"
    assert len(keys) == 2
    assert all(re.fullmatch(pattern, key) for key in keys)
    stored = await bucket.get_object(keys[0])
    expected = orjson.dumps({**BODY, "payload": orjson.dumps(EVENT).decode()})
    assert (stored.body, stored.content_type, stored.etag) == (
        expected,
        "application/octet-stream",
        hashlib.md5(expected).hexdigest(),
    )


async def test_a_bucket_says_what_it_does_not_have(place: Place) -> None:
    bucket = await place.bucket()

    assert list(await bucket.list_objects()) == []
    with pytest.raises(ServiceError) as raised:
        await bucket.get_object("a")
    assert raised.value.code == "NoSuchKey"


async def test_what_was_there_before_stays_and_what_was_made_goes(
    clock: Clock, moto_server: str
) -> None:
    first = Place(await open_backend("endpoint", clock, endpoint_url=moto_server))
    kept = await first.bucket("kept")
    mine, theirs = await first.topic({}), await first.queue("inbox")
    second = Place(await open_backend("endpoint", clock, endpoint_url=moto_server))
    same = await second.topic({"subscriptions": [{"queue": "inbox"}]}, inbox=theirs)
    await second.send(await second.bucket("kept"))
    await second.send(await second.bucket("made"))

    await second.backend.aclose()

    assert same.arn == mine.arn
    assert len(await kept.list_objects()) == 1
    buckets = (await first.backend.call("s3", "list_buckets"))["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["kept"]
    assert (await first.backend.call("sns", "list_subscriptions"))["Subscriptions"] == []
    await first.backend.aclose()


async def test_an_endpoint_that_went_away_is_unreachable(clock: Clock) -> None:
    pytest.importorskip("flask", reason="moto's server needs flask")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    place = Place(await open_backend("endpoint", clock, endpoint_url=f"http://{host}:{port}"))
    topic, bucket = await place.topic({}), await place.bucket()

    server.stop()

    for made in (topic, bucket):
        with pytest.raises(Unreachable):
            await place.send(made)
    await place.backend.aclose()


async def test_a_simulated_topic_and_bucket_refuse_with_the_code_they_are_given(
    simulated: Place,
) -> None:
    topic = await simulated.topic({"refuse": "AuthorizationError"})
    bucket = await simulated.bucket(refuse="AccessDenied")

    for made, code in ((topic, "AuthorizationError"), (bucket, "AccessDenied")):
        with pytest.raises(ServiceError) as raised:
            await simulated.send(made)
        assert raised.value.code == code
    assert list(await bucket.list_objects()) == []


async def test_a_queue_that_refuses_is_heard_of(simulated: Place) -> None:
    with pytest.raises(ServiceError, match="AccessDenied"):
        await simulated.send(HeldQueue(refuse="AccessDenied"))


async def test_only_a_simulated_resource_refuses_on_purpose(clock: Clock) -> None:
    moto = Place(await open_backend("moto", clock))

    with pytest.raises(BackendError, match=r"topic alerts is to refuse .* on moto give it a pol"):
        await moto.topic({"refuse": "AuthorizationError"})
    with pytest.raises(BackendError, match="bucket discarded is to refuse with AccessDenied"):
        await moto.bucket(refuse="AccessDenied")
    await moto.backend.aclose()


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:iam::123456789012:role/f",
        "orders-dlq",
        "",
    ],
)
def test_what_no_destination_can_be_is_refused_as_lambda_does(arn: str) -> None:
    with pytest.raises(ServiceError) as raised:
        open_on_failure(arn, {}, Chance(7))

    assert (raised.value.code, raised.value.message) == (
        "InvalidParameterValueException",
        "The provided destination config DestinationConfig(onSuccess=null, "
        f"onFailure=OnFailure(destination={arn})) is invalid.",
    )


def test_a_fifo_queue_and_a_fifo_topic_are_no_destination() -> None:
    class FifoTopic:
        arn = "arn:aws:sns:us-east-1:123456789012:alerts.fifo"

        async def publish(self, message: Publish) -> None: ...

    queue = HeldQueue("arn:aws:sqs:us-east-1:123456789012:dlq.fifo", fifo=True)
    for resource in (queue, FifoTopic()):
        with pytest.raises(ServiceError, match=r"\.fifo\)\) is invalid"):
            open_on_failure(resource.arn, {resource.arn: resource}, Chance(7))


def test_a_destination_is_a_resource_of_the_run() -> None:
    arn, queue = "arn:aws:sqs:us-east-1:123456789012:other", HeldQueue()

    with pytest.raises(EventsimError, match=f"^{arn} is no resource of the run; there are: {ARN}"):
        open_destination(arn, {queue.arn: queue}, Chance(7))


async def test_a_fifo_topic_and_a_queue_that_is_none_are_told_when_the_topic_is_opened(
    simulated: Place,
) -> None:
    backend, chance = simulated.backend, simulated.chance

    with pytest.raises(EventsimError, match=r"topic alerts\.fifo: FIFO topics are not simulated"):
        await sns.open_topic("alerts.fifo", sns.Resource(), backend, chance, {})
    with pytest.raises(EventsimError, match=r"'inbox' is no queue of the run; there are: other"):
        await simulated.topic({"subscriptions": [{"queue": "inbox"}]}, other=HeldQueue())
