"""Event source mappings of the API whose sources do not last."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.server_process import Served, create, until

NAMES = count()


@pytest.fixture(scope="module")
def api(aws: Served) -> Any:
    return aws.client("lambda")


@pytest.fixture
def name(api: Any) -> Iterator[str]:
    """A function of the test's own."""
    made = f"mapped-{next(NAMES)}"
    create(api, made, "def handler(event, context):\n    return None\n")
    yield made
    api.delete_function(FunctionName=made)


def test_a_mapping_whose_queue_is_gone_says_so_and_can_be_deleted(
    aws: Served, api: Any, name: str
) -> None:
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    uuid = api.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"]

    def mapping() -> Any:
        return api.get_event_source_mapping(UUID=uuid)

    until(lambda: mapping()["State"] == "Enabled")
    queues.delete_queue(QueueUrl=url)
    until(lambda: mapping().get("LastProcessingResult", "").startswith("PROBLEM: "))
    api.delete_event_source_mapping(UUID=uuid)
    until(lambda: not api.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"])
    assert api.invoke(FunctionName=name)["StatusCode"] == 200


def test_a_mapping_that_cannot_be_enabled_says_so_and_can_be_deleted(
    aws: Served, api: Any, name: str
) -> None:
    streams = aws.client("kinesis")
    streams.create_stream(StreamName=name, ShardCount=1)
    arn = f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}"
    uuid = api.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=name, StartingPosition="LATEST", Enabled=False
    )["UUID"]

    def mapping() -> Any:
        return api.get_event_source_mapping(UUID=uuid)

    until(lambda: mapping()["State"] == "Disabled")
    streams.delete_stream(StreamName=name)
    assert api.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    until(lambda: mapping()["LastProcessingResult"].startswith("PROBLEM: "))
    assert mapping()["State"] in ("Disabled", "Enabled")
    api.delete_event_source_mapping(UUID=uuid)
    until(lambda: not api.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"])
