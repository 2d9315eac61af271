"""The default: everything is simulated in this process, and there is nobody to talk to."""

from __future__ import annotations

from eventsim.backends import Backend
from eventsim.clock import Clock


async def open_backend(
    clock: Clock,
    *,
    account: str,
    region: str,
    endpoint_url: str | None = None,
    allow_aws: bool = False,
) -> Backend:
    """A back end that only says in which account and region the simulation takes place."""
    return Backend("simulated", clock, account, region)
