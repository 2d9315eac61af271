"""
The execution environments of one version, and which of them is next.

The most recently used idle one is taken first; one that was idle for too long is stopped when
somebody next looks, and its entry says since when it was idle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from eventsim.clock import Clock
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.rules.distributions import invocations, sampler
from eventsim.rules.function_names import Place
from eventsim.rules.profiles import Profile
from eventsim.runtimes import Runtime, RuntimeFactory
from eventsim.types import Function

OnLog = Callable[[str, str], None]
OnText = Callable[[str, str], None]  # with the log stream, and all that was written to it at once
ON_DEMAND = "no environment was idle"
PROVISIONED = "provisioned concurrency"
_MOST_RECENT = "the most recently used idle one"


@dataclass(frozen=True, slots=True)
class Ground:
    """What every environment of a run stands on."""

    make_runtime: RuntimeFactory
    clock: Clock
    journal: Journal
    chance: Chance
    place: Place
    on_log: OnLog | None
    idle_seconds: float
    profile: Profile
    log_readers: dict[str, list[OnText]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Environment:
    """One execution environment. ``idle_since`` is run time; only an idle one has it.

    One of provisioned concurrency is there before a request and is never too old.
    """

    id: str
    log_stream: str
    runtime: Runtime
    because: str = ON_DEMAND
    provisioned: bool = False
    state: Literal["new", "ready", "reset"] = "new"
    idle_since: float = 0.0


class Pool:
    """The environments of one version; idle ones in the order in which they became idle."""

    __slots__ = (
        "_busy",
        "_ground",
        "_idle",
        "_provisioned",
        "_retired",
        "_reused",
        "draw_duration",
        "draw_init",
        "function",
        "version",
    )

    def __init__(self, ground: Ground, function: Function, version: str) -> None:
        self._ground = ground
        self.function, self.version = function, version
        self._reused = ground.journal.channel("environment_reused")
        durations = ground.chance.stream("durations", function.name)
        inits = ground.chance.stream("init_durations", function.name)
        self.draw_duration = invocations(function, durations)
        self.draw_init = sampler(function.init_duration, inits)
        self._idle: deque[Environment] = deque()
        self._provisioned: list[Environment] = []
        self._busy: dict[str, Environment] = {}
        self._retired: str | None = None

    def take_provisioned(self) -> Environment | None:
        """One of provisioned concurrency that is free, or None."""
        if not self._provisioned:
            return None
        environment = self._provisioned.pop()
        if self._reused.heard:
            self._tell_reuse(environment, "one of provisioned concurrency")
        self._busy[environment.id] = environment
        return environment

    def take_idle(self) -> Environment | None:
        """The idle environment that was used most recently, or None; too old ones are stopped."""
        idle = self._idle
        if idle and idle[0].idle_since <= self._too_old():
            self._recycle()
        if not idle:
            return None
        environment = idle.pop()
        if self._reused.heard:
            self._tell_reuse(environment, _MOST_RECENT)
        self._busy[environment.id] = environment
        return environment

    def configure(self, function: Function) -> None:
        """The function has other settings, and its environments stay as they are."""
        self.function = function

    def add(self, provisioned: bool = False) -> Environment:
        """A new environment, busy until it is given back."""
        environment = self._make()
        if provisioned:
            environment.provisioned, environment.because = True, PROVISIONED
        self._busy[environment.id] = environment
        return environment

    def give_back(self, environment: Environment) -> None:
        """It has served its request and is idle from now on."""
        del self._busy[environment.id]
        environment.idle_since = self._ground.clock.time()
        if self._retired is not None:
            self._stop(environment, self._retired)
        elif environment.provisioned:
            self._provisioned.append(environment)
        else:
            self._idle.append(environment)

    def withdraw(self, environments: Iterable[Environment]) -> None:
        """These are provisioned no longer: each is stopped, or idle after its request."""
        for environment in environments:
            environment.provisioned = False
            if environment in self._provisioned:
                self._provisioned.remove(environment)
                self._stop(environment, "its provisioned concurrency was withdrawn")

    def discard(self, environment: Environment, because: str) -> None:
        """It is of no use to anybody, so it is stopped."""
        del self._busy[environment.id]
        self._stop(environment, because)

    def break_off(self, environment: Environment) -> None:
        """Nobody knows what state it is in, so it is stopped; a provisioned one is reset."""
        because = "its invocation was broken off"
        if not environment.provisioned:
            self.discard(environment, because)
            return
        environment.runtime.stop()
        environment.state = "reset"
        self._ground.journal.write(
            "environment_reset", because, function=self.function.name, environment=environment.id
        )
        self.give_back(environment)

    def retire(self, because: str) -> None:
        """Stop what is idle, and what runs as soon as it has answered; nothing new is made."""
        self._retired = because
        while self._provisioned:
            self._stop(self._provisioned.pop(), because)
        while self._idle:
            self._stop(self._idle.popleft(), because)

    def close(self) -> None:
        """Stop every environment, whatever it is doing. May be called again."""
        self._recycle()
        while self._idle:
            self._stop(self._idle.popleft(), "the run ended")
        while self._provisioned:
            self._stop(self._provisioned.pop(), "the run ended")
        for environment in list(self._busy.values()):
            environment.runtime.close()

    def _make(self) -> Environment:
        ground = self._ground
        day = ground.clock.wall()
        digits = ground.chance.hex("environments", 32, self.function.name)
        log_stream = f"{day:%Y/%m/%d}/[{self.version}]{digits}"
        return Environment(digits[:12], log_stream, ground.make_runtime(self.function))

    def _recycle(self) -> None:
        """Stop what was idle for too long; the oldest stand first."""
        ground, too_old = self._ground, self._too_old()
        while self._idle and self._idle[0].idle_since <= too_old:
            environment = self._idle.popleft()
            because = (
                f"idle since {environment.idle_since:.3f} s, "
                f"and kept for {ground.idle_seconds:g} s at the most"
            )
            self._stop(environment, because)

    def _too_old(self) -> float:
        """Since when or before one is idle that has been so for too long."""
        return self._ground.clock.time() - self._ground.idle_seconds

    def _stop(self, environment: Environment, because: str) -> None:
        environment.runtime.close()
        self._ground.journal.write(
            "environment_stopped", because, function=self.function.name, environment=environment.id
        )

    def _tell_reuse(self, environment: Environment, because: str) -> None:
        again = environment.state == "reset"
        self._ground.journal.write(
            "environment_reused",
            f"{because}; initialised again after its reset" if again else because,
            function=self.function.name,
            environment=environment.id,
            idle=round(self._ground.clock.time() - environment.idle_since, 6),
        )
