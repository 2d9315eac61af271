"""
Functions and their execution environments: cold start, warm reuse, reset, recycling.

An environment serves one request at a time. The most recently used idle one is taken first;
one that was idle for ten minutes is stopped when somebody next looks, and its entry says since
when it was idle. A timeout, an exit or a failed initialisation resets an environment: its
globals are gone, its log stream stays, and its next invocation initialises it again, within
the function's Timeout.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import anyio

from eventsim.clock import Clock
from eventsim.environments.concurrency import Concurrency
from eventsim.environments.functions import WHOLE, Functions
from eventsim.environments.pool import Environment, Ground, OnLog, OnText, Pool
from eventsim.environments.serving import Server
from eventsim.errors import InvalidParameterValue
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.rules.concurrency import CONCURRENT_EXECUTIONS
from eventsim.rules.function_names import LATEST, Place
from eventsim.rules.profiles import TODAY, Profile
from eventsim.runtimes import Call, FunctionVersion, RuntimeFactory
from eventsim.types import Function, Outcome

IDLE_SECONDS_MAX = 600.0


class _Allocation(NamedTuple):
    """Provisioned concurrency of a version or an alias, where it is now."""

    pool: Pool
    concurrency: int
    environments: list[Environment]


class Environments:
    """The functions of a run and the execution environments that serve them.

    Call ``close`` at the end, also after an error: it stops every environment, and the process
    has its own state back.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        make_runtime: RuntimeFactory,
        *,
        clock: Clock,
        journal: Journal,
        chance: Chance,
        place: Place | None = None,
        on_log: OnLog | None = None,
        idle_seconds: float = IDLE_SECONDS_MAX,
        concurrent_executions: int = CONCURRENT_EXECUTIONS,
        profile: Profile = TODAY,
    ) -> None:
        place = place or Place()
        self._ground = Ground(
            make_runtime, clock, journal, chance, place, on_log, idle_seconds, profile
        )
        self.functions = Functions(functions, place, chance)
        self.concurrency = Concurrency(concurrent_executions)
        self._server = Server(self._ground)
        self._pools: dict[tuple[str, str], Pool] = {}
        self._allocations: dict[tuple[str, str], _Allocation] = {}

    def read_log(self, function_name: str, on_text: OnText) -> None:
        """Call *on_text* with the log stream and all of an invocation's log, Lambda's lines too."""
        self._ground.log_readers.setdefault(function_name, []).append(on_text)

    @property
    def clock(self) -> Clock:
        """The time they are in."""
        return self._ground.clock

    @property
    def journal(self) -> Journal:
        """Where they tell what happens."""
        return self._ground.journal

    @property
    def chance(self) -> Chance:
        """Where they draw from."""
        return self._ground.chance

    @property
    def profile(self) -> Profile:
        """The limits and the prices that hold."""
        return self._ground.profile

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion:
        """The function that a caller means by a name, a partial or a full ARN, and a qualifier.

        Raises ResourceNotFound, InvalidParameterValue or ValidationFailed, with AWS's texts.
        """
        return self.functions.find(function_name, qualifier)

    async def run(self, target: FunctionVersion, call: Call, *, whole_log: bool = False) -> Outcome:
        """Run *call* in an environment of its own and return what it came to.

        ``duration`` is in simulated seconds; with *whole_log*, ``log`` has the START, END and
        REPORT lines. Raises TooManyRequests when the account, or what is reserved for the
        function, has no concurrency left.
        """
        pool = self._pool(target)
        environment = pool.take_provisioned()
        if environment is not None:
            return await self._serve(pool, environment, call, whole_log)
        name = target.function.name
        self.concurrency.enter(name)
        try:
            environment = pool.take_idle()
            if environment is None:
                self.concurrency.scale(name, self._ground.clock.time())
                environment = pool.add()
            return await self._serve(pool, environment, call, whole_log)
        finally:
            self.concurrency.leave(name)

    async def provision(self, function_name: str, qualifier: str, concurrency: int) -> None:
        """Have so many environments of a version, or of an alias's, ready at all times.

        Returns when they are initialised; if one fails to, all are given up, and that is told. What
        the qualifier had before is replaced. Raises InvalidParameterValue for $LATEST and for more
        than is reserved, ResourceNotFound.
        """
        version = self.functions.resolve(function_name, qualifier)
        if version == LATEST:
            raise InvalidParameterValue(
                "Provisioned Concurrency Configs cannot be applied to unpublished function "
                "versions.",
                Type="User",
            )
        pool = self._pool(self.functions.version(function_name, version))
        key = function_name, qualifier
        before = self._allocations.get(key)
        more = concurrency - (0 if before is None else before.concurrency)
        self.concurrency.provision(function_name, more)
        if before is not None:
            before.pool.withdraw(before.environments)
        allocation = self._allocations[key] = _Allocation(pool, concurrency, [])
        self._tell_provision(pool, qualifier, concurrency, "IN_PROGRESS")
        async with anyio.create_task_group() as tasks:
            for _ in range(concurrency):
                tasks.start_soon(self._provide, allocation)
        if self._allocations.get(key) is not allocation:
            return  # the alias has moved on meanwhile
        ready = len(allocation.environments) == concurrency
        if not ready:
            self._withdraw(key)
        self._tell_provision(pool, qualifier, concurrency, "READY" if ready else "FAILED")

    async def follow(self, function_name: str, alias: str) -> None:
        """Have ready where an alias leads now what was provisioned for it where it led before.

        Returns as ``provision`` does, at once for an alias that has nothing.
        """
        key = function_name, alias
        allocation = self._allocations.get(key)
        if allocation is None:
            return
        if allocation.pool.version != self.functions.resolve(function_name, alias):
            self._withdraw(key)
            await self.provision(function_name, alias, allocation.concurrency)

    def provisioned(self, function_name: str, qualifier: str) -> tuple[int, int] | None:
        """What is provisioned for a qualifier, and how much of it is initialised by now."""
        allocation = self._allocations.get((function_name, qualifier))
        if allocation is None:
            return None
        ready = sum(each.state == "ready" for each in allocation.environments)
        return allocation.concurrency, ready

    def unprovision(self, function_name: str, qualifier: str) -> None:
        """Give up what is provisioned for a qualifier, if anything is."""
        if (function_name, qualifier) in self._allocations:
            self._withdraw((function_name, qualifier))

    def add(self, function: Function) -> None:
        """Have one more function, whose name is free."""
        self.functions.add(function)
        self._tell_change(function.name, LATEST, "created")

    def remove(self, function_name: str, version: str | None = None) -> None:
        """Delete a function, or a published version; what it runs is finished.

        Raises ResourceNotFound.
        """
        self.functions.remove(function_name, version)
        for key in [key for key in self._allocations if key[0] == function_name]:
            if version is None or self._allocations[key].pool.version == version:
                self._withdraw(key)
        for key in [key for key in self._pools if key[0] == function_name]:
            if version in (None, key[1]):
                self._pools.pop(key).retire("the function was deleted")
        if version is None:
            self.concurrency.forget(function_name)
        self._tell_change(function_name, version or LATEST, "deleted")

    def _withdraw(self, key: tuple[str, str]) -> None:
        allocation = self._allocations.pop(key)
        self.concurrency.provision(key[0], -allocation.concurrency)
        allocation.pool.withdraw(allocation.environments)

    async def _provide(self, allocation: _Allocation) -> None:
        pool, environments = allocation.pool, allocation.environments
        environment = pool.add(provisioned=True)
        environments.append(environment)
        try:
            error = await self._server.provide(pool, environment)
        except BaseException:
            pool.discard(environment, "its initialisation was broken off")
            raise
        if error is not None:
            environments.remove(environment)
            pool.discard(environment, "its initialisation failed")
            return
        pool.give_back(environment)

    async def _serve(
        self, pool: Pool, environment: Environment, call: Call, whole_log: bool
    ) -> Outcome:
        try:
            outcome = await self._server.serve(pool, environment, call, whole_log)
        except BaseException:
            pool.break_off(environment)
            raise
        pool.give_back(environment)
        return outcome

    def update(self, function_name: str, because: str, **changes: Any) -> None:
        """Change $LATEST: what runs goes on, what comes next gets fresh environments.

        What is of the function and of no version changes for all of them, and in their
        environments nothing does.
        """
        whole = {key: changes.pop(key) for key in WHOLE & changes.keys()}
        if whole:
            self.functions.configure(function_name, **whole)
            for (name, version), pool in self._pools.items():
                if name == function_name:
                    pool.configure(self.functions.version(name, version).function)
        if changes:
            self.functions.update(function_name, **changes)
        self._tell_change(function_name, LATEST, because)

    def publish(self, function_name: str, description: str | None = None) -> str:
        """The version that $LATEST is published as; the last one if nothing has changed since."""
        version, new = self.functions.publish(function_name, description)
        because = "published" if new else "nothing has changed since it was published"
        self._tell_change(function_name, version, because)
        return version

    def shift(
        self,
        function_name: str,
        alias: str,
        version: str,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        """Point an alias at a version, and at another one for a share of the calls.

        Raises as ``Functions.put_alias`` does.
        """
        self.functions.put_alias(function_name, alias, version, weights)
        shares = [f"{weight:.0%} to version {other}" for other, weight in (weights or {}).items()]
        because = f"alias {alias} leads to version {version}"
        self._tell_change(function_name, version, ", and ".join([because, *shares]), alias=alias)

    def close(self) -> None:
        """Stop every environment, whatever it is doing. May be called again."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, target: FunctionVersion) -> Pool:
        """The pool of a version; after an update of $LATEST, one that has no old code in it.

        A target that was found before the update runs what is there now.
        """
        key = (target.function.name, target.version)
        pool = self._pools.get(key)
        if pool is not None and pool.function is target.function:
            return pool
        function = self.functions.version(*key).function
        if pool is not None and pool.function is not function:
            pool.retire("the function was updated")
            pool = None
        if pool is None:
            pool = self._pools[key] = Pool(self._ground, function, target.version)
        return pool

    def _tell_change(self, function: str, version: str, because: str, **fields: Any) -> None:
        self._ground.journal.write(
            "function_changed", because, function=function, version=version, **fields
        )

    def _tell_provision(self, pool: Pool, qualifier: str, concurrency: int, status: str) -> None:
        self._tell_change(
            pool.function.name,
            pool.version,
            f"provisioned concurrency of {concurrency} is {status}",
            provisioned=concurrency,
            status=status,
            qualifier=qualifier,
        )
