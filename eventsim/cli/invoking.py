"""Invokes a handler for ``eventsim invoke``, as the Invoke API would."""

from __future__ import annotations

import base64
import os
import stat
import sys
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from eventsim.cli.exits import FAILED, OK
from eventsim.cli.files import STREAM, read_bytes
from eventsim.cli.functions import code_folder, scenario_of
from eventsim.cli.handlers import function_name, function_of
from eventsim.cli.talk import Talk
from eventsim.cli.variables import variables
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.scenario import Scenario
from eventsim.simulation import Options
from eventsim.simulation.invoking import invoke
from eventsim.types import InvokeRequest, InvokeResult, Payload

TIMEOUT, MEMORY_SIZE, CODE_URI, INLINE = 3, 128, ".", "inline"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the function is, as the command line says it."""

    invoker: Literal["local", "aws", "http"] | None = None
    endpoint_url: str | None = None
    url: str | None = None
    region: str | None = None

    @property
    def kind(self) -> Literal["local", "aws", "http"]:
        return self.invoker or ("http" if self.url else "aws" if self.endpoint_url else "local")

    def check(self) -> None:
        """Raise EventsimError for options that do not go together."""
        aws = {"--endpoint-url": self.endpoint_url, "--region": self.region}
        given = {**aws, "--url": self.url}
        fitting = {"local": set[str](), "aws": aws.keys(), "http": {"--url"}}[self.kind]
        for flag in given.keys() - fitting:
            if given[flag] is not None:
                raise EventsimError(
                    f"{flag} means nothing to the {self.kind} invoker; leave it out"
                )
        if self.kind == "http" and self.url is None:
            raise EventsimError("the http invoker needs --url, such as http://127.0.0.1:9000")

    def invoke_at(self, name: str) -> dict[str, Any]:
        """What a scenario says of a function there."""
        if self.kind == "http":
            return {"http": self.url}
        said = {
            "endpoint_url": self.endpoint_url,
            "function_name": name,
            "region": self.region,
        }
        return {"aws": {key: value for key, value in said.items() if value is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The words of the command line, one field for each option."""

    handler: str
    event: str | None
    type: Literal["RequestResponse", "Event", "DryRun"]
    log_type: Literal["None", "Tail"]
    timeout: int | None
    memory_size: int
    maximum_retry_attempts: int
    env_vars: str | None
    client_context: str | None
    code_uri: str
    run_in: str
    allow_aws: bool
    async_handler: bool
    json: bool
    debug: bool
    place: Place = Place()
    qualifier: str | None = None

    @property
    def function(self) -> str:
        """The name of the function: its module's, or what it is called elsewhere."""
        if self.place.kind != "local":
            return function_name(self.handler) or "function"
        return function_of(self.handler)


class Errors:
    """A sink that keeps what functions failed with, and says at once what is tried again."""

    def __init__(self, talk: Talk) -> None:
        self.found: list[str] = []
        self._talk = talk

    def write(self, flat: dict[str, Any]) -> None:
        if flat["kind"] == "invocation_finished" and flat.get("error"):
            said = [flat.get("error_type"), flat.get("error_message")]
            self.found.append(": ".join(str(part) for part in said if part) or flat["error"])
        elif flat["kind"] == "event_retried":
            error = self.found.pop() if self.found else flat["because"]
            self._talk.say(
                f"function error: {error}; tried again in {flat['wait']:g} s, Ctrl-C ends it"
            )

    def close(self) -> None:
        """Nothing to let go of."""


def perform(invocation: Invocation, talk: Talk) -> int:
    """Invoke what was asked for, and print its answer; the exit code."""
    name = invocation.function
    tail = invocation.log_type == "Tail" and invocation.type == "RequestResponse"
    errors = Errors(talk)
    options = Options(
        allow_aws=invocation.allow_aws,
        sinks=[errors],
        variables=variables(invocation.env_vars, [name]) if invocation.env_vars else {},
        debug=invocation.debug,
        on_log=None if tail or invocation.debug else talk.log,
    )
    result = invoke(_scenario(invocation, name), _request(invocation, name), options)
    _print(result, invocation.json)
    if result.log_result is not None and not invocation.json:
        talk.say(base64.b64decode(result.log_result).decode("utf-8", "replace").rstrip("\n"))
    if not (invocation.json or result.payload):
        talk.say(f"status {result.status_code}")
    for error in errors.found:
        talk.say(f"function error: {error}")
    return FAILED if errors.found else OK


def _scenario(invocation: Invocation, name: str) -> Scenario:
    invocation.place.check()
    timeout = invocation.timeout
    if invocation.place.kind != "local":
        _refuse_options_of_code(invocation)
        there: dict[str, Any] = {"invoke_at": invocation.place.invoke_at(invocation.handler)}
        if timeout is not None:
            there["Timeout"] = timeout
        return Scenario.of({"name": "invoke", "time": "real", "functions": {name: there}})
    return scenario_of(
        name,
        code_folder(invocation.code_uri),
        handler=invocation.handler,
        timeout=TIMEOUT if timeout is None else timeout,
        memory_size=invocation.memory_size,
        async_handler=invocation.async_handler,
        properties={
            "run_in": invocation.run_in,
            "EventInvokeConfig": {"MaximumRetryAttempts": invocation.maximum_retry_attempts},
        },
        name="invoke",
    )


def _refuse_options_of_code(invocation: Invocation) -> None:
    """What is set where the code runs cannot be set from here."""
    given = {
        "--memory-size": invocation.memory_size != MEMORY_SIZE,
        "--env-vars": invocation.env_vars is not None,
        "--code-uri": invocation.code_uri != CODE_URI,
        "--run-in": invocation.run_in != INLINE,
        "--async-handler": invocation.async_handler,
        "--debug": invocation.debug,
    }
    for flag, is_given in given.items():
        if is_given:
            raise EventsimError(f"{flag} is for code that runs here; leave it out")


def _request(invocation: Invocation, name: str) -> InvokeRequest:
    context = invocation.client_context
    return InvokeRequest(
        name,
        Payload.of_bytes(_event(invocation.event)),
        Chance(0).uuid("invoke"),
        invocation.type,
        invocation.log_type,
        None if context is None else base64.b64encode(context.encode()).decode(),
        invocation.qualifier,
    )


def _event(name: str | None) -> bytes:
    """The event's bytes: of the file, of stdin where that was redirected, or ``{}``."""
    if name is None and not _redirected():
        return b"{}"
    return read_bytes(name or STREAM) or b"{}"


def _redirected() -> bool:
    """Whether stdin is a pipe or a file, and nobody's terminal or /dev/null."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or not a file of the process
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _print(result: InvokeResult, whole: bool) -> None:
    if whole:
        print(orjson.dumps(_answer(result), option=orjson.OPT_INDENT_2).decode())
    elif result.payload:
        print(result.payload.decode("utf-8", "replace"))


def _answer(result: InvokeResult) -> dict[str, Any]:
    """The answer in the API's words; what it does not have is left out."""
    answer: dict[str, Any] = {
        "StatusCode": result.status_code,
        "FunctionError": result.function_error,
        "LogResult": result.log_result,
        "ExecutedVersion": result.executed_version,
    }
    given = {key: value for key, value in answer.items() if value is not None}
    if result.payload:
        given["Payload"] = _as_json(result.payload)
    return given


def _as_json(payload: bytes) -> Any:
    """The payload as it is, or as text: a runtime of one's own may answer anything."""
    try:
        orjson.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
    return orjson.Fragment(payload)
