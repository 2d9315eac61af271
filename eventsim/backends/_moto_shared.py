"""
One moto for all regions, and for clients outside this process as well as inside.

Each request is done by a worker thread, one at a time: moto loses records under concurrent
writers, and a second thread would not be faster. The event loop goes on meanwhile.

https://docs.getmoto.org
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from eventsim.backends import Backend
from eventsim.backends._aws import AwsApi
from eventsim.backends._moto_logs import put
from eventsim.backends._moto_pushes import install
from eventsim.backends._moto_waits import Answered, long_poll
from eventsim.backends._taking import Taker
from eventsim.clock import Clock
from eventsim.errors import BackendError

LOOK_SECONDS = 0.2  # how often a queue is looked at, of which a message may become visible

T = TypeVar("T")
Undo = Callable[[], None]


class SharedMoto:
    """An empty moto of one account; close it by ``aclose``. Made by ``open_shared`` of ``moto``.

    *work* does a call while nobody else is inside moto, *empty* forgets everything in it.
    """

    def __init__(self, account: str, work: Callable[[Callable[[], Any]], Any], empty: Undo) -> None:
        self.account = account
        self._work, self._empty = work, empty
        self._limiter = anyio.CapacityLimiter(1)
        self._backends: dict[str, Backend] = {}
        self._undo: list[Undo] = [_cached_modules()]
        self._changed = anyio.Event()
        empty()

    async def work(self, call: Callable[[], T]) -> T:
        """Do a call inside moto, when those before it are done. It is not broken off."""
        done: T = await anyio.to_thread.run_sync(self._work, call, limiter=self._limiter)
        return done

    async def ask(
        self,
        target: str,
        body: bytes,
        call: Callable[[bytes], Answered],
        hurried: Callable[[], bool] = lambda: False,
    ) -> Answered:
        """The answer to a request, done by *call* of its body; a long poll waits out here.

        Once it is *hurried* a long poll waits no longer.
        """
        poll = long_poll(target, body)
        if poll is None:
            answer = await self.work(partial(call, body))
            self._wake()
            return answer
        queue = _queue(poll.queue_url, self.account)
        seconds = poll.seconds
        if seconds is None:
            seconds = int(getattr(queue, "receive_message_wait_time_seconds", None) or 0)
        until = anyio.current_time() + seconds
        while True:
            answer = await self.work(partial(call, poll.body))
            if not answer.nothing or anyio.current_time() >= until or hurried():
                return answer
            await self._wait(poll.queue_url, until, hurried)

    def waits(self, target: str, body: bytes) -> bool:
        """Whether the answer to a request may be long in coming."""
        return long_poll(target, body) is not None

    async def write_logs(
        self, region: str, written: Sequence[tuple[str, str, list[dict[str, Any]]]]
    ) -> None:
        """Put lines into CloudWatch Logs: the group, the stream and the events of each.

        Raises BackendError where moto does not take some, or cannot tell a subscription of them.
        """
        failures: list[str] = []

        def put_all() -> None:
            for group, stream, events in written:
                try:
                    put(self.account, region, group, stream, events)
                except Exception as error:  # noqa: BLE001  # moto's own, whatever it is
                    failures.append(f"{group}: {type(error).__name__}: {error}")

        await self.work(put_all)
        if failures:
            raise BackendError("; ".join(failures))

    def backend(self, region: str, clock: Clock) -> Backend:
        """moto in a region, for this process; the same one each time."""
        if region not in self._backends:
            api = AwsApi(region, http_session_cls=_session_class(self))
            self._backends[region] = Backend("moto", clock, self.account, region, api)
            self._backends[region].on_close(api.aclose)
            self._backends[region].sends_to = self.sends_to
        return self._backends[region]

    def sends_to(self, taker: Taker) -> None:
        """Have moto's services invoke functions by *taker*, which is called in the worker."""
        self._undo.append(install(taker))

    async def aclose(self) -> None:
        """Undo what was changed in moto, close every client, forget everything."""
        for backend in self._backends.values():
            await backend.aclose()
        while self._undo:
            self._undo.pop()()
        await self.work(self._empty)

    async def _wait(self, queue_url: str, until: float, hurried: Callable[[], bool]) -> None:
        """Return when the queue has a message to give, or the time is over."""
        while not (
            hurried() or anyio.current_time() >= until or _gives(_queue(queue_url, self.account))
        ):
            changed = self._changed
            with anyio.move_on_at(min(until, anyio.current_time() + LOOK_SECONDS)):
                await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def _cached_modules() -> Undo:
    """Have moto list its folders once, and not at each request; returns what ends that."""
    from moto import backends

    listed = backends.list_of_moto_modules
    backends.list_of_moto_modules = cache(lambda: tuple(listed()))

    def undo() -> None:
        backends.list_of_moto_modules = listed

    return undo


def _queue(url: str, account: str) -> Any:
    """The queue of a URL, which names no region; None where it is not there."""
    from moto.sqs.models import sqs_backends

    found = url.rstrip("/").split("/")
    for backend in list(sqs_backends[account].values()):
        queue = backend.queues.get(found[-1])
        if queue is not None:
            return queue
    return None


def _gives(queue: Any) -> bool:
    """Whether a queue has a message that can be received now; one that is gone answers at once."""
    return queue is None or any(m.visible and not m.delayed for m in list(queue._messages))


def _session_class(shared: SharedMoto) -> type:
    """The class that stands where aiobotocore would open a socket."""
    from aiobotocore.awsrequest import AioAWSResponse
    from botocore.awsrequest import AWSPreparedRequest
    from moto.core.botocore_stubber import BotocoreStubber

    stubber = BotocoreStubber()

    class SharedSession:
        def __init__(self, *args: object, **settings: object) -> None: ...

        async def __aenter__(self) -> SharedSession:
            return self

        async def __aexit__(self, *error: object) -> None: ...

        async def close(self) -> None: ...

        async def send(self, request: AWSPreparedRequest) -> AioAWSResponse:
            given = await body_of(request.body)
            body = given.encode() if isinstance(given, str) else given or b""
            headers = request.headers
            headers["x-moto-account-id"] = shared.account

            def call(body: bytes) -> Answered:
                asked = AWSPreparedRequest(request.method, request.url, headers, body, False)
                try:
                    answer = stubber.process_request(asked)
                except Exception as error:  # noqa: BLE001  # moto's own, whatever it is
                    answer = 500, {}, f"moto failed: {type(error).__name__}: {error}".encode()
                status, said, content = answer or (404, {}, b"moto does not know this address")
                text = content.encode() if isinstance(content, str) else content
                return Answered(status, list(said.items()), text)

            answer = await shared.ask(_text(headers.get("X-Amz-Target")), body, call)
            found = dict(answer.headers)
            return AioAWSResponse(request.url, answer.status, found, Content(answer.body))

    return SharedSession


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


async def body_of(body: Any) -> Any:
    """The bytes of a request, which may have to be read, and that may have to be awaited."""
    if not hasattr(body, "read"):
        return body
    content = body.read()
    return await content if hasattr(content, "__await__") else content


class Content:
    """What aiobotocore reads an answer from, once."""

    def __init__(self, body: str | bytes) -> None:
        self._body = body.encode() if isinstance(body, str) else body

    @property
    def content(self) -> Content:
        return self

    async def read(self, amount: int | None = None) -> bytes:
        body, self._body = self._body, b""
        return body
