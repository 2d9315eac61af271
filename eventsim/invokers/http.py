"""
Functions at an address, as the Runtime Interface Emulator serves them: one POST runs the code.

Such an address runs code and knows nothing else of Lambda, so the local Invoke API stands in
front of it: names, limits, DryRun, and Event with its retries are what they are for functions
that run here. It serves one request at a time, so one is sent at a time. What failed is known
by the form of the answer, for there is no header that says so.

https://docs.aws.amazon.com/lambda/latest/dg/images-test.html
"""

from __future__ import annotations

import base64
from contextlib import AsyncExitStack
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import anyio
import orjson

from eventsim.backends import needs_aws_extra
from eventsim.backends.endpoint import is_local, outside
from eventsim.clock import Clock
from eventsim.errors import InvokeError, Unreachable, UnsafeEndpoint
from eventsim.journal import Journal
from eventsim.rules import function_errors
from eventsim.rules.billing import billed_seconds
from eventsim.rules.foreign_answers import function_error, looks_failed, timed_out_after
from eventsim.rules.limits import RESPONSE_BYTES_MAX
from eventsim.runtimes import Call, FunctionVersion
from eventsim.types import Outcome

PATH = "/2015-03-31/functions/function/invocations"
PATIENCE_SECONDS = 10.0  # for an answer to arrive, after the longest that the function may take
_INIT_FAILED = 502
_TEXT_LENGTH_MAX = 200  # of somebody else's words, in an error of ours


class _Answer(NamedTuple):
    status: int
    content_type: str
    function_error: str | None
    body: bytes


class HttpFunction:
    """The function at one address. Call ``aclose`` at the end.

    Raises BackendError for what is no address and without aiohttp, UnsafeEndpoint for an address
    outside this machine that nobody allowed.
    """

    def __init__(
        self, url: str, clock: Clock, journal: Journal, *, timeout: int, allow_aws: bool = False
    ) -> None:
        if not (is_local(url) or allow_aws):
            raise UnsafeEndpoint(outside(url))
        with needs_aws_extra("the http invoker"):
            import aiohttp

            self._limits = aiohttp.ClientTimeout(
                sock_connect=PATIENCE_SECONDS, total=timeout + PATIENCE_SECONDS
            )
        self._url = whole_url(url)
        self._clock, self._journal = clock, journal
        self._session: Any = None
        self._closing = AsyncExitStack()
        self._turns = anyio.Lock()

    async def run(self, target: FunctionVersion, call: Call, *, whole_log: bool = False) -> Outcome:
        """Send *call* once it is its turn, and return what it came to; there is never a log.

        Raises InvokeError when the code was not run, Unreachable when nobody knows.
        """
        async with self._turns:
            began = self._clock.time()
            self._tell("invocation_started", target, call)
            async with self._clock.hold():
                answer = await self._post(call)
            seconds = self._clock.time() - began
        outcome = _outcome(answer, call.request_id, seconds)
        self._tell_answer(target, call, outcome)
        return outcome

    async def aclose(self) -> None:
        """Close the connections."""
        await self._closing.aclose()

    async def _post(self, call: Call) -> _Answer:
        import aiohttp

        headers = {"Content-Type": "application/json"}
        if call.client_context is not None:
            context = base64.b64encode(orjson.dumps(call.client_context))
            headers["X-Amz-Client-Context"] = context.decode()
        try:
            session = await self._opened()
            post = session.post(
                self._url,
                data=call.payload.encoded(),
                headers=headers,
                allow_redirects=False,
            )
            async with post as response:
                body = await _read(response.content)
                return _Answer(
                    response.status,
                    response.content_type,
                    response.headers.get("X-Amz-Function-Error"),
                    body,
                )
        except aiohttp.ClientError as error:
            raise Unreachable(f"{self._url} gave no answer: {error}") from error
        except TimeoutError as error:
            seconds = self._limits.total
            raise Unreachable(f"{self._url} gave no answer within {seconds:g} s") from error

    async def _opened(self) -> Any:
        """The session; its connections are not used again, so none can turn out to be closed."""
        if self._session is None:
            import aiohttp

            session = aiohttp.ClientSession(
                timeout=self._limits, connector=aiohttp.TCPConnector(force_close=True)
            )
            self._session = await self._closing.enter_async_context(session)
        return self._session

    def _tell_answer(self, target: FunctionVersion, call: Call, outcome: Outcome) -> None:
        seconds = round(outcome.duration, 6)
        fields: dict[str, Any] = {"duration": seconds, "billed": billed_seconds(seconds)}
        if outcome.error is not None:
            fields["error"] = "Unhandled"
            fields["error_type"] = outcome.error.type
            fields["error_message"] = outcome.error.message[:1024]
        if self._journal.detail == "payload":
            fields["answer"] = self._journal.keep(outcome.payload)
        self._tell("invocation_finished", target, call, **fields)

    def _tell(self, kind: str, target: FunctionVersion, call: Call, **fields: Any) -> None:
        self._journal.write(
            kind,
            function=target.function.name,
            version=target.version,
            request_id=call.request_id,
            **fields,
        )


def whole_url(url: str) -> str:
    """The address with the emulator's path, unless it has one of its own."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") or PATH))


async def _read(content: Any) -> bytes:
    """The body, up to the first part beyond what Lambda allows."""
    parts, size = list[bytes](), 0
    while size <= RESPONSE_BYTES_MAX and (part := await content.readany()):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _outcome(answer: _Answer, request_id: str, seconds: float) -> Outcome:
    body = answer.body
    if len(body) > RESPONSE_BYTES_MAX:
        return Outcome(*function_errors.response_too_large(), seconds)
    if answer.status not in (200, _INIT_FAILED):
        text = body[:_TEXT_LENGTH_MAX].decode("utf-8", "replace").strip()
        raise InvokeError(f"the address answered {answer.status}: {text}")
    timed_out = None if answer.content_type == "application/json" else timed_out_after(body)
    if timed_out is not None:
        return Outcome(*function_errors.timed_out(request_id, timed_out), seconds)
    failed = answer.status == _INIT_FAILED or answer.function_error is not None
    if failed or looks_failed(body):
        return Outcome(body, function_error(body), seconds)
    return Outcome(body, None, seconds)
