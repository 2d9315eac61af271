"""
A server from start to stop: a scenario's run in real time, and AWS's services around it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Self

import anyio
from anyio import AsyncContextManagerMixin
from starlette.types import ASGIApp

from eventsim.backends.moto import open_shared
from eventsim.clock import machine_time
from eventsim.front import Finding, Served, finding, urls
from eventsim.kinesis_api import KinesisApp
from eventsim.lambda_api import LambdaApp, Regions, code_page
from eventsim.lambda_api.taking import RegionsTaker
from eventsim.scenario import Scenario
from eventsim.server import Endpoint
from eventsim.server.wsgi import Bridge, moto_application
from eventsim.simulation.fronts import open_fronts
from eventsim.simulation.options import Options
from eventsim.simulation.running import Result, Simulation
from eventsim.simulation.serving import HttpServer

STOP_SECONDS = 5  # for batches and events in flight when the server stops


class Server(AsyncContextManagerMixin):
    """Serves a scenario, which may be empty, on *http*; an async context manager.

    Its time begins when the server does, unless the scenario says when.

    Inside, ``services`` takes more of ours, by the name that a client signs with, ``pages`` what is
    below ``/_eventsim/`` by name, and ``regions.sources`` finders of the streams that our services
    have, by the service in an ARN. Entering raises EventsimError where that cannot be.
    """

    def __init__(self, scenario: Scenario, options: Options, http: HttpServer) -> None:
        self._scenario, self._http = scenario, http
        self._options = replace(options, functions_endpoint=http.base, time="real")
        self.services: dict[str, ASGIApp] = {}
        self.pages: dict[str, ASGIApp] = {}
        self.simulation: Simulation
        self.regions: Regions
        self._bridge: Bridge
        self._kinesis: KinesisApp
        self._served: list[Served] = []

    @property
    def base(self) -> str:
        """The address of the server, without a slash at its end."""
        return self._http.base

    @property
    def port(self) -> int:
        port: int = self._http.port
        return port

    @property
    def urls(self) -> Mapping[str, str]:
        """The address of each front of the scenario by its name."""
        return urls(self._served, self.base)

    @property
    def routes(self) -> Mapping[str, list[str]]:
        """The routes of each front, a line each, by its name."""
        return {each.front.name: list(each.front.routes) for each in self._served}

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with AsyncExitStack() as opening:  # which closes what is open if the rest fails
            opening.callback(self._http.close)
            await self._open(opening)
            closing = opening.pop_all()
        try:
            yield self
        finally:
            with anyio.CancelScope(shield=True):
                await closing.__aexit__(*sys.exc_info())

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> Result:
        """Serve until ``stop``, while the timeline plays and mappings poll; then end the run.

        *on_ready* is called once, when requests are answered.
        """
        return await self.simulation.run(lambda: self._serve(on_ready))

    def stop(self) -> None:
        """Take no more requests and finish what is on its way; then ``run`` ends."""
        self._bridge.hurry()
        self._kinesis.stop()
        self._http.stop()

    async def _open(self, closing: AsyncExitStack) -> None:
        moto = open_shared(self._scenario.account)
        closing.push_async_callback(moto.aclose)
        options = self._options = replace(self._options, moto=moto.backend)
        simulation = Simulation(_beginning_now(self._scenario), options)
        self.simulation = await closing.enter_async_context(simulation)
        setting = self.simulation.setting
        self._served = open_fronts(setting, may_be_none=True)
        url_fronts = Finding({})
        self.regions = Regions(setting, options, moto, self.base, url_fronts)
        closing.push_async_callback(self.regions.aclose)
        in_loop = asyncio.get_running_loop().call_soon_threadsafe
        regions = self.regions
        moto.sends_to(
            RegionsTaker(regions.taker, regions.home, in_loop, regions.tell, regions.permits)
        )
        self.services["lambda"] = LambdaApp(self.regions)
        self._kinesis = KinesisApp(self.regions, setting.streams)
        if setting.backend.name != "moto":  # whose streams are moto's, and moto's they stay
            self.services["kinesis"] = self._kinesis
            self.regions.sources["kinesis"] = self._kinesis.find
        self.pages["code"] = code_page(self.regions)
        self._bridge = Bridge(moto_application(), moto)
        self._endpoint = Endpoint(
            self.services,
            finding(self._served),
            url_fronts,
            self._bridge,
            self.pages,
        )

    async def _serve(self, on_ready: Callable[[], None]) -> None:
        async with anyio.create_task_group() as tasks:
            self.regions.begin(tasks)
            on_ready()
            await self._http.run(self._endpoint)
            with anyio.move_on_after(STOP_SECONDS):
                await self.regions.stop()
            self.regions.abandon()
            tasks.cancel_scope.cancel()


def _beginning_now(scenario: Scenario) -> Scenario:
    """The scenario, with the time of this machine unless it has one of its own.

    Clients send times, too, and what lies in the future is refused.
    """
    if "start" in scenario.model_fields_set:
        return scenario
    return scenario.model_copy(update={"start": machine_time()})
