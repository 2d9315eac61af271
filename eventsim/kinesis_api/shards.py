"""
Shards listed, split and merged.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eventsim.kinesis_api.held import ON_DEMAND, Call, Handler, Held, Streams
from eventsim.kinesis_api.paging import begun, continued
from eventsim.kinesis_api.refusing import invalid, unacceptable
from eventsim.rules.kinesis import SHARDS_MAX, hash_key_ranges
from eventsim.streams.kinesis import ShardInfo

_PAGE = 1_000
_OF_A_TIME = ("AT_TIMESTAMP", "FROM_TIMESTAMP")


async def list_shards(call: Call) -> dict[str, Any]:
    given, streams = call.given, call.streams
    if "NextToken" in given:
        for other in ("StreamName", "StreamARN", "StreamCreationTimestamp"):
            if other in given:
                raise invalid(f"NextToken and {other} cannot be provided together.")
    after = given.get("ExclusiveStartShardId", "")
    page = begun(streams, given, "shards", given.get("ShardFilter"), after)
    fits = _filtering(page.held, page.asked or {}, streams)
    shards = [s for s in page.held.store.described() if s.shard_id > page.after and fits(s)]
    most = given.get("MaxResults", _PAGE)
    shown = shards[:most]
    more = len(shards) > most
    token = continued(streams, "shards", page, shown[-1].shard_id) if more else None
    return {"Shards": [described(shard) for shard in shown], "NextToken": token}


async def split_shard(call: Call) -> dict[str, Any]:
    held, given = _provisioned(call), call.given
    call.streams.check_room(1)
    await held.stream.split(given["ShardToSplit"], int(given["NewStartingHashKey"]))
    return {}


async def merge_shards(call: Call) -> dict[str, Any]:
    held, given = _provisioned(call), call.given
    await held.stream.merge(given["ShardToMerge"], given["AdjacentShardToMerge"])
    return {}


async def update_shard_count(call: Call) -> dict[str, Any]:
    held, target = _provisioned(call), call.given["TargetShardCount"]
    current = held.open_shards
    if target > SHARDS_MAX or target > 2 * current:
        most = min(SHARDS_MAX, 2 * current)
        raise invalid(f"TargetShardCount {target} is more than {most}, twice what there are.")
    if 2 * target < current:
        raise invalid(f"TargetShardCount {target} is less than half of the {current} there are.")
    call.streams.check_room(max(0, target - current))
    await _scale(held, target)
    return {
        "StreamName": held.name,
        "StreamARN": held.stream.arn,
        "CurrentShardCount": current,
        "TargetShardCount": target,
    }


def described(shard: ShardInfo) -> dict[str, Any]:
    """A shard as the API answers it."""
    parent, adjacent = (*shard.parents, None, None)[:2]
    return {
        "ShardId": shard.shard_id,
        "ParentShardId": parent,
        "AdjacentParentShardId": adjacent,
        "HashKeyRange": _hash_keys(shard),
        "SequenceNumberRange": {
            "StartingSequenceNumber": shard.first,
            "EndingSequenceNumber": shard.last,
        },
    }


def child_shards(held: Held, shard_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The shards that go on for one that was closed."""
    if not shard_ids:
        return []
    return [
        {
            "ShardId": shard.shard_id,
            "ParentShards": list(shard.parents),
            "HashKeyRange": _hash_keys(shard),
        }
        for shard in held.store.described()
        if shard.shard_id in shard_ids
    ]


def _hash_keys(shard: ShardInfo) -> dict[str, str]:
    start, end = shard.hash_keys
    return {"StartingHashKey": str(start), "EndingHashKey": str(end)}


def _filtering(
    held: Held, asked: Mapping[str, Any], streams: Streams
) -> Callable[[ShardInfo], bool]:
    """Which shards a ShardFilter lets through. Raises InvokeError for half a filter."""
    kind = asked.get("Type", "FROM_TRIM_HORIZON")
    now = streams.clock.timestamp()
    time = max(now - held.store.retention_seconds, held.created)
    if kind in _OF_A_TIME:
        if "Timestamp" not in asked:
            raise invalid(f"Timestamp must be provided for a ShardFilter of type {kind}.")
        time = asked["Timestamp"]
    if kind == "AFTER_SHARD_ID":
        if "ShardId" not in asked:
            raise invalid("ShardId must be provided for a ShardFilter of type AFTER_SHARD_ID.")
        after = asked["ShardId"]
        return lambda shard: shard.shard_id > after
    if kind == "AT_LATEST":
        return lambda shard: shard.closed_at is None
    if kind.startswith("FROM_"):
        return lambda shard: _until(shard) >= time
    return lambda shard: shard.opened_at <= time <= _until(shard)


def _until(shard: ShardInfo) -> float:
    return float("inf") if shard.closed_at is None else shard.closed_at


def _provisioned(call: Call) -> Held:
    """The stream that a request reshards. Raises InvokeError for one in On-Demand mode."""
    held = call.streams.named(call.given)
    if held.mode == ON_DEMAND:
        text = f"Request is invalid. Stream {held.name} under account {held.store.account}"
        raise unacceptable(f"{text} is in On-Demand mode.")
    return held


async def _scale(held: Held, target: int) -> None:
    """Split and merge until there are *target* shards of the same width.

    A shard across one of their bounds is split there; then what is between two bounds is merged.
    """
    ranges = hash_key_ranges(target)
    for bound in [keys.starting_hash_key for keys in ranges]:
        shard = next(s for s in _open(held) if s.hash_keys[0] <= bound <= s.hash_keys[1])
        if shard.hash_keys.starting_hash_key != bound:
            await held.stream.split(shard.shard_id, bound)
    for start, end in ranges:
        parts = [s.shard_id for s in _open(held) if start <= s.hash_keys[0] <= end]
        while len(parts) > 1:
            parts[:2] = (await held.stream.merge(parts[0], parts[1])).children


def _open(held: Held) -> list[ShardInfo]:
    shards = [shard for shard in held.store.described() if shard.closed_at is None]
    return sorted(shards, key=lambda shard: shard.hash_keys)


OPERATIONS: Mapping[str, Handler] = {
    "ListShards": list_shards,
    "SplitShard": split_shard,
    "MergeShards": merge_shards,
    "UpdateShardCount": update_shard_count,
}
