"""
Lambda in every region that somebody asks for, and what reaches its functions from outside.
"""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio.abc import TaskGroup

from eventsim.backends.moto import SharedMoto
from eventsim.destinations import open_destination
from eventsim.environments.permissions import Permissions
from eventsim.errors import EventsimError, InvokeError, ServiceError, Unreachable
from eventsim.front import Finding
from eventsim.lambda_api.logs import LogWriter
from eventsim.lambda_api.mappings import FindSource, Mappings
from eventsim.lambda_api.packages import Packages
from eventsim.lambda_api.refusing import invalid
from eventsim.lambda_api.region import Ground, Region
from eventsim.lambda_api.taking import BackendReceivers
from eventsim.lambda_api.working import Working
from eventsim.push import Pusher
from eventsim.push.notifying import Post
from eventsim.rules.arns import region_of, service_of
from eventsim.rules.function_names import Place
from eventsim.simulation.finding import find_event_destination
from eventsim.simulation.options import Options
from eventsim.simulation.setting import Setting, open_environments
from eventsim.simulation.taking import RunTaker
from eventsim.types import Caller, Destination, Document, FunctionTarget, Queue, Stream

REGIONS_MAX = 64
STOPPED = "the server stopped"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")


class LaterDestination:
    """A destination that is looked for when the first document is sent there."""

    def __init__(self, arn: str, region: Region) -> None:
        self.arn, self._region = arn, region
        self._found: Destination | None = None

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError or Unreachable."""
        if self._found is None:
            self._found = await self._find()
        await self._found.send(document)

    async def _find(self) -> Destination:
        backend, chance = self._region.backend, self._region.ground.chance
        try:
            return await find_event_destination(self.arn, backend, chance)
        except (ServiceError, Unreachable):
            raise
        except EventsimError as error:  # it is an ARN of something that nothing is sent to
            raise ServiceError("InvalidDestination", str(error)) from None


class Regions:
    """The Lambda of each region, made when it is first asked for; the scenario's is there.

    *find_source* knows streams and queues of ours by ARN: a service of ours for streams adds its
    own to ``sources``, by the service in the ARN.
    """

    def __init__(
        self, setting: Setting, options: Options, moto: SharedMoto, base: str, urls: Finding
    ) -> None:
        self._setting, self._options, self._moto = setting, options, moto
        self._closing = AsyncExitStack()
        folder = self._closing.enter_context(TemporaryDirectory(prefix="eventsim-packages-"))
        self.packages = Packages(Path(folder))
        self._working = Working(setting.journal)
        self._ground = Ground(
            setting.clock,
            setting.journal,
            setting.chance,
            self.packages,
            base,
            self._working.start_soon,
            urls,
        )
        self.sources: dict[str, FindSource] = {}
        self._regions: dict[str, Region] = {}
        self._takers: dict[str, RunTaker] = {}
        self._tasks: TaskGroup | None = None

    @property
    def home(self) -> str:
        """The region of the scenario."""
        return self._setting.scenario.region

    def begin(self, tasks: TaskGroup) -> None:
        """From now on regions can be asked for; their work goes on in *tasks*."""
        self._tasks = tasks
        self._working.begin(tasks)
        self.of(self.home)

    def of(self, name: str) -> Region:
        """The Lambda of a region. Raises InvokeError for a name that is none."""
        if name not in self._regions:
            if not _REGION.fullmatch(name) or len(self._regions) >= REGIONS_MAX:
                raise invalid(f"'{name}' is no region that is served here")
            region = self._regions[name] = self._opened(name)
            region.mappings = Mappings(region, self._working, self._find_source)
            self._takers[name] = _taker(region)
            if self._tasks is not None:
                self._tasks.start_soon(region.logs.run)
        return self._regions[name]

    def permits(self, service: str, source_arn: str, function_arn: str) -> bool:
        """Whether a function is there, and lets a service invoke it for what sends."""
        region = self._regions.get(region_of(function_arn))
        if region is None:
            return False
        caller = Caller(f"{service}.amazonaws.com", source_arn, region.place.account)
        try:
            target = region.environments.find(function_arn)
            region.permissions.authorize(caller, target)
        except InvokeError:
            return False
        return True

    def tell(self, error: EventsimError) -> None:
        """Tell in the journal what went wrong behind the API."""
        self._working.tell(error)

    def request_id(self) -> str:
        """The id of one more request."""
        return self._setting.chance.uuid("requests")

    def taker(self, name: str) -> RunTaker | None:
        """Who takes what is sent to the functions of a region, if anybody asked for it yet."""
        return self._takers.get(name)

    async def stop(self) -> None:
        """Finish what is in flight, give up what waits, have every line of the logs written."""
        for region in self._regions.values():
            await region.mappings.stop()
            region.events.abandon(STOPPED)
            await region.events.idle()
            await region.logs.written()

    def abandon(self) -> None:
        """Give up what came to wait meanwhile."""
        for region in self._regions.values():
            region.events.abandon(STOPPED)

    async def aclose(self) -> None:
        """Stop every environment and remove every package."""
        for region in self._regions.values():
            region.environments.close()
        await self._closing.aclose()

    def _opened(self, name: str) -> Region:
        setting = self._setting
        backend = self._moto.backend(name, setting.clock)
        logs = LogWriter(partial(self._moto.write_logs, name), setting.journal, setting.clock)
        if name == self.home:
            return Region(
                setting.scenario.place,
                self._ground,
                setting.environments,
                setting.permissions,
                backend,
                logs,
                _destination,
                fixed=setting.invoker,
            )
        empty = {"region": name, "functions": {}, "resources": {}}
        environments = open_environments(
            setting.scenario.model_copy(update=empty),
            self._options,
            setting.clock,
            setting.journal,
            setting.chance,
            self._closing,
        )
        permissions = Permissions(environments.find, setting.clock, setting.journal)
        place = Place(name, setting.scenario.account)
        return Region(place, self._ground, environments, permissions, backend, logs, _destination)

    async def _find_source(self, arn: str) -> Stream | Queue | None:
        """A stream or queue of the scenario, or of a service of ours."""
        streams, queues = self._setting.streams, self._setting.queues
        ours: list[Stream | Queue] = [*streams.values(), *queues.values()]
        for each in ours:
            if each.arn == arn:
                return each
        finder = self.sources.get(service_of(arn))
        return None if finder is None else await finder(arn)


def _destination(region: Region, arn: str) -> Destination:
    if service_of(arn) == "lambda":
        return open_destination(arn, {arn: FunctionTarget(arn, region)}, region.ground.chance)
    return LaterDestination(arn, region)


def _taker(region: Region) -> RunTaker:
    ground = region.ground
    pusher = Pusher(region, ground.journal, ground.clock, ground.chance)
    receivers = BackendReceivers(region.backend)
    post = Post(pusher, receivers, ground.journal, region.scene, ground.start_soon)
    return RunTaker(post, region.place, region.functions.keys())
