"""
Whose request of AWS it is, and which service it is for: what its signature says, unchecked.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from eventsim.types import HttpRequest

_VERSION_2 = re.compile(r"(?:^AWS |AWSAccessKeyId=)([^:&]+)")  # what presigned URLs still have
_SCOPE = re.compile(r"Credential=([^/,\s&]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


class Signature(NamedTuple):
    """The id of an access key, and the region and service that a request is signed for."""

    access_key_id: str
    region: str
    service: str


def signature_of(request: HttpRequest, region: str) -> Signature:
    """The signature of a request, in its header or its query.

    S3 is who takes requests with one of version 2, which has no region, and with none.
    """
    places = (request.header("Authorization"), unquote(request.query))
    for place in places:
        if found := _SCOPE.search(place):
            return Signature(*found.groups())
    for place in places:
        if found := _VERSION_2.search(place):
            return Signature(found[1], region, "s3")
    return Signature("", region, "s3")
