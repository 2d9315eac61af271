"""S3's events tell the truth of the object, and its synchronous callers hold to their contracts."""

from __future__ import annotations

from hashlib import md5
from itertools import pairwise
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.push import read
from eventsim.push.builders import builder, builders
from eventsim.sources import s3, s3_batch, s3_object_lambda
from tests.event_building import FAILED, answered, event, scene

VERSIONS = {
    "Replication": "2.2",
    "LifecycleExpiration": "2.3",
    "LifecycleTransition": "2.3",
    "IntelligentTiering": "2.3",
    "ObjectTagging": "2.3",
    "ObjectAcl": "2.3",
    "ObjectRetention": "2.5",
    "ObjectRestore:Delete": "2.3",
}


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()))
def test_decoding_the_key_of_a_notification_gives_the_key_back(key: str) -> None:
    told = event("s3", "put", key=key)["Records"][0]["s3"]["object"]["key"]
    assert unquote_plus(told) == key
    assert " " not in told
    assert event("s3_eventbridge", "created", key=key)["detail"]["object"]["key"] == key


def test_the_key_of_the_documentation_is_encoded_as_there() -> None:
    told = event("s3", "put", key="red flower.jpg")["Records"][0]["s3"]["object"]["key"]
    assert told == "red+flower.jpg"


@given(st.text(max_size=40))
def test_size_and_etag_are_those_of_the_body(body: str) -> None:
    told = event("s3", "put", body=body)["Records"][0]["s3"]["object"]
    assert told["size"] == len(body.encode())
    assert told["eTag"] == md5(body.encode()).hexdigest()


@pytest.mark.parametrize("name", [name for name in builders("s3") if name != "test-event"])
def test_each_kind_has_its_version_and_says_of_the_object_what_there_is_to_say(name: str) -> None:
    record = event("s3", name)["Records"][0]
    kind = record["eventName"]
    version = VERSIONS.get(kind) or VERSIONS.get(kind.partition(":")[0], "2.1")
    told = record["s3"]["object"]
    gone = kind.endswith((":Delete", "DeleteMarkerCreated")) and "Restore" not in kind
    of_metadata = kind.startswith(("ObjectTagging", "ObjectAcl"))
    moved = kind in ("LifecycleTransition", "IntelligentTiering")
    assert record["eventVersion"] == version
    assert ("size" in told) is not (gone or of_metadata)
    locked = kind == "ObjectRetention:Put"
    assert ("sequencer" in told) is not (of_metadata or moved or locked)
    versioned = kind.endswith("MarkerCreated") or "Replication" in kind or locked
    assert ("versionId" in told) is versioned
    assert event("s3", name, event_version="2.6")["Records"][0]["eventVersion"] == "2.6"


def test_sequencers_grow_from_event_to_event_of_whatever_kind() -> None:
    one = scene()
    made = [
        builder("s3", name).event(one)["Records"][0]["s3"]["object"]["sequencer"]
        for name in ("put", "delete", "put", "copy", "delete-marker") * 30
    ]
    assert all(earlier < later for earlier, later in pairwise(made))


def test_an_upload_in_parts_has_their_number_in_its_etag() -> None:
    told = event("s3", "complete-multipart-upload", parts=7)["Records"][0]["s3"]["object"]
    assert told["eTag"].endswith("-7")


def test_a_bucket_is_known_by_its_arn() -> None:
    for name in builders("s3"):
        made = builder("s3", name).event(scene("cn-north-1"), {"bucket": "b"})
        assert s3.source_arn(made, scene("cn-north-1")) == "arn:aws-cn:s3:::b"


def test_a_lifecycle_rule_deletes_by_itself() -> None:
    detail = event("s3_eventbridge", "deleted", reason="Lifecycle Expiration", marker=True)[
        "detail"
    ]
    assert detail["requester"] == "s3.amazonaws.com"
    assert "source-ip-address" not in detail
    assert detail["deletion-type"] == "Delete Marker Created"
    assert detail["object"]["etag"] == md5(b"").hexdigest()


def task_answer(**changed: Any) -> dict[str, Any]:
    task = event("s3_batch", "task")
    return {
        "invocationSchemaVersion": "1.0",
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": task["invocationId"],
        "results": [
            {"taskId": task["tasks"][0]["taskId"], "resultCode": "Succeeded", "resultString": "ok"}
        ],
        **changed,
    }


def test_a_task_that_succeeded_is_noted() -> None:
    told = read(s3_batch, answered(task_answer()), event("s3_batch", "task"))
    assert (told.accepted, told.value["resultString"]) == (True, "ok")


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (FAILED, "the function failed: Unhandled"),
        (answered(b"{"), "the answer is not JSON"),
        (answered([1]), "the answer is an array, not an object"),
        (answered(task_answer(invocationId="x")), "invocationId is 'x', not "),
        (answered(task_answer(treatMissingKeysAs="No")), "treatMissingKeysAs is 'No'; it has to"),
        (answered(task_answer(results={})), "results is not an array of objects"),
        (answered(task_answer(results=[])), "PermanentFailure: no result in the answer"),
        (
            answered(task_answer(results=[{**task_answer()["results"][0], "resultCode": "Ok"}])),
            r"results[0].resultCode is 'Ok'; it has to be one of",
        ),
    ],
)
def test_a_task_that_did_not_succeed_says_why(answer: Any, because: str) -> None:
    told = read(s3_batch, answer, event("s3_batch", "task"))
    assert not told.accepted
    assert because in (told.because or "")


@pytest.mark.parametrize(
    ("name", "answer", "accepted"),
    [
        ("get-object", None, True),
        ("get-object", {"status_code": 200}, True),
        ("head-object", {"statusCode": 200, "headers": {"Content-Length": 3}}, True),
        ("head-object", {"statusCode": "200"}, False),
        ("head-object", None, False),
        ("list-objects", {"statusCode": 200, "listResultXml": "<ListBucketResult/>"}, True),
        ("list-objects", {"statusCode": 200}, False),
        ("list-objects-v2", {"statusCode": 403, "errorCode": "AccessDenied"}, True),
        ("list-objects-v2", {"statusCode": 200, "listBucketResult": {"contents": []}}, True),
    ],
)
def test_object_lambda_takes_what_its_operation_takes(
    name: str, answer: Any, accepted: bool
) -> None:
    asked = event("s3_object_lambda", name)
    assert read(s3_object_lambda, answered(answer), asked).accepted is accepted
    assert not read(s3_object_lambda, FAILED, asked).accepted
