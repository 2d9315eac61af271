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
from eventsim.backends._moto_shared import Content, SharedMoto, body_of
from eventsim.backends._moto_waits import Answered
from eventsim.backends._taking import Taker
from eventsim.clock import Clock

__all__ = ["Answered", "SharedMoto", "open_backend", "open_shared"]

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


def open_shared(account: str) -> SharedMoto:
    """An empty moto in real time for clients in every region, and by HTTP.

    Raises BackendError when it is not installed.
    """
    with needs_aws_extra("serving AWS's services"):
        return SharedMoto(account, _alone, _forget)


def _alone(call: Callable[[], Any]) -> Any:
    with _one_at_a_time:
        return call()


def _empty() -> None:
    with _one_at_a_time:
        _forget()


def _forget() -> None:
    from moto.core.base_backend import BackendDict

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
                request.method, request.url, request.headers, await body_of(request.body), False
            )
            status, headers, body = ask(request)
            return AioAWSResponse(request.url, status, headers, Content(body))

    return MotoSession
