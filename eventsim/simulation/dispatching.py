"""
Who is asked when a function is invoked: this run, an Invoke API elsewhere, or an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack

from eventsim.backends import AwsApi
from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.environments.concurrency import Concurrency
from eventsim.errors import InvokeError
from eventsim.event_queue import EventQueue
from eventsim.invokers.aws import AwsInvoker, open_lambda
from eventsim.invokers.http import HttpFunction
from eventsim.invokers.local import Authorize, LocalInvoker
from eventsim.journal import Journal
from eventsim.rules.function_names import Place, parse
from eventsim.rules.profiles import PROFILES
from eventsim.runtimes import Call, FunctionVersion
from eventsim.scenario import Scenario
from eventsim.simulation.options import Options
from eventsim.types import Elsewhere, Function, Invoker, InvokeRequest, InvokeResult, Outcome


class Everywhere:
    """The functions of a run by every name, and whoever runs the code of each."""

    def __init__(self, here: Environments, at_addresses: Mapping[str, HttpFunction]) -> None:
        self._here, self._at_addresses = here, at_addresses
        self.clock, self.journal = here.clock, here.journal

    @property
    def concurrency(self) -> Concurrency:
        """What may run here; elsewhere nobody asks."""
        return self._here.concurrency

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion:
        """The function that a caller means. Raises InvokeError, as ``Environments.find`` does."""
        return self._here.find(function_name, qualifier)

    async def run(self, target: FunctionVersion, call: Call, *, whole_log: bool = False) -> Outcome:
        """Run *call* where the function is. Raises InvokeError, and Unreachable elsewhere."""
        there = self._at_addresses.get(target.function.name)
        runs = self._here if there is None else there
        return await runs.run(target, call, whole_log=whole_log)


class Dispatcher:
    """An Invoker that passes a request on to the Invoke API that the function is behind."""

    def __init__(self, local: Invoker, at_aws: Mapping[str, AwsInvoker], place: Place) -> None:
        self.local, self._at_aws, self._place = local, at_aws, place

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Answer as the API that was asked. Raises InvokeError, and Unreachable elsewhere."""
        try:
            name, qualifier = parse(request.function_name, request.qualifier, self._place)
        except InvokeError:
            return await self.local.invoke(request)  # which says what is wrong with the name
        invoker = self._at_aws.get(name)
        if invoker is None:
            return await self.local.invoke(request)
        return await invoker.invoke(request, qualifier)


def open_functions(
    scenario: Scenario, options: Options, environments: Environments, closing: AsyncExitStack
) -> Environments | Everywhere:
    """The functions of *scenario*, those at an address included; *closing* takes those down.

    Raises UnsafeEndpoint for an address that may not be used.
    """
    clock, journal = environments.clock, environments.journal
    there = dict[str, HttpFunction]()
    for function, place in _elsewhere(_known(scenario), "http"):
        there[function.name] = HttpFunction(
            place.address or "",
            clock,
            journal,
            timeout=function.timeout,
            allow_aws=options.allow_aws,
        )
        closing.push_async_callback(there[function.name].aclose)
    return Everywhere(environments, there) if there else environments


def open_invoker(
    scenario: Scenario,
    options: Options,
    functions: Environments | Everywhere,
    events: EventQueue,
    authorize: Authorize,
    closing: AsyncExitStack,
) -> Invoker:
    """What answers for every function of *scenario*, wherever each of them is.

    *events* takes those of asynchronous invocation, *authorize* says who may invoke, and *closing*
    takes down what talks to functions elsewhere. Raises BackendError and UnsafeEndpoint for an
    address that cannot be used.
    """
    clock, journal = functions.clock, functions.journal
    profile = PROFILES[scenario.profile]
    local = LocalInvoker(functions, journal, events.accept, authorize, profile=profile)
    at_aws = _at_aws(_known(scenario), options, clock, journal, closing)
    if not at_aws:
        return local
    return Dispatcher(local, at_aws, Place(scenario.region, scenario.account))


def _known(scenario: Scenario) -> tuple[Function, ...]:
    elsewhere = any(block.invoke_at is not None for block in scenario.functions.values())
    return scenario.function_values() if elsewhere else ()


def _at_aws(
    functions: Iterable[Function],
    options: Options,
    clock: Clock,
    journal: Journal,
    closing: AsyncExitStack,
) -> dict[str, AwsInvoker]:
    """An invoker for each function behind an Invoke API; those of one API share its clients."""
    apis = dict[tuple[str | None, str, int], AwsApi]()
    invokers = dict[str, AwsInvoker]()
    for function, place in _elsewhere(functions, "aws"):
        url = place.address or options.endpoint_url
        key = (url, place.region, function.timeout)
        if key not in apis:
            apis[key] = open_lambda(
                url, place.region, allow_aws=options.allow_aws, timeout=function.timeout
            )
            closing.push_async_callback(apis[key].aclose)
        invokers[function.name] = AwsInvoker(
            function.name, place.function_name, apis[key], clock, journal
        )
    return invokers


def _elsewhere(functions: Iterable[Function], invoker: str) -> Iterator[tuple[Function, Elsewhere]]:
    for function in functions:
        if function.invoke_at is not None and function.invoke_at.invoker == invoker:
            yield function, function.invoke_at
