"""
``put``: records onto a stream, in this order, all at once or as a recording has them; or
objects into a bucket.

Records written in the scenario are put at ``at``; those of a recording as long after ``at`` as
they arrived after the recording's ``start`` (after its first record, where it names none).

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

Where the resource's source has a shape of its own for a record, as a table has, it is that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from eventsim.recordings import jsonl
from eventsim.scenario.block import Block
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.problem import refuse
from eventsim.scenario.records import put_record
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Bytes, FilePath, Text, Whole, resource_name
from eventsim.steps._shards import HashKey
from eventsim.types import PutRecord, TimedRecord
from eventsim.types.buckets import CONTENT_TYPE

OBJECT_BYTES_MAX = 64 * 1024 * 1024  # kept in memory, for as long as the run lasts


class RecordBlock(Block):
    """One record: mappings and lists as ``data`` become compact JSON, text becomes UTF-8."""

    key: str = Field(min_length=1, max_length=256, examples=["a"])
    data: Bytes = Field(examples=["{id: 1}"])
    explicit_hash_key: HashKey | None = None

    def record(self) -> PutRecord:
        """What a stream takes."""
        return PutRecord(self.key, self.data, self.explicit_hash_key)


class ObjectBlock(Block):
    """One object: its text, or so many bytes that nobody looks at; empty without either."""

    key: str = Field(min_length=1, max_length=1024, examples=["2026/red flower.jpg"])
    body: Bytes | None = None
    size: Whole | None = Field(None, ge=0, le=OBJECT_BYTES_MAX)
    content_type: Text = CONTENT_TYPE

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body is not None and self.size is not None:
            raise refuse("must have either body or size")
        return self

    def content(self) -> bytes:
        """The bytes of the object."""
        return bytes(self.size or 0) if self.body is None else self.body


class Step(TimelineStep):
    """Put ``records``, or those of the recording ``from``, onto the stream ``put``, or
    ``objects`` into the bucket.
    """

    resource_keys: ClassVar[Collection[str]] = ("put",)
    resource_opener: ClassVar[str | None] = "open_stream"
    meanings: ClassVar[Mapping[str, tuple[str, str]]] = {"objects": ("put", "open_bucket")}
    recording_keys: ClassVar[Collection[str]] = ("from",)
    record_keys: ClassVar[Mapping[str, str]] = {"records": "put"}
    record_block: ClassVar[type[BaseModel]] = RecordBlock

    put: Annotated[Text, AfterValidator(resource_name)] = Field(examples=["orders"])
    records: tuple[Any, ...] | None = None
    recording: FilePath | None = Field(None, alias="from")
    objects: tuple[ObjectBlock, ...] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = (self.records, self.recording, self.objects)
        if sum(each is not None for each in given) != 1:
            raise refuse("must have one of records, from and objects")
        return self

    async def perform(self, stage: Stage) -> None:
        """Return when the last record or object is put.

        Raises RecordingError at a damaged line, ServiceError when an object is refused.
        """
        if self.objects is not None:
            bucket = stage.buckets[self.put]
            for each in self.objects:
                await bucket.put_object(each.key, each.content(), each.content_type)
            return
        stream = stage.streams[self.put]
        if self.records is not None:
            kind = stage.resource_type(self.put)
            await stream.put([put_record(kind, each, RecordBlock) for each in self.records])
        elif self.recording is not None:
            await stream.feed(self._recorded(stage, self.recording))

    def _recorded(self, stage: Stage, name: str) -> Iterator[TimedRecord]:
        """The records of a recording at their times in the run, one at a time."""
        path = stage.file(name)
        origin = jsonl.check_header(path).start
        for record in jsonl.read(path, lambda line: self._tell_cut_off(stage, name, line)):
            origin = record.arrival if origin is None else origin
            put = PutRecord(record.key, record.data, record.explicit_hash_key)
            yield TimedRecord(round(self.at + (record.arrival - origin), 6), put)

    def _tell_cut_off(self, stage: Stage, name: str, line: int) -> None:
        because = "the recording ends in the middle of a line"
        stage.journal.write("recording_cut_off", because, source=self.put, path=name, line=line)
