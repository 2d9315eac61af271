"""
An address where AWS's API is served: an emulator on this machine, or AWS itself.

On this machine the clients get dummy credentials and read no profile. Anywhere else, AWS
included, only who allows it gets through, and then the usual settings count (AWS_PROFILE,
AWS_REGION, and the rest).

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from eventsim.backends import Backend
from eventsim.backends._aws import AwsApi, needs_aws_extra
from eventsim.clock import Clock
from eventsim.errors import BackendError, UnsafeEndpoint
from eventsim.rules.addresses import is_loopback


async def open_backend(
    clock: Clock,
    *,
    account: str,
    region: str,
    endpoint_url: str | None = None,
    allow_aws: bool = False,
) -> Backend:
    """Clients of the endpoint, or with *allow_aws* and no address of AWS itself.

    The address is *endpoint_url*, else AWS_ENDPOINT_URL. Raises BackendError without one, or
    for one that is none, and UnsafeEndpoint for one outside this machine.
    """
    # An emulator's address has no room before it for the name of a bucket.
    local = {"s3": {"addressing_style": "path"}}
    api = open_api("the endpoint back end", region, endpoint_url, allow_aws, local)
    backend = Backend("endpoint", clock, account, region, api)
    backend.on_close(api.aclose)
    return backend


def open_api(
    what: str,
    region: str,
    endpoint_url: str | None,
    allow_aws: bool,
    local_config: Mapping[str, Any] | None = None,
    **config: Any,
) -> AwsApi:
    """Clients of an address, or with *allow_aws* and no address of AWS itself, for *what*.

    *config* are settings of botocore's, *local_config* such for an address on this machine.
    Raises BackendError and UnsafeEndpoint as ``open_backend`` does.
    """
    url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or None
    local = url is not None and is_local(url)
    if url is None and not allow_aws:
        raise BackendError(
            f"{what} needs an address: set AWS_ENDPOINT_URL or give "
            "--endpoint-url http://127.0.0.1:4566 (--allow-aws without one means AWS itself)"
        )
    if not local and not allow_aws:
        raise UnsafeEndpoint(outside(str(url)))
    if local and local_config:
        config |= local_config
    with needs_aws_extra(what):
        return AwsApi(region, endpoint_url=url, private=local, **config)


def outside(url: str) -> str:
    """What to say of an address outside this machine that nobody allowed."""
    return (
        f"{url} leads outside this machine; give --allow-aws if that is meant, "
        "or an address such as http://127.0.0.1:4566"
    )


def is_local(url: str) -> bool:
    """Whether *url* leads to this machine. Raises BackendError when it is not an address."""
    try:
        return is_loopback(url)
    except ValueError as error:
        raise BackendError(str(error)) from error
