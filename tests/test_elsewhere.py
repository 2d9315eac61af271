"""Functions that live elsewhere, in a scenario and on the command line."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventsim import EventsimError, Options, Scenario, ScenarioError, run
from eventsim.errors import UnsafeEndpoint
from eventsim.invokers.http import PATH
from eventsim.journal.sinks import MemorySink
from tests.commands import eventsim
from tests.lambdas import Lambda, closed_port, serving

pytest.importorskip("aiobotocore")

EVENT = {
    "Type": "Kinesis",
    "Properties": {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"},
}
PUT = {
    "at": "0s",
    "put": "orders",
    "records": [{"key": "a", "data": 1}, {"key": "a", "data": 2}],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Lambda]:
    with serving() as served:
        yield served


@pytest.fixture
def there(server: Lambda) -> Lambda:
    server.asked.clear()
    server.says(None)
    return server


def scenario(*steps: dict[str, Any], **function: Any) -> Scenario:
    return Scenario.of(
        {
            "name": "elsewhere",
            "resources": {"orders": {"type": "kinesis"}},
            "functions": {"f": function, "g": {"run_in": "model"}},
            "timeline": steps,
        }
    )


def ran(loaded: Scenario, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """The counts of a run, and the kinds of its entries about f."""
    sink = MemorySink()
    result = run(loaded, Options(sinks=[sink], **options))
    kinds = [entry.kind for entry in sink.entries if entry.fields.get("function") == "f"]
    return result.counts, kinds


def test_a_mapping_delivers_to_an_address_in_virtual_time(there: Lambda) -> None:
    counts, kinds = ran(scenario(PUT, invoke_at={"http": there.url}, Events={"Orders": EVENT}))

    assert counts["records"]["delivered"] == 2
    assert [asked.path for asked in there.asked] == [PATH]
    assert len(json.loads(there.asked[0].body)["Records"]) == 2
    assert kinds[-4:] == [
        "invocation_requested",
        "invocation_started",
        "invocation_finished",
        "batch_delivered",
    ]


def test_a_mapping_delivers_to_an_invoke_api_under_the_name_there(there: Lambda) -> None:
    at = {"aws": {"endpoint_url": there.url, "function_name": "prod", "region": "eu-west-1"}}
    counts, _ = ran(scenario(PUT, invoke_at=at, Events={"Orders": EVENT}))

    assert counts["records"]["delivered"] == 2
    assert counts["functions"]["f"]["invocations"] == 1
    (asked,) = there.asked
    assert asked.path == "/2015-03-31/functions/prod/invocations"
    assert "/eu-west-1/lambda/" in asked.headers["authorization"]


def test_a_function_that_fails_there_is_retried_from_here(there: Lambda) -> None:
    there.says({"errorType": "E", "errorMessage": "m"})
    retried = EVENT | {"Properties": EVENT["Properties"] | {"MaximumRetryAttempts": 2}}  # type: ignore[operator]  # a dict

    counts, _ = ran(scenario(PUT, invoke_at={"http": there.url}, Events={"Orders": retried}))

    assert len(there.asked) == 3
    assert counts["records"]["discarded"] == 2
    assert counts["functions"]["f"]["errors"] == 3


def test_functions_here_and_there_run_side_by_side(there: Lambda) -> None:
    load = {"at": "0s", "rate": "10/s", "for": "1s"}
    at = {"aws": {"endpoint_url": there.url}}

    counts, _ = ran(scenario(load | {"load": "f"}, load | {"load": "g"}, invoke_at=at))

    assert len(there.asked) == counts["functions"]["f"]["invocations"] == 10
    assert counts["functions"]["g"]["invocations"] == 10


def test_throttles_there_are_throttles_here(there: Lambda) -> None:
    there.says(
        {"Reason": "CallerRateLimitExceeded", "message": "Rate Exceeded."},
        status=429,
        headers={"x-amzn-ErrorType": "TooManyRequestsException"},
    )
    load = {"at": "0s", "load": "f", "rate": "10/s", "for": "1s"}

    counts, kinds = ran(scenario(load, invoke_at={"aws": {"endpoint_url": there.url}}))

    assert counts["throttles"] == 10
    assert "invocation_throttled" in kinds


@pytest.mark.parametrize("kind", ["aws", "http"])
def test_an_address_where_nobody_answers_ends_the_run(kind: str) -> None:
    url = closed_port()
    at = {"http": url} if kind == "http" else {"aws": {"endpoint_url": url}}

    with pytest.raises(EventsimError, match=url):
        ran(scenario(PUT, invoke_at=at, Events={"Orders": EVENT}))


@pytest.mark.parametrize(
    "at", [{"http": "http://192.0.2.1"}, {"aws": {"endpoint_url": "http://192.0.2.1"}}]
)
def test_an_address_outside_this_machine_has_to_be_allowed(at: dict[str, Any]) -> None:
    with pytest.raises(UnsafeEndpoint, match=r"192\.0\.2\.1 leads outside this machine"):
        ran(scenario(invoke_at=at))


def test_a_function_elsewhere_cannot_be_throttled_from_here(there: Lambda) -> None:
    throttle = {"at": "0s", "throttle": "f", "for": "1s"}

    with pytest.raises(EventsimError, match="cannot change f"):
        ran(scenario(throttle, invoke_at={"http": there.url}))


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        ({"Handler": "app.handler"}, ".Handler: is for functions that run here"),
        ({"run_in": "model"}, ".run_in: is for functions that run here"),
        ({"duration": "1s"}, ".duration: is for functions that run here"),
        ({"invoke_at": {}}, ".invoke_at: must have either aws or http"),
        (
            {"invoke_at": {"http": "http://127.0.0.1:1", "aws": {}}},
            ".invoke_at: must have either aws or http",
        ),
        ({"invoke_at": {"http": "127.0.0.1:9000"}}, ".invoke_at.http: is no address"),
        ({"invoke_at": {"http": 9000}}, ".invoke_at.http: is 9000; write an address"),
        ({"invoke_at": {"aws": {"endpoint_url": "ftp://a"}}}, ".aws.endpoint_url: is no address"),
        ({"invoke_at": {"htp": "http://127.0.0.1"}}, "unknown key 'htp'"),
    ],
)
def test_what_cannot_be_is_refused(function: dict[str, Any], fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(**({"invoke_at": {"http": "http://127.0.0.1:1"}} | function))

    assert fault in str(caught.value)


def test_the_timeout_of_a_function_elsewhere_is_the_longest_unless_it_is_told() -> None:
    at = {"http": "http://127.0.0.1:1"}

    assert scenario(invoke_at=at).function_values()[0].timeout == 900
    assert scenario(invoke_at=at, Timeout=7).function_values()[0].timeout == 7


@pytest.fixture
def event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    (tmp_path / "e.json").write_text('{"id": 1}')
    return "e.json"


def test_invoke_asks_an_address(there: Lambda, event: str) -> None:
    there.says({"ok": True})

    ended = eventsim("invoke", "my-function", "--url", there.url, "--event", event)

    assert ended == (0, '{"ok": true}\n', "")
    assert there.asked[0].body == b'{"id": 1}'


def test_invoke_asks_an_invoke_api(there: Lambda, event: str) -> None:
    log = base64.b64encode(b"REPORT RequestId: r\n").decode()
    there.says([1], headers={"X-Amz-Log-Result": log, "X-Amz-Executed-Version": "3"})
    words = ("--endpoint-url", there.url, "--qualifier", "PROD", "--log-type", "Tail")

    ended = eventsim("invoke", "arn:aws:lambda:us-east-1:123456789012:function:f", *words)

    assert ended == (0, "[1]\n", "REPORT RequestId: r\n")
    (asked,) = there.asked
    assert asked.path.endswith("function%3Af/invocations?Qualifier=PROD")


def test_invoke_fails_as_the_function_there_does(there: Lambda, event: str) -> None:
    there.says({"errorType": "E", "errorMessage": "m"}, headers={"X-Amz-Function-Error": "Handled"})

    ended = eventsim("invoke", "f", "--endpoint-url", there.url, "--json")

    assert ended.code == 1
    assert json.loads(ended.stdout)["FunctionError"] == "Handled"
    assert ended.stderr == "function error: E: m\n"


def test_an_event_to_an_address_has_run_when_the_command_ends(there: Lambda, event: str) -> None:
    ended = eventsim("invoke", "f", "--url", there.url, "--type", "Event")

    assert ended == (0, "", "status 202\n")
    assert len(there.asked) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--invoker", "aws"), "error: the aws invoker needs an address"),
        (("--invoker", "http"), "error: the http invoker needs --url"),
        (("--url", "http://a.invalid"), "error: http://a.invalid leads outside this machine"),
        (("--region", "eu-west-1"), "error: --region means nothing to the local invoker"),
        (
            ("--url", "http://127.0.0.1:1", "--endpoint-url", "http://127.0.0.1:1"),
            "error: --endpoint-url means nothing to the http invoker",
        ),
        (
            ("--url", "http://127.0.0.1:1", "--memory-size", "256"),
            "error: --memory-size is for code that runs here",
        ),
        (("--endpoint-url", "nowhere"), "invoke_at.aws.endpoint_url: is no address"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    event: str, words: tuple[str, ...], said: str
) -> None:
    ended = eventsim("invoke", "f", "--event", event, *words)

    assert (ended.code, ended.stdout) == (2, "")
    assert said in ended.stderr
