"""``eventsim invoke``: the answer on stdout, the log on stderr, the exit code for scripts."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.commands import Ended, eventsim, process

APP = """\
import os, sys

def handler(event, context):
    print("got", event)
    if "boom" in event:
        raise ValueError(event["boom"])
    return {"event": event, "memory": context.memory_limit_in_mb}

def name(event, context):
    at_home = os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]
    return os.environ.get("WHO"), context.function_name, at_home

def client(event, context):
    return context.client_context.custom

def slow(event, context):
    import time
    time.sleep(30)

async def later(event, context):
    return "later"

def leave(event, context):
    sys.exit(3)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "e.json").write_text('{"id": 1}')
    return tmp_path


def test_the_answer_is_on_stdout_and_the_log_on_stderr() -> None:
    assert eventsim("invoke", "app.handler", "--event", "e.json") == (
        0,
        '{"event": {"id": 1}, "memory": "128"}\n',
        "app | got {'id': 1}\n",
    )


def test_an_event_comes_from_stdin_too(folder: Path) -> None:
    named = eventsim("invoke", "app.handler", "--event", "-", stdin='{"id": 2}')
    piped = process("invoke", "app.handler", folder=folder, stdin='{"id": 2}')

    assert named == piped
    assert piped.stderr == "app | got {'id': 2}\n"


def test_without_an_event_it_is_empty(folder: Path) -> None:
    assert process("invoke", "app.handler", folder=folder).stderr == "app | got {}\n"


def test_a_function_that_fails_is_1_with_lambdas_answer() -> None:
    ended = eventsim("invoke", "app.handler", "--event", "-", stdin='{"boom": "ouch"}')

    answer = json.loads(ended.stdout)
    assert (ended.code, answer["errorType"], answer["errorMessage"]) == (1, "ValueError", "ouch")
    assert ended.stderr.splitlines()[-1] == "function error: ValueError: ouch"


def test_an_event_invocation_has_run_when_the_command_ends() -> None:
    ended = eventsim("invoke", "app.handler", "--type", "Event")
    once = ("--type", "Event", "--maximum-retry-attempts", "0")
    failed = eventsim("invoke", "app.handler", *once, "--event", "-", stdin='{"boom": 1}')

    assert ended == (0, "", "app | got {}\nstatus 202\n")
    assert (failed.code, failed.stdout) == (1, "")
    assert failed.stderr.splitlines()[-1] == "function error: ValueError: 1"


def test_a_dry_run_runs_nothing(folder: Path) -> None:
    assert eventsim("invoke", "app.handler", "--type", "DryRun") == (0, "", "status 204\n")


def test_json_is_the_whole_answer_of_the_api() -> None:
    whole = ["--json", "--log-type", "Tail", "--event", "e.json", "--memory-size", "256"]
    ended = eventsim("invoke", "app.handler", *whole)

    answer = json.loads(ended.stdout)
    log = base64.b64decode(answer.pop("LogResult")).decode()
    assert (ended.code, ended.stderr) == (0, "")
    assert answer == {
        "StatusCode": 200,
        "ExecutedVersion": "$LATEST",
        "Payload": {"event": {"id": 1}, "memory": "256"},
    }
    assert log.splitlines()[1] == "got {'id': 1}"
    failed = eventsim("invoke", "app.leave", "--json")
    assert (failed.code, json.loads(failed.stdout)["FunctionError"]) == (1, "Unhandled")
    dry = eventsim("invoke", "app.handler", "--json", "--type", "DryRun")
    assert json.loads(dry.stdout) == {"StatusCode": 204}


def test_the_tail_of_the_log_has_lambdas_lines() -> None:
    ended = eventsim("invoke", "app.handler", "--log-type", "Tail")

    lines = [line.split()[0] for line in ended.stderr.splitlines()]
    assert lines == ["START", "got", "END", "REPORT"]


def test_what_a_context_has_can_be_given(folder: Path) -> None:
    (folder / "v.json").write_text('{"Parameters": {"WHO": "all"}, "app": {"WHO": "me"}}')

    named = eventsim("invoke", "app.name", "--env-vars", "v.json")
    context = eventsim("invoke", "app.client", "--client-context", '{"custom": {"a": 1}}')

    assert named.stdout == '["me", "app", true]\n'
    assert context.stdout == '{"a": 1}\n'


def test_the_code_may_be_in_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "here").mkdir()
    monkeypatch.chdir(folder / "here")

    assert eventsim("invoke", "app.name", "--code-uri", "..").stdout == '[null, "app", true]\n'


def test_a_timeout_is_in_real_seconds() -> None:
    ended = eventsim("invoke", "app.slow", "--timeout", "1")

    assert ended.code == 1
    assert json.loads(ended.stdout)["errorType"] == "Sandbox.Timedout"


def test_an_async_handler_is_refused_as_by_lambda_unless_asked_for() -> None:
    refused = eventsim("invoke", "app.later")

    assert (refused.code, json.loads(refused.stdout)["errorType"]) == (1, "Runtime.MarshalError")
    assert eventsim("invoke", "app.later", "--async-handler") == (0, '"later"\n', "")


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        ("nope.handler", "Runtime.ImportModuleError"),
        ("app.nope", "Runtime.HandlerNotFound"),
        ("app", "Runtime.MalformedHandlerName"),
    ],
)
def test_a_handler_that_cannot_be_imported_fails_as_on_lambda(handler: str, error: str) -> None:
    ended = eventsim("invoke", handler)

    assert (ended.code, json.loads(ended.stdout)["errorType"]) == (1, error)


def wrong(*words: str, stdin: str | None = None) -> Ended:
    return eventsim("invoke", "app.handler", *words, stdin=stdin)


def test_a_wrong_request_is_2(folder: Path) -> None:
    assert wrong("--event", "no.json") == (
        2,
        "",
        "error: cannot read no.json: No such file or directory\n",
    )
    assert wrong("--code-uri", "no") == (2, "", "error: --code-uri no is no folder\n")
    assert wrong("--event", "-", stdin="{").stderr.startswith(
        "error: InvalidRequestContentException: Could not parse request body into json: "
    )
    assert wrong("--client-context", "[]") == (
        2,
        "",
        "error: InvalidRequestContentException: "
        "Client context must be a valid Base64-encoded JSON object.\n",
    )
    for words in (["--timeout", "0"], ["--memory-size", "64"], ["--type", "Sync"]):
        assert wrong(*words).code == 2
