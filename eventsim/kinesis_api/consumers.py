"""
Consumers with enhanced fan-out.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.kinesis_api.held import Call, Handler, Held, KeptConsumer
from eventsim.kinesis_api.paging import begun, continued
from eventsim.kinesis_api.refusing import (
    check_simulated,
    in_use,
    invalid,
    missing,
    over_limit,
)
from eventsim.kinesis_api.tagging import check_tags
from eventsim.rules.kinesis import CONSUMERS_MAX

_PAGE = 100


async def register_stream_consumer(call: Call) -> dict[str, Any]:
    held, name = call.streams.named(call.given), call.given["ConsumerName"]
    consumers = held.stream.consumers
    if name in consumers:
        raise in_use(f"Consumer {name} under {held.under} already exists.")
    if len(consumers) >= CONSUMERS_MAX:
        raise over_limit(f"The {held.under} has {CONSUMERS_MAX} consumers, and can have no more.")
    tags = dict(call.given.get("Tags") or {})
    check_tags(name, held.store.account, tags)
    made = held.stream.register(name)
    held.consumer_tags[name] = tags
    return {"Consumer": {**_shown(made), "ConsumerStatus": "CREATING"}}


async def describe_stream_consumer(call: Call) -> dict[str, Any]:
    held, consumer = _named(call)
    return {"ConsumerDescription": {**_shown(consumer), "StreamARN": held.stream.arn}}


async def list_stream_consumers(call: Call) -> dict[str, Any]:
    given, streams = call.given, call.streams
    page = begun(streams, given, "consumers", None, "")
    consumers = sorted(page.held.stream.consumers.values(), key=lambda each: each.name)
    rest = [each for each in consumers if each.name > page.after]
    shown = rest[: given.get("MaxResults", _PAGE)]
    more = len(rest) > len(shown)
    token = continued(streams, "consumers", page, shown[-1].name) if more else None
    return {"Consumers": [_shown(each) for each in shown], "NextToken": token}


async def deregister_stream_consumer(call: Call) -> dict[str, Any]:
    held, consumer = _named(call)
    del held.stream.consumers[consumer.name]
    held.consumer_tags.pop(consumer.name, None)
    return {}


def _named(call: Call) -> tuple[Held, KeptConsumer]:
    """The consumer that a request is about: by its ARN, or its name and its stream's ARN."""
    given, streams = call.given, call.streams
    check_simulated(given, "StreamId")
    if "ConsumerARN" in given:
        return streams.consumer_of_arn(given["ConsumerARN"])
    if not {"StreamARN", "ConsumerName"} <= given.keys():
        raise invalid("Either ConsumerARN, or StreamARN and ConsumerName, must be provided.")
    held, name = streams.named(given), given["ConsumerName"]
    if name not in held.stream.consumers:
        account = held.store.account
        place = f"under stream: {held.name}, account {account}"
        raise missing(f"Consumer {name} {place} not found.")
    return held, held.stream.consumers[name]


def _shown(consumer: KeptConsumer) -> dict[str, Any]:
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": round(consumer.created, 3),
    }


OPERATIONS: Mapping[str, Handler] = {
    "RegisterStreamConsumer": register_stream_consumer,
    "DescribeStreamConsumer": describe_stream_consumer,
    "ListStreamConsumers": list_stream_consumers,
    "DeregisterStreamConsumer": deregister_stream_consumer,
}
