"""
The model runtime: no code at all, only how long it takes and how often it fails.

Durations and cold starts are those of the function (``duration``, ``init_duration``); of its
invocations ``error_rate`` fail as a handler fails that raises, and ``crash_rate`` as one whose
process ends. Every other answers ``null``. In virtual time only, where durations are declared.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.rules.modelling import Fate, Fates, answer
from eventsim.runtimes import Call, Init, RuntimeOptions
from eventsim.types import Function, Outcome

_UP = Outcome(b"", None, 0.0)


class ModelRuntimes:
    """Makes the model runtimes of one run; those of one function share its stream of chance."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def __call__(self, function: Function) -> ModelRuntime:
        return ModelRuntime(Fates(function, self._chance.stream("errors", function.name)))

    async def aclose(self) -> None:
        """Nothing to take down."""


def open_runtimes(options: RuntimeOptions) -> ModelRuntimes:
    """The model runtimes of a run. Raises EventsimError in real time."""
    if not options.clock.virtual:
        raise EventsimError(
            "run_in: model only has declared durations, which pass in virtual time; "
            "leave --time real out, or run code"
        )
    return ModelRuntimes(options.chance or Chance(0))


class ModelRuntime:
    """One environment of a function without code.

    The fate of an invocation is drawn once, when its request arrives: with the initialisation
    that it waits for, if it does.
    """

    __slots__ = ("_fate", "_fates", "_waiting")

    def __init__(self, fates: Fates) -> None:
        self._fates = fates
        self._fate: Fate | None = None
        self._waiting: str | None = None

    async def start(self, init: Init) -> Outcome:
        if init.request_id and init.request_id != self._waiting:
            self._fate, self._waiting = self._fates.draw(), init.request_id
        return _UP

    async def invoke(self, call: Call) -> Outcome:
        fate = self._fate if call.request_id == self._waiting else self._fates.draw()
        self._waiting = None
        payload, error = answer(fate, call.request_id)
        return Outcome(payload, error, 0.0)

    def stop(self) -> None:
        """There is nothing to forget; what is drawn for a request stays so."""

    def close(self) -> None:
        """There is nothing to take down."""
