"""
What a new execution environment waits for before its initialisation.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from eventsim.rules.profiles import Profile
from eventsim.types import Function

DOWNLOAD_BYTES_PER_SECOND = 100_000_000


def placement(function: Function, profile: Profile) -> tuple[float, str]:
    """How long it waits, in seconds, and why, to follow another reason."""
    seconds, because = 0.0, ""
    if function.in_vpc and profile.network_interface_seconds:
        seconds += profile.network_interface_seconds
        because += f"; {seconds:g} s for its network interface"
    if function.package_bytes:
        download = round(function.package_bytes / DOWNLOAD_BYTES_PER_SECOND, 6)
        seconds += download
        because += f"; {download:g} s for the download of its package"
    return seconds, because
