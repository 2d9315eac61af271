"""
Cross-origin requests as HTTP APIs and function URLs answer them: the answer to a preflight, and
the headers of every other response, in place of those that the function set.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from eventsim.types.http import HttpRequest, HttpResponse, Pairs

_PREFIX = "access-control-"


@dataclass(frozen=True, slots=True)
class Cors:
    """Who may ask from a page of another origin; ``max_age`` is in seconds."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int | None = None

    def origin(self, origin: str) -> str | None:
        """What is said of an origin: itself, ``*`` where all may ask; None if it may not."""
        for allowed in self.allow_origins:
            if allowed == "*":
                return origin if self.allow_credentials else "*"
            scheme, _, host = allowed.partition("://")
            if allowed == origin or (host == "*" and origin.startswith(f"{scheme}://")):
                return origin
        return None

    def preflight_headers(self, request: HttpRequest) -> Pairs:
        """The headers that answer a preflight: none for an origin that may not ask."""
        origin = self.origin(request.header("Origin"))
        if origin is None:
            return ()
        headers = [("access-control-allow-origin", origin)]
        for name, values in (("methods", self.allow_methods), ("headers", self.allow_headers)):
            if values:
                headers.append((f"{_PREFIX}allow-{name}", ",".join(values)))
        if self.max_age is not None:
            headers.append(("access-control-max-age", str(self.max_age)))
        return (*headers, *self._credentials())

    def applied(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The response with these headers in place of its own."""
        own = tuple(pair for pair in response.headers if not pair[0].lower().startswith(_PREFIX))
        origin = self.origin(request.header("Origin")) if request.header("Origin") else None
        if origin is None:
            return replace(response, headers=own)
        exposed = ",".join(self.expose_headers)
        said = (("access-control-allow-origin", origin),)
        expose = (("access-control-expose-headers", exposed),) if exposed else ()
        return replace(response, headers=(*own, *said, *expose, *self._credentials()))

    def _credentials(self) -> Pairs:
        return (("access-control-allow-credentials", "true"),) if self.allow_credentials else ()


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks if it may ask."""
    asks = request.header("Origin") and request.header("Access-Control-Request-Method")
    return request.method == "OPTIONS" and bool(asks)
