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

from collections.abc import Iterable

from eventsim.clock import Clock
from eventsim.environments.concurrency import Concurrency
from eventsim.environments.functions import Functions
from eventsim.environments.pool import Ground, OnLog, Pool
from eventsim.environments.serving import Server
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.rules.function_names import Place
from eventsim.rules.limits import CONCURRENT_EXECUTIONS
from eventsim.runtimes import Call, FunctionVersion, RuntimeFactory
from eventsim.types import Function, Outcome

IDLE_SECONDS_MAX = 600.0


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
    ) -> None:
        place = place or Place()
        self._ground = Ground(make_runtime, clock, journal, chance, place, on_log, idle_seconds)
        self.functions = Functions(functions, place)
        self.concurrency = Concurrency(concurrent_executions)
        self._server = Server(self._ground)
        self._pools: dict[tuple[str, str], Pool] = {}

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
        name = target.function.name
        self.concurrency.enter(name)
        try:
            pool = self._pool(target)
            environment = pool.take()
            try:
                outcome = await self._server.serve(pool, environment, call, whole_log)
            except BaseException:
                pool.break_off(environment)
                raise
            pool.give_back(environment)
        finally:
            self.concurrency.leave(name)
        return outcome

    def close(self) -> None:
        """Stop every environment, whatever it is doing. May be called again."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, target: FunctionVersion) -> Pool:
        """The pool of a version; after an update of $LATEST, one that has no old code in it."""
        key = (target.function.name, target.version)
        pool = self._pools.get(key)
        if pool is None or pool.function is not target.function:
            if pool is not None:
                pool.retire("the function was updated")
            pool = self._pools[key] = Pool(self._ground, target.function, target.version)
        return pool
