"""
The parts of HTTP messages as AWS's fronts hand them to a function.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import unquote_plus

from eventsim.types.http import Pairs

_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)


def query_pairs(query: str, *, decoded: bool = True) -> Pairs:
    """The parameters of a raw query, in order; a name alone has an empty value."""
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((unquote_plus(name), unquote_plus(value)) if decoded else (name, value))
    return tuple(pairs)


def last_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each name with the last of its values; names of headers differ only by their case once."""
    return {name: values[-1] for name, values in all_values(pairs).items()}


def all_values(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Each name with all its values, in order."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def joined_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each name with its values, a comma between them."""
    return {name: ",".join(values) for name, values in all_values(pairs).items()}


def lowered(headers: Pairs) -> Pairs:
    """The headers with names in lower case."""
    return tuple((name.lower(), value) for name, value in headers)


def title_case(name: str) -> str:
    """The name of a header as most clients write it: ``content-type`` is ``Content-Type``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def cookies(headers: Pairs) -> list[str]:
    """Every cookie of the request, one a text."""
    values = (value for name, value in headers if name.lower() == "cookie")
    return [cookie for value in values for each in value.split(";") if (cookie := each.strip())]


def media_type(value: str) -> str:
    """The media type in a Content-Type, without parameters, in lower case."""
    return value.partition(";")[0].strip().lower()


def matches_media_type(accepted: Iterable[str], value: str) -> bool:
    """Whether the media type of *value* is one of those *accepted*: ``image/*`` means any image."""
    kind = media_type(value)
    for each in map(media_type, accepted):
        if each in ("*/*", kind) or (each.endswith("/*") and kind.startswith(each[:-1])):
            return True
    return False


def is_text(content_type: str, content_encoding: str = "") -> bool:
    """Whether HTTP APIs, function URLs and load balancers hand a body over as text."""
    kind = media_type(content_type)
    return not content_encoding and (kind.startswith("text/") or kind in _TEXT_TYPES)


def body_value(body: bytes, *, text: bool) -> tuple[str, bool]:
    """The body in an event, and whether it is base64; what is no UTF-8 always is."""
    if text:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode("ascii"), True
