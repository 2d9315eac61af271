"""Each format that people already have becomes the records that it means."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path
from typing import Any

import orjson
import pytest

from eventsim import registry
from eventsim.errors import RecordingError
from eventsim.recordings import Asked, BadLine, RecordedRecord, on_failure
from eventsim.rules.dynamodb import Change
from eventsim.rules.failed_documents import BatchSpan
from eventsim.types import Message
from tests.conftest import START

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
AT = 1357035420.25
DATE = "2013-01-01T10:17:00.250Z"


def found(
    name: str, content: bytes, folder: Path, file: str = "in", **asked: Any
) -> list[RecordedRecord]:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    module = registry.load("recordings", name, wants=["read_foreign", "TAKES", "SUFFIXES"])
    return list(module.read_foreign(path, Asked(**asked)))


def refused(name: str, content: bytes, folder: Path, **asked: Any) -> str:
    with pytest.raises(RecordingError) as raised:
        found(name, content, folder, **asked)
    return str(raised.value).removeprefix(str(folder))


def lines(*values: Any) -> bytes:
    return b"".join(orjson.dumps(value) + b"\n" for value in values)


def test_plain_json_has_its_key_and_time_in_fields(tmp_path: Path) -> None:
    rows = lines({"at": DATE, "who": {"id": 7}}, {"at": AT * 1000, "who": {"id": "b"}})

    assert found("json_lines", rows, tmp_path, time="at", key="who.id") == [
        RecordedRecord(AT, "7", rows.splitlines()[0]),
        RecordedRecord(AT, "b", rows.splitlines()[1]),
    ]
    assert found("json_lines", rows, tmp_path, time="at", data="who")[0] == RecordedRecord(
        AT, "json", b'{"id":7}'
    )
    assert refused("json_lines", rows, tmp_path) == (
        "/in:1: tells no time; --time names the field that has it"
    )
    assert refused("json_lines", rows, tmp_path, time="at", key="no") == (
        "/in:1: no is missing; a key is text or a number"
    )


CSV = (
    b'\xef\xbb\xbfcarrier,at,note\r\nUA,2013-01-01T10:17:00Z,"one, ""two""\nthree"\r\n'
    b"\r\nB6,2013-01-01 05:17:00-05:00,\r\n"
)


def test_csv_has_its_key_and_time_in_columns(tmp_path: Path) -> None:
    assert found("csv", CSV, tmp_path, key="carrier", time="at") == [
        RecordedRecord(
            1357035420.0,
            "UA",
            orjson.dumps(
                {"carrier": "UA", "at": "2013-01-01T10:17:00Z", "note": 'one, "two"\nthree'}
            ),
        ),
        RecordedRecord(
            1357035420.0,
            "B6",
            orjson.dumps({"carrier": "B6", "at": "2013-01-01 05:17:00-05:00", "note": ""}),
        ),
    ]
    assert [each.data for each in found("csv", CSV, tmp_path, time="at", data="carrier")] == [
        b"UA",
        b"B6",
    ]
    assert refused("csv", CSV, tmp_path, key="airline") == (
        "/in:1: no column airline; there are: carrier, at, note"
    )


def test_no_bad_row_of_csv_costs_another(tmp_path: Path) -> None:
    good = [b"%d,k%d" % (n, n) for n in range(5)]
    wrong = [b'7,"open', b"1,2,3", b"x,y", b"\xff,k", b'9,"a"b', b"7,"]
    bad: list[BadLine] = []
    content = b"\n".join(
        [b"at,key", good[0], wrong[0], good[1], wrong[1], good[2], *wrong[2:], good[3], good[4]]
    )

    records = found("csv", content, tmp_path, time="at", key="key", on_bad_line=bad.append)

    assert [each.key for each in records] == ["k0", "k1", "k2", "k3", "k4"]
    assert [each.content for each in bad] == wrong
    assert [each.number for each in bad] == [3, 5, 7, 8, 9, 10]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not there")
def test_parquet_has_its_key_and_time_in_columns(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"carrier": ["UA", "B6"], "at": [START, START], "delay": [2, None]})
    parquet.write_table(table, tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()

    records = found("parquet", content, tmp_path, key="carrier", time="at")

    assert [each[:2] for each in records] == [(START.timestamp(), "UA"), (START.timestamp(), "B6")]
    assert [orjson.loads(each.data)["delay"] for each in records] == [2, None]
    assert "no column x" in refused("parquet", content, tmp_path, key="x")
    assert "no Parquet" in refused("parquet", b"noise", tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is there")
def test_parquet_is_refused_where_it_is_not_installed(tmp_path: Path) -> None:
    assert refused("parquet", b"", tmp_path) == (
        "/in: Parquet is not installed; pip install 'eventsim[parquet]'"
    )


def test_an_object_of_firehose_has_its_time_in_its_name(tmp_path: Path) -> None:
    content = gzip.compress(b'{"id":1}{"id":2}\n{"id":3}')
    name = "2013/01/01/10/orders-1-2013-01-01-10-17-00-0a1b2c3d-1111-2222-3333-444455556666"

    records = found("firehose", content, tmp_path, name, key="id")

    assert records == [RecordedRecord(1357035420.0, str(n), b'{"id":%d}' % n) for n in (1, 2, 3)]
    assert "tells no time" in refused("firehose", content, tmp_path)


def test_an_export_of_logs_has_a_record_for_each_event(tmp_path: Path) -> None:
    exported = b"2013-01-01T10:17:00.250Z START\n2013-01-01T10:17:01Z Traceback:\n  line\n\n"

    records = found("cloudwatch_logs", gzip.compress(exported), tmp_path, "task/app-1/000000.gz")

    assert records == [
        RecordedRecord(AT, "app-1", b"START"),
        RecordedRecord(1357035421.0, "app-1", b"Traceback:\n  line"),
    ]
    assert refused("cloudwatch_logs", b"noise\n", tmp_path) == (
        "/in:1: does not begin with a time such as 2013-01-01T10:17:00.000Z"
    )


@pytest.mark.parametrize(
    "told",
    [
        {"events": [{"timestamp": AT * 1000, "message": "m", "logStreamName": "s"}]},
        {
            "messageType": "DATA_MESSAGE",
            "logStream": "s",
            "logEvents": [{"id": "1", "timestamp": AT * 1000, "message": "m"}],
        },
    ],
)
def test_log_events_as_json_are_records_too(tmp_path: Path, told: dict[str, Any]) -> None:
    control = {"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "checking"}]}

    records = found("cloudwatch_logs", lines(control, told), tmp_path)

    assert records == [RecordedRecord(AT, "s", b"m")]


def test_an_incremental_export_tells_each_change(tmp_path: Path) -> None:
    def line(**told: Any) -> dict[str, Any]:
        written = {"WriteTimestampMicros": {"N": "1357035420250000"}}
        return {"Metadata": written, "Keys": {"id": {"S": "a"}}, **told}

    new, old = {"id": {"S": "a"}, "n": {"N": "2"}}, {"id": {"S": "a"}, "n": {"N": "1"}}
    content = lines(line(NewImage=new), line(NewImage=new, OldImage=old), line(OldImage=old))

    records = found("dynamodb_export", content, tmp_path)

    changes: list[Change] = [each.data for each in records]
    assert [each[:2] for each in records] == [(AT, '{"id":{"S":"a"}}')] * 3
    assert [each.event_name for each in changes] == ["INSERT", "MODIFY", "REMOVE"]
    assert changes[1][2:] == (
        "NEW_AND_OLD_IMAGES",
        b'{"id":{"S":"a"}}',
        b'{"id":{"S":"a"},"n":{"N":"2"}}',
        b'{"id":{"S":"a"},"n":{"N":"1"}}',
        15,
        False,
    )


def test_a_full_export_needs_the_names_of_its_key(tmp_path: Path) -> None:
    content = lines({"Item": {"id": {"S": "a"}, "at": {"N": str(AT)}, "n": {"N": "1"}}})

    (record,) = found("dynamodb_export", content, tmp_path, key="id", time="at")

    assert record[:2] == (AT, '{"id":{"S":"a"}}')
    assert record.data.event_name == "INSERT"
    assert found("dynamodb_export", content, tmp_path, key="id,n")[0].arrival == 0.0
    assert refused("dynamodb_export", content, tmp_path) == (
        "/in:1: a full export does not say its key; --key id, or --key customer,order"
    )
    assert refused("dynamodb_export", lines({"Item": {"id": "a"}}), tmp_path, key="id").startswith(
        "/in:1: Item is no item in DynamoDB JSON: "
    )


KINESIS = RecordedRecord(AT, "k", b"data", None, "4957")
OF_API = {
    "SequenceNumber": "4957",
    "ApproximateArrivalTimestamp": DATE,
    "Data": "ZGF0YQ==",
    "PartitionKey": "k",
}
OF_LAMBDA = {
    "kinesis": {
        "partitionKey": "k",
        "sequenceNumber": "4957",
        "data": "ZGF0YQ==",
        "approximateArrivalTimestamp": AT,
    },
    "eventID": "shardId-000000000000:4957",
    "eventSourceARN": STREAM,
}


def test_records_of_kinesis_as_the_api_and_as_events_have_them(tmp_path: Path) -> None:
    answer = {"Records": [OF_API], "NextShardIterator": "AAA"}

    assert found("aws_records", lines(answer, OF_API), tmp_path) == [KINESIS, KINESIS]
    assert found("aws_records", lines({"Records": [OF_LAMBDA]}), tmp_path) == [
        KINESIS._replace(shard="shardId-000000000000")
    ]


def test_records_of_a_tables_stream_have_keys_and_images(tmp_path: Path) -> None:
    told = {
        "eventID": "e1",
        "eventName": "REMOVE",
        "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
        "dynamodb": {
            "ApproximateCreationDateTime": 1357035420,
            "Keys": {"id": {"S": "a"}},
            "OldImage": {"id": {"S": "a"}, "b": {"B": "/w=="}},
            "SequenceNumber": "111",
            "SizeBytes": 9,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }

    (record,) = found("aws_records", lines(told), tmp_path)

    assert record == RecordedRecord(
        1357035420.0,
        '{"id":{"S":"a"}}',
        Change(
            "e1",
            "REMOVE",
            "NEW_AND_OLD_IMAGES",
            b'{"id":{"S":"a"}}',
            None,
            b'{"id":{"S":"a"},"b":{"B":"/w=="}}',
            9,
            True,
        ),
        None,
        "111",
    )


@pytest.mark.parametrize("as_lambda", [False, True])
def test_messages_of_a_dead_letter_queue_keep_their_attributes(
    tmp_path: Path, as_lambda: bool
) -> None:
    system = {"SentTimestamp": str(round(AT * 1000)), "MessageGroupId": "g"}
    if as_lambda:
        attribute: dict[str, Any] = {"dataType": "Binary", "binaryValue": "/w=="}
        attribute["stringListValues"] = []
        told = {"messageId": "m", "body": "b", "attributes": system}
        content: dict[str, Any] = {"Records": [told | {"messageAttributes": {"x": attribute}}]}
    else:
        attribute = {"DataType": "Binary", "BinaryValue": "/w=="}
        told = {"MessageId": "m", "ReceiptHandle": "h", "MD5OfBody": "d", "Body": "b"}
        more = {"Attributes": system, "MessageAttributes": {"x": attribute}}
        content = {"Messages": [told | more]}

    (record,) = found("aws_records", lines(content), tmp_path)

    message: Message = record.data
    assert record[:2] == (AT, "g")
    assert (message.message_id, message.receipt_handle, message.body) == ("m", "", "b")
    assert message.message_attributes == {"x": {"DataType": "Binary", "BinaryValue": b"\xff"}}
    assert message.attributes == system


def test_records_of_two_streams_in_one_file_are_refused(tmp_path: Path) -> None:
    other = {**OF_LAMBDA, "eventSourceARN": f"{STREAM}-2"}

    assert refused("aws_records", lines(OF_LAMBDA, other), tmp_path) == (
        f"/in:2: is of {STREAM}-2, and those before of {STREAM}; a recording has one source"
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"a": 1}, "is no record of Kinesis, DynamoDB Streams or SQS, nor an answer with some"),
        ({**OF_API, "Data": "!"}, "the data is not in base64: "),
        ({**OF_API, "SequenceNumber": 7}, "SequenceNumber is 7; not a text"),
        ({**OF_API, "ApproximateArrivalTimestamp": "noon"}, "'noon' is not a time such as 2013"),
        ({"dynamodb": {"Keys": {}}}, "change has no eventID"),
        ({"MessageId": "m", "Body": 7}, "Body is 7; it must be text"),
        (
            {"MessageId": "m", "Body": "b", "MessageAttributes": {"x": {"DataType": "String"}}},
            "message attribute 'x' is {'DataType': 'String'}; it must be like",
        ),
        ({"Records": 7}, "has no list of records"),
    ],
)
def test_what_is_no_record_is_told_by_what_is_wrong(
    tmp_path: Path, told: dict[str, Any], why: str
) -> None:
    assert refused("aws_records", lines(told), tmp_path).startswith(f"/in:1: {why}")


def test_whole_events_tell_their_time_or_arrive_with_the_one_before(tmp_path: Path) -> None:
    events = [
        {"no": "time"},
        {"Records": [OF_LAMBDA]},
        {"anything": 1},
        {"requestContext": {"timeEpoch": AT * 1000}},
        {"time": DATE},
    ]

    records = found("lambda_events", lines(*events), tmp_path)

    assert [each.arrival for each in records] == [0.0, AT, AT, AT, AT]
    assert [orjson.loads(each.data) for each in records] == events


def test_events_of_a_bus_are_whole_events(tmp_path: Path) -> None:
    event = {"detail-type": "order", "source": "shop", "time": DATE, "detail": {}}

    assert found("eventbridge", lines(event), tmp_path) == [
        RecordedRecord(AT, "", orjson.dumps(event))
    ]
    assert refused("eventbridge", lines({"detail": 1}), tmp_path) == (
        "/in:1: is no event of EventBridge: it has no detail-type"
    )


INFO = {
    "shardId": "shardId-000000000000",
    "startSequenceNumber": "10",
    "endSequenceNumber": "19",
    "batchSize": 10,
    "streamArn": STREAM,
}
BATCH = {"version": "1.0", "timestamp": DATE, "KinesisBatchInfo": INFO}
ASYNCHRONOUS = {"version": "1.0", "timestamp": DATE, "requestPayload": {"id": 1}}


def in_a_message(document: dict[str, Any]) -> dict[str, Any]:
    notification = {"Type": "Notification", "Message": orjson.dumps(document).decode()}
    return {"Messages": [{"MessageId": "m", "Body": orjson.dumps(notification).decode()}]}


def test_on_failure_documents_with_an_event_are_that_event(tmp_path: Path) -> None:
    stored = {**BATCH, "payload": '{"Records":[]}'}
    dead = {
        "MessageId": "m",
        "Body": '{"id":2}',
        "Attributes": {"SentTimestamp": str(round(AT * 1000))},
        "MessageAttributes": {
            "RequestID": {"DataType": "String", "StringValue": "r"},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        },
    }
    content = lines(stored, ASYNCHRONOUS, in_a_message(ASYNCHRONOUS), dead)

    assert found("on_failure", content, tmp_path) == [
        RecordedRecord(AT, "", data)
        for data in (b'{"Records":[]}', b'{"id":1}', b'{"id":1}', b'{"id":2}')
    ]


def test_an_event_that_nothing_calls_a_failure_is_no_document(tmp_path: Path) -> None:
    said = "/in:1: is no on-failure document, which has an event or a batch, and no message of a "

    for value in ({"id": 1}, {"MessageId": "m", "Body": '{"id":1}'}):
        assert refused("on_failure", lines(value), tmp_path).startswith(said)


def test_documents_in_a_recording_of_their_queue_are_read_out_of_it(tmp_path: Path) -> None:
    header = {"recording": "eventsim", "schema": 1, "source": "sqs"}
    body = orjson.dumps(ASYNCHRONOUS).decode()
    record = {"arrival": 1, "message": {"MessageId": "m", "Body": body}}
    bad = {"arrival": 2, "message": {"Body": body}}

    assert found("on_failure", lines(header, record), tmp_path)[0].data == b'{"id":1}'
    assert refused("on_failure", lines(header, bad), tmp_path) == "/in:2: message has no MessageId"


def test_on_failure_documents_without_an_event_say_where_its_records_are(tmp_path: Path) -> None:
    assert refused("on_failure", lines(BATCH), tmp_path) == (
        "/in:1: only says where its records stand; read them again with "
        "`eventsim record kinesis://orders --on-failure` and this file"
    )
    path, bad = tmp_path / "documents", list[BadLine]()
    path.write_bytes(lines(BATCH, in_a_message(BATCH), ASYNCHRONOUS))

    assert (
        list(on_failure.referred(path, bad.append))
        == [BatchSpan(STREAM, "shardId-000000000000", "10", "19", 10)] * 2
    )
    assert [each.why for each in bad] == ["is no document about a batch of a stream"]
