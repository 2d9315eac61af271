"""Kinesis of a server, mostly in virtual time: what expires, what is kept, what is sent when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from eventsim.clock import Clock
from eventsim.errors import InvokeError, ServiceError
from eventsim.journal import Journal
from eventsim.kinesis_api import OPERATIONS
from eventsim.kinesis_api.held import Call, Streams
from eventsim.kinesis_api.subscribing import Subscription, Subscriptions
from eventsim.kinesis_api.tokens import Tokens
from eventsim.rules.function_names import Place
from tests.server_process import server

SHARD = "shardId-000000000000"
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/s"


class Api:
    """The operations on the streams of one region."""

    def __init__(self, clock: Clock) -> None:
        place = Place("us-east-1", "123456789012")
        self.streams = Streams(place, clock, Journal(clock), Tokens("key"))
        self.subscriptions = Subscriptions()

    async def ask(self, operation: str, **given: Any) -> Any:
        return await OPERATIONS[operation](Call(self.streams, given))

    async def put(self, *keys: str) -> None:
        entries = [{"PartitionKey": key, "Data": b"x"} for key in keys]
        await self.ask("PutRecords", StreamName="s", Records=entries)

    async def iterator(self, kind: str) -> str:
        answer = await self.ask(
            "GetShardIterator", StreamName="s", ShardId=SHARD, ShardIteratorType=kind
        )
        return str(answer["ShardIterator"])

    async def subscribe(self, consumer: str, **position: Any) -> Subscription:
        given = {"ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": position}
        return await self.subscriptions.subscribe(Call(self.streams, given))

    async def consumer(self) -> str:
        made = await self.ask("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="c")
        return str(made["Consumer"]["ConsumerARN"])


@pytest.fixture
async def api(clock: Clock) -> Api:
    """A region with one stream of one shard."""
    made = Api(clock)
    await made.ask("CreateStream", StreamName="s", ShardCount=1)
    return made


def keys(events: list[dict[str, Any]]) -> list[list[str]]:
    return [[record["PartitionKey"] for record in event["Records"]] for event in events]


async def test_an_iterator_is_good_for_five_minutes(api: Api, clock: Clock) -> None:
    place = await api.iterator("TRIM_HORIZON")
    await clock.sleep_until(300)
    assert (await api.ask("GetRecords", ShardIterator=place))["Records"] == []
    await clock.sleep_until(301)
    with pytest.raises(InvokeError) as caught:
        await api.ask("GetRecords", ShardIterator=place)
    assert (caught.value.code, caught.value.message) == (
        "ExpiredIteratorException",
        "Iterator expired. The iterator was created at time Thu Jan 01 00:00:00 UTC 2026 while "
        "right now it is Thu Jan 01 00:05:01 UTC 2026 which is further in the future than the "
        "tolerated delay of 300000 milliseconds.",
    )


async def test_a_token_is_good_for_five_minutes(api: Api, clock: Clock) -> None:
    await api.ask("CreateStream", StreamName="wide", ShardCount=2)
    token = (await api.ask("ListShards", StreamName="wide", MaxResults=1))["NextToken"]
    await clock.sleep_until(300)
    assert len((await api.ask("ListShards", NextToken=token))["Shards"]) == 1
    await clock.sleep_until(301)
    with pytest.raises(InvokeError) as caught:
        await api.ask("ListShards", NextToken=token)
    assert caught.value.code == "ExpiredNextTokenException"


async def test_records_and_closed_shards_are_kept_for_the_retention(api: Api, clock: Clock) -> None:
    await api.put("a")
    half = str(2**127)
    await api.ask("SplitShard", StreamName="s", ShardToSplit=SHARD, NewStartingHashKey=half)
    await api.ask("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=48)
    await clock.sleep_until(47 * 3600)
    place = await api.iterator("TRIM_HORIZON")
    assert len((await api.ask("GetRecords", ShardIterator=place))["Records"]) == 1
    await api.ask("DecreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=24)
    assert (await api.ask("GetRecords", ShardIterator=place))["Records"] == []
    assert api.streams.of_name("s").store.retained() == 0
    shards = (await api.ask("ListShards", StreamName="s"))["Shards"]
    assert [shard["ParentShardId"] for shard in shards] == [None, None]


async def test_what_nobody_reads_is_let_go_of(api: Api, clock: Clock) -> None:
    await api.put("a", "b")
    await clock.sleep_until(24 * 3600 + 1)
    assert api.streams.of_name("s").store.retained() == 2
    await api.ask("ListShards", StreamName="s")
    assert api.streams.of_name("s").store.retained() == 0


async def test_a_subscription_sends_what_comes_for_five_minutes(api: Api, clock: Clock) -> None:
    await api.put("a")
    consumer = await api.consumer()
    events: list[dict[str, Any]] = []
    times: list[float] = []

    async def read() -> None:
        subscription = await api.subscribe(consumer, Type="TRIM_HORIZON")
        async for event in subscription.events():
            events.append(event)
            times.append(clock.time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await clock.sleep_until(2)
        await api.put("b")
        await clock.sleep_until(299)
        await api.put("c")
    assert clock.time() == 300
    assert keys(events[:2]) == [["a"], ["b"]]
    assert [time for time, event in zip(times, events, strict=True) if event["Records"]] == [
        *(0, 2, 299)
    ]
    idle = [time for time, event in zip(times, events, strict=True) if not event["Records"]]
    assert idle == [7 + 5 * number for number in range(59)]
    numbers = [int(event["ContinuationSequenceNumber"]) for event in events]
    assert numbers == sorted(numbers)


async def test_a_later_subscription_takes_over_after_five_seconds(api: Api, clock: Clock) -> None:
    consumer = await api.consumer()
    ends: list[float] = []

    async def read() -> None:
        subscription = await api.subscribe(consumer, Type="LATEST")
        async for _ in subscription.events():
            continue
        api.subscriptions.forget(subscription)
        ends.append(clock.time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await clock.sleep_until(4)
        with pytest.raises(InvokeError) as caught:
            await api.subscribe(consumer, Type="LATEST")
        assert caught.value.code == "ResourceInUseException"
        await clock.sleep_until(6)
        tasks.start_soon(read)
    assert ends == [6, 306]


async def test_a_subscription_ends_when_its_server_or_its_stream_does(
    api: Api, clock: Clock
) -> None:
    consumer = await api.consumer()
    stopped = await api.subscribe(consumer, Type="LATEST")
    await clock.sleep(6)
    deleted = await api.subscribe(consumer, Type="LATEST")
    assert [event async for event in stopped.events()] == []

    async def delete() -> None:
        await clock.sleep(1)
        await api.ask("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delete)
        with pytest.raises(ServiceError) as caught:
            assert keys([event async for event in deleted.events()]) == [[]]
    assert caught.value.code == "ResourceNotFoundException"
    assert clock.time() == 7


async def test_a_subscription_ends_with_its_consumer(api: Api, clock: Clock) -> None:
    consumer = await api.consumer()
    subscription = await api.subscribe(consumer, Type="LATEST")
    await api.ask("DeregisterStreamConsumer", ConsumerARN=consumer)
    await api.consumer()  # another of its name is another
    with pytest.raises(ServiceError) as caught:
        assert [event async for event in subscription.events()] == []
    assert caught.value.code == "ResourceNotFoundException"


async def test_a_consumer_is_sent_two_mebibytes_a_second(api: Api, clock: Clock) -> None:
    consumer = await api.consumer()
    times: list[float] = []

    async def read() -> None:
        subscription = await api.subscribe(consumer, Type="LATEST")
        async for event in subscription.events():
            if event["Records"]:
                times.append(clock.time())
            if len(times) == 2:
                subscription.end()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await clock.sleep(1)
        for _ in range(2):
            await api.ask("PutRecord", StreamName="s", PartitionKey="a", Data=bytes(1_048_575))
            await clock.sleep(0)
            api.streams.of_name("s").store.limits = False  # the second is more than a shard takes
    assert times == [1, 1.5]


def test_a_server_that_stops_ends_its_subscriptions(tmp_path: Path) -> None:
    with server(tmp_path) as served:
        kinesis = served.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        made = kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="c")["Consumer"]
        events = iter(
            kinesis.subscribe_to_shard(
                ConsumerARN=made["ConsumerARN"],
                ShardId=SHARD,
                StartingPosition={"Type": "LATEST"},
            )["EventStream"]
        )
        assert next(events)["SubscribeToShardEvent"]["Records"] == []
        assert served.stop() == 130
        assert list(events) == []
