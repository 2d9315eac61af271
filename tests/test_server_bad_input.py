"""What a server answers to requests that are wrong, and that it stays up and leaves nothing."""

from __future__ import annotations

import io
import json
import socket
import stat
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.children import alive
from tests.commands import process
from tests.server_process import ROLE, SECONDS, Served, create, server, until, zipped

FUNCTIONS = "/2015-03-31/functions"
SLEEPING = """\
import subprocess, time
child = subprocess.Popen(["sleep", "600"])
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return child.pid
"""


def signed(service: str = "lambda", region: str = "us-east-1") -> dict[str, str]:
    """Headers with a signature that nobody checks."""
    scope = f"AKID/20260101/{region}/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    }


def ask(aws: Served, method: str, path: str, **more: Any) -> tuple[int, str | None, Any]:
    """The status, the error's name and the body of a raw request."""
    answer = httpx.request(method, f"{aws.base}{path}", timeout=30, **{"headers": signed(), **more})
    return answer.status_code, answer.headers.get("x-amzn-errortype"), answer.json()


def test_a_body_that_is_no_json_is_told_so(aws: Served) -> None:
    for body in (b"{", b"[1]", b"\xff", b'{"FunctionName": }'):
        status, name, told = ask(aws, "POST", FUNCTIONS, content=body)
        assert (status, name) == (400, "InvalidRequestContentException")
        assert told["message"].startswith("Could not parse request body into json: ")


def test_a_payload_that_is_no_json_is_told_so(aws: Served) -> None:
    create(aws.client("lambda"), "no-json", SLEEPING)
    status, name, _ = ask(aws, "POST", f"{FUNCTIONS}/no-json/invocations", content=b"\x99\xeb")
    assert (status, name) == (400, "InvalidRequestContentException")


@pytest.mark.parametrize(
    ("body", "name", "text"),
    [
        (
            {"FunctionName": "x"},
            "ValidationException",
            "2 validation errors detected: Value null at 'role' failed to satisfy constraint: "
            "Member must not be null; Value null at 'code' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"FunctionName": 1, "Role": ROLE, "Code": {}},
            "SerializationException",
            "NUMBER_VALUE can not be converted to a String",
        ),
        (
            {"FunctionName": "x", "Role": ROLE, "Code": {"ZipFile": "*"}},
            "SerializationException",
            "STRING_VALUE can not be converted to a Blob",
        ),
        (
            {"FunctionName": "x", "Role": ROLE, "Code": {}, "Timeout": 0},
            "ValidationException",
            "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"FunctionName": "x", "Role": ROLE, "Code": {}, "PackageType": "Image"},
            "InvalidParameterValueException",
            "PackageType Image is not there in eventsim; leave it out",
        ),
    ],
)
def test_members_that_are_wrong_are_named(
    aws: Served, body: dict[str, Any], name: str, text: str
) -> None:
    assert ask(aws, "POST", FUNCTIONS, json=body)[:2] == (400, name)
    assert ask(aws, "POST", FUNCTIONS, json=body)[2]["message"] == text


def test_what_is_no_operation_and_what_is_not_there_are_named(aws: Served) -> None:
    unknown = ask(aws, "PATCH", f"{FUNCTIONS}/x")
    assert unknown[:2] == (404, "UnknownOperationException")
    absent = ask(aws, "GET", "/2020-04-22/code-signing-configs")
    assert absent[:2] == (501, "NotImplemented")
    told = "eventsim does not have the operation ListCodeSigningConfigs of Lambda"
    assert absent[2] == {"message": told}


def test_a_signature_for_nobody_is_told_so(aws: Served) -> None:
    for headers, found in (
        (signed("lamda"), (403, "InvalidSignatureException")),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=x"}, (400, "IncompleteSignatureException")),
        (signed(region="mars"), (400, "InvalidParameterValueException")),
    ):
        assert ask(aws, "GET", f"{FUNCTIONS}/", headers=headers)[:2] == found


def test_a_web_page_elsewhere_gets_at_nothing(aws: Served) -> None:
    refused = (403, "AccessDeniedException")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1.evil.example:4566"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        for method, path in (("GET", f"{FUNCTIONS}/"), ("OPTIONS", FUNCTIONS), ("PUT", "/bucket")):
            assert ask(aws, method, path, headers={**signed(), **headers})[:2] == refused
        credential = quote("A/20260101/us-east-1/lambda/aws4_request")
        path = f"{FUNCTIONS}/?X-Amz-Credential={credential}"
        assert ask(aws, "GET", path, headers=headers)[:2] == refused
        assert ask(aws, "GET", "/_eventsim/health", headers=headers)[:2] == refused
    for origin in ("http://localhost:3000", "http://127.0.0.1:8000", "http://app.localhost"):
        headers = {**signed(), "Origin": origin}
        assert ask(aws, "GET", f"{FUNCTIONS}/", headers=headers)[0] == 200


def test_a_body_over_the_limit_is_refused(aws: Served) -> None:
    path = f"{FUNCTIONS}/anybody/invocations"
    too_much = ask(aws, "POST", path, content=b'"' + b"x" * (6 * 1_048_576) + b'"')
    assert too_much[0] in (404, 413)
    huge = ask(aws, "POST", FUNCTIONS, content=b"x" * 71_000_000)
    assert huge[:2] == (413, "RequestEntityTooLargeException")


def packed(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return out.getvalue()


def link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def file(name: str, content: bytes = b"x") -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info, content


DAMAGED = "Could not unzip uploaded file. Please check your file, then try to upload again."


@pytest.mark.parametrize(
    ("package", "text"),
    [
        (b"", "Uploaded file must be a non-empty zip"),
        (b"no zip at all", DAMAGED),
        (packed(), "Uploaded file must be a non-empty zip"),
        (packed(file("../outside.py")), DAMAGED),
        (packed(file("/outside.py")), DAMAGED),
        (packed(file("a/../../outside.py")), DAMAGED),
        (packed(link("out", "/etc/passwd")), DAMAGED),
        (packed(link("out", "../../outside")), DAMAGED),
        (packed(link("a", "."), link("a/b", "..")), DAMAGED),
        (packed(link("d", ".."), file("d/outside.py")), DAMAGED),
        (zipped(app__py="x" * 100)[:-30], DAMAGED),
        (
            packed(*(file(f"{n}", b"\0" * 90_000_000) for n in range(3))),
            "Unzipped size must be smaller than 262144000 bytes",
        ),
    ],
    ids=range(12),
)
def test_a_package_never_gets_out_of_its_folder(aws: Served, package: bytes, text: str) -> None:
    client = aws.client("lambda")
    with pytest.raises(ClientError) as caught:
        client.create_function(
            FunctionName="never",
            Runtime="python3.12",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": package},
        )
    error = caught.value.response["Error"]
    assert error == {"Code": "InvalidParameterValueException", "Message": text}


def test_links_and_modes_inside_a_package_are_kept(aws: Served) -> None:
    tool, _ = file("bin/tool")
    tool.external_attr = (stat.S_IFREG | 0o755) << 16
    code = (
        "import os\ndef handler(e, c):\n    return os.access('bin/tool', os.X_OK), open('l').read()"
    )
    package = packed((tool, b"#!/bin/sh"), file("app.py", code.encode()), link("l", "bin/tool"))
    client = aws.client("lambda")
    client.create_function(
        FunctionName="linked",
        Runtime="python3.12",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": package},
    )
    assert json.load(client.invoke(FunctionName="linked")["Payload"]) == [True, "#!/bin/sh"]


def test_a_runtime_that_nothing_here_runs_is_named(aws: Served) -> None:
    with pytest.raises(ClientError, match="Runtime java21 is not run by eventsim"):
        create(aws.client("lambda"), "java", "", Runtime="java21")


def test_a_client_that_hangs_up_takes_nothing_with_it(aws: Served) -> None:
    host, port = aws.base.removeprefix("http://").split(":")
    client = aws.client("lambda")
    create(client, "hung-up", SLEEPING)
    scope = signed()["Authorization"]
    head = f"Host: {host}\r\nAuthorization: {scope}\r\nContent-Length: "
    whole = f'POST {FUNCTIONS}/hung-up/invocations HTTP/1.1\r\n{head}13\r\n\r\n{{"seconds":1}}'
    half = f"POST {FUNCTIONS} HTTP/1.1\r\n{head}1000\r\n\r\n{{"
    for text in (whole, half, "GET / HTTP/1.1\r\nHost"):
        with socket.create_connection((host, int(port))) as asking:
            asking.sendall(text.encode())
    assert json.load(client.invoke(FunctionName="hung-up", Payload=b"{}")["Payload"]) > 0


def test_a_hundred_functions_are_created_at_once(aws: Served) -> None:
    client = aws.client("lambda", "us-west-2")
    names = [f"many-{number}" for number in range(100)]
    with ThreadPoolExecutor(10) as others:
        made = [*others.map(lambda name: create(client, name, SLEEPING), names)]
    assert {each["State"] for each in made} == {"Pending"}
    pages = client.get_paginator("list_functions").paginate()
    assert sorted(each["FunctionName"] for page in pages for each in page["Functions"]) == sorted(
        names
    )


def test_no_record_of_many_writers_at_once_is_lost(aws: Served) -> None:
    streams = aws.client("kinesis", "us-west-2")
    streams.create_stream(StreamName="busy", ShardCount=1)

    def put(number: int) -> str:
        given = {"StreamName": "busy", "Data": b"x", "PartitionKey": str(number)}
        return str(streams.put_record(**given)["SequenceNumber"])

    with ThreadPoolExecutor(8) as others:
        numbers = [*others.map(put, range(200))]
    assert len(set(numbers)) == 200


def test_of_two_with_one_name_one_is_created(aws: Served) -> None:
    client = aws.client("lambda")

    def attempt(number: int) -> str:
        try:
            create(client, "only-one", f"x = {number}")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as others:
        came_of = sorted(others.map(attempt, range(8)))
    assert came_of == ["ResourceConflictException"] * 7 + ["created"]


def test_a_long_poll_lets_others_in_and_ends_with_its_client(aws: Served) -> None:
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName="long")["QueueUrl"]
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    head = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", **signed("sqs")}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(aws.base, content=body, headers=head, timeout=0.3)
    queues.send_message(QueueUrl=url, MessageBody="for who is still there")
    (message,) = queues.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert message["Body"] == "for who is still there"


def test_a_port_that_is_taken_says_what_to_change(aws: Served, tmp_path: Path) -> None:
    port = aws.base.rpartition(":")[2]
    ended = process("serve", "--port", port, folder=tmp_path)
    assert ended.code == 2
    assert f"127.0.0.1:{port} is in use; choose another --port, or 0" in ended.stderr


def test_nothing_is_left_of_a_server_that_is_stopped(tmp_path: Path) -> None:
    with server(tmp_path) as served:
        client = served.client("lambda")
        create(client, "sleeping", SLEEPING)
        child = json.load(client.invoke(FunctionName="sleeping", Payload=b"{}")["Payload"])
        client.invoke(FunctionName="sleeping", InvocationType="Event", Payload=b'{"seconds":600}')
        until(lambda: len(served.entries("environment_reused")) == 1)
        began = time.monotonic()
        assert served.stop() == 130
        assert time.monotonic() - began < 20
    assert served.entries("run_finished")[0]["outcome"] == "ok"
    until(lambda: not alive(child))


def test_a_long_poll_ends_with_the_server(tmp_path: Path) -> None:
    with server(tmp_path) as served:
        queues = served.client("sqs")
        url = queues.create_queue(QueueName="long")["QueueUrl"]
        body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20})
        host, port = served.base.removeprefix("http://").split(":")
        head = f"Host: {host}\r\nAuthorization: {signed('sqs')['Authorization']}\r\n"
        head += f"X-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=SECONDS) as asking:
            asking.sendall(f"POST / HTTP/1.1\r\n{head}{body}".encode())
            queues.list_queues()  # which is answered after that was heard
            began = time.monotonic()
            assert served.stop() == 130
            assert asking.recv(1_000).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 15


def test_nothing_runs_on_after_a_server_that_is_killed(tmp_path: Path) -> None:
    with server(tmp_path) as served:
        client = served.client("lambda")
        create(client, "sleeping", SLEEPING)
        child = json.load(client.invoke(FunctionName="sleeping", Payload=b"{}")["Payload"])
        served.process.kill()
    until(lambda: not alive(child))
