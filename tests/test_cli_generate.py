"""``eventsim generate`` takes what people type: an event, or one line that says what is wrong."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from eventsim.push.builders import builders, sources
from tests.commands import eventsim

EVENTS = [(source, name) for source in sources() for name in builders(source)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--at", "0001-01-01T00:00:00Z"], "the year must be between 1970 and 9000"),
        (["--at", "9999-12-31T23:59:59-23:00"], "the year must be between 1970 and 9000"),
        (["--at", "2026-01-01"], "without a time zone"),
        (["--region", ""], "--region is ''; write one such as us-east-1"),
        (["--region", "mars"], "--region is 'mars'"),
        (["--account", "1"], "--account is '1'; write its 12 digits"),
        (["--account", "\uff11" * 12], "write its 12 digits"),
        (["--key", "\udcff"], r"'\udcff' is not text in UTF-8"),
        (["--set", "x=\udcff"], r"'x=\udcff' is not text in UTF-8"),
        (["--key", "a", "--key", "b"], "--key is given 2 times; once is all"),
        (["--key", "-", "--body", "-"], "--key and --body would read stdin, which is there once"),
        (["--set", "object.siz=5"], "did you mean 'object.size'?"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(words: list[str], told: str) -> None:
    ended = eventsim("generate", "s3", "put", *words)
    assert (ended.code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert told in ended.stderr


@pytest.mark.parametrize("line", ['{"level": "ERROR"}', "42", "null", '"quoted"'])
def test_text_that_happens_to_be_json_stays_as_it_is_written(line: str) -> None:
    made = json.loads(eventsim("generate", "logs", "data", "--message", line).stdout)
    told = json.loads(gzip.decompress(base64.b64decode(made["awslogs"]["data"])))
    assert [each["message"] for each in told["logEvents"]] == [line]


def test_what_may_be_given_several_times_is_read_from_stdin_as_well() -> None:
    words = ("--recipients", "a@x.org", "--recipients", "-")
    ended = eventsim("generate", "ses", *words, stdin="b@x.org\n")
    receipt = json.loads(ended.stdout)["Records"][0]["ses"]["receipt"]
    assert receipt["recipients"] == ["a@x.org", "b@x.org"]


def test_base64_that_is_none_is_told_whatever_its_characters() -> None:
    ended = eventsim("generate", "amazon_mq", "--encoded", "é")
    assert (ended.code, ended.stderr.count("\n")) == (2, 1)
    assert "'é' is not base64" in ended.stderr


@pytest.mark.parametrize(("source", "name"), EVENTS)
@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "9000-12-31T23:59:59Z"])
def test_every_event_may_be_of_the_first_and_of_the_last_year(
    source: str, name: str, at: str
) -> None:
    required = [
        word
        for parameter, field in builders(source)[name].model.model_fields.items()
        if field.is_required()
        for word in (f"--{parameter.replace('_', '-')}", "x")
    ]
    ended = eventsim("generate", source, name, "--at", at, *required)
    assert ended.code == 0, ended.stderr
    assert json.loads(ended.stdout)


def test_no_event_needs_a_client_of_aws_moto_or_an_event_loop(tmp_path: Path) -> None:
    """Every event of every source is built by the command, in a process that knows none of them."""
    words = [f"generate {source} {name}".split() for source, name in EVENTS]
    code = (
        "import sys\n"
        "from eventsim.cli import app\n"
        f"for words in {words!r}:\n"
        "    app(words, standalone_mode=False)\n"
        "heavy = {'aiobotocore', 'aiohttp', 'anyio', 'asyncio', 'boto3', 'botocore', 'moto'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert ended.stderr.split() == []
    assert ended.stdout.count("\n") == len(EVENTS)


def test_what_can_be_said_of_an_event_is_a_json_schema() -> None:
    schema = json.loads(eventsim("schema", "s3", "put").stdout)
    asked = Draft202012Validator(schema)
    assert asked.is_valid({"bucket": "photos", "size": 5, "version_id": None})
    assert not asked.is_valid({"size": "big"})
    assert not asked.is_valid({"buckets": "photos"})
    assert schema["title"] == "s3 put"


def test_the_schema_of_what_is_not_there_names_the_near_one() -> None:
    ended = eventsim("schema", "s3", "putt")
    assert (ended.code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.endswith("did you mean 'put'?\n")
