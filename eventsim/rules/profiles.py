"""
What Lambda allowed and billed, today and when it was first described in a whitepaper, in 2017.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/dg/doc-history.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProfileName = Literal["today", "2017"]


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits and the prices of one time.

    Sizes are in bytes, memory in MB, times in seconds; what is billed is rounded up to whole
    ``billing_step_milliseconds``, with the initialisation in it where ``init_billed``. A function
    in a VPC waits ``network_interface_seconds`` before its cold start.
    """

    name: ProfileName
    memory_size_max: int
    timeout_max: int
    async_request_bytes_max: int
    billing_step_milliseconds: int
    init_billed: bool
    network_interface_seconds: float


TODAY = Profile(
    "today",
    memory_size_max=10_240,
    timeout_max=900,
    async_request_bytes_max=1024 * 1024,
    billing_step_milliseconds=1,
    init_billed=True,
    network_interface_seconds=0.0,
)
IN_2017 = Profile(
    "2017",
    memory_size_max=1_536,
    timeout_max=300,
    async_request_bytes_max=128 * 1024,
    billing_step_milliseconds=100,
    init_billed=False,
    network_interface_seconds=10.0,
)
PROFILES: dict[ProfileName, Profile] = {profile.name: profile for profile in (TODAY, IN_2017)}
