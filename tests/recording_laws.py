"""What holds of every file, whatever bytes it has; for hypothesis and for atheris."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

from eventsim import registry
from eventsim.errors import EventsimError
from eventsim.recordings import Asked, BadLine, RecordedRecord, jsonl
from eventsim.simulation.converting import source_of

HEADERS = {
    source: b'{"recording":"eventsim","schema":1,"source":"%b"}\n' % source.encode()
    for source in ("kinesis", "dynamodb", "sqs", "lambda")
}
OWN = "jsonl"
NEW_YORK = ZoneInfo("America/New_York")
# One good line of each kind, to begin a search with.
SEEDS = {
    "kinesis": b'{"arrival":1,"key":"a","json":{"n":1},"shard":"s","sequence_number":"1"}\n',
    "dynamodb": (
        b'{"arrival":2,"change":{"eventID":"e","eventName":"INSERT","StreamViewType":"NEW_IMAGE",'
        b'"SizeBytes":1,"Keys":{"id":{"S":"x"}},"NewImage":{"id":{"S":"x"}}}}\n'
    ),
    "sqs": b'{"arrival":3,"message":{"MessageId":"m","Body":"b","Attributes":{"A":"1"}}}\n',
    "lambda": b'{"arrival":4,"data":"event"}\n',
}
FOREIGN = {
    "aws_records": (
        b'{"Records":[{"PartitionKey":"a","Data":"eA==","SequenceNumber":"1",'
        b'"ApproximateArrivalTimestamp":1}]}\n'
        b'{"messageId":"m","body":"b","attributes":{"SentTimestamp":"1"},"messageAttributes":'
        b'{"a":{"stringValue":"x","dataType":"String"}}}\n'
    ),
    "cloudwatch_logs": (
        b"2013-01-01T10:17:00.250Z hello\n"
        b'{"events":[{"timestamp":1,"message":"m","logStreamName":"s"}]}\n'
    ),
    "csv": b'at,who\n1,"a, b"\n2,c\n',
    "dynamodb_export": (
        b'{"Metadata":{"WriteTimestampMicros":{"N":"1"}},"Keys":{"id":{"S":"x"}},'
        b'"NewImage":{"id":{"S":"x"}}}\n{"Item":{"id":{"S":"x"}}}\n'
    ),
    "eventbridge": b'{"detail-type":"t","source":"s","time":"2013-01-01T10:17:00Z","detail":{}}\n',
    "firehose": b'{"n":1}{"n":2}\n',
    "journal": (
        b'{"seq":1,"time":0.0,"at":"2026-01-01T00:00:00.000Z","kind":"run_started","schema":1}\n'
        b'{"seq":2,"time":0.0,"at":"2026-01-01T00:00:00.000Z","kind":"payload_kept","hash":"h",'
        b'"content":"{}"}\n{"seq":3,"time":0.0,"at":"2026-01-01T00:00:00.000Z",'
        b'"kind":"invocation_requested","payload":"h"}\n'
    ),
    "json_lines": b'{"at":1,"who":"a"}\n{"at":2,"who":{"id":1}}\n',
    "lambda_events": b'{"Records":[{"kinesis":{"approximateArrivalTimestamp":1}}]}\n{"time":3}\n',
    "on_failure": (
        b'{"timestamp":"2013-01-01T10:17:00Z","KinesisBatchInfo":{"shardId":"s"},"payload":"{}"}\n'
        b'{"MessageId":"m","Body":"{}","MessageAttributes":{"ErrorCode":{}}}\n'
    ),
}
MODULES = {name: registry.load("recordings", name, wants=["read_foreign"]) for name in FOREIGN}
FIELDS = {"key": "who", "time": "at"}


def hold(path: Path, content: bytes) -> None:
    """Every law, of a recording of each source and of a file in each other format."""
    for source in HEADERS:
        accounted_for(path, source, content)
    for name in FOREIGN:
        only_known_errors(path, name, content)


def accounted_for(path: Path, source: str, content: bytes) -> None:
    """Each line of a recording is a record or told as a bad line, once, in order of the file."""
    path.write_bytes(HEADERS[source] + content)
    bad: list[BadLine] = []
    records = list(jsonl.read(path, on_bad_line=bad.append))
    lines = [line for line in content.split(b"\n") if line.strip()]

    assert len(records) + len(bad) == len(lines), (len(records), bad)
    assert [each.number for each in bad] == sorted({each.number for each in bad})
    assert all(each.content.strip() in content for each in bad)
    assert [each.arrival for each in records] == sorted(each.arrival for each in records)


def only_known_errors(path: Path, name: str, content: bytes) -> None:
    """Another format gives records that a recording can hold, bad lines, or an error of ours."""
    path.write_bytes(content)
    module = MODULES[name]
    fields = {name: field for name, field in FIELDS.items() if name in module.TAKES}
    for wanted in ({}, fields):
        asked = Asked(zone=NEW_YORK, key=wanted.get("key"), time=wanted.get("time"))
        asked.on_bad_line, asked.check = _unheard, partial(_check, module)
        for record in _until_refused(module.read_foreign(path, asked)):
            jsonl.line_of(record, _source(module, record))


def _source(module: ModuleType, record: RecordedRecord) -> str:
    return getattr(module, "SOURCE", None) or source_of(record.data)


def _check(module: ModuleType, record: RecordedRecord) -> None:
    jsonl.check_record(record, _source(module, record))


def _unheard(bad: BadLine) -> None:
    """For a format where a line may be no record and still no damage."""


def _until_refused(records: Iterator[RecordedRecord]) -> Iterator[RecordedRecord]:
    try:
        yield from records
    except EventsimError:
        return
