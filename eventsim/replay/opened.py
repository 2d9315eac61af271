"""What a record says, as JSON to look into, and the record with something else there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eventsim.recordings import RecordedRecord
from eventsim.rules import sqs
from eventsim.rules.dynamodb import Change
from eventsim.rules.masking import blank, blank_attribute, decoded, encoded
from eventsim.types import Message

PutBack = Callable[[Any], RecordedRecord]
_IMAGES = {"Keys": "keys", "NewImage": "new_image", "OldImage": "old_image"}


def opened(record: RecordedRecord) -> tuple[Any, PutBack, Callable[[Any], Any]]:
    """The record's document, what makes a record of one, and what blanks a value in it.

    The document of a change has its Keys and images, that of a message is its body. Raises
    NotMasked for data that is not JSON.
    """
    data = record.data
    if isinstance(data, Change):
        return _change(record, data)
    if isinstance(data, Message):
        return decoded(data.body.encode()), lambda value: _message(record, data, value), blank
    return decoded(data), lambda value: record._replace(data=encoded(value)), blank


def _change(record: RecordedRecord, change: Change) -> tuple[Any, PutBack, Callable[[Any], Any]]:
    images = {name: getattr(change, attribute) for name, attribute in _IMAGES.items()}
    document = {name: decoded(image) for name, image in images.items() if image is not None}

    def put_back(value: Any) -> RecordedRecord:
        keys, new, old = (value.get(name) for name in _IMAGES)
        changed = change._replace(
            keys=encoded(keys),
            new_image=None if new is None else encoded(new),
            old_image=None if old is None else encoded(old),
        )
        return record._replace(key=changed.keys.decode(), data=changed)

    return document, put_back, blank_attribute


def _message(record: RecordedRecord, message: Message, value: Any) -> RecordedRecord:
    body = encoded(value).decode()
    return record._replace(data=replace(message, body=body, md5_of_body=sqs.md5_of_body(body)))
