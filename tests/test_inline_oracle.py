"""The inline runtime beside AWS's own interface client for Python: the same bytes."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.runtimes._context import LambdaContext, Named
from eventsim.runtimes._variables import python_of
from tests.functions import HANDLERS, function, local

bootstrap = pytest.importorskip("awslambdaric.bootstrap")
lambda_context = pytest.importorskip("awslambdaric.lambda_context")
marshaller = pytest.importorskip("awslambdaric.lambda_runtime_marshaller")


class RuntimeClient:
    """Takes what the interface client would post to the Runtime API."""

    def __init__(self) -> None:
        self.marshaller = marshaller.LambdaMarshaller()
        self.posted: Any = None

    def post_invocation_result(self, request_id: str, result: Any, *_: Any) -> None:
        self.posted = result

    def post_invocation_error(self, request_id: str, error: str, *_: Any) -> None:
        self.posted = error


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The handlers' folder on the path, and the variable that decides about escapes."""
    monkeypatch.syspath_prepend(HANDLERS)
    execution = f"AWS_Lambda_{python_of(function('answers.echo'))}"
    monkeypatch.setenv("AWS_EXECUTION_ENV", execution)
    yield
    sys.modules.pop("answers", None)


def answer_of_aws(handler: str, event: Any) -> bytes:
    client = RuntimeClient()
    try:
        found = bootstrap._get_handler(handler)
    except Exception as fault:  # noqa: BLE001  # as its own loop does
        wrong = vars(fault)
        error = bootstrap.make_error(wrong["msg"], wrong["exception_type"], wrong["trace"])
        return str(marshaller.to_json(error)).encode()
    sink = bootstrap.StandardLogSink()
    deadline = 2_000_000_000_000
    encoded = json.dumps(event)
    bootstrap.handle_event_request(
        client, found, "r", encoded, "application/json", None, None, "arn", deadline, None, sink
    )
    return client.posted if isinstance(client.posted, bytes) else client.posted.encode()


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize(
    "handler",
    [
        "answers.echo",
        "answers.nothing",
        "answers.text",
        "answers.raw",
        "answers.odd_types",
        "answers.a_set",
        "answers.circular",
        "answers.raises",
        "answers.raises_below",
        "answers.missing",
        "no_such_module.handler",
        "malformed",
        "sys.exit",
    ],
)
async def test_answers_are_those_of_the_interface_client(clock: Clock, handler: str) -> None:
    event = {"text": "grün \U0001f600", "numbers": [1, 2.5, -0.0, 1e22], "none": None}
    wanted = answer_of_aws(handler, event).decode().replace(HANDLERS, "/var/task")
    with local(clock, function(handler)) as running:
        found = (await running.invoke(event)).payload.decode()
    assert found == wanted


@pytest.mark.usefixtures("theirs")
async def test_a_syntax_error_is_told_as_the_interface_client_tells_it(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ndef handler(event, context)\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    wanted = answer_of_aws("broken.handler", {}).decode().replace(str(tmp_path), "/var/task")
    with local(clock, function("broken.handler", code_uri=str(tmp_path))) as running:
        assert (await running.invoke()).payload.decode() == wanted


def test_the_context_has_the_attributes_and_the_values_of_the_interface_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = {"custom": {"a": 1}, "client": {"app_title": "shop"}, "w3c": {"tracestate": "x=y"}}
    attributes = {
        "log_group_name": "/aws/lambda/f",
        "log_stream_name": "stream",
        "function_name": "f",
        "memory_limit_in_mb": "128",
        "function_version": "$LATEST",
    }
    for name, variable in (
        ("log_group_name", "AWS_LAMBDA_LOG_GROUP_NAME"),
        ("log_stream_name", "AWS_LAMBDA_LOG_STREAM_NAME"),
        ("function_name", "AWS_LAMBDA_FUNCTION_NAME"),
        ("memory_limit_in_mb", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        ("function_version", "AWS_LAMBDA_FUNCTION_VERSION"),
    ):
        monkeypatch.setenv(variable, attributes[name])
    for context in (None, client):
        wanted = lambda_context.LambdaContext("r", context and dict(context), None, 0, "arn", None)
        found = LambdaContext(
            Named(**attributes),
            "r",
            "arn",
            context,
            timeout_seconds=0,
            stopwatch=lambda: 1.0,
            write=lambda _: None,
        )
        assert public(found) == public(wanted)
        assert plain(found) == plain(wanted)
        assert found.w3c() == wanted.w3c()
        assert found.get_remaining_time_in_millis() == 0 == wanted.get_remaining_time_in_millis()


def public(thing: object) -> list[str]:
    return [name for name in dir(thing) if not name.startswith("_")]


def plain(thing: object) -> Any:
    """The value of an object of attributes, whatever its class."""
    if thing is None or isinstance(thing, str | dict):
        return thing
    return {
        name: plain(getattr(thing, name))
        for name in public(thing)
        if not callable(getattr(thing, name))
    }


async def test_log_lines_are_those_of_the_interface_client(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(logging.Formatter, "converter", logging.Formatter.converter)
    monkeypatch.setattr(bootstrap, "_GLOBAL_AWS_REQUEST_ID", "r")
    bootstrap._setup_logging(None, None, bootstrap.StandardLogSink())

    def handler(event: Any, context: Any) -> None:
        logging.getLogger("any").warning("watch %s", "out")
        try:
            os.stat("/nowhere/at/all")  # noqa: PTH116  # for its exception
        except OSError:
            logging.getLogger("any").exception("lines\nand lines")

    handler(None, None)
    wanted = capsys.readouterr().out
    with local(clock, function(handler)) as running:
        await running.invoke()
    found = "".join(f"{line}\n" for _, line in running.logged)
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.sub(stamp, "<at>", found) == re.sub(stamp, "<at>", wanted) + "\n" * (
        not wanted.endswith("\n")
    )
