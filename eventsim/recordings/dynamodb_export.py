"""
A table as DynamoDB exported it to S3, in DynamoDB JSON: full exports and incremental ones.

An incremental export tells each item that changed with the time of its last write, not in order:
``--sort`` puts it in order. A full export has neither keys nor times: ``--key id``, or
``--key customer,order``, names the attributes of the key, and ``--time`` one with a time; without
it all arrive in 1970. Each item is an INSERT then.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any

from eventsim.recordings import Asked, RecordedRecord
from eventsim.recordings._asked import found
from eventsim.recordings._documents import documents
from eventsim.recordings._lines import foreign
from eventsim.rules.attribute_values import InvalidValue, canonical, item_size, normalised
from eventsim.rules.dynamodb import Change

TAKES = frozenset(("key", "time"))
SUFFIXES: tuple[str, ...] = ()
_WRITTEN = "WriteTimestampMicros"


def read_foreign(path: Path, asked: Asked) -> Iterator[RecordedRecord]:
    """The items of a file, in its order."""
    with foreign(path) as file:
        for number, content, value in documents(path, file, asked.on_bad_line):
            made = (partial(_record, value, asked),)
            yield from asked.taken(path, number, content, made)


def _record(value: Mapping[str, Any], asked: Asked) -> RecordedRecord:
    if "Item" in value:
        item = _item(value, "Item")
        keys, time = _key(item, asked), 0.0
        if asked.time is not None:
            time = asked.arrival_in({asked.time: _plain(item.get(asked.time))})
        return _made(keys, item, None, time)
    if "Keys" not in value:
        raise ValueError("is no line of an export: it has neither Item nor Keys")
    written = found(value, f"Metadata.{_WRITTEN}.N")
    if written is None:
        raise ValueError(f"has no Metadata.{_WRITTEN}")
    new, old = (_item(value, name) if name in value else None for name in ("NewImage", "OldImage"))
    return _made(_item(value, "Keys"), new, old, int(written) / 1e6)


def _made(
    keys: Mapping[str, Any],
    new: Mapping[str, Any] | None,
    old: Mapping[str, Any] | None,
    time: float,
) -> RecordedRecord:
    name = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
    told = [canonical(image) for image in (keys, new, old) if image is not None]
    size = item_size(keys) + sum(item_size(image) for image in (new, old) if image is not None)
    identity = md5(b"".join(told) + repr(time).encode(), usedforsecurity=False).hexdigest()
    change = Change(
        event_id=identity,
        event_name=name,  # type: ignore[arg-type]  # one of the three
        view_type="NEW_AND_OLD_IMAGES",
        keys=canonical(keys),
        new_image=None if new is None else canonical(new),
        old_image=None if old is None else canonical(old),
        size_bytes=size,
    )
    return RecordedRecord(time, change.keys.decode(), change)


def _item(value: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    try:
        return normalised(value[name])
    except InvalidValue as error:
        raise ValueError(f"{name} is no item in DynamoDB JSON: {error}") from None


def _key(item: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    if asked.key is None:
        raise ValueError("a full export does not say its key; --key id, or --key customer,order")
    names = asked.key.split(",")
    missing = [name for name in names if name not in item]
    if missing:
        raise ValueError(f"has no {missing[0]}")
    return {name: item[name] for name in names}


def _plain(value: Mapping[str, Any] | None) -> Any:
    return None if value is None else next(iter(value.values()))
