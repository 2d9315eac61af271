"""What the API knows of a function besides what runs: its configurations, and who changed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


class Layer(NamedTuple):
    """A version of a layer that a function has; it stays when the layer is deleted."""

    arn: str
    package: Package


@dataclass(slots=True)
class Version:
    """$LATEST or a published version: ``configuration`` in AWS's keys, without its states."""

    configuration: dict[str, Any]
    package: Package
    revision: str
    modified: str
    layers: tuple[Layer, ...] = ()
    state: dict[str, str] = field(default_factory=lambda: dict(_CREATING))

    @property
    def pending(self) -> bool:
        """Whether it is on its way into a state."""
        return self.state is not _ACTIVE and self.state != _ACTIVE

    def packages(self) -> list[Package]:
        """Its code and its layers."""
        return [self.package, *(layer.package for layer in self.layers)]

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
        """The code of each version."""
        return [version.package for version in self.versions.values()]


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a layer; ``told`` is what it was published with."""

    number: int
    arn: str
    package: Package
    created: str
    told: Mapping[str, Any]

    def shown(self) -> dict[str, Any]:
        """LayerVersionsListItem."""
        given = {key: value for key, value in self.told.items() if value}
        number = {"LayerVersionArn": self.arn, "Version": self.number}
        return {**number, "CreatedDate": self.created, "Description": "", **given}

    def fits(self, given: Mapping[str, Any]) -> bool:
        """Whether it is for the runtime and the architecture that a request asks for."""
        for asked, key in (
            ("CompatibleRuntime", "CompatibleRuntimes"),
            ("CompatibleArchitecture", "CompatibleArchitectures"),
        ):
            if given.get(asked) and given[asked] not in (self.told.get(key) or ()):
                return False
        return True


@dataclass(slots=True)
class Layers:
    """The layers of a region by name; numbers are never used again."""

    versions: dict[str, dict[int, Published]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
