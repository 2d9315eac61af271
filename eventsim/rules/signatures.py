"""
Whose request of AWS it is, and which service it is for: what its signature says, unchecked.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from eventsim.types import HttpRequest

_SCOPE = re.compile(r"Credential=([^/,\s&]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


class Signature(NamedTuple):
    """The id of an access key, and the region and service that a request is signed for."""

    access_key_id: str
    region: str
    service: str


def signature_of(request: HttpRequest) -> Signature | None:
    """The signature of a request, in its header or its query; None for one that has none."""
    found = _SCOPE.search(request.header("Authorization"))
    if found is None:
        found = _SCOPE.search(unquote(request.query))
    return None if found is None else Signature(*found.groups())
