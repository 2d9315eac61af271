"""What the API knows of a function besides what runs: its configurations, and who changed them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eventsim.lambda_api.packages import Package
from eventsim.types import EventInvokeConfig

NO_PACKAGE = Package("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 0, "")  # of no bytes

_CREATING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
_UPDATING = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}
_ACTIVE = {"State": "Active", "LastUpdateStatus": "Successful"}


@dataclass(slots=True)
class Version:
    """$LATEST or a published version: ``configuration`` in AWS's keys, without its states."""

    configuration: dict[str, Any]
    package: Package
    revision: str
    modified: str
    state: dict[str, str] = field(default_factory=lambda: dict(_CREATING))

    @property
    def pending(self) -> bool:
        """Whether it is on its way into a state."""
        return self.state is not _ACTIVE and self.state != _ACTIVE

    def updating(self) -> None:
        """It is being updated."""
        self.state = {"State": "Active", **_UPDATING}

    def settle(self) -> None:
        """It is created, or updated."""
        self.state = dict(_ACTIVE)


@dataclass(slots=True)
class AliasText:
    """What an alias has that no invocation needs."""

    description: str
    revision: str


@dataclass(slots=True)
class EventInvoke:
    """A configuration of asynchronous invocation, and when it was set, in epoch seconds."""

    config: EventInvokeConfig
    modified: float


@dataclass(slots=True)
class Provisioned:
    """Provisioned concurrency that was asked for, and what became of it."""

    requested: int
    modified: str
    failed: bool = False


@dataclass(slots=True)
class Url:
    """The URL of a function or an alias, in AWS's keys."""

    url: str
    settings: dict[str, Any]
    created: str
    modified: str
    front: str


@dataclass(slots=True)
class Deployed:
    """A function with everything that the API keeps of it.

    ``versions`` are by number, with $LATEST. One that is ``fixed`` is the scenario's, which the API
    does not change.
    """

    name: str
    versions: dict[str, Version]
    fixed: bool = False
    aliases: dict[str, AliasText] = field(default_factory=dict)
    event_invokes: dict[str, EventInvoke] = field(default_factory=dict)
    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    policy_revisions: dict[str | None, str] = field(default_factory=dict)
    urls: dict[str | None, Url] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    recursive_loop: str = "Terminate"

    def packages(self) -> list[Package]:
        """The package of each version."""
        return [version.package for version in self.versions.values()]


Revise = Callable[[str], str]
