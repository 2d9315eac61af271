"""
The context object of a Python handler, with every attribute of Lambda's own.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class Fields:
    """An object with the named fields of a mapping, None where it has none."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: Mapping[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        shown = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{shown}])"


class CognitoIdentity(Fields):
    """Always there, and always empty: no mobile client calls us."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self) -> None:
        self.cognito_identity_id: str | None = None
        self.cognito_identity_pool_id: str | None = None


class Client(Fields):
    __slots__ = (
        "app_package_name",
        "app_title",
        "app_version_code",
        "app_version_name",
        "installation_id",
    )


class ClientContext(Fields):
    __slots__ = ("client", "custom", "env")

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        client = values.get("client")
        self.client = Client(client) if client is not None else None


class Named(NamedTuple):
    """What every context of an environment says alike, under its names there."""

    function_name: str
    function_version: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str


class LambdaContext:
    """What a handler gets as its second argument; fresh for each call."""

    def __init__(
        self,
        named: Named,
        request_id: str,
        arn: str,
        client_context: dict[str, Any] | None,
        *,
        timeout_seconds: float,
        stopwatch: Callable[[], float],
        write: Callable[[bytes], None],
    ) -> None:
        (
            self.function_name,
            self.function_version,
            self.memory_limit_in_mb,
            self.log_group_name,
            self.log_stream_name,
        ) = named
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.tenant_id: str | None = None
        self.client_context: ClientContext | None = None
        self.identity = CognitoIdentity()
        self._w3c: dict[str, str] = {}
        if client_context is not None:
            self._take(client_context)
        self._timeout_seconds = timeout_seconds
        self._stopwatch = stopwatch
        self._write = write

    def _take(self, client_context: dict[str, Any]) -> None:
        rest = dict(client_context)
        fields = rest.pop("w3c", None)
        if isinstance(fields, dict):
            known = {name: fields.get(name) for name in _W3C_FIELDS}
            self._w3c = {name: text for name, text in known.items() if isinstance(text, str)}
        self.client_context = ClientContext(rest)

    def get_remaining_time_in_millis(self) -> int:
        """Timeout minus the real time spent, never below 0; not reproducible."""
        return max(0, int((self._timeout_seconds - self._stopwatch()) * 1000))

    def log(self, msg: object) -> None:
        """Write *msg* to the function's log, as an event of its own."""
        self._write(f"{msg}\n".encode("utf-8", "replace"))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context that came with the client context."""
        return dict(self._w3c)

    def __repr__(self) -> str:
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        shown = ",".join(f"{name}={getattr(self, name)}" for name in names)
        return f"{type(self).__name__}([{shown}])"
