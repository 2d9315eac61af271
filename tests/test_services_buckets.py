"""A simulated bucket: what is put can be got, and whoever wants to know is told."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.errors import ServiceError
from eventsim.services.buckets import Bucket
from eventsim.types import ObjectChange, StoredObject

START = 1767225600.0


def bucket(clock: Clock, **more: Any) -> Bucket:
    return Bucket("discarded", region="us-east-1", clock=clock, **more)


def stored(key: str, body: bytes, at: float = START) -> StoredObject:
    etag = hashlib.md5(body).hexdigest()
    return StoredObject(key, body, "binary/octet-stream", etag, at)


async def test_the_newest_object_of_a_key_is_the_one_there(clock: Clock) -> None:
    made = bucket(clock)
    await made.put_object("a", b"1")
    await clock.sleep(2.5)

    await made.put_object("a", b"2")

    assert await made.get_object("a") == stored("a", b"2", START + 2.5)
    assert list(await made.list_objects()) == ["a"]


async def test_keys_are_listed_by_prefix_in_the_order_of_their_bytes(clock: Clock) -> None:
    made = bucket(clock)
    for key in ("b/\U0001f600", "b/\uff5e", "b/a", "a"):
        await made.put_object(key, b"")

    assert list(await made.list_objects("b/")) == ["b/a", "b/\uff5e", "b/\U0001f600"]


async def test_who_wants_to_know_is_told_of_what_is_there_already(clock: Clock) -> None:
    told: list[ObjectChange] = []
    made = bucket(clock)
    made.watch(told.append)

    await made.put_object("a", b"1")
    await made.delete_object("a")
    await made.delete_object("a")  # of what is not there, nobody is told

    put, removed = "ObjectCreated:Put", "ObjectRemoved:Delete"
    etag = hashlib.md5(b"1").hexdigest()
    assert told == [ObjectChange(name, "a", 1, etag) for name in (put, removed)]
    assert list(await made.list_objects()) == []


@pytest.mark.parametrize("key", ["", "é" * 513])
async def test_a_key_has_1_to_1024_bytes(clock: Clock, key: str) -> None:
    told: list[ObjectChange] = []
    made = bucket(clock)
    made.watch(told.append)

    with pytest.raises(ServiceError, match="KeyTooLongError"):
        await made.put_object(key, b"")
    await made.put_object("é" * 512, b"")
    assert len(told) == 1


def test_a_bucket_has_the_arn_of_its_partition(clock: Clock) -> None:
    assert bucket(clock).arn == "arn:aws:s3:::discarded"
    assert Bucket("b", region="cn-north-1", clock=clock).arn == "arn:aws-cn:s3:::b"
