"""`eventsim record` as its own process, against a server that is one: killed, and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from eventsim.recordings import RecordedRecord
from eventsim.recordings.jsonl import check_header, read
from tests.commands import Ended, command, eventsim
from tests.endpoints import Endpoint

SHARDS = 4
PROJECT = Path(__file__).parent.parent
WRITER = """\
import sys
from tests.endpoints import Endpoint
url, stream, records, shards = sys.argv[1:]
endpoint, put = Endpoint(url), 0
for line in sys.stdin:
    for start in range(put, int(line), 40):
        data = [b'{"n":%d}' % n for n in range(start, min(start + 40, int(line)))]
        endpoint.put(stream, data, int(shards))
    put = int(line)
"""


def start(folder: Path, url: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("record", *words),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "AWS_ENDPOINT_URL": url},
    )


def record(folder: Path, url: str, *words: str) -> Ended:
    """Record to the end."""
    running = start(folder, url, *words)
    _, stderr = running.communicate(timeout=50)
    return Ended(running.returncode, "", stderr)


def until_written(running: subprocess.Popen[str], records: int) -> int:
    """Read lines until so many records are told to be written; how many were."""
    assert running.stderr is not None
    while line := running.stderr.readline():
        if (found := re.match(r"([\d,]+) records are written", line)) and (
            told := int(found[1].replace(",", ""))
        ) >= records:
            return told
    raise AssertionError("ended before")


def in_shards(path: Path | str) -> dict[str, list[int]]:
    """The numbers that the records of each shard carry, in their order."""
    found: dict[str, list[int]] = {}
    for each in read(path):
        found.setdefault(str(each.shard), []).append(orjson.loads(each.data)["n"])
    return found


def kill_and_go_on(folder: Path, endpoint: Endpoint, name: str, records: int, kills: int) -> None:
    """Each record is there once, in order, whenever the recorder was killed meanwhile."""
    stream, path = endpoint.stream(SHARDS), folder / name
    words = [sys.executable, "-c", WRITER, endpoint.url, stream, str(records), str(SHARDS)]
    with subprocess.Popen(words, cwd=PROJECT, stdin=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        share = records // (kills + 1) // SHARDS * SHARDS
        for turn in range(kills):
            writer.stdin.write(f"{share * (turn + 1)}\n")
            writer.stdin.flush()
            running = start(folder, endpoint.url, f"kinesis://{stream}", "-o", name)
            told = until_written(running, share * turn + 1)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            there = list(read(path, on_cut_off=lambda line: None))
            assert len(there) >= told
        writer.stdin.write(f"{records}\n")
        writer.stdin.close()
        ended = record(
            folder, endpoint.url, f"kinesis://{stream}", "-o", name, "--count", str(records)
        )
    assert (writer.returncode, ended.code) == (0, 0)
    assert in_shards(path) == {
        f"shardId-{shard:012}": list(range(shard, records, SHARDS)) for shard in range(SHARDS)
    }


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_a_recorder_that_is_killed_twice_has_each_record_once_in_order(
    tmp_path: Path, endpoint: Endpoint, name: str
) -> None:
    kill_and_go_on(tmp_path, endpoint, name, records=2_000, kills=2)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_recorder_that_is_killed_ten_times(tmp_path: Path, endpoint: Endpoint) -> None:
    kill_and_go_on(tmp_path, endpoint, "r.jsonl.gz", records=100_000, kills=10)


def test_what_is_there_by_now_is_recorded_in_order_of_arrival(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    stream = endpoint.stream(SHARDS)
    endpoint.put(stream, [b'{"n":%d}' % n for n in range(200)], SHARDS)

    ended = record(
        tmp_path, endpoint.url, f"kinesis://{stream}", "-o", "r.jsonl", "--to-now", "--quiet"
    )

    assert ended == Ended(0, "", "")
    found = list(read(tmp_path / "r.jsonl"))
    assert sorted(orjson.loads(each.data)["n"] for each in found) == list(range(200))
    header = check_header(tmp_path / "r.jsonl")
    assert (header.source, header.origin) == (
        "kinesis",
        f"arn:aws:kinesis:us-east-1:123456789012:stream/{stream}",
    )


def test_a_count_is_that_of_the_file_and_latest_is_when_it_was_begun(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    stream = endpoint.stream()
    endpoint.put(stream, [b'{"n":-1}'])
    words = (f"kinesis://{stream}", "-o", "r.jsonl")
    latest = ("--starting-position", "LATEST")
    first = record(tmp_path, endpoint.url, *words, *latest, "--for", "1500ms")
    endpoint.put(stream, [b'{"n":%d}' % n for n in range(30)])

    second = record(tmp_path, endpoint.url, *words, *latest, "--count", "10")
    third = record(tmp_path, endpoint.url, *words, "--count", "10")
    fourth = record(tmp_path, endpoint.url, *words, "--to-now")

    assert [each.code for each in (first, second, third, fourth)] == [0, 0, 0, 0]
    early = "r.jsonl has 1 records" in first.stderr  # LATEST is the second in which it began
    assert f"r.jsonl has 10 records, {10 - early} of them new" in second.stderr
    assert "r.jsonl has 10 records, 0 of them new" in third.stderr
    numbers = [orjson.loads(each.data)["n"] for each in read(tmp_path / "r.jsonl")]
    assert [n for n in numbers if n >= 0] == list(range(30))


def test_ctrl_c_writes_what_was_read(tmp_path: Path, endpoint: Endpoint) -> None:
    stream = endpoint.stream(2)
    endpoint.put(stream, [b'{"n":%d}' % n for n in range(20)], 2)
    running = start(tmp_path, endpoint.url, f"kinesis://{stream}", "-o", "r.jsonl")
    until_written(running, 1)

    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=20)

    assert running.returncode == 130
    assert "r.jsonl has 20 records, 20 of them new" in stderr


def test_a_table_is_recorded_with_its_keys_and_images(tmp_path: Path, endpoint: Endpoint) -> None:
    client = endpoint.client_of("dynamodb")
    client.create_table(
        TableName="recorded-users",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for n in range(3):
        client.put_item(TableName="recorded-users", Item={"id": {"S": "a"}, "b": {"B": b"%d" % n}})

    for count in ("2", "3"):
        ended = record(
            tmp_path, endpoint.url, "dynamodb://recorded-users", "-o", "r.jsonl", "--count", count
        )
        assert ended.code == 0

    found = [each.data for each in read(tmp_path / "r.jsonl")]
    images = [b'{"b":{"B":"%b"},"id":{"S":"a"}}' % each for each in (b"MA==", b"MQ==", b"Mg==")]
    assert [each.event_name for each in found] == ["INSERT", "MODIFY", "MODIFY"]
    assert [each.new_image for each in found] == images
    assert [each.old_image for each in found] == [None, *images[:2]]
    assert {each.keys for each in found} == {b'{"id":{"S":"a"}}'}


def test_a_queue_is_emptied_into_the_recording_once_that_is_asked_for(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    client = endpoint.client_of("sqs")
    url = client.create_queue(QueueName="recorded-dlq")["QueueUrl"]
    binary = {"x": {"DataType": "Binary.png", "BinaryValue": b"\xff"}}
    for n in range(25):
        client.send_message(QueueUrl=url, MessageBody=f"m{n}", MessageAttributes=binary)
    words = ("sqs://recorded-dlq", "-o", "r.jsonl")

    refused = record(tmp_path, endpoint.url, *words)
    first = record(tmp_path, endpoint.url, *words, "--consume", "--count", "7")
    second = record(tmp_path, endpoint.url, *words, "--consume", "--to-now")

    assert (refused.code, first.code, second.code) == (2, 0, 0)
    assert "receive counts rise" in refused.stderr
    found: list[RecordedRecord] = list(read(tmp_path / "r.jsonl"))
    assert sorted(each.data.body for each in found) == sorted(f"m{n}" for n in range(25))
    assert {repr(each.data.message_attributes) for each in found} == {repr(binary)}
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = client.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
    assert left == dict.fromkeys(counts, "0")


def test_on_failure_documents_have_their_records_read_again(
    tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = endpoint.stream(2)
    endpoint.put(stream, [b'{"n":%d}' % n for n in range(60)], 2)
    arn = f"arn:aws:kinesis:us-east-1:123456789012:stream/{stream}"

    def document(shard: int, first: int, last: int, arn: str = arn) -> bytes:
        info = {
            "shardId": f"shardId-{shard:012}",
            "startSequenceNumber": str(first),
            "endSequenceNumber": str(last),
            "streamArn": arn,
        }
        return orjson.dumps({"KinesisBatchInfo": info}) + b"\n"

    monkeypatch.chdir(tmp_path)
    told = [document(0, 8, 12), document(0, 3, 4), document(0, 11, 13), document(1, 30, 30)]
    Path("documents").write_bytes(b"".join([*told, document(0, 1, 2, "arn:aws:kinesis:x:y:z")]))
    Path("others").write_bytes(document(1, 1, 1))
    words = ("record", f"kinesis://{stream}", "--endpoint-url", endpoint.url, "-o", "r.jsonl")

    first = eventsim(*words, "--on-failure", "documents")
    again = eventsim(*words, "--on-failure", "documents")
    other = eventsim(*words, "--on-failure", "others")

    assert [each.code for each in (first, again, other)] == [0, 0, 2]
    assert "1 of the documents left out: they are about other streams" in first.stderr
    assert "r.jsonl has 9 records, 0 of them new" in again.stderr
    assert "is of other on-failure documents" in other.stderr
    numbers = {shard: [n // 2 + 1 for n in each] for shard, each in in_shards("r.jsonl").items()}
    assert numbers == {
        "shardId-000000000000": [3, 4, 8, 9, 10, 11, 12, 13],
        "shardId-000000000001": [30],
    }


def test_what_cannot_be_recorded_is_told_with_exit_2(
    tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = endpoint.stream()

    def refused(*words: str) -> str:
        ended = eventsim("record", *words, "--endpoint-url", endpoint.url)
        assert ended.code == 2
        return ended.stderr

    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.jsonl").write_text('{"recording":"eventsim","schema":1,"source":"sqs"}\n')
    assert "ResourceNotFound" in refused("kinesis://nothing", "-o", "r.jsonl")
    assert "is no source" in refused(stream, "-o", "r.jsonl")
    assert "name ends in .jsonl" in refused(f"kinesis://{stream}", "-o", "r.csv")
    assert "is a recording of sqs" in refused(f"kinesis://{stream}", "-o", "other.jsonl")
    assert "leave --consume out" in refused(f"kinesis://{stream}", "-o", "r.jsonl", "--consume")
    assert "go together" in refused(
        f"kinesis://{stream}", "-o", "r.jsonl", "--starting-position", "AT_TIMESTAMP"
    )
    begun = (f"kinesis://{stream}", "-o", "begun.jsonl")
    assert eventsim("record", *begun, "--for", "1ms", "--endpoint-url", endpoint.url).code == 0
    assert "was begun at TRIM_HORIZON" in refused(*begun, "--starting-position", "LATEST")
