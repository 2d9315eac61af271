"""What the events of HTTP have in common: how a request is said in flags, and what AWS adds."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from eventsim.errors import EventsimError
from eventsim.rules.arns import partition
from eventsim.types import HttpRequest, Pairs, Scene

Method = Annotated[
    Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"], "the request's method"
]
Path = Annotated[str, "the path as it is sent, percent-encoded"]
Query = Annotated[str, "the query as it is sent, such as a=1&a=2"]
Headers = Annotated[tuple[str, ...], "a header such as 'Accept: text/html', as often as need be"]
Cookies = Annotated[tuple[str, ...], "a cookie such as session=1, as often as need be"]
Body = Annotated[str | None, "the body"]
Binary = Annotated[bool, "the body is base64, of bytes that are no text"]
SourceIp = Annotated[str, "the client's address"]
StageVariables = Annotated[dict[str, str] | None, "the stage's variables, as JSON"]

CLIENT = "203.0.113.7"
USER_AGENT = "curl/8.5.0"


@dataclass(frozen=True, slots=True)
class Said:
    """A request as the flags of an event say it."""

    method: str
    path: str
    query: str = ""
    header: Sequence[str] = ()
    cookie: Sequence[str] = ()
    body: str | None = None
    binary: bool = False
    source_ip: str = CLIENT
    host: str = ""

    def request(self, scene: Scene) -> HttpRequest:
        """The request as it reaches AWS's front, with the headers that every client sends."""
        if not self.path.startswith("/"):
            raise EventsimError(f"path is '{self.path}'; it begins with /")
        given = [_header(text) for text in self.header]
        if self.cookie:
            given.append(("Cookie", "; ".join(self.cookie)))
        body = self._bytes()
        usual = [("Accept", "*/*"), ("Host", self.host), ("User-Agent", USER_AGENT)]
        if body:
            kind = "application/octet-stream" if self.binary else "application/json"
            usual += [("Content-Type", kind), ("Content-Length", str(len(body)))]
        names = {name.lower() for name, _ in given}
        headers = [pair for pair in usual if pair[0].lower() not in names] + given
        query = self.query.removeprefix("?")
        request = HttpRequest(self.method, self.path, query, tuple(headers), body, self.source_ip)
        return forwarded(request, scene)

    def _bytes(self) -> bytes:
        if self.body is None:
            return b""
        if not self.binary:
            return self.body.encode()
        try:
            return b64decode(self.body, validate=True)
        except ValueError:
            raise EventsimError("body is not base64, as binary says it is") from None


def forwarded(
    request: HttpRequest, scene: Scene, port: str = "443", scheme: str = "https"
) -> HttpRequest:
    """The request with what AWS's fronts tell of where it came from."""
    before = request.header("X-Forwarded-For")
    trace = f"Root=1-{round(scene.at.timestamp()):08x}-{scene.hex(24)}"
    added: Pairs = (
        ("X-Forwarded-For", f"{before}, {request.client}" if before else request.client),
        ("X-Forwarded-Port", port),
        ("X-Forwarded-Proto", scheme),
    )
    if not request.header("X-Amzn-Trace-Id"):
        added = (("X-Amzn-Trace-Id", trace), *added)
    names = {name.lower() for name, _ in added}
    kept = tuple(pair for pair in request.headers if pair[0].lower() not in names)
    return replace(request, headers=(*kept, *added))


def reached(request: HttpRequest) -> tuple[str, str]:
    """The port and the scheme by which a client reached a front that is served here."""
    port = request.header("Host").rpartition(":")[2]
    return (port if port.isdecimal() else "80"), "http"


def url_suffix(region: str) -> str:
    """The end of the names of function URLs' hosts."""
    return "on.amazonwebservices.com.cn" if partition(region) == "aws-cn" else "on.aws"


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise EventsimError(f"header is '{text}'; write a name and a value: 'Accept: text/html'")
    return name.strip(), value.strip()
