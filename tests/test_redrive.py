"""What failed, found again in a recording and given to a handler that may be mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import RecordingError
from eventsim.replay.batches import find
from eventsim.replay.documents import FailedDocument, read_documents
from eventsim.rules.failed_documents import BatchSpan
from tests.commands import eventsim
from tests.recorded import START, record, save

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
APP = """\
import base64, json

def numbers(event):
    return [json.loads(base64.b64decode(each["kinesis"]["data"]))["n"] for each in event["Records"]]

def fixed(event, context):
    if "Records" not in event:
        return event
    records = event["Records"]
    print("ids", *[each["eventID"] for each in records])
    print("arrivals", *[each["kinesis"]["approximateArrivalTimestamp"] for each in records])
    print("arns", *{each["eventSourceARN"] for each in records})

def still_broken(event, context):
    if 4 in numbers(event):
        raise ValueError("four")

def some(event, context):
    return {"batchItemFailures": [{"itemIdentifier": "1"}] if 4 in numbers(event) else []}

def muddled(event, context):
    return {"batchItemFailures": "4"} if 4 in numbers(event) else "done"
"""
RECORDS = [record(n, "k", {"n": n}, f"shardId-00000000000{n % 2}") for n in range(10)]


def number(n: int) -> str:
    """The sequence number of RECORDS[n]."""
    found = RECORDS[n].sequence_number
    assert found is not None
    return found


def document(first: int, last: int, size: int, **more: Any) -> dict[str, Any]:
    """What an on-failure destination gets of a batch of RECORDS."""
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": f"shardId-00000000000{first % 2}",
            "startSequenceNumber": number(first),
            "endSequenceNumber": number(last),
            "batchSize": size,
            "streamArn": ARN,
        },
        **more,
    }


def project(folder: Path, *lines: Any) -> tuple[Path, Path]:
    """A handler, a recording and a file of documents."""
    (folder / "app.py").write_text(APP)
    documents = folder / "failed.jsonl"
    documents.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in lines))
    return save(folder / "orders.jsonl", RECORDS), documents


def redrive(folder: Path, handler: str, *lines: Any, more: tuple[Any, ...] = ()) -> Any:
    recording, documents = project(folder, *lines)
    words: list[Any] = ["replay", recording, "--redrive", documents, "--handler", f"app.{handler}"]
    return eventsim(*words, "--code-uri", folder, *more)


def test_a_batch_is_given_again_as_it_was(tmp_path: Path) -> None:
    ended = redrive(tmp_path, "fixed", document(2, 6, 3))

    assert (ended.code, ended.stdout) == (0, "1 documents: 1 succeeded, 3 records\n")
    assert f"ids {' '.join(f'shardId-000000000000:{number(n)}' for n in (2, 4, 6))}" in ended.stderr
    assert f"arrivals {START + 2} {START + 4} {START + 6}" in ended.stderr
    assert f"arns {ARN}" in ended.stderr


def test_what_failed_again_is_kept_to_be_redriven_again(tmp_path: Path) -> None:
    lines = [document(2, 6, 3), document(1, 3, 2), document(8, 8, 2)]
    out = tmp_path / "again.jsonl"
    ended = redrive(tmp_path, "still_broken", *lines, more=("--failed", out))

    assert ended.code == 1
    assert ended.stdout == (
        "3 documents: 1 succeeded, 2 records\n1 failed again, 1 not in the recording\n"
    )
    assert "document 1: ValueError: four" in ended.stderr
    assert "document 3: 1 of its 2 records are in the recording" in ended.stderr
    assert [orjson.loads(line) for line in out.read_bytes().splitlines()] == [lines[0], lines[2]]
    assert eventsim(
        *("replay", tmp_path / "orders.jsonl", "--redrive", out, "--handler", "app.fixed"),
        *("--code-uri", tmp_path, "--json"),
    ).code


def test_failed_items_count_where_they_are_reported(tmp_path: Path) -> None:
    asks = ("--function-response-types", "ReportBatchItemFailures")

    assert redrive(tmp_path, "some", document(2, 6, 3)).code == 0
    assert redrive(tmp_path, "some", document(2, 6, 3), more=asks).code == 1


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ({"requestContext": {}, "requestPayload": {"a": 1}, "responsePayload": {}}, {"a": 1}),
        ({"a": 2}, {"a": 2}),
        ({"Body": '{"a": 3}', "MessageId": "m"}, {"a": 3}),
        ({"Body": '{"Type": "Notification", "Message": "{\\"a\\": 4}"}'}, {"a": 4}),
        (document(2, 6, 3, payload='{"Records": []}'), {"Records": []}),
    ],
)
def test_a_document_that_carries_the_event_needs_no_recording(
    tmp_path: Path, line: Any, event: Any
) -> None:
    documents = project(tmp_path, line)[1]
    (found,) = read_documents(documents)
    words: list[Any] = ["replay", documents, "--redrive", documents, "--handler", "app.fixed"]

    assert orjson.loads(found.event or b"") == event
    assert eventsim(*words, "--code-uri", tmp_path).code == 0


def test_documents_are_read_out_of_a_recording_of_their_queue(tmp_path: Path) -> None:
    path = save(tmp_path / "dlq.jsonl", [record(0, "m", document(2, 6, 3))], "sqs")

    assert [each.span for each in read_documents(path)] == [
        BatchSpan(ARN, "shardId-000000000000", number(2), number(6), 3)
    ]


WITHOUT_SIZE = (
    '{"KinesisBatchInfo": {"shardId": "s", "streamArn": "a", "startSequenceNumber": "1", '
    '"endSequenceNumber": "2"}}'
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no", "no JSON object"),
        ('{"KinesisBatchInfo": {"shardId": "s"}}', "no document of a batch"),
        (WITHOUT_SIZE, "no document of a batch: batchSize is missing"),
    ],
)
def test_a_line_that_is_no_document_is_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "d.jsonl").write_text(f'{{"a": 1}}\n{line}\n')

    with pytest.raises(RecordingError, match=rf"d\.jsonl:2: {said}"):
        read_documents(tmp_path / "d.jsonl")


spans = st.tuples(st.integers(0, 1), st.integers(0, 30), st.integers(0, 8))


@given(st.lists(spans, max_size=8))
def test_every_document_is_found_once_with_exactly_its_records(
    asked: list[tuple[int, int, int]],
) -> None:
    records = [record(n, "k", n, f"s{n % 2}") for n in range(24)]
    documents = [
        FailedDocument(n, b"", BatchSpan(ARN, f"s{shard}", str(at), str(at + more), more + 1), None)
        for n, (shard, at, more) in enumerate(asked)
    ]
    numbered = [each._replace(sequence_number=str(n)) for n, each in enumerate(records)]
    twice = [each for each in numbered for _ in range(2)]
    found = {each.document.number: each.records for each in find(documents, twice)}

    assert sorted(found) == list(range(len(asked)))
    for each in documents:
        span = each.span
        assert span is not None
        assert found[each.number] == tuple(
            one
            for n, one in enumerate(numbered)
            if one.shard == span.shard and int(span.first) <= n <= int(span.last)
        )


def test_an_answer_that_is_no_partial_batch_response_is_a_failure(tmp_path: Path) -> None:
    lines = [document(0, 2, 2), document(4, 6, 2)]
    plain = redrive(tmp_path, "muddled", *lines)
    reporting = redrive(
        tmp_path,
        "muddled",
        *lines,
        more=("--function-response-types", "ReportBatchItemFailures"),
    )

    assert plain.stdout == "2 documents: 2 succeeded, 4 records\n"
    assert reporting.code == 1
    assert "document 1: the answer is no object with batchItemFailures" in reporting.stderr
    assert "document 2: batchItemFailures is no list" in reporting.stderr


def test_a_batch_of_another_stream_is_not_taken_from_this_one(tmp_path: Path) -> None:
    other = ARN.replace("orders", "payments")
    path, documents = project(tmp_path, document(0, 2, 2))
    save(path, RECORDS, origin=other)
    words = ("--redrive", documents, "--handler", "app.fixed", "--code-uri", tmp_path)

    ended = eventsim("replay", path, *words)

    assert ended.code == 1
    assert f"document 1: it is of {ARN}, the recording of {other}" in ended.stderr
    assert ended.stdout.splitlines()[-1] == "0 failed again, 1 not in the recording"
