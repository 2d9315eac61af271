"""
moto inside this process: real clients, no socket, no Docker, no network.

Each run starts with an empty moto, for every user of moto in this process. Requests are handled
one at a time, since moto loses records under concurrent writers, and under the simulation's
clock: what moto stamps, it stamps with simulated time, in both times.

https://docs.getmoto.org
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from eventsim.backends import Backend
from eventsim.backends._aws import AwsApi, needs_aws_extra
from eventsim.backends._moto_pushes import install
from eventsim.backends._moto_requests import Ask, MotoServices
from eventsim.backends._taking import Taker
from eventsim.clock import Clock

_one_at_a_time = threading.Lock()


async def open_backend(
    clock: Clock,
    *,
    account: str,
    region: str,
    endpoint_url: str | None = None,
    allow_aws: bool = False,
) -> Backend:
    """An empty moto whose clients need no address. Raises BackendError when it is not installed."""
    with needs_aws_extra("the moto back end"):
        ask = _asker(account, clock.wall)
        api = AwsApi(region, http_session_cls=_session_class(ask))
        _empty()
    backend = Backend("moto", clock, account, region, api)
    backend.services = MotoServices(ask)
    backend.on_close(_emptied)
    backend.on_close(api.aclose)

    def sends_to(taker: Taker) -> None:
        undo = install(taker)

        async def undone() -> None:
            undo()

        backend.on_close(undone)

    backend.sends_to = sends_to
    return backend


def _empty() -> None:
    from moto.core.base_backend import BackendDict

    with _one_at_a_time:
        BackendDict.reset()


async def _emptied() -> None:
    _empty()


def _asker(account: str, wall: Callable[[], datetime]) -> Ask:
    """What has moto answer a request, one at a time."""
    import time_machine
    from moto.core.botocore_stubber import BotocoreStubber

    stubber = BotocoreStubber()

    def ask(request: Any) -> tuple[int, dict[str, Any], str | bytes]:
        request.headers["x-moto-account-id"] = account
        with _one_at_a_time, time_machine.travel(wall(), tick=False):
            answer = stubber.process_request(request)
        return answer or (404, {}, b"moto does not know this address")

    return ask


def _session_class(ask: Ask) -> type:
    """The class that stands where aiobotocore would open a socket."""
    from aiobotocore.awsrequest import AioAWSResponse
    from botocore.awsrequest import AWSPreparedRequest

    class MotoSession:
        def __init__(self, *args: object, **settings: object) -> None: ...

        async def __aenter__(self) -> MotoSession:
            return self

        async def __aexit__(self, *error: object) -> None: ...

        async def close(self) -> None: ...

        async def send(self, request: AWSPreparedRequest) -> AioAWSResponse:
            request = AWSPreparedRequest(
                request.method, request.url, request.headers, await _body(request.body), False
            )
            status, headers, body = ask(request)
            return AioAWSResponse(request.url, status, headers, _Answer(body))

    return MotoSession


async def _body(body: Any) -> Any:
    """The bytes of a request, which may have to be read, and that may have to be awaited."""
    if not hasattr(body, "read"):
        return body
    content = body.read()
    return await content if hasattr(content, "__await__") else content


class _Answer:
    """What aiobotocore reads an answer from, once."""

    def __init__(self, body: str | bytes) -> None:
        self._body = body.encode() if isinstance(body, str) else body

    @property
    def content(self) -> _Answer:
        return self

    async def read(self, amount: int | None = None) -> bytes:
        body, self._body = self._body, b""
        return body
