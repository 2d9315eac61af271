"""
DynamoDB tables and their streams by value: keys, changes, numbers, names, limits.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
(A write that changes nothing leaves no record. What has expired is deleted "within a few days",
and the deletion says that the service did it.)

Where AWS is silent: sequence numbers have 33 digits, that of the shard (those opened later have
greater ones), the second it was opened in, a counter. An ``eventID`` is the MD5 of shard and
sequence number. SizeBytes counts the keys and the images that the record has, each as the size
of an item is documented; that gives what was recorded on AWS. What has expired is deleted by a
sweep every 5 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import md5
from math import floor
from typing import Any, Literal, NamedTuple, get_args

from eventsim.errors import ServiceError
from eventsim.rules.arns import arn
from eventsim.rules.attribute_values import (
    InvalidValue,
    Item,
    canonical,
    item_size,
    normalised,
    value_size,
)
from eventsim.rules.refusals import Refusal, check

ViewType = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
EventName = Literal["INSERT", "MODIFY", "REMOVE"]
Operation = Literal["put", "update", "delete"]

READ_RECORDS_MAX = 1_000
READ_BYTES_MAX = 1024 * 1024
ITERATOR_SECONDS = 900.0
INVALID_ITERATOR = "ValidationException"
RETENTION_SECONDS = 86_400.0
PARTITIONS_MAX = 1_000
ITEM_BYTES_MAX = 400 * 1024
KEY_BYTES_MAX = {"HASH": 2_048, "RANGE": 1_024}
SWEEP_SECONDS = 300.0
EXPIRED_TOO_LONG_SECONDS = 5 * 365 * 86_400.0
EXPIRES_TOO_LATE_SECONDS = 100 * 365 * 86_400.0
SERVICE_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_INVALID = "One or more parameter values were invalid: "
_NO_MATCH = "The provided key element does not match the schema"
_NUMBER_DIGITS = 12
_SEQUENCE_DIGITS = 33


class KeyAttribute(NamedTuple):
    """One attribute of a primary key; ``type`` is S, N or B."""

    name: str
    type: str


class KeySchema(NamedTuple):
    """The primary key of a table."""

    hash: KeyAttribute
    range: KeyAttribute | None = None

    @property
    def attributes(self) -> tuple[KeyAttribute, ...]:
        return (self.hash,) if self.range is None else (self.hash, self.range)

    def of(self, item: Item) -> dict[str, Any]:
        """The key of an item that has one."""
        return {name: item[name] for name, _ in self.attributes}


class Write(NamedTuple):
    """What a writer asks of a table: PutItem, UpdateItem (sets what it names), DeleteItem.

    ``item`` is the whole item, or its key and what is to be set, or its key alone.
    """

    operation: Operation
    item: Mapping[str, Any]


class Change(NamedTuple):
    """One change of an item as the stream tells it; keys and images are compact JSON.

    ``expired`` says that the service deleted what had passed its time to live.
    """

    event_id: str
    event_name: EventName
    view_type: ViewType
    keys: bytes
    new_image: bytes | None
    old_image: bytes | None
    size_bytes: int
    expired: bool = False


class Stored(NamedTuple):
    """An item as a table holds it, with its size as DynamoDB counts it."""

    image: bytes
    size: int


def table_arn(name: str, account: str, region: str) -> str:
    """Return the ARN of a table."""
    return arn("dynamodb", region, account, f"table/{name}")


def stream_arn(name: str, account: str, region: str, opened: float) -> str:
    """Return the ARN of the stream that a table got at epoch time *opened*."""
    label = datetime.fromtimestamp(opened, UTC).isoformat(timespec="milliseconds")[:23]
    return f"{table_arn(name, account, region)}/stream/{label}"


def shard_id(stream: str, opened: float, index: int) -> str:
    """Return the id of the shard number *index* of a stream, opened at epoch time *opened*."""
    return f"shardId-{round(opened * 1000):020d}-{_md5(f'{stream}:{index}')[:8]}"


def event_id(shard: str, sequence_number: str) -> str:
    """Return the eventID of a record."""
    return _md5(f"{shard}:{sequence_number}")


def partition_of(key: Item, schema: KeySchema, partitions: int) -> int:
    """Return the partition that an item belongs to, by its hash key alone."""
    if partitions == 1:
        return 0
    return int(_md5(canonical({"": key[schema.hash.name]}).decode()), 16) % partitions


def sequence_prefix(opened: float, shard_index: int) -> str:
    """Return the 21 digits that the numbers of a shard opened at epoch time *opened* share."""
    return f"{10**9 + shard_index}{max(0, floor(opened)):011d}"


def sequence_number(prefix: str, number: int) -> str:
    """Return the sequence number of a shard's record number *number*, counted from 1."""
    return f"{prefix}{number:0{_NUMBER_DIGITS}d}"


def number_in_shard(prefix: str, sequence: str) -> int | None:
    """Return which record of the shard *sequence* stands for, or None if it is not of the shard."""
    digits = sequence.removeprefix(prefix)
    if len(sequence) != _SEQUENCE_DIGITS or len(digits) != _NUMBER_DIGITS:
        return None
    return int(digits) if digits.isascii() and digits.isdecimal() else None


def creation_stamp(timestamp: float) -> float:
    """Return the ApproximateCreationDateTime of what happened then: whole seconds, as a float."""
    return float(floor(timestamp + 1e-6))  # doubles of a run's times are a little off


def checked(write: Write, schema: KeySchema) -> dict[str, Any]:
    """Return the normalised item of a write. Raises InvalidValue with AWS's text."""
    item = normalised(write.item)
    for kind, attribute in zip(KEY_BYTES_MAX, schema.attributes, strict=False):
        _check_key(kind, attribute, item, write.operation)
    if write.operation == "delete" and len(item) > len(schema.attributes):
        raise InvalidValue((), _NO_MATCH)
    _check_size(item_size(item))
    return item


def accepted(write: Any, schema: KeySchema) -> dict[str, Any]:
    """Return the normalised item of a write. Raises ServiceError, as the API refuses it."""
    check(refuse_write(write))
    try:
        return checked(write, schema)
    except InvalidValue as error:
        raise ServiceError("ValidationException", error.message) from None


def stored(item: Item) -> Stored:
    """Return a normalised item as a table holds it. Raises InvalidValue above 400 KB."""
    size = item_size(item)
    _check_size(size)
    return Stored(canonical(item), size)


def change(
    old: Stored | None,
    new: Stored | None,
    keys: Item,
    view_type: ViewType,
    *,
    expired: bool = False,
) -> Change | None:
    """Return what the stream tells of an item that was *old* and is *new*; None for no change.

    The ``event_id`` is still to be given.
    """
    if old == new:
        return None
    name: EventName = "MODIFY" if old and new else "INSERT" if new else "REMOVE"
    shown_new = new if view_type in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES") else None
    shown_old = old if view_type in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES") else None
    return Change(
        event_id="",
        event_name=name,
        view_type=view_type,
        keys=canonical(keys),
        new_image=shown_new.image if shown_new else None,
        old_image=shown_old.image if shown_old else None,
        size_bytes=item_size(keys) + sum(image.size for image in (shown_new, shown_old) if image),
        expired=expired,
    )


def expiry(item: Item, attribute: str | None, now: float) -> float | None:
    """Return the epoch second at which an item expires, by the attribute of its time to live.

    None for an attribute that is missing or no number, for what expired more than five years
    ago (which AWS leaves alone), and for what would in more than a century.
    """
    text = item.get(attribute, {}).get("N") if attribute is not None else None
    if text is None:
        return None
    seconds = float(text)
    if now - EXPIRED_TOO_LONG_SECONDS <= seconds <= now + EXPIRES_TOO_LATE_SECONDS:
        return seconds
    return None


def refuse_write(data: Any) -> Refusal | None:
    """Return why *data* cannot be a record's, or None when it is a Write of a known operation."""
    if isinstance(data, Write) and data.operation in get_args(Operation):
        return None
    return Refusal("SerializationException", f"a table takes a Write, not {type(data).__name__}")


def refuse_limit(limit: int) -> Refusal | None:
    """Return why GetRecords refuses this Limit, or None when it is all right."""
    if 1 <= limit <= READ_RECORDS_MAX:
        return None
    bound = "less than or equal to 1000" if limit > 0 else "greater than or equal to 1"
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
        f"Member must have value {bound}",
    )


def _check_key(kind: str, attribute: KeyAttribute, item: Item, operation: Operation) -> None:
    name, wanted = attribute
    value = item.get(name)
    if value is None:
        missing = f"{_INVALID}Missing the key {name} in the item"
        raise InvalidValue((), missing if operation == "put" else _NO_MATCH)
    (actual,) = value
    if actual != wanted:
        mismatch = f"{_INVALID}Type mismatch for key {name} expected: {wanted} actual: {actual}"
        raise InvalidValue((name,), mismatch if operation == "put" else _NO_MATCH)
    size = value_size(value)
    if wanted != "N" and size == 0:
        text = "The AttributeValue for a key attribute cannot contain an empty"
        what = "string" if wanted == "S" else "binary"
        raise InvalidValue((name,), f"{_INVALID}{text} {what} value. Key: {name}")
    if size > KEY_BYTES_MAX[kind]:
        where = "hashkey" if kind == "HASH" else "rangekey"
        text = f"Size of {where} has exceeded the maximum size limit of{KEY_BYTES_MAX[kind]} bytes"
        raise InvalidValue((name,), f"{_INVALID}{text}")


def _check_size(size: int) -> None:
    if size > ITEM_BYTES_MAX:
        raise InvalidValue((), "Item size has exceeded the maximum allowed size")


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
