"""Changes of a table's items that somebody describes, as records of its stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from eventsim.errors import EventsimError
from eventsim.rules import dynamodb as rules
from eventsim.rules.arns import arn
from eventsim.rules.attribute_values import InvalidValue, normalised
from eventsim.types import Origin, Record, Scene

Table = Annotated[str, "the table's name"]
Item = Annotated[dict[str, Any], 'JSON in attribute values: {"id": {"S": "order-1"}}']
OldItem = Annotated[dict[str, Any] | None, "JSON; the item as it was, with the same key"]
Keys = Annotated[list[str], "the attributes of the primary key, one or two of them"]
View = Annotated[rules.ViewType, "the stream's StreamViewType"]
Records = Annotated[int, Field(ge=1, le=10_000), "in the event, of items numbered by their keys"]

KEYS = ["id"]
PLACED: dict[str, Any] = {
    "id": {"S": "order-1"},
    "status": {"S": "placed"},
    "total": {"N": "42.5"},
}
SHIPPED = {**PLACED, "status": {"S": "shipped"}}
_OPENED_SECONDS_AGO = 14_400


class Images(NamedTuple):
    """An item before and after a change."""

    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None


def changes(
    scene: Scene,
    images: Images,
    keys: Sequence[str],
    view: rules.ViewType,
    records: int,
    *,
    expired: bool = False,
) -> list[Record]:
    """The records of so many items that changed alike. Raises EventsimError for what is no item."""
    prefix = rules.sequence_prefix(scene.at.timestamp() - _OPENED_SECONDS_AGO, 0)
    shard = shard_of(scene)
    arrival = rules.creation_stamp(scene.at.timestamp())
    made = []
    for number in range(records):
        old, new = (_numbered(image, keys[0], number) for image in images)
        change = _change(old, new, keys, view, expired)
        sequence = rules.sequence_number(prefix, scene.count("changes") + 1)
        told = change._replace(event_id=rules.event_id(shard, sequence))
        made.append(Record(sequence, change.keys.decode(), told, arrival))
    return made


def origin(scene: Scene, table: str) -> Origin:
    """Where the records are from: the stream that the table got a day before."""
    opened = scene.at.timestamp() - 86_400
    source = rules.stream_arn(table, scene.account, scene.region, opened)
    role = arn("iam", scene.region, scene.account, "role/stream-reader")
    return Origin(shard_of(scene), source, scene.region, role)


def shard_of(scene: Scene) -> str:
    """The shard that is open."""
    return rules.shard_id("events", scene.at.timestamp() - _OPENED_SECONDS_AGO, 0)


def _change(
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    keys: Sequence[str],
    view: rules.ViewType,
    expired: bool,
) -> rules.Change:
    try:
        before, after = (None if image is None else normalised(image) for image in (old, new))
        item = after or before or {}
        missing = [name for name in keys if name not in item]
        if missing or not 1 <= len(keys) <= 2:
            raise EventsimError(f"no key '{', '.join(missing or keys)}' in {', '.join(item)}")
        key = {name: item[name] for name in keys}
        if before and after and any(before.get(name) != value for name, value in key.items()):
            raise EventsimError("the item before and after has one key; a key never changes")
        was = None if before is None else rules.stored(before)
        becomes = None if after is None else rules.stored(after)
    except InvalidValue as error:
        place = ".".join(str(part) for part in error.path)
        raise EventsimError(f"{place}: {error.message}" if place else error.message) from None
    change = rules.change(was, becomes, key, view, expired=expired)
    if change is None:
        raise EventsimError("the item is as it was; such a write leaves no record")
    return change


def _numbered(image: Mapping[str, Any] | None, key: str, number: int) -> Mapping[str, Any] | None:
    """The item with another value for its hash key, unless it is the first."""
    value = None if image is None else image.get(key)
    if image is None or not number or not isinstance(value, dict):
        return image
    if isinstance(value.get("S"), str):
        return {**image, key: {"S": f"{value['S']}-{number + 1}"}}
    if str(value.get("N", "")).isdecimal():
        return {**image, key: {"N": str(int(value["N"]) + number)}}
    return image
