"""The AWS CLI and the JavaScript SDK v3 against a server: the same life of a function."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ROLE, SECONDS, Served, until, zipped

CODE = "def handler(event, context):\n    print('got', event)\n    return event\n"
SCRIPT = """\
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const require = createRequire(import.meta.url);
const { LambdaClient, CreateFunctionCommand, InvokeCommand, CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand, waitUntilFunctionActiveV2 } = require("@aws-sdk/client-lambda");
const lambda = new LambdaClient({});
const FunctionName = "from-javascript";
await lambda.send(new CreateFunctionCommand({ FunctionName, Runtime: "python3.12",
  Role: process.argv[2], Handler: "app.handler", Code: { ZipFile: readFileSync("app.zip") } }));
await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20 }, { FunctionName });
const answers = [];
for (const InvocationType of ["RequestResponse", "Event", "DryRun"]) {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName, InvocationType, Payload: '{"a":1}', LogType: "Tail" }));
  answers.push([answer.StatusCode, Buffer.from(answer.Payload ?? "").toString()]);
}
const { UUID } = await lambda.send(
  new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: process.argv[3] }));
const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
const nobody = new InvokeCommand({ FunctionName: "nobody" });
const refused = await lambda.send(nobody).catch((error) => error.name);
console.log(JSON.stringify({ answers, State, refused }));
"""


def variables(aws: Served) -> dict[str, str]:
    """The environment of a client that knows nothing but the server's address."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": aws.base,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed")
def test_the_command_line_goes_through_the_life_of_a_function(aws: Served, tmp_path: Path) -> None:
    (tmp_path / "app.zip").write_bytes(zipped(app__py=CODE))

    def cli(*words: str) -> Any:
        done = run(aws, tmp_path, "aws", "--endpoint-url", aws.base, *words)
        return json.loads(done) if done.strip() else None

    name = ("--function-name", "from-cli")
    made = cli(
        *("lambda", "create-function", *name, "--runtime", "python3.12", "--role", ROLE),
        *("--handler", "app.handler", "--zip-file", "fileb://app.zip"),
    )
    assert made["State"] == "Pending"
    answer = cli("lambda", "invoke", *name, "--payload", '{"a":1}', *_raw(), "out.json")
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((tmp_path / "out.json").read_text()) == {"a": 1}
    queues = aws.client("sqs")
    queue = queues.create_queue(QueueName="cli")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:cli"
    cli("lambda", "create-event-source-mapping", *name, "--event-source-arn", arn)
    queues.send_message(QueueUrl=queue, MessageBody="by hand")

    def logged() -> list[str]:
        group = ("--log-group-name", "/aws/lambda/from-cli")
        return [each["message"] for each in cli("logs", "filter-log-events", *group)["events"]]

    until(lambda: any("by hand" in line for line in logged()))


def run(aws: Served, folder: Path, *words: str) -> str:
    """What a client prints, which must end well."""
    done = subprocess.run(
        words,
        check=False,
        cwd=folder,
        env=variables(aws),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _raw() -> tuple[str, ...]:
    """What version 2 wants to be told before it sends a payload as it is."""
    version = subprocess.run(["aws", "--version"], check=True, capture_output=True, text=True)
    is_2 = version.stdout.startswith("aws-cli/2")
    return ("--cli-binary-format", "raw-in-base64-out") if is_2 else ()


def _has_sdk() -> bool:
    """Whether Node.js finds the SDK, where NODE_PATH says or where everybody looks."""
    if shutil.which("node") is None:
        return False
    wanted = ["node", "-e", "require.resolve('@aws-sdk/client-lambda')"]
    return subprocess.run(wanted, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(
    not _has_sdk(), reason="no @aws-sdk/client-lambda: npm install it, and say where by NODE_PATH"
)
def test_the_javascript_sdk_goes_through_the_life_of_a_function(
    aws: Served, tmp_path: Path
) -> None:
    (tmp_path / "app.zip").write_bytes(zipped(app__py=CODE))
    (tmp_path / "run.mjs").write_text(SCRIPT)
    aws.client("sqs").create_queue(QueueName="js")
    arn = "arn:aws:sqs:us-east-1:123456789012:js"
    told = json.loads(run(aws, tmp_path, "node", "run.mjs", ROLE, arn))
    assert told["answers"] == [[200, '{"a": 1}'], [202, ""], [204, ""]]
    assert told["State"] in ("Creating", "Enabled")
    assert told["refused"] == "ResourceNotFoundException"
