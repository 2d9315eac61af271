"""
Which service a request of an AWS client is for, and in which region.

The service stands in the credential scope of its signature, whatever the address; requests that
are not signed are told apart by X-Amz-Target and by the name of the host.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from eventsim.rules.addresses import is_loopback
from eventsim.rules.arns import REGION

SIGNED = re.compile(r"AWS4-(?:HMAC|ECDSA-P256)-SHA256\b")
# A signature by several regions' key has no region in its scope.
_SCOPE = re.compile(
    r"Credential=(?P<key>[^/,\s]*)/\d{8}/(?:(?P<region>[a-z0-9-]*)/)?(?P<service>[\w.-]+)/aws4_request"
)
_HOST = re.compile(
    r"(?P<service>[a-z0-9.-]+?)\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\."
    r"(?:amazonaws\.com(?:\.cn)?|localhost)$"
)
# What the same name in a signature is told apart by.
_TARGETS = {
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "DynamoDB_20120810": "dynamodb",
    "Kinesis_20131202": "kinesis",
    "AWSEvents": "events",
    "Logs_20140328": "logs",
    "AmazonSQS": "sqs",
}


class Asked(NamedTuple):
    """What a request asks for: a service by the name that it signs with, its region, whose key."""

    service: str
    region: str
    access_key: str | None = None


class BadSignature(ValueError):
    """A signature whose scope is none; the text is what AWS says."""


def asked(headers: Mapping[str, str], query: str) -> Asked | None:
    """What a request is for, by headers with lower-case names; None where nothing says it.

    Raises BadSignature for a signature without a scope.
    """
    scope = _scope(headers.get("authorization", ""), query)
    target = _TARGETS.get(headers.get("x-amz-target", "").partition(".")[0])
    if scope is not None:
        return scope if target is None else scope._replace(service=target)
    host = _HOST.match(headers.get("host", "").rpartition(":")[0] or headers.get("host", ""))
    region = host["region"] if host else REGION
    if target is not None:
        return Asked(target, region)
    return Asked(host["service"].rpartition(".")[2], region) if host else None


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends a request for a web page that is not of this machine.

    No signature is checked here, so a page anywhere could make functions and run them.
    """
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "cross-site"
    try:
        return not is_loopback(origin)
    except ValueError:
        return True


def _scope(authorization: str, query: str) -> Asked | None:
    if SIGNED.match(authorization):
        found = _SCOPE.search(authorization)
        if found is None:
            raise BadSignature(
                "Authorization header requires 'Credential' parameter. "
                "Authorization header requires existence of a scope "
                "KEY/YYYYMMDD/REGION/SERVICE/aws4_request in it."
            )
    elif "X-Amz-Credential=" in query:
        credential = parse_qs(query).get("X-Amz-Credential", [""])[0]
        found = _SCOPE.match(f"Credential={credential}")
        if found is None:
            raise BadSignature("The X-Amz-Credential parameter is no credential scope.")
    else:
        return None
    return Asked(found["service"].lower(), found["region"] or REGION, found["key"])
