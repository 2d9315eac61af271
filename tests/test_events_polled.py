"""What is read of the answers of mail and Firehose, and how brokers and databases tell of bytes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    KafkaMskEventModel,
    KinesisFirehoseModel,
    SesModel,
)
from hypothesis import given
from hypothesis import strategies as st

from eventsim.clock import Clock
from eventsim.errors import EventsimError, InvokeError, TooManyRequests
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.push import Pusher, read
from eventsim.sources import firehose, kafka, ses
from eventsim.types import Delivery, InvokeRequest, InvokeResult
from tests.event_building import AT, FAILED, answered, event, scene


@pytest.mark.parametrize("disposition", ["CONTINUE", "STOP_RULE", "STOP_RULE_SET"])
def test_a_rule_is_told_how_to_go_on(disposition: str) -> None:
    told = read(ses, answered({"disposition": disposition}), event("ses", "message"))
    assert (told.accepted, told.value) == (True, disposition)


@pytest.mark.parametrize("result", [FAILED, answered(None), answered({"disposition": "stop_rule"})])
def test_an_email_goes_on_where_the_function_says_nothing(result: InvokeResult) -> None:
    told = read(ses, result, event("ses", "message"))
    assert (told.accepted, told.value) == (False, "CONTINUE")
    assert told.because


def test_an_email_says_of_itself_the_same_in_its_headers() -> None:
    [record] = SesModel.model_validate(
        event("ses", "message", sender="a@example.com", recipients=["b@example.org"], dmarc="GRAY")
    ).Records
    mail = record.ses.mail
    headers = {header.name: header.value for header in mail.headers}
    assert mail.source == mail.commonHeaders.returnPath == headers["From"] == "a@example.com"
    assert mail.commonHeaders.messageId == headers["Message-ID"]
    assert parsedate_to_datetime(headers["Date"]) == AT.replace(microsecond=0)


def test_a_policy_is_there_only_where_dmarc_failed() -> None:
    told = event("ses", "message", dmarc="FAIL")["Records"][0]["ses"]["receipt"]
    assert told["dmarcPolicy"] == "reject"
    assert "dmarcPolicy" not in event("ses", "message")["Records"][0]["ses"]["receipt"]


SENT = event("firehose", "transform", records=3)
IDS = [record["recordId"] for record in SENT["records"]]


def transformed(*changed: dict[str, Any]) -> InvokeResult:
    """An answer with all records, of which the first ones are changed."""
    records = [{"recordId": each, "result": "Ok", "data": "YQ=="} for each in IDS]
    for record, change in zip(records, changed, strict=False):
        record.update(change)
    return answered({"records": records})


def test_records_are_delivered_dropped_or_partitioned_as_the_function_says() -> None:
    keys = {"customer": "1"}
    told = read(
        firehose,
        transformed({"result": "Dropped"}, {"metadata": {"partitionKeys": keys}}),
        SENT,
    )
    assert told.accepted
    assert told.value == {
        "Ok": {IDS[1]: {"data": "YQ==", "partitionKeys": keys}, IDS[2]: {"data": "YQ=="}},
        "Dropped": [IDS[0]],
        "ProcessingFailed": {},
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"result": "ProcessingFailed"}, "Lambda.ProcessingFailedStatus"),
        ({"recordId": "other"}, "Lambda.MissingRecordId"),
        ({"recordId": IDS[1]}, "Lambda.MissingRecordId"),
        ({"result": "TRANSFORMED"}, "Lambda.JsonMappingException"),
        ({"data": "not base64"}, "Lambda.JsonMappingException: data is not base64"),
        ({"data": None}, "Lambda.JsonMappingException: data is not base64"),
        ({"metadata": []}, "Lambda.JsonMappingException: metadata is not an object"),
    ],
)
def test_a_record_that_breaks_the_contract_fails_and_the_others_do_not(
    changed: dict[str, Any], code: str
) -> None:
    told = read(firehose, transformed(changed), SENT)
    assert not told.accepted
    assert told.value["ProcessingFailed"][IDS[0]].startswith(code)
    assert IDS[2] in told.value["Ok"]


def test_a_record_that_is_there_twice_failed() -> None:
    told = read(firehose, transformed({"recordId": IDS[1]}), SENT)
    assert told.value["ProcessingFailed"][IDS[1]].startswith("Lambda.DuplicatedRecordId")


class Function:
    """An invoker whose function answers one result after the other."""

    def __init__(self, clock: Clock, results: Sequence[InvokeResult | InvokeError]) -> None:
        self.clock, self.results, self.asked = clock, list(results), list[float]()

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        self.asked.append(self.clock.time())
        result = self.results.pop(0)
        if isinstance(result, InvokeError):
            raise result
        return result


@pytest.mark.parametrize(
    ("results", "accepted", "times"),
    [
        ([FAILED, answered([]), transformed()], True, [0, 1, 2]),
        ([TooManyRequests("no"), transformed()], True, [0, 1]),
        ([FAILED] * 4, False, [0, 1, 2, 3]),
        ([transformed({"result": "ProcessingFailed"})], False, [0]),
    ],
)
async def test_firehose_tries_three_times_more_when_nothing_came_of_it(
    clock: Clock, results: list[InvokeResult | InvokeError], accepted: bool, times: list[float]
) -> None:
    function = Function(clock, results)
    pusher = Pusher(function, Journal(clock), clock, Chance(1))
    told = await pusher.push(Delivery("firehose", firehose, SENT, "f"), scene())
    assert (told.accepted, function.asked) == (accepted, times)


def test_records_of_a_kinesis_stream_say_where_they_stood() -> None:
    told = KinesisFirehoseModel.model_validate(
        event("firehose", "transform", source_stream="orders", partition_key="k")
    )
    assert told.sourceKinesisStreamArn == "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
    [record] = told.records
    assert record.kinesisRecordMetadata is not None
    assert record.kinesisRecordMetadata.partitionKey == "k"
    assert record.recordId.startswith(record.kinesisRecordMetadata.sequenceNumber)


@given(st.text(max_size=20), st.text(max_size=20))
def test_kafkas_bytes_are_those_that_were_said(value: str, header: str) -> None:
    told = KafkaMskEventModel.model_validate(
        event("kafka", "msk", value=value, key=value, headers={"h": header})
    )
    [[record]] = told.records.values()
    assert record.value == value
    assert record.key == value.encode()
    assert record.headers == [{"h": header.encode()}]


def test_kafkas_records_are_spread_over_the_partitions_in_turn() -> None:
    told = event("kafka", "self-managed", topic="t", records=5, partitions=2, key=None)["records"]
    assert {name: len(records) for name, records in told.items()} == {"t-0": 3, "t-1": 2}
    assert kafka.source_arn(event("kafka", "self-managed"), scene()) is None
    for name, records in told.items():
        offsets = [record["offset"] for record in records]
        assert offsets == sorted(set(offsets))
        assert all(f"t-{record['partition']}" == name for record in records)
        assert not any("key" in record for record in records)


def test_rabbits_headers_are_bytes_or_numbers() -> None:
    made = event("amazon_mq", "rabbit-mq", headers={"a": "é", "n": 10}, virtual_host="v", data="hé")
    [message] = made["rmqMessagesByQueue"]["orders::v"]
    assert message["basicProperties"]["headers"] == {"a": {"bytes": [195, 169]}, "n": 10}
    assert message["basicProperties"]["timestamp"] == "Mar 1, 2026, 9:23:45 AM"
    assert message["basicProperties"]["bodySize"] == len(b64decode(message["data"])) == 3


def test_a_document_has_one_key_and_a_change_its_time() -> None:
    change = event("documentdb", "insert", document={"x": 1})["events"][0]["event"]
    assert change["fullDocument"] == {**change["documentKey"], "x": 1}
    assert change["clusterTime"]["$timestamp"]["t"] == int(AT.timestamp())
    assert "fullDocument" not in event("documentdb", "update")["events"][0]["event"]


@pytest.mark.parametrize("name", ["msk", "self-managed"])
@pytest.mark.parametrize("encoded", ["%%", "é"])
def test_a_value_that_is_not_base64_is_refused(name: str, encoded: str) -> None:
    with pytest.raises(EventsimError, match=f"'{encoded}' is not base64"):
        event("kafka", name, encoded=encoded)
