"""
Tags of streams, and of consumers.

https://docs.aws.amazon.com/streams/latest/dev/tagging.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsim.kinesis_api.held import Call, Handler
from eventsim.kinesis_api.refusing import check_simulated, invalid

TAGS_MAX = 50


async def add_tags_to_stream(call: Call) -> dict[str, Any]:
    held = call.streams.named(call.given)
    _add(held.tags, call.given["Tags"], held.name, held.store.account)
    return {}


async def list_tags_for_stream(call: Call) -> dict[str, Any]:
    held, given = call.streams.named(call.given), call.given
    after = given.get("ExclusiveStartTagKey", "")
    rest = [each for each in _listed(held.tags) if each["Key"] > after]
    page = rest[: given.get("Limit", TAGS_MAX)]
    return {"Tags": page, "HasMoreTags": len(rest) > len(page)}


async def remove_tags_from_stream(call: Call) -> dict[str, Any]:
    tags = call.streams.named(call.given).tags
    for key in call.given["TagKeys"]:
        tags.pop(key, None)
    return {}


async def tag_resource(call: Call) -> dict[str, Any]:
    name, tags = _of_arn(call)
    _add(tags, call.given["Tags"], name, call.streams.place.account)
    return {}


async def untag_resource(call: Call) -> dict[str, Any]:
    _, tags = _of_arn(call)
    for key in call.given["TagKeys"]:
        tags.pop(key, None)
    return {}


async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"Tags": _listed(_of_arn(call)[1])}


def check_tags(name: str, account: str, tags: Mapping[str, str]) -> None:
    """Raises InvokeError for more tags than there can be."""
    if len(tags) > TAGS_MAX:
        raise invalid(
            f"Failed to add tags to stream {name} under account {account} because a given stream "
            f"cannot have more than {TAGS_MAX} tags associated with it."
        )


def _add(tags: dict[str, str], more: Mapping[str, str], name: str, account: str) -> None:
    check_tags(name, account, {**tags, **more})
    tags.update(more)


def _of_arn(call: Call) -> tuple[str, dict[str, str]]:
    """A stream's or a consumer's name, and its tags. Raises InvokeError."""
    check_simulated(call.given, "StreamId")
    streams, arn = call.streams, call.given["ResourceARN"]
    if "/consumer/" not in arn:
        held = streams.of_arn(arn)
        return held.name, held.tags
    held, consumer = streams.consumer_of_arn(arn)
    return consumer.name, held.consumer_tags.setdefault(consumer.name, {})


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


OPERATIONS: Mapping[str, Handler] = {
    "AddTagsToStream": add_tags_to_stream,
    "ListTagsForStream": list_tags_for_stream,
    "RemoveTagsFromStream": remove_tags_from_stream,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
