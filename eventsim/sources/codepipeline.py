"""
CodePipeline: an action of a pipeline is a function, which tells the pipeline its result itself.

The pipeline invokes by its own role, so no function's policy is asked.

https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
"""

from __future__ import annotations

from typing import Annotated, Any

from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = None

Function = Annotated[str, "the name of the function in the action"]
Parameters = Annotated[str, "the action's UserParameters, as text"]
Artifact = Annotated[tuple[str, ...], "an artifact's name"]


def job(
    scene: Scene,
    *,
    function: Function = "deploy",
    user_parameters: Parameters = "production",
    input_artifact: Artifact = ("SourceOutput",),
    output_artifact: Artifact = (),
    bucket: Annotated[str, "the bucket of the artifacts"] = "pipeline-artifacts",
    pipeline: Annotated[str, "the pipeline's name"] = "orders",
    continuation_token: Annotated[
        str | None, "that an earlier answer asked to be called again with"
    ] = None,
) -> dict[str, Any]:
    """An action runs: put its result with PutJobSuccessResult or PutJobFailureResult."""
    until = epoch_milliseconds(scene.at) + 3_600_000
    data: dict[str, Any] = {
        "actionConfiguration": {
            "configuration": {"FunctionName": function, "UserParameters": user_parameters}
        },
        "inputArtifacts": [
            _artifact(scene, name, bucket, pipeline, scene.hex(40)) for name in input_artifact
        ],
        "outputArtifacts": [
            _artifact(scene, name, bucket, pipeline, None) for name in output_artifact
        ],
        "artifactCredentials": {
            "accessKeyId": f"ASIA{scene.letters(16)}",
            "secretAccessKey": scene.base64(30),
            "sessionToken": scene.base64(240),
            "expirationTime": until,
        },
    }
    if continuation_token is not None:
        data["continuationToken"] = continuation_token
    made = {"id": scene.uuid(), "accountId": scene.account, "data": data}
    return {"CodePipeline.job": made}


EVENTS = (job,)


def _artifact(
    scene: Scene, name: str, bucket: str, pipeline: str, revision: str | None
) -> dict[str, Any]:
    key = f"{pipeline}/{name[:10]}/{scene.letters(7)}"
    place = {"bucketName": bucket, "objectKey": key}
    return {
        "name": name,
        "revision": revision,
        "location": {"type": "S3", "s3Location": place},
    }
