"""What handlers ask of AWS on the moto back end, and what their roles let them have."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import pytest

from eventsim import Options, Scenario, Simulation
from eventsim.errors import HandlerStuck
from eventsim.journal.sinks import MemorySink
from eventsim.simulation import run
from tests.functions import request

FOLDER = str(Path(__file__).parent / "handlers" / "calls")
ACCOUNT = "123456789012"
PUT = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/in/*"}
READ = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
NO_SECRETS = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::photos/secret/*"}
QUEUES = {"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:*:{ACCOUNT}:jobs"}
INVOKES = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "other"}
ME = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/f is not authorized to perform: "


def _has_sigv4() -> bool:
    curl = shutil.which("curl")
    if curl is None:
        return False
    told = subprocess.run([curl, "--help", "all"], capture_output=True, text=True, check=False)
    return "--aws-sigv4" in told.stdout


def needs(there: bool, what: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not there, reason=f"{what} is not here")


PYTHON = [
    "inline",
    pytest.param("python", marks=needs(find_spec("awslambdaric") is not None, "awslambdaric")),
]


def scenario(
    *statements: dict[str, Any], handler: Any = "calls.handler", run_in: str = "inline", **more: Any
) -> Scenario:
    """A function ``f``, whose role has these statements; it has no role without any."""
    f: dict[str, Any] = {"Handler": handler, "Timeout": 30, "run_in": run_in}
    if isinstance(handler, str):
        f["CodeUri"] = FOLDER
    if statements:
        f["Role"] = "worker"
        more["identities"] = {"worker": {"Policies": [{"Statement": list(statements)}]}}
    resources = {"photos": {"type": "s3"}, "jobs": {"type": "sqs"}}
    functions = {"f": f, **more.pop("functions", {})}
    values = {"name": "small", "backend": "moto", "resources": resources, "functions": functions}
    return Scenario.of({**values, **more}, Path(__file__).parent)


class Asked:
    """A run, and what its function ``f`` answers."""

    def __init__(self, simulation: Simulation, sink: MemorySink) -> None:
        self._simulation, self._sink = simulation, sink

    async def __call__(self, service: str, operation: str, **parameters: Any) -> Any:
        return await self.answer(service=service, operation=operation, parameters=parameters)

    async def answer(self, name: str = "f", **event: Any) -> Any:
        result = await self._simulation.invoker.invoke(request(event, name))
        assert result.function_error is None, result.payload
        return json.loads(result.payload)

    async def client(self, service: str) -> Any:
        return await self._simulation.client(service)

    def denied(self) -> list[dict[str, Any]]:
        told = (entry for entry in self._sink.entries if entry.kind == "service_call_denied")
        return [{"because": entry.because, **entry.fields} for entry in told]


@asynccontextmanager
async def asking(of: Scenario) -> AsyncIterator[Asked]:
    sink = MemorySink()
    async with Simulation(of, Options(sinks=[sink])) as simulation:
        yield Asked(simulation, sink)


@pytest.mark.parametrize("run_in", PYTHON)
async def test_a_role_allows_denies_and_says_so_and_without_one_all_is_allowed(
    run_in: str,
) -> None:
    free = {"free": {"Handler": "calls.handler", "CodeUri": FOLDER, "run_in": run_in}}
    async with asking(scenario(PUT, READ, NO_SECRETS, run_in=run_in, functions=free)) as ask:
        put = await ask("s3", "put_object", Bucket="photos", Key="in/a b", Body="hello")
        got = await ask("s3", "get_object", Bucket="photos", Key="in/a b")
        elsewhere = await ask("s3", "put_object", Bucket="photos", Key="out", Body="hello")
        secret = await ask("s3", "get_object", Bucket="photos", Key="secret/a")
        head = await ask("s3", "head_object", Bucket="photos", Key="secret/a")
        queue = await ask("sqs", "get_queue_url", QueueName="jobs")
        found = {"operation": "head_object", "parameters": {"Bucket": "photos", "Key": "in/a b"}}
        freely = await ask.answer("free", service="s3", **found)
        denied = ask.denied()
        kept = await (await ask.client("s3")).list_objects_v2(Bucket="photos")

    no_put = 's3:PutObject on resource: "arn:aws:s3:::photos/out" because no identity-based policy'
    no_get = 's3:GetObject on resource: "arn:aws:s3:::photos/secret/a" with an explicit deny in an'
    no_url = f"sqs:getqueueurl on resource: arn:aws:sqs:us-east-1:{ACCOUNT}:jobs because no "
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert (got, freely["ContentLength"]) == ("hello", 5)
    assert elsewhere == ["AccessDenied", f"{ME}{no_put} allows the s3:PutObject action"]
    assert secret == ["AccessDenied", f"{ME}{no_get} identity-based policy"]
    assert head == ["403", "Forbidden"]
    text = f"{ME}{no_url}identity-based policy allows the sqs:getqueueurl action"
    assert queue == ["AccessDenied", text]
    assert [each["Key"] for each in kept["Contents"]] == ["in/a b"]
    assert [entry["action"] for entry in denied] == [
        *("s3:PutObject", "s3:GetObject", "s3:GetObject", "sqs:getqueueurl")
    ]
    assert denied[-1] == {
        "because": text,
        "function": "f",
        "action": "sqs:getqueueurl",
        "resource_arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs",
        "code": "AccessDenied",
    }


async def test_the_caller_is_the_session_of_its_role() -> None:
    async with asking(scenario(PUT)) as ask:
        found = await ask("sts", "get_caller_identity")

    assert found["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/f"
    assert found["Account"] == ACCOUNT
    assert found["UserId"].startswith("AROA")
    assert found["UserId"].endswith(":f")


CODES: list[tuple[str, str, dict[str, Any], str]] = [
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t", "Message": "m"},
     "AuthorizationError"),
    ("dynamodb", "delete_table", {"TableName": "table"}, "AccessDeniedException"),
    ("kinesis", "delete_stream", {"StreamName": "s"}, "AccessDeniedException"),
    ("events", "put_events", {"Entries": [{"Source": "s"}]}, "AccessDeniedException"),
    ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": []}, "AccessDenied"),
    ("iam", "list_roles", {}, "AccessDenied"),
    ("lambda", "invoke", {"FunctionName": "f", "InvocationType": "Event"}, "AccessDeniedException"),
    ("lambda", "list_functions", {}, "AccessDeniedException"),
]  # fmt: skip


async def test_every_protocol_says_a_denial_as_its_clients_read_it() -> None:
    async with asking(scenario(PUT)) as ask:
        found = [await ask(*asked[:2], **asked[2]) for asked in CODES]

    assert [code for code, _ in found] == [asked[3] for asked in CODES]
    assert [text for _, text in found if not text.startswith(ME)] == []


async def test_a_queue_is_known_by_its_url() -> None:
    async with asking(scenario(QUEUES)) as ask:
        url = (await ask("sqs", "get_queue_url", QueueName="jobs"))["QueueUrl"]
        await ask("sqs", "send_message", QueueUrl=url, MessageBody="hello")
        received = await (await ask.client("sqs")).receive_message(QueueUrl=url)

    assert [each["Body"] for each in received["Messages"]] == ["hello"]


async def test_whoever_comes_with_other_credentials_may_do_everything() -> None:
    def assumes(event: Any, context: Any) -> None:
        keys = {"aws_access_key_id": "ASIAOFSOMEBODYELSE00", "aws_secret_access_key": "x"}
        boto3.client("s3", **keys).put_object(Bucket="photos", Key="k")

    async with asking(scenario(READ, handler=assumes)) as ask:
        assert await ask.answer() is None


async def test_a_presigned_url_is_that_of_who_signed_it() -> None:
    import urllib.error
    import urllib.request

    def opens(event: Any, context: Any) -> list[int]:
        client, found = boto3.client("s3"), []
        for key in ("in/a", "secret/a"):
            where = {"Bucket": "photos", "Key": key}
            try:
                urllib.request.urlopen(client.generate_presigned_url("get_object", where))
            except urllib.error.HTTPError as error:
                found.append(error.code)
        return found

    async with asking(scenario(READ, NO_SECRETS, handler=opens)) as ask:
        assert await ask.answer() == [404, 403]


async def test_what_nobody_knows_the_action_of_is_no_operation_for_a_role() -> None:
    async with asking(scenario(PUT, READ)) as ask:
        code, _ = await ask("sesv2", "list_email_identities")
        denied = ask.denied()

    assert (code, denied) == ("UnknownOperationException", [])


async def test_what_moto_cannot_do_is_an_error_of_the_service() -> None:
    def asks(event: Any, context: Any) -> list[int]:
        from botocore.config import Config
        from botocore.exceptions import ClientError

        once = Config(retries={"total_max_attempts": 1})
        try:
            boto3.client("kinesis", config=once).subscribe_to_shard(
                ConsumerARN="arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1",
                ShardId="s",
                StartingPosition={"Type": "LATEST"},
            )
        except ClientError as error:
            return [error.response["ResponseMetadata"]["HTTPStatusCode"]]
        return []

    async with asking(scenario(handler=asks)) as ask:
        assert await ask.answer() == [501]


def test_a_function_invokes_another_if_its_role_may() -> None:
    seen: list[Any] = []

    def invokes(event: Any, context: Any) -> None:
        client = boto3.client("lambda")
        for name in ("other", "other:live", "nobody"):
            try:
                client.invoke(FunctionName=name, InvocationType="Event", Payload='{"a": 1}')
            except client.exceptions.ClientError as error:
                seen.append(error.response["Error"]["Code"])
        try:
            client.invoke(FunctionName="other")
        except client.exceptions.ClientError as error:
            seen.append(error.response["Error"]["Code"])

    other = {"Handler": lambda event, context: seen.append(event), "AutoPublishAlias": "live"}
    timeline = [{"at": "1s", "invoke": "f"}]
    of = scenario(INVOKES, handler=invokes, functions={"other": other}, timeline=timeline)
    run(of)

    codes = ["AccessDeniedException", "ResourceNotFoundException", "NotImplemented"]
    assert seen == [*codes, {"a": 1}]


def test_a_function_that_invokes_itself_is_found_out() -> None:
    result = run(scenario(handler="calls.again", timeline=[{"at": "1s", "invoke": "f"}]))

    counts = result.counts["functions"]["f"]
    assert (counts["invocations"], counts["errors"], counts["events"]["dropped"]) == (16, 0, 1)


def test_what_a_handler_puts_is_an_event_at_another_function() -> None:
    seen: list[str] = []

    def puts(event: Any, context: Any) -> None:
        boto3.client("s3").put_object(Bucket="photos", Key="in/a")

    def sees(event: Any, context: Any) -> None:
        seen.append(event["Records"][0]["s3"]["object"]["key"])

    properties = {"Bucket": "photos", "Events": "s3:ObjectCreated:*"}
    other = {"Handler": sees, "Events": {"E": {"Type": "S3", "Properties": properties}}}
    timeline = [{"at": "1s", "invoke": "f"}]
    run(scenario(PUT, handler=puts, functions={"other": other}, timeline=timeline))

    assert seen == ["in/a"]


def test_virtual_time_stands_still_while_a_handler_calls() -> None:
    seen: list[Any] = []

    def asks(event: Any, context: Any) -> None:
        client = boto3.client("s3")
        seen.append(client.head_bucket(Bucket="photos")["ResponseMetadata"]["HTTPStatusCode"])

    timeline = [{"at": f"{second}s", "invoke": "f"} for second in (1, 2, 3, 3)]
    sinks = [MemorySink(), MemorySink()]
    for sink in sinks:
        run(scenario(READ, handler=asks, timeline=timeline), Options(sinks=[sink]))

    entries = [list(sink.entries) for sink in sinks]
    finished = [entry.time for entry in entries[0] if entry.kind == "invocation_finished"]
    assert finished == [1.101, 2.001, 3.001, 3.101]
    assert entries[0] == entries[1]
    assert seen == [200] * 8


@pytest.mark.parametrize("wait", [lambda: None, lambda: time.sleep(600)])
def test_the_watchdog_ends_a_call_that_never_returns(
    wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(event: Any, context: Any) -> None:
        boto3.client("s3").head_bucket(Bucket="photos")
        while True:
            wait()

    monkeypatch.setattr("eventsim.runtimes.inline._MOMENT_SECONDS", 0.3)
    monkeypatch.setattr("eventsim.simulation.setting.WATCHDOG_SECONDS", 0.5)
    with pytest.raises(HandlerStuck, match="'f'"):
        run(scenario(READ, handler=hangs, timeline=[{"at": "1s", "invoke": "f"}]))


@needs(shutil.which("node") is not None, "node")
async def test_a_handler_in_node_is_judged_alike() -> None:
    send = {"service": "sqs", "target": "AmazonSQS.SendMessage", "method": "POST"}
    queue = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/"
    text = f"{ME}sqs:sendmessage on resource: arn:aws:sqs:us-east-1:{ACCOUNT}:other because no "
    async with asking(scenario(QUEUES, READ, run_in="node")) as ask:
        body = json.dumps({"QueueUrl": f"{queue}jobs", "MessageBody": "hello"})
        sent = await ask.answer(**send, body=body)
        body = json.dumps({"QueueUrl": f"{queue}other", "MessageBody": "hello"})
        refused = await ask.answer(**send, body=body)
        empty = await ask.answer(service="s3", method="GET", path="/photos?list-type=2")

    assert (sent[0], json.loads(sent[2])["MD5OfMessageBody"][:8]) == (200, "5d41402a")
    assert (refused[0], refused[1]) == (403, "AccessDenied")
    assert json.loads(refused[2])["message"].startswith(text)
    assert (empty[0], "<KeyCount>0</KeyCount>" in empty[2]) == (200, True)


@needs(_has_sigv4(), "a curl that signs")
async def test_a_shell_is_judged_alike() -> None:
    async with asking(scenario(READ, NO_SECRETS, run_in="bootstrap")) as ask:
        listed = await ask.answer(path="/photos?list-type=2")
        denied = await ask.answer(path="/photos/secret/a")

    assert listed[0] == 200
    assert denied[0] == 403
    assert "<Code>AccessDenied</Code>" in denied[1]


async def test_a_body_beyond_the_bounds_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventsim.runtimes._endpoint.BODY_BYTES_MAX", 1000)
    async with asking(scenario()) as ask:
        taken = await ask("s3", "put_object", Bucket="photos", Key="k", Body="x" * 1000)
        refused = await ask("s3", "put_object", Bucket="photos", Key="l", Body="x" * 1001)

    assert "ETag" in taken
    assert refused == ["413", "Request Entity Too Large"]


async def test_other_back_ends_refuse_what_handlers_ask() -> None:
    def asks(event: Any, context: Any) -> str:
        import os

        return os.environ["AWS_ENDPOINT_URL"]

    of = scenario(handler=asks, backend="simulated")
    async with asking(of) as ask:
        assert await ask.answer() == "http://127.0.0.1:9"
