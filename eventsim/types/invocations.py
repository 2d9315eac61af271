"""What travels between a caller, the Invoke API and a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from eventsim.types.durations import ONE_MILLISECOND, Duration

InvocationType = Literal["RequestResponse", "Event", "DryRun"]
RecursiveLoop = Literal["Terminate", "Allow"]


class Payload:
    """An event on its way to a function: built when it is needed, as an object or as bytes.

    Who already knows how many bytes it will have says so, and nobody needs to encode it to ask.
    """

    __slots__ = ("_build", "_encoded", "_size", "_unchecked")

    def __init__(self, build: Callable[[], Any], size: int | None = None) -> None:
        self._build = build
        self._size = size
        self._encoded: bytes | None = None
        self._unchecked = False

    @classmethod
    def of_bytes(cls, encoded: bytes) -> Payload:
        """The payload of an Invoke request as it came; no bytes at all mean ``{}``."""
        encoded = encoded or b"{}"
        payload = cls(lambda: orjson.loads(encoded))
        payload._encoded = encoded
        payload._unchecked = True
        return payload

    def check(self) -> None:
        """Raises ValueError for bytes that are not JSON; costs nothing for what we built."""
        if self._unchecked:
            self._build()
            self._unchecked = False

    def value(self) -> Any:
        """A fresh object, which the receiver may change. Raises ValueError if it is not JSON."""
        return self._build()

    def encoded(self) -> bytes:
        """The bytes of the Invoke request."""
        if self._encoded is None:
            self._encoded = orjson.dumps(self._build())
        return self._encoded

    @property
    def size(self) -> int:
        """How many bytes ``encoded()`` has."""
        return len(self.encoded()) if self._size is None else self._size


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for an invocation: a service, ``s3.amazonaws.com``, or an identity, by its ARN.

    What a service says of where the event comes from is matched by the conditions of the
    function's policy.
    """

    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None


class InvokeRequest(NamedTuple):
    """A call of the Invoke API. Without a caller it is the run's own and may do anything.

    ``trace_header`` is X-Amzn-Trace-Id: it says which functions this chain of requests has been
    through, if it comes from one.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    function_name: str
    payload: Payload
    request_id: str
    invocation_type: InvocationType = "RequestResponse"
    log_type: Literal["None", "Tail"] = "None"
    client_context: str | None = None
    qualifier: str | None = None
    caller: Caller | None = None
    trace_header: str | None = None


class InvokeResult(NamedTuple):
    """The answer of the Invoke API; a function that failed has ``function_error`` set."""

    status_code: int
    payload: bytes = b""
    function_error: str | None = None
    executed_version: str | None = None
    log_result: str | None = None


class Invoker(Protocol):
    """Runs a function once. Retries, batching and destinations live elsewhere.

    Raises InvokeError when the API refuses and nothing ran.
    """

    async def invoke(self, request: InvokeRequest) -> InvokeResult: ...


class FunctionTarget(NamedTuple):
    """A function that is sent to, by the ARN that whoever sends uses for it."""

    arn: str
    invoker: Invoker


class FunctionError(NamedTuple):
    """Why a function failed. After a *fatal* one its runtime is gone and has to start again."""

    type: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a function lives that this run does not: behind the Invoke API, or at an address.

    ``invoker`` is a file of ``invokers/``, ``address`` what it calls; None with ``aws`` is AWS.
    ``function_name`` and ``region`` are the function's there.
    """

    invoker: Literal["aws", "http"]
    address: str | None = None
    function_name: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """What becomes of asynchronous events, in AWS's fields; destinations are ARNs.

    It is that of ``qualifier``, and of no other version or alias of its function.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """

    maximum_retry_attempts: int = 2
    maximum_event_age_in_seconds: int = 21_600
    on_success: str | None = None
    on_failure: str | None = None
    qualifier: str = "$LATEST"


@dataclass(frozen=True, slots=True)
class Function:
    """A function's configuration, in AWS's fields and units.

    ``run_in`` is the file of ``runtimes/`` that runs it, with ``command`` where that asks for one.
    ``role`` is the ARN of its execution role; without one it may do everything. ``dead_letter`` is
    DeadLetterConfig's TargetArn. ``duplicate_deliveries`` is ours: how likely an asynchronous
    event is delivered twice. ``error_rate`` and ``crash_rate`` are for ``run_in: model``: which
    part of the invocations fails, and in which the runtime ends. ``further_event_invokes`` are
    those of other qualifiers; ``log_group`` is that of LoggingConfig, if not the usual one.
    ``fingerprint`` stands for what else two versions may differ in; ``layers`` are the folders of
    its layers, for runtimes in processes of their own.

    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    """

    name: str
    handler: str | Callable[[Any, Any], Any]
    code_uri: str | None = None
    timeout: int = 3
    memory_size: int = 128
    environment: tuple[tuple[str, str], ...] = ()
    runtime: str | None = None
    run_in: str = "inline"
    command: tuple[str, ...] = ()
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    in_vpc: bool = False
    package_bytes: int = 0
    description: str = ""
    duration: Duration = ONE_MILLISECOND
    init_duration: float | Duration = 0.1
    async_handler: bool = False
    role: str | None = None
    error_rate: float = 0.0
    crash_rate: float = 0.0
    invoke_at: Elsewhere | None = None
    dead_letter: str | None = None
    event_invoke: EventInvokeConfig = EventInvokeConfig()
    further_event_invokes: tuple[EventInvokeConfig, ...] = ()
    log_group: str = ""
    fingerprint: str = ""
    layers: tuple[str, ...] = ()
    recursive_loop: RecursiveLoop = "Terminate"
    duplicate_deliveries: float = 0.0

    @property
    def log_group_name(self) -> str:
        """Where in CloudWatch Logs its lines are."""
        return self.log_group or f"/aws/lambda/{self.name}"


class Outcome(NamedTuple):
    """What one call of the handler came to, before it is wrapped as an answer.

    ``duration`` is in real seconds, as measured; ``log`` is what the function wrote.
    ``memory_used`` is the most that its processes held, in MB, or None where nobody measures it.
    """

    payload: bytes
    error: FunctionError | None
    duration: float
    log: str = ""
    memory_used: int | None = None
