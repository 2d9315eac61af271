"""
Streams made, described, changed and deleted.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.kinesis_api.held import (
    ON_DEMAND,
    PROVISIONED,
    RECORD_KIB,
    SHARDS_LIMIT,
    Call,
    Handler,
    Held,
)
from eventsim.kinesis_api.refusing import absent, check_simulated, in_use, invalid
from eventsim.kinesis_api.shards import described
from eventsim.kinesis_api.tagging import check_tags
from eventsim.rules.kinesis import RETENTION_HOURS_MAX, RETENTION_HOURS_MIN

ON_DEMAND_SHARDS = 4
ON_DEMAND_LIMIT = 50
_PAGE = 100


async def create_stream(call: Call) -> dict[str, Any]:
    given = call.given
    check_simulated(given, "WarmThroughputMiBps", "RecordDistributionStrategy")
    mode = given.get("StreamModeDetails", {}).get("StreamMode", PROVISIONED)
    shards = given.get("ShardCount")
    if mode == ON_DEMAND and shards is not None:
        raise invalid("ShardCount is not for a stream in On-Demand mode.")
    if mode == PROVISIONED and shards is None:
        raise absent("shardCount")
    name, tags = given["StreamName"], dict(given.get("Tags") or {})
    check_tags(name, call.streams.place.account, tags)
    kib = given.get("MaxRecordSizeInKiB", RECORD_KIB)
    await call.streams.create(
        name, shards or ON_DEMAND_SHARDS, mode=mode, tags=tags, record_kib=kib
    )
    return {}


async def delete_stream(call: Call) -> dict[str, Any]:
    held = call.streams.named(call.given)
    if held.stream.consumers and not call.given.get("EnforceConsumerDeletion"):
        raise in_use(
            f"The {held.under} has registered consumers; deregister them first, "
            "or set EnforceConsumerDeletion."
        )
    await call.streams.delete(held)
    return {}


async def describe_stream(call: Call) -> dict[str, Any]:
    held = call.streams.named(call.given)
    start = call.given.get("ExclusiveStartShardId", "")
    shards = [each for each in held.store.described() if each.shard_id > start]
    limit = call.given.get("Limit", _PAGE)
    description = {
        **_common(held),
        "Shards": [described(shard) for shard in shards[:limit]],
        "HasMoreShards": len(shards) > limit,
    }
    return {"StreamDescription": description}


async def describe_stream_summary(call: Call) -> dict[str, Any]:
    held = call.streams.named(call.given)
    summary = {
        **_common(held),
        "OpenShardCount": held.open_shards,
        "ConsumerCount": len(held.stream.consumers),
        "MaxRecordSizeInKiB": held.record_kib,
    }
    return {"StreamDescriptionSummary": summary}


async def list_streams(call: Call) -> dict[str, Any]:
    given, streams = call.given, call.streams
    after = given.get("ExclusiveStartStreamName", "")
    token = given.get("NextToken")
    if token is not None:
        read = streams.tokens.read(token, "streams")
        if read is None:
            raise invalid("Invalid NextToken.")
        after = max(after, read[0])
    held = [each for each in streams if each.name > after]
    page = held[: given.get("Limit", _PAGE)]
    more = len(held) > len(page)
    return {
        "StreamNames": [each.name for each in page],
        "StreamSummaries": [_summary(each) for each in page],
        "HasMoreStreams": more,
        "NextToken": streams.tokens.make("streams", page[-1].name) if more else None,
    }


async def increase_retention(call: Call) -> dict[str, Any]:
    held, wanted, current = _retention(call)
    if wanted < current:
        raise invalid(_wrong_way(held, wanted, current, "shorter", "Decrease"))
    held.stream.retain(wanted)
    return {}


async def decrease_retention(call: Call) -> dict[str, Any]:
    held, wanted, current = _retention(call)
    if wanted > current:
        raise invalid(_wrong_way(held, wanted, current, "longer", "Increase"))
    held.stream.retain(wanted)
    return {}


async def update_stream_mode(call: Call) -> dict[str, Any]:
    check_simulated(call.given, "WarmThroughputMiBps")
    call.streams.named(call.given).mode = call.given["StreamModeDetails"]["StreamMode"]
    return {}


async def update_max_record_size(call: Call) -> dict[str, Any]:
    call.streams.named(call.given).record_kib = call.given["MaxRecordSizeInKiB"]
    return {}


async def describe_limits(call: Call) -> dict[str, Any]:
    on_demand = sum(held.mode == ON_DEMAND for held in call.streams)
    return {
        "ShardLimit": SHARDS_LIMIT,
        "OpenShardCount": call.streams.open_shards(),
        "OnDemandStreamCount": on_demand,
        "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
    }


def _common(held: Held) -> dict[str, Any]:
    return {
        **_summary(held),
        "RetentionPeriodHours": round(held.store.retention_seconds / 3600),
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }


def _summary(held: Held) -> dict[str, Any]:
    return {
        "StreamName": held.name,
        "StreamARN": held.stream.arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": held.mode},
        "StreamCreationTimestamp": round(held.created, 3),
    }


def _retention(call: Call) -> tuple[Held, int, int]:
    """The stream, its retention to be and as it is. Raises InvokeError for one that cannot be."""
    held, wanted = call.streams.named(call.given), call.given["RetentionPeriodHours"]
    told = f"Requested retention period ({wanted} hours)"
    if wanted < RETENTION_HOURS_MIN:
        least = f"Minimum allowed retention period is {RETENTION_HOURS_MIN} hours."
        raise invalid(f"{least} {told} is too short.")
    if wanted > RETENTION_HOURS_MAX:
        most = f"Maximum allowed retention period is {RETENTION_HOURS_MAX} hours."
        raise invalid(f"{most} {told} is too long.")
    return held, wanted, round(held.store.retention_seconds / 3600)


def _wrong_way(held: Held, wanted: int, current: int, how: str, other: str) -> str:
    return (
        f"Requested retention period ({wanted} hours) for stream {held.name} can not be {how} "
        f"than existing retention period ({current} hours). Use {other}RetentionPeriod API."
    )


OPERATIONS: Mapping[str, Handler] = {
    "CreateStream": create_stream,
    "DeleteStream": delete_stream,
    "DescribeLimits": describe_limits,
    "DescribeStream": describe_stream,
    "DescribeStreamSummary": describe_stream_summary,
    "ListStreams": list_streams,
    "IncreaseStreamRetentionPeriod": increase_retention,
    "DecreaseStreamRetentionPeriod": decrease_retention,
    "UpdateMaxRecordSize": update_max_record_size,
    "UpdateStreamMode": update_stream_mode,
}
