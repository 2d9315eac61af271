"""
The environment variables that a function sees, and what must not get through to it.

Everything of this machine stays, so that a handler's children find their programs, except for
whatever could lead the AWS libraries to a real account.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from eventsim.errors import UnsafeEndpoint
from eventsim.rules.addresses import is_loopback
from eventsim.rules.roles import access_key_id
from eventsim.types import Function

REFUSING_ENDPOINT = "http://127.0.0.1:9"  # the discard port: nobody listens there

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAEVENTSIMDUMMYKEY",
    "AWS_SECRET_ACCESS_KEY": "eventsim-dummy-secret-access-key",
    "AWS_SESSION_TOKEN": "eventsim-dummy-session-token",
}
_REFUSED = {"AWS_ENDPOINT_URL": REFUSING_ENDPOINT, "AWS_MAX_ATTEMPTS": "1"}
_NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_LOCAL_HOSTS = "127.0.0.1,localhost"


def variables_of(
    function: Function,
    host: Mapping[str, str],
    lambdas: Mapping[str, str],
    *,
    endpoint_url: str | None = None,
    allow_aws: bool = False,
) -> dict[str, str]:
    """The variables of one environment: the machine's, the function's, Lambda's, in that order.

    Unless *allow_aws*, credentials are dummies that stand for the function's role, and requests
    to AWS go to *endpoint_url* or are refused; an endpoint that the function names itself must
    have passed ``check_endpoints``.
    """
    if allow_aws:
        kept = {name: value for name, value in host.items() if not name.startswith("AWS_LAMBDA_")}
        regions = {
            name: kept[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in kept
        }
        return kept | dict(function.environment) | dict(lambdas) | regions
    kept = {name: value for name, value in host.items() if not name.upper().startswith("AWS_")}
    # Nobody answers a refused request later: trying again costs half a minute of real time.
    endpoint = {"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else _REFUSED
    own = dict(function.environment)
    return (
        kept
        | _past_proxies(kept)
        | endpoint
        | own
        | dict(lambdas)
        | credentials_of(function)
        | _NOWHERE
    )


def layer_variables(function: Function, host: Mapping[str, str]) -> dict[str, str]:
    """The paths on which a function finds what is in its layers, the last one first.

    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    """
    if not function.layers:
        return {}
    python = f"python/lib/{function.runtime}/site-packages"
    below = {
        "PYTHONPATH": (python, "python"),
        "NODE_PATH": ("nodejs/node_modules",),
        "PATH": ("bin",),
        "LD_LIBRARY_PATH": ("lib",),
    }
    found = {}
    for name, folders in below.items():
        paths = [f"{layer}/{each}" for layer in reversed(function.layers) for each in folders]
        found[name] = os.pathsep.join([*paths, *filter(None, [host.get(name)])])
    return found


def credentials_of(function: Function) -> dict[str, str]:
    """The dummy credentials of a function: the access key id stands for its role, if it has one."""
    if function.role is None:
        return CREDENTIALS
    return CREDENTIALS | {"AWS_ACCESS_KEY_ID": access_key_id(function.role, function.name)}


def check_endpoints(function_name: str, variables: Iterable[tuple[str, str]]) -> None:
    """Raises UnsafeEndpoint for an AWS_ENDPOINT_URL that leads outside this machine."""
    for name, value in variables:
        if name.startswith("AWS_ENDPOINT_URL") and not _is_local(value):
            raise UnsafeEndpoint(
                f"function '{function_name}' sets {name} to '{value}', which is outside this "
                "machine; use an address of this machine, or give --allow-aws"
            )


def _past_proxies(host: Mapping[str, str]) -> dict[str, str]:
    """Keep requests to this machine on it, also where a proxy is set."""
    if _PROXIES.isdisjoint(name.lower() for name in host):
        return {}
    excepted = host.get("no_proxy") or host.get("NO_PROXY")
    hosts = f"{excepted},{_LOCAL_HOSTS}" if excepted else _LOCAL_HOSTS
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def _is_local(url: str) -> bool:
    try:
        return is_loopback(url)
    except ValueError:
        return False
