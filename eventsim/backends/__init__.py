"""
Where the AWS services come from: one file for each back end.

``simulated`` has none, and needs none; ``moto`` runs inside this process; ``endpoint`` is an
emulator on this machine, or AWS itself for who allows it. A reader or a writer makes its
requests by ``call``: in virtual time the clock stands still until the answer is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol

from eventsim import registry
from eventsim.backends._aws import AwsApi, in_our_words, needs_aws_extra
from eventsim.backends._serving import Services
from eventsim.backends._taking import Taker
from eventsim.errors import BackendError, Unreachable
from eventsim.rules.arns import ACCOUNT, REGION

if TYPE_CHECKING:
    from eventsim.clock import Clock  # which brings anyio; who only builds events has no need

__all__ = [
    "Api",
    "AwsApi",
    "Backend",
    "Services",
    "Taker",
    "date_of",
    "in_our_words",
    "needs_aws_extra",
    "nobody",
    "open_backend",
]


class Api(Protocol):
    """Makes one request of a service; the back end's half of ``Backend.call``.

    Raises ServiceError when the service refuses, Unreachable when it gives no answer.
    """

    async def call(self, service: str, operation: str, parameters: dict[str, Any]) -> Any: ...

    async def client(self, service: str) -> Any: ...


def nobody(answer: Any) -> None:
    """For answers that interest only who asked."""


def date_of(answer: dict[str, Any]) -> float | None:
    """When an answer was given by the endpoint's clock, in epoch seconds; None if it is silent.

    A Date header is cut to whole seconds.
    """
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date is None:
        return None
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(date).timestamp()


class Backend:
    """A back end in use: its account and region, its clients, and what to undo at the end.

    ``on_answer`` is told of every answer to ``call``, and of Unreachable in place of one.
    ``sends_to``, where there is such a thing, lets its services invoke the functions of a run;
    ``services`` answers those functions.
    """

    def __init__(
        self, name: str, clock: Clock, account: str, region: str, api: Api | None = None
    ) -> None:
        self.name, self.clock, self.account, self.region = name, clock, account, region
        self._api = api
        self.on_answer: Callable[[Any], None] = nobody
        self.sends_to: Callable[[Taker], None] | None = None
        self.services: Services | None = None
        self._closing = AsyncExitStack()

    async def client(self, service: str) -> Any:
        """The aiobotocore client of a service, the same one each time."""
        return await self._wanted(service).client(service)

    async def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """Make one request, real work in any time, and return its answer.

        Raises ServiceError when the service refuses, Unreachable when it gives no answer.
        Nothing is tried twice.
        """
        api = self._wanted(service)
        async with self.clock.hold():
            try:
                answer = await api.call(service, operation, parameters)
            except Unreachable as error:
                self.on_answer(error)
                raise
        self.on_answer(answer)
        return answer

    def on_close(self, undo: Callable[[], Awaitable[None]]) -> None:
        """Await *undo* when the back end is closed; the last one first."""
        self._closing.push_async_callback(undo)

    async def aclose(self) -> None:
        """Undo what was done, and close every client; a cancellation waits for it."""
        import anyio

        with anyio.CancelScope(shield=True):
            await self._closing.aclose()

    def _wanted(self, service: str) -> Api:
        if self._api is None:
            raise BackendError(f"the {self.name} back end has no {service} to talk to")
        return self._api


async def open_backend(
    name: str,
    clock: Clock,
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    endpoint_url: str | None = None,
    allow_aws: bool = False,
) -> Backend:
    """The back end *name*, ready for use; close it by ``aclose``.

    ``endpoint_url`` and ``allow_aws`` are for ``endpoint``. Raises UnknownPlugin for a name
    that is none, BackendError when it cannot be used, UnsafeEndpoint for an address outside
    this machine that nobody allowed.
    """
    module = registry.load("backends", name, wants=["open_backend"])
    backend: Backend = await module.open_backend(
        clock, account=account, region=region, endpoint_url=endpoint_url, allow_aws=allow_aws
    )
    return backend
