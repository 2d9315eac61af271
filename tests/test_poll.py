"""`eventsim poll`: settings, refusals and edges, against a moto server that is its own process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eventsim.cli.poll import POLLED, flag
from eventsim.journal.reading import read
from eventsim.rules.mapping_settings import SETTINGS
from tests.commands import Ended, eventsim
from tests.endpoints import Endpoint, moto_process

APP = """\
def handler(event, context):
    import base64
    got = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
    print("got", *got)
    if "poison" in got:
        raise ValueError("poison")
    record = event["Records"][0]
    return [record["eventSourceARN"], context.invoked_function_arn]
"""
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def poll(endpoint: Endpoint, stream: str, *words: str) -> Ended:
    source, handler = f"kinesis://{stream}", ("--handler", "app.handler")
    return eventsim("poll", source, *handler, "--endpoint-url", endpoint.url, *words)


def got(ended: Ended) -> list[str]:
    """What the handler got, a text for each batch."""
    lines = ended.stderr.splitlines()
    return [line.removeprefix("app | got ") for line in lines if line.startswith("app | ")]


def test_every_setting_of_a_mapping_is_a_flag_but_whether_it_is_enabled() -> None:
    assert SETTINGS.keys() - POLLED.keys() == {"Enabled"}
    assert {flag(setting) for setting in POLLED.values()} == {
        "--batch-size",
        "--bisect-batch-on-function-error",
        "--filter-criteria",
        "--function-response-types",
        "--maximum-batching-window-in-seconds",
        "--maximum-concurrency",
        "--maximum-record-age-in-seconds",
        "--maximum-retry-attempts",
        "--on-failure",
        "--parallelization-factor",
        "--starting-position",
        "--starting-position-timestamp",
        "--tumbling-window-in-seconds",
    }


def test_records_arrive_in_batches_and_the_summary_says_so(endpoint: Endpoint) -> None:
    stream = endpoint.stream()
    endpoint.put(stream, [b"1", b"2", b"3"])

    ended = poll(endpoint, stream, "--batch-size", "2", "--count", "3")

    assert ended.code == 0
    assert ended.stderr.splitlines() == [
        "no --checkpoints FILE: progress lasts as long as this process",
        f"polling kinesis://{stream}; Ctrl-C stops",
        "app | got 1 2",
        f"{stream}/0  2 records delivered, attempt 1",
        "app | got 3",
        f"{stream}/0  1 record delivered, attempt 1",
    ]
    assert ended.stdout.startswith(f"poll kinesis://{stream}\n\nok after ")
    assert "3 records are dealt with" in ended.stdout


def test_the_next_poll_goes_on_where_the_last_one_stopped(folder: Path, endpoint: Endpoint) -> None:
    stream = endpoint.stream()
    endpoint.put(stream, [b"1", b"2", b"3"])
    words = ("--batch-size", "1", "--checkpoints", "c.json", "--quiet", "--journal")

    first = poll(endpoint, stream, *words, "first.jsonl", "--count", "2")
    second = poll(endpoint, stream, *words, "second.jsonl", "--count", "1")

    assert (first.code, first.stderr, second.code, second.stderr) == (0, "", 0, "")
    assert [
        [entry.fields["last"] for entry in read(folder / name) if entry.kind == "batch_delivered"]
        for name in ("first.jsonl", "second.jsonl")
    ] == [["1", "2"], ["3"]]


def test_latest_takes_up_what_came_between_two_polls(endpoint: Endpoint) -> None:
    stream = endpoint.stream()
    endpoint.put(stream, [b"before"])
    words = ("--starting-position", "LATEST", "--checkpoints", "c.json")

    assert got(poll(endpoint, stream, *words, "--for", "100ms")) == []
    endpoint.put(stream, [b"between"])
    assert got(poll(endpoint, stream, *words, "--count", "1"))[-1].endswith("between")


def test_settings_reach_the_mapping(endpoint: Endpoint) -> None:
    stream = endpoint.stream()
    endpoint.put(stream, [b'{"id": 1}', b'{"id": 2}', b"no JSON", b"poison"])
    criteria = json.dumps({"Filters": [{"Pattern": '{"data": {"id": [2]}}'}]})

    ended = poll(endpoint, stream, "--filter-criteria", criteria, "--count", "4")
    assert got(ended) == ['{"id": 2}']

    words = ("--maximum-retry-attempts", "0", "--bisect-batch-on-function-error", "--batch-size")
    ended = poll(endpoint, stream, *words, "4", "--count", "4")
    assert ended.code == 1
    assert [line for line in ended.stderr.splitlines() if "discarded" in line] == [
        f"{stream}/0  1 record discarded, RetryAttemptsExhausted: MaximumRetryAttempts 0 used up"
    ]


def test_what_is_given_up_goes_to_a_destination_that_is_there(endpoint: Endpoint) -> None:
    s3 = endpoint.client_of("s3")
    s3.create_bucket(Bucket="discarded")
    stream = endpoint.stream()
    endpoint.put(stream, [b"poison"])
    words = ("--maximum-retry-attempts", "0", "--count", "1", "--on-failure")

    ended = poll(endpoint, stream, *words, "arn:aws:s3:::discarded")
    (key,) = [each["Key"] for each in s3.list_objects_v2(Bucket="discarded")["Contents"]]
    document = json.loads(s3.get_object(Bucket="discarded", Key=key)["Body"].read())

    assert ended.code == 1
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["streamArn"] == ARN + stream
    missing = poll(endpoint, stream, *words, "arn:aws:s3:::nowhere")
    assert (missing.code, missing.stderr.splitlines()[-1]) == (2, "error: 404: Not Found")


def test_the_changes_of_a_table_are_polled(folder: Path, endpoint: Endpoint) -> None:
    dynamodb = endpoint.client_of("dynamodb")
    table = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    dynamodb.create_table(TableName="users", StreamSpecification=stream, **table)
    dynamodb.create_table(TableName="silent", **table)
    (folder / "app.py").write_text(
        "def handler(event, context):\n"
        "    keys = [each['dynamodb']['Keys']['id']['S'] for each in event['Records']]\n"
        "    print('got', *keys)\n"
    )
    words = ("--handler", "app.handler", "--endpoint-url", endpoint.url)

    seen = []
    for key in ("a", "b"):
        dynamodb.put_item(TableName="users", Item={"id": {"S": key}})
        ended = eventsim(
            *("poll", "dynamodb://users", *words, "--checkpoints", "c.json", "--count", "1")
        )
        seen += [(ended.code, got(ended))]

    assert seen == [(0, ["a"]), (0, ["b"])]
    for source, more, error in [
        ("nowhere", [], "ResourceNotFoundException: "),
        ("silent", [], "table silent has no stream; enable one, or give another table"),
        (
            "users",
            ["--starting-position", "AT_TIMESTAMP"],
            "StartingPosition: InvalidParameterValueException: Unsupported starting position for",
        ),
    ]:
        refused = eventsim("poll", f"dynamodb://{source}", *words, *more)
        assert (refused.code, refused.stdout) == (2, "")
        assert refused.stderr.splitlines()[-1].startswith(f"error: {error}")
    assert "nowhere" not in dynamodb.list_tables()["TableNames"]


def test_a_queue_is_polled_and_what_was_done_is_deleted(folder: Path, endpoint: Endpoint) -> None:
    sqs = endpoint.client_of("sqs")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    for body in ("1", "2", "3"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    (folder / "app.py").write_text(
        "def handler(event, context):\n"
        "    print('got', *[record['body'] for record in event['Records']])\n"
    )
    words = ("--handler", "app.handler", "--endpoint-url", endpoint.url)

    ended = eventsim("poll", "sqs://inbox", *words, "--batch-size", "3", "--count", "3")

    assert ended.code == 0
    assert sorted(" ".join(got(ended)).split()) == ["1", "2", "3"]
    assert ended.stderr.startswith("polling sqs://inbox; Ctrl-C stops\n")
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == "0"
    assert left["ApproximateNumberOfMessagesNotVisible"] == "0"
    for more, error in [
        (["--checkpoints", "c.json"], "a queue keeps what is not done itself; leave"),
        (
            ["--timeout", "31"],
            "EventSourceArn: InvalidParameterValueException: Queue visibility timeout: 30 seconds",
        ),
        (
            ["--parallelization-factor", "2"],
            "ParallelizationFactor: InvalidParameterValueException: Unsupported",
        ),
    ]:
        refused = eventsim("poll", "sqs://inbox", *words, *more)
        assert (refused.code, refused.stdout) == (2, "")
        assert refused.stderr.splitlines()[-1].startswith(f"error: {error}")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["--batch-size", "10001"],
            "BatchSize: ValidationException: 1 validation error detected: Value '10001' at "
            "'batchSize' failed to satisfy constraint: Member must have value less than or equal "
            "to 10000",
        ),
        (
            ["--starting-position", "AT_TIMESTAMP"],
            "StartingPositionTimestamp: InvalidParameterValueException: Need to specify a "
            "timestamp",
        ),
        (
            ["--maximum-record-age-in-seconds", "59"],
            "MaximumRecordAgeInSeconds: InvalidParameterValueException: MaximumRecordAgeInSeconds "
            "must be either -1 (forever) or between 60 and 604800 (inclusive)",
        ),
        (
            ["--maximum-concurrency", "5"],
            "ScalingConfig: InvalidParameterValueException: Unsupported ScalingConfig parameter "
            "for given event source mapping type.",
        ),
        (
            ["--filter-criteria", '{"Filters": [{"Pattern": "{"}]}'],
            "FilterCriteria: InvalidParameterValueException: Invalid filter pattern definition.",
        ),
        (
            ["--on-failure", "nowhere"],
            "DestinationConfig: ValidationException: 1 validation error detected: Value 'nowhere' "
            "at 'destinationConfig.onFailure.destination'",
        ),
        (["--filter-criteria", "{"], "--filter-criteria is not JSON: "),
        (["--filter-criteria", "[]"], "FilterCriteria"),
        (
            ["--starting-position-timestamp", "2026-01-01"],
            "StartingPositionTimestamp is 2026-01-01T00:00:00, without a time zone; write",
        ),
        (["--starting-position-timestamp", "²"], "StartingPositionTimestamp is '²'; write a date"),
        (["--for", "30"], "--for is '30'; write a duration such as 20ms"),
        (["--checkpoints", "/dev/null"], "/dev/null is no file; write the name of one"),
        (["--code-uri", "nowhere"], "--code-uri nowhere is no folder"),
        (["--handler", "apq.handler"], "no file apq.py in this folder, wanted for"),
        (["--journal", "app.py"], "--journal app.py would overwrite a file that is no journal"),
        (["--journal", "c.json", "--checkpoints", "c.json"], "--journal and --checkpoints both"),
        (["--journal", "-", "--json"], "only one thing can go to stdout"),
    ],
)
def test_what_cannot_be_is_refused(endpoint: Endpoint, words: list[str], error: str) -> None:
    stream = getattr(endpoint, "refusing", None) or endpoint.stream()
    endpoint.refusing = stream  # type: ignore[attr-defined]  # one is enough for all of these

    ended = poll(endpoint, stream, *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith(f"error: {error}")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("orders", "'orders' is no source; write one such as kinesis://orders"),
        ("kinesis://", "'kinesis://' is no source; write one such as kinesis://orders"),
        ("kinesi://orders", "no sources called 'kinesi'; there are: "),
        ("sns://orders", "module 'sns' has no MAPPING, which each of the sources must have"),
        ("sqs://nowhere", "AWS.SimpleQueueService.NonExistentQueue: The specified queue does"),
        (
            "kinesis://nowhere",
            "ResourceNotFoundException: Stream nowhere under account 123456789012 not found.",
        ),
    ],
)
def test_a_source_that_is_not_there_is_refused_and_never_made(
    endpoint: Endpoint, source: str, error: str
) -> None:
    words = ("--handler", "app.handler", "--endpoint-url", endpoint.url)
    ended = eventsim("poll", source, *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith(f"error: {error}")
    assert "nowhere" not in endpoint.client.list_streams()["StreamNames"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--endpoint-url", "http://127.0.0.1:9"], "Could not connect to the endpoint URL"),
        ([], "the endpoint back end needs an address"),
        (["--endpoint-url", "http://192.0.2.1:4566"], "http://192.0.2.1:4566 leads outside"),
    ],
)
def test_an_endpoint_that_is_none_is_refused(words: list[str], error: str) -> None:
    ended = eventsim("poll", "kinesis://orders", "--handler", "app.handler", *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith(f"error: {error}")


def test_a_checkpoint_file_of_another_stream_is_refused_with_what_it_is_of(
    folder: Path, endpoint: Endpoint
) -> None:
    stream, other = endpoint.stream(), endpoint.stream()
    words = ("--checkpoints", "c.json", "--for", "10ms")
    assert poll(endpoint, stream, *words).code == 0
    kept = (folder / "c.json").read_bytes()

    ended = poll(endpoint, other, *words)

    assert (ended.code, ended.stderr.splitlines()[-1]) == (
        2,
        f"error: c.json has the checkpoints of app.{stream} ({ARN}{stream} to function app), "
        f"not of app.{other} ({ARN}{other} to function app)",
    )
    assert (folder / "c.json").read_bytes() == kept


def test_a_stream_that_was_made_anew_does_not_go_on_from_old_checkpoints(
    endpoint: Endpoint,
) -> None:
    stream = endpoint.stream()
    words = ("--checkpoints", "c.json", "--for", "10ms")
    assert poll(endpoint, stream, *words).code == 0
    endpoint.client.delete_stream(StreamName=stream)
    endpoint.client.create_stream(StreamName=stream, ShardCount=1)

    ended = poll(endpoint, stream, *words)

    assert ended.code == 2
    assert f"of an earlier {ARN}{stream}, which was deleted and created again" in ended.stderr


def test_a_stream_that_is_deleted_while_it_is_polled_ends_the_poll(
    folder: Path, endpoint: Endpoint
) -> None:
    stream = endpoint.stream()
    endpoint.put(stream, [b"1"])
    (folder / "app.py").write_text(
        "import boto3\n"
        "def handler(event, context):\n"
        f"    boto3.client('kinesis', endpoint_url={endpoint.url!r}, region_name='us-east-1')"
        f".delete_stream(StreamName={stream!r})\n"
    )

    ended = poll(endpoint, stream, "--timeout", "60")

    assert ended.code == 2
    assert f"{stream}/0  shard lost: it is not there any more" in ended.stderr
    assert ended.stderr.splitlines()[-1] == f"error: {stream} is not there any more"
    assert "FAILED after " in ended.stdout
    assert ended.stdout.splitlines()[-1] == (
        f"  eventsim poll kinesis://{stream} --handler app.handler --timeout 60 --memory-size 128"
    )


@pytest.mark.parametrize(("hours", "side"), [(2, "ahead of"), (-2, "behind")])
def test_ages_go_by_the_endpoints_clock_where_clocks_disagree(
    folder: Path, hours: int, side: str
) -> None:
    with moto_process(hours * 3600) as away:
        stream = away.stream()
        away.put(stream, [b"1"])
        ended = poll(
            *(away, stream, "--maximum-record-age-in-seconds", "60", "--count", "1"),
            *("--journal", "j.jsonl"),
        )

    assert (ended.code, got(ended)) == (0, ["1"])
    told = f"{side} this machine's; the ages of records go by the endpoint's"
    assert told in ended.stderr
    ages = [entry.fields["age"] for entry in read(folder / "j.jsonl") if "age" in entry.fields]
    assert [abs(age) < 30 for age in ages] == [True]
