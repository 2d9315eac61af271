"""aiobotocore, imported when a back end needs it, and its errors in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from eventsim.errors import BackendError, ServiceError, Unreachable

DUMMY_CREDENTIALS = {
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
    "aws_session_token": "testing",
}
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class _Answer(dict[str, Any]):
    """An answer that was asked for what it must have, and has not: it is no AWS service's."""

    def __missing__(self, key: str) -> Any:
        raise BackendError(f"the endpoint does not answer as AWS does: there is no {key}")


class AwsApi:
    """aiobotocore clients of one session, each made once.

    Unless ``private`` is False, the session reads no file of the user's and knows only dummy
    credentials. Requests are not retried: whoever calls waits on the simulation's clock.
    """

    def __init__(
        self,
        region: str,
        *,
        endpoint_url: str | None = None,
        private: bool = True,
        **config: Any,
    ) -> None:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import AioSession

        if private:
            self._session = AioSession(session_vars=_NO_FILES)
            config = {"proxies": {}, "ignore_configured_endpoint_urls": True, **config}
        else:
            self._session = AioSession()
        self._settings = {
            "region_name": region or None,  # which is that of the profile
            "endpoint_url": endpoint_url,
            "config": AioConfig(
                **{
                    "retries": {"total_max_attempts": 1, "mode": "standard"},
                    "connect_timeout": 10,
                    "read_timeout": 30,
                    **config,
                }
            ),
            **(DUMMY_CREDENTIALS if private else {}),
        }
        self._clients: dict[str, Any] = {}
        self._closing = AsyncExitStack()

    async def client(self, service: str) -> Any:
        """The client of *service*, the same one each time."""
        if service not in self._clients:
            opening = self._session.create_client(service, **self._settings)
            self._clients[service] = await self._closing.enter_async_context(opening)
        return self._clients[service]

    async def call(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        """Make one request; a body that would stream is read whole.

        Raises ServiceError or Unreachable.
        """
        with in_our_words():
            client = await self.client(service)
            answer = _Answer(await getattr(client, operation)(**parameters))
            if hasattr(answer.get("Body"), "read"):
                answer["Body"] = await answer["Body"].read()
            return answer

    async def aclose(self) -> None:
        """Close every client."""
        await self._closing.aclose()


@contextmanager
def needs_aws_extra(what: str) -> Iterator[None]:
    """Turn a missing package into a BackendError that says what to install."""
    try:
        yield
    except ImportError as error:
        package = error.name or "a package"
        raise BackendError(
            f"{what} needs pip install 'eventsim[aws]' ({package} is not installed)"
        ) from error


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn what aiobotocore raises into ServiceError, Unreachable or BackendError."""
    import aiohttp
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )
    from botocore.exceptions import ConnectionError as NoConnection  # refused, no such host, late

    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if status >= 500:
            raise Unreachable(f"the service answered {status} {code}: {message}") from error
        raise ServiceError(code, message) from error
    except (HTTPClientError, NoConnection, aiohttp.ClientError) as error:
        raise Unreachable(str(error)) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise BackendError(f"AWS wants credentials, and there are none: {error}") from error
    except BotoCoreError as error:
        raise ServiceError(type(error).__name__, str(error)) from error
