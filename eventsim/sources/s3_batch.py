"""
S3 Batch Operations: one task of a job for the function, and what its answer means for the task.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
(The answer has a result for each task; one that is missing is what ``treatMissingKeysAs`` says.
The job tries a task that failed for now again before it ends, which is not done here: each event
stands for one attempt.)
"""

from __future__ import annotations

from typing import Annotated, Any

from eventsim.rules.arns import arn
from eventsim.sources._contract import Broken, object_of, one_of
from eventsim.sources._s3_objects import BUCKET, KEY, BucketName, Key, VersionId, encoded
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)
PRINCIPAL = "batchoperations.s3.amazonaws.com"
RESULT_CODES = ("Succeeded", "TemporaryFailure", "PermanentFailure")


def task(
    scene: Scene, *, bucket: BucketName = BUCKET, key: Key = KEY, version_id: VersionId = None
) -> dict[str, Any]:
    """A task of a job, in version 1.0 of the schema."""
    return {
        "invocationSchemaVersion": "1.0",
        "invocationId": scene.base64(42),
        "job": {"id": scene.uuid()},
        "tasks": [
            {
                **_task(scene, key, version_id),
                "s3BucketArn": arn("s3", scene.region, scene.account, bucket),
            }
        ],
    }


def task_v2(
    scene: Scene,
    *,
    bucket: BucketName = BUCKET,
    key: Key = KEY,
    version_id: VersionId = None,
    user_arguments: Annotated[dict[str, str] | None, "the job's own arguments, as JSON"] = None,
) -> dict[str, Any]:
    """A task of a job, in version 2.0 of the schema, which has the job's arguments."""
    return {
        "invocationSchemaVersion": "2.0",
        "invocationId": scene.base64(42),
        "job": {"id": scene.uuid(), "userArguments": user_arguments or {}},
        "tasks": [{**_task(scene, key, version_id), "s3Bucket": bucket}],
    }


EVENTS = (task, task_v2)


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """What the job notes for the task, as ``value``; accepted when it succeeded."""
    try:
        told = object_of(result)
        for key in ("invocationSchemaVersion", "invocationId"):
            if told.get(key) != event[key]:
                raise Broken(f"{key} is {told.get(key)!r}, not {event[key]!r} as it was sent")
        missing = one_of(told, "treatMissingKeysAs", RESULT_CODES)
        noted = _result(told.get("results"), event["tasks"][0]["taskId"], missing)
    except Broken as broken:
        return broken.answer()
    code = noted["resultCode"]
    because = None if code == "Succeeded" else f"{code}: {noted.get('resultString', '')}"
    return Answer(code == "Succeeded", noted, because)


def _task(scene: Scene, key: str, version_id: str | None) -> dict[str, Any]:
    return {
        "taskId": scene.base64(36),
        "s3Key": encoded(key),
        "s3VersionId": version_id,
    }


def _result(results: Any, task_id: str, missing: str) -> dict[str, Any]:
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise Broken("results is not an array of objects")
    for index, each in enumerate(results):
        if each.get("taskId") == task_id:
            one_of(each, "resultCode", RESULT_CODES, f"results[{index}]")
            return dict(each)
    return {"taskId": task_id, "resultCode": missing, "resultString": "no result in the answer"}
