"""Whether an address leads to this machine, by its very name, whatever a resolver says."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether *url* is the address of a web server on this machine.

    Raises ValueError, with what would be right, when it is no such address at all.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"'{url}' is not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"'{url}' is not an address; one looks like http://127.0.0.1:4566")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
