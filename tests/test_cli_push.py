"""``eventsim push``: an event reaches a handler as its service sends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import eventsim

APP = """\
import os

def handler(event, context):
    print(event["Records"][0]["s3"]["object"]["key"], os.environ.get("STAGE"))

def boom(event, context):
    raise ValueError("boom")

def page(event, context):
    return {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}

async def later(event, context):
    print("later")
"""


AT_ONCE = ("--maximum-retry-attempts", "0")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "env.json").write_text('{"Parameters": {"STAGE": "test"}}')
    return tmp_path


def test_an_event_is_built_changed_and_delivered() -> None:
    words = ("--handler", "app.handler", "--key", "a b.jpg", "--env-vars", "env.json")
    assert eventsim("push", "s3", "put", *words) == (0, "", "app | a+b.jpg test\n")
    changed = eventsim("push", "s3", "--handler", "app.handler", "--set", "object.key=x")
    assert changed == (0, "", "app | x None\n")


def test_a_function_that_fails_is_exit_code_1_also_when_nobody_waits_for_it() -> None:
    for kind in ("Event", "RequestResponse"):
        ended = eventsim("push", "s3", "put", "--handler", "app.boom", "--type", kind, *AT_ONCE)
        assert ended.code == 1
        assert "function error: ValueError: boom\n" in ended.stderr
        assert ("s3 does not accept it" in ended.stderr) == (kind == "RequestResponse")


def test_json_is_the_event_and_all_that_became_of_it() -> None:
    generated = json.loads(eventsim("generate", "s3", "put", "--seed", "4").stdout)
    ended = eventsim(
        "push", "s3", "put", "--handler", "app.boom", "--seed", "4", "--json", *AT_ONCE
    )
    assert json.loads(ended.stdout) == {
        "source": "s3",
        "event": "put",
        "type": "Event",
        "payload": generated,
        "accepted": True,
        "because": None,
        "answer": None,
        "function_errors": ["ValueError: boom"],
    }


def test_what_a_service_makes_of_the_answer_is_on_stdout() -> None:
    page = eventsim("push", "alb", "--handler", "app.page")
    assert (page.code, json.loads(page.stdout)["body"]) == (0, "hi")
    refused = eventsim("push", "cognito", "--handler", "app.page")
    assert (refused.code, refused.stdout) == (1, "")
    assert (
        refused.stderr == "cognito does not accept it: the answer is not the event that was sent\n"
    )


def test_an_async_def_is_awaited_where_that_is_asked_for() -> None:
    ended = eventsim("push", "s3", "--handler", "app.later", "--async-handler")
    assert ended == (0, "", "app | later\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("s3", "put"), "Missing option '--handler'"),
        (("s33", "--handler", "app.handler"), "did you mean 's3'?"),
        (("s3", "puts", "--handler", "app.handler"), "s3 has no event 'puts'"),
        (("s3", "--handler", "app.handler", "--bucet", "x"), "No such option '--bucet'"),
        (("s3", "--handler", "app.handler", "--size", "big"), "size is 'big'"),
        (("s3", "--handler", "app.handler", "--set", "objct.size=1"), "there is no 'objct.size'"),
        (("s3", "--handler", "app.handler", "--type", "Later"), "'Later' is not one of"),
        (("s3", "--handler", "app.handler", "--code-uri", "nowhere"), "is no folder"),
    ],
)
def test_what_cannot_be_pushed_is_named(words: tuple[str, ...], text: str) -> None:
    ended = eventsim("push", *words)
    assert (ended.code, ended.stdout) == (2, "")
    assert text in ended.stderr


def test_without_a_source_all_of_them_are_listed() -> None:
    listed = eventsim("push")
    assert listed.code == 0
    assert listed.stdout == eventsim("generate").stdout
    assert "put" in eventsim("push", "s3", "--help").stdout
