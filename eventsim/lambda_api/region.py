"""
Lambda in one region: its functions, what runs them, and what the API keeps of them.

https://docs.aws.amazon.com/lambda/latest/api/welcome.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import anyio.to_thread

from eventsim.backends import Backend
from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.environments.permissions import Permissions
from eventsim.errors import ServiceError
from eventsim.event_queue import EventQueue
from eventsim.front import Finding
from eventsim.ids import Chance
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.lambda_api.deployed import NO_PACKAGE, Deployed, Layers, Version
from eventsim.lambda_api.logs import LogWriter
from eventsim.lambda_api.mappings import Mappings
from eventsim.lambda_api.packages import Package, Packages
from eventsim.lambda_api.refusing import conflict, invalid
from eventsim.lambda_api.settings import function_of, of_scenario, shown
from eventsim.rules.function_names import LATEST, FunctionName, Place, not_found, parse
from eventsim.types import Destination, Function, Invoker, InvokeRequest, InvokeResult, Scene

StartSoon = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Ground:
    """What every region of a server stands on.

    *start_soon* starts work that outlives a request, whose errors end nothing else; *urls* are
    those of functions.
    """

    clock: Clock
    journal: Journal
    chance: Chance
    packages: Packages
    base: str
    start_soon: StartSoon
    urls: Finding


class Region:
    """The Lambda of one region. *fixed* is the invoker of a scenario's own functions, if any."""

    def __init__(
        self,
        place: Place,
        ground: Ground,
        environments: Environments,
        permissions: Permissions,
        backend: Backend,
        logs: LogWriter,
        destination: Callable[[Region, str], Destination],
        fixed: Invoker | None = None,
    ) -> None:
        self.place, self.ground, self.backend = place, ground, backend
        self.environments, self.permissions = environments, permissions
        self.logs = logs
        self.functions = {
            name: self._adopted(name, environments.functions.versions(name))
            for name in environments.functions.names()
        }
        self._read = set[str]()
        for name in self.functions:
            self._read_log(name)
        self.events = EventQueue(
            environments,
            ground.journal,
            ground.start_soon,
            ground.clock,
            ground.chance,
            destination=lambda arn: destination(self, arn),
        )
        profile = environments.profile
        authorize = permissions.authorize
        journal, accept = ground.journal, self.events.accept
        self._own = LocalInvoker(environments, journal, accept, authorize, profile)
        self._fixed = fixed
        self.layers = Layers()
        self.mappings: Mappings

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Answer as the Invoke API. Raises InvokeError when it refuses."""
        if self._fixed is not None and self.is_fixed(request.function_name):
            return await self._fixed.invoke(request)
        return await self._own.invoke(request)

    def is_fixed(self, function_name: str) -> bool:
        """Whether a name is that of one of the scenario's functions."""
        name = parse(function_name, None, self.place).name
        return name in self.functions and self.functions[name].fixed

    def scene(self) -> Scene:
        """Where and when an event comes about now."""
        clock, profile = self.ground.clock, self.environments.profile.name
        region, account = self.place
        return Scene(region, account, clock.wall(), self.ground.chance, profile=profile)

    def named(self, given: Mapping[str, Any]) -> FunctionName:
        """The function and the qualifier that a request names. Raises InvokeError."""
        return parse(given["FunctionName"], given.get("Qualifier"), self.place)

    def deployed(self, name: str, qualifier: str | None = None) -> Deployed:
        """The function of a name. Raises ResourceNotFound."""
        if name not in self.functions:
            raise not_found(self.place.arn(name, qualifier))
        return self.functions[name]

    def changeable(self, name: str, qualifier: str | None = None) -> Deployed:
        """The function of a name, to be changed. Raises InvokeError, also for the scenario's."""
        found = self.deployed(name, qualifier)
        if found.fixed:
            raise conflict(f"The function {name} is the scenario's: change it there")
        return found

    def version(self, name: str, qualifier: str | None) -> tuple[str, Version]:
        """The version behind a qualifier, and its number. Raises ResourceNotFound."""
        found = self.deployed(name, qualifier)
        number = qualifier or LATEST
        alias = self.environments.functions.alias(name, number)
        if alias is not None:
            number = alias.version
        if number not in found.versions:
            raise not_found(self.place.arn(name, qualifier))
        return number, found.versions[number]

    def shown(self, name: str, qualifier: str | None = None) -> dict[str, Any]:
        """FunctionConfiguration of a function, by an alias or not."""
        number, version = self.version(name, qualifier)
        arn = self.place.arn(name, qualifier)
        return {
            **shown(name, arn, number, version),
            **version.state,
            "RevisionId": version.revision,
            "LastModified": version.modified,
        }

    def add(self, deployed: Deployed) -> None:
        """Have one more function."""
        latest = deployed.versions[LATEST]
        self.environments.add(function_of(deployed.name, latest))
        self.functions[deployed.name] = deployed
        self.use(*latest.packages())
        self._read_log(deployed.name)

    def remove(self, name: str) -> None:
        """Have a function no longer."""
        gone = self.functions.pop(name)
        self.environments.remove(name)
        self.permissions.forget(name)
        for url in gone.urls.values():
            self.ground.urls.remove(url.front)
        for version in gone.versions.values():
            self.leave(*version.packages())

    def update(self, deployed: Deployed, latest: Version, because: str) -> None:
        """Have another $LATEST."""
        before = deployed.versions[LATEST]
        function = function_of(deployed.name, latest)
        now = self.environments.functions.latest(deployed.name)
        changes = {
            name: getattr(function, name)
            for name in _OF_A_VERSION
            if getattr(function, name) != getattr(now, name)
        }
        self.environments.update(deployed.name, because, **changes)
        self.use(*latest.packages())
        self.leave(*before.packages())
        deployed.versions[LATEST] = latest

    def settle_soon(self, name: str, version: Version) -> None:
        """Let a function that is created, or updated, be so once this has been answered."""

        async def settle() -> None:
            await self.ground.clock.sleep(0)
            version.settle()
            version.revision = self.revision(name)

        self.ground.start_soon(settle)

    def revision(self, name: str) -> str:
        """A new RevisionId."""
        return self.ground.chance.uuid("revisions", name)

    def now(self) -> str:
        """The time, as LastModified of a function has it."""
        return stamp(self.ground.clock.wall())

    async def package(self, code: Mapping[str, Any]) -> Package:
        """The package that a request brings, or that lies in a bucket. Raises InvokeError."""
        given = [key for key in ("ZipFile", "S3Bucket", "ImageUri") if code.get(key) is not None]
        if given == ["ZipFile"]:
            zipped = code["ZipFile"]
        elif given == ["S3Bucket"] and code.get("S3Key"):
            zipped = await self._from_bucket(code)
        else:
            raise invalid("Please provide either ZipFile, or S3Bucket and S3Key, as the code")
        packages, now = self.ground.packages, self.ground.clock.time()
        unpacked: Package = await anyio.to_thread.run_sync(packages.unpack, zipped, now)
        return unpacked

    def use(self, *packages: Package) -> None:
        """A version has these packages."""
        for package in packages:
            self.ground.packages.use(package)

    def leave(self, *packages: Package) -> None:
        """A version has these packages no longer."""
        for package in packages:
            self.ground.packages.leave(package, self.ground.clock.time())

    def location(self, package: Package) -> str:
        """Where a client fetches a package; nothing for the code of a scenario."""
        name = package.folder.rpartition("/")[2]
        return f"{self.ground.base}/_eventsim/code/{name}.zip" if name else ""

    async def _from_bucket(self, code: Mapping[str, Any]) -> bytes:
        version = code.get("S3ObjectVersion")
        more = {} if version is None else {"VersionId": version}
        bucket, key = code["S3Bucket"], code["S3Key"]
        try:
            answer = await self.backend.call("s3", "get_object", Bucket=bucket, Key=key, **more)
        except ServiceError as error:
            raise invalid(
                f"Error occurred while GetObject. S3 Error Code: {error.code}. "
                f"S3 Error Message: {error.message}"
            ) from None
        body: bytes = answer["Body"]
        return body

    def _adopted(self, name: str, versions: Mapping[str, Function]) -> Deployed:
        modified = self.now()
        made = {
            number: Version(of_scenario(function), NO_PACKAGE, self.revision(name), modified)
            for number, function in versions.items()
        }
        for version in made.values():
            version.settle()
        return Deployed(name, made, fixed=True)

    def _read_log(self, name: str) -> None:
        """Have its lines in CloudWatch Logs; environments keep a reader of a name for good."""
        if name in self._read:
            return
        self._read.add(name)

        def write(stream: str, text: str) -> None:
            if name in self.functions:
                group = self.environments.functions.latest(name).log_group_name
                self.logs.write(group, stream, text)

        self.environments.read_log(name, write)


_OF_A_VERSION = (
    *("handler", "code_uri", "timeout", "memory_size", "environment", "runtime", "run_in"),
    *("architecture", "in_vpc", "description", "dead_letter", "log_group", "fingerprint"),
    "layers",
)


def stamp(moment: datetime) -> str:
    """A moment as the API writes it in texts."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


Handler = Callable[["Call"], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the API: the region, its members, its id, and the trace that it is of."""

    region: Region
    given: Mapping[str, Any]
    request_id: str
    trace_header: str | None = None

    def over(self, **given: Any) -> Call:
        """The same request with other members."""
        return replace(self, given={**self.given, **given})
