"""A scenario on a server: its functions are in the API, beside those that clients make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.server_process import Served, create, server, until

SCENARIO = """\
# A function with a URL, another that reads a stream, and clients that see both.
name: shown
region: eu-west-1
account: "111122223333"
resources:
  orders: {type: kinesis, shards: 1, release: retention}
functions:
  web:
    Handler: app.web
    Timeout: 7
    FunctionUrlConfig: {AuthType: NONE}
  reader:
    Handler: app.reader
    Events:
      Orders: {Type: Kinesis, Properties: {Stream: orders, StartingPosition: TRIM_HORIZON}}
timeline:
  - {at: 0s, put: orders, records: [{key: a, data: 1}, {key: b, data: 2}]}
"""
APP = """\
def web(event, context):
    return {"path": event.get("rawPath"), "arn": context.invoked_function_arn}
def reader(event, context):
    print("read", len(event["Records"]))
"""
COUNTING = "def handler(event, context):\n    print('read', len(event['Records']))\n"
STREAM = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "s.yaml").write_text(SCENARIO)
    (folder / "app.py").write_text(APP)
    with server(folder, "s.yaml") as served:
        yield served


@pytest.fixture
def api(shown: Served) -> Any:
    return shown.client("lambda", "eu-west-1")


def test_clients_see_and_invoke_the_functions_of_the_scenario(api: Any) -> None:
    listed = {each["FunctionName"]: each for each in api.list_functions()["Functions"]}
    assert (listed["web"]["Handler"], listed["web"]["Timeout"]) == ("app.web", 7)
    answer = api.invoke(FunctionName="web", Payload=b'{"rawPath":"/x"}')
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:web"
    assert json.load(answer["Payload"]) == {"path": "/x", "arn": arn}


def test_clients_see_the_streams_of_the_scenario_and_write_there(shown: Served) -> None:
    kinesis = shown.client("kinesis", "eu-west-1")
    assert kinesis.describe_stream(StreamName="orders")["StreamDescription"]["StreamARN"] == STREAM
    put = kinesis.put_record(StreamName="orders", Data=b"3", PartitionKey="c")
    place = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=place)["Records"]
    assert [record["PartitionKey"] for record in records] == ["a", "b", "c"]
    assert shown.client("kinesis").list_streams()["StreamNames"] == []


def test_clients_do_not_change_the_functions_of_the_scenario(api: Any) -> None:
    with pytest.raises(ClientError, match="The function web is the scenario's"):
        api.delete_function(FunctionName="web")


def test_the_front_of_the_scenario_is_served_beside_the_api(shown: Served, api: Any) -> None:
    page = {"Origin": "https://shop.example"}  # whose requests a front may well be for
    assert httpx.get(f"{shown.base}/pets", headers=page).json()["path"] == "/pets"
    signed = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/lambda/aws4_request"
    }
    assert httpx.get(f"{shown.base}/dogs", headers=signed).json()["path"] == "/dogs"


def test_a_function_of_a_client_reads_the_stream_of_the_scenario(shown: Served, api: Any) -> None:
    create(api, "counting", COUNTING)
    api.create_event_source_mapping(
        EventSourceArn=STREAM, FunctionName="counting", StartingPosition="TRIM_HORIZON"
    )
    until(
        lambda: (
            {"reader", "counting"}
            <= {entry["function"] for entry in shown.entries("batch_delivered")}
        )
    )


def test_the_account_is_the_scenarios_in_every_service(shown: Served) -> None:
    made = shown.client("sqs", "eu-west-1").create_queue(QueueName="mine")["QueueUrl"]
    assert made == f"{shown.base}/111122223333/mine"
    caller = shown.client("sts", "eu-west-1").get_caller_identity()
    assert caller["Account"] == "111122223333"
