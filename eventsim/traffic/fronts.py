"""
An HTTP front as the target of a load: an API, a load balancer, a function URL, or any other.

Connections are kept and used again, as a browser or an SDK does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eventsim.backends import needs_aws_extra
from eventsim.backends.endpoint import is_local, outside
from eventsim.errors import UnsafeEndpoint
from eventsim.traffic.measuring import Meter, Sending

ANSWER_SECONDS_MAX = 60.0
BODY_BYTES_MAX = 16 * 1024 * 1024
_THROTTLED = 429


class Front:
    """One address, to be made on the loop that sends. Call ``aclose`` at the end.

    Raises BackendError for what is no address and without aiohttp, UnsafeEndpoint for an address
    outside this machine that nobody allowed.
    """

    def __init__(
        self,
        url: str,
        meter: Meter,
        draw: Callable[[], bytes],
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        connections: int = 1_000,
        allow_aws: bool = False,
    ) -> None:
        if not (is_local(url) or allow_aws):
            raise UnsafeEndpoint(outside(url))
        with needs_aws_extra("a load on an address"):
            import aiohttp
        self._url, self._method, self._meter, self._draw = url, method, meter, draw
        self._errors: type[Exception] = aiohttp.ClientError
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX),
            headers={"Content-Type": "application/json", **(headers or {})},
            auto_decompress=False,
        )

    async def send(self, sending: Sending) -> None:
        """Return when the whole answer is there, or it is known that there will be none."""
        meter = self._meter
        try:
            status = await self._ask()
        except ConnectionRefusedError:
            message = f"{self._url} refuses connections"
            meter.refused(sending, "ConnectionRefusedError", message)
        except TimeoutError:
            message = f"{self._url} gave no answer within {ANSWER_SECONDS_MAX:g} s"
            meter.answered(sending, "TimeoutError", message)
        except (self._errors, OSError) as failed:
            meter.answered(sending, type(failed).__name__, f"{self._url}: {failed}")
        else:
            self._tell(sending, status)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _tell(self, sending: Sending, status: int) -> None:
        message = f"{self._url} answered {status}"
        if status == _THROTTLED:
            self._meter.refused(sending, f"HTTP {status}", message, throttled=True)
        else:
            self._meter.answered(sending, f"HTTP {status}" if status >= 400 else "", message)

    async def _ask(self) -> int:
        body = None if self._method in ("GET", "HEAD") else self._draw()
        import aiohttp

        request = self._session.request(self._method, self._url, data=body, allow_redirects=False)
        try:
            async with request as response:
                size = 0
                while size <= BODY_BYTES_MAX and (part := await response.content.readany()):
                    size += len(part)
                return int(response.status)
        except aiohttp.ClientConnectorError as error:
            raise error.os_error from error
