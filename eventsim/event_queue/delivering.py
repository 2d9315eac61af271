"""
Tells a dead-letter queue and destinations how an event ended.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, NoReturn

from eventsim.errors import EventsimError, ServiceError, Unreachable
from eventsim.journal import Journal
from eventsim.rules import traces
from eventsim.rules.async_documents import Ended, dead_letter, record
from eventsim.rules.event_invoke import config_of
from eventsim.runtimes import FunctionVersion
from eventsim.types import Destination, Document

OpenDestination = Callable[[str], Destination]
MaySend = Callable[[FunctionVersion, str], None]


def nowhere(arn: str) -> NoReturn:
    """For a queue without destinations."""
    raise EventsimError(f"nothing is sent to {arn}; give EventQueue a destination")


def anything(target: FunctionVersion, arn: str) -> None:
    """For roles that may send to everything."""


class _Letter(NamedTuple):
    config: str
    arn: str
    document: Callable[[Ended], Document]


class Delivering:
    """Sends what is to be sent about an event, each document once.

    What is refused, or gets no answer, is told of in the journal; so is an event that was given
    up and that nobody took.
    """

    def __init__(self, journal: Journal, open_: OpenDestination, may_send: MaySend) -> None:
        self._journal, self._open, self._may_send = journal, open_, may_send
        self._opened: dict[str, Destination] = {}

    async def deliver(self, target: FunctionVersion, ended: Ended) -> None:
        """Return when everything is sent. Raises EventsimError for what the run does not have."""
        taken, letters = False, list(_letters(target, ended))
        nobody = "it has no dead-letter queue and no on-failure destination"
        looped = ended.condition == "RecursiveInvocation"
        if looped and traces.came_back(ended.trace_header, ended.function_arn):
            letters, nobody = [], "what is sent of it comes back to the function"
        for letter in letters:
            taken |= await self._send(target, ended, letter)
        if ended.condition != "Success" and not taken:
            self._journal.write(
                "event_dropped",
                "it was taken nowhere" if letters else nobody,
                function=ended.function,
                request_id=ended.request_id,
                condition=ended.condition,
            )

    async def _send(self, target: FunctionVersion, ended: Ended, letter: _Letter) -> bool:
        code, because = "", f"{letter.config} of {ended.function}"
        try:
            self._may_send(target, letter.arn)
            await self._destination(letter.arn).send(letter.document(ended))
        except ServiceError as refused:
            code, because = refused.code, refused.message
        except Unreachable as silent:
            code, because = silent.code, f"no answer: {type(silent).__name__}"
        self._journal.write(
            "destination_failed" if code else "destination_delivered",
            because,
            function=ended.function,
            request_id=ended.request_id,
            config=letter.config,
            destination=letter.arn,
            condition=ended.condition,
            **({"code": code} if code else {}),
        )
        return not code

    def _destination(self, arn: str) -> Destination:
        destination = self._opened.get(arn)
        if destination is None:
            destination = self._opened[arn] = self._open(arn)
        return destination


def _letters(target: FunctionVersion, ended: Ended) -> Iterator[_Letter]:
    """What is sent where: a dead-letter queue and an on-failure destination both get theirs."""
    function = target.function
    config = config_of(function, ended.function_arn)
    if ended.condition == "Success":
        if config.on_success:
            yield _Letter("OnSuccess", config.on_success, record)
        return
    if function.dead_letter:
        yield _Letter("DeadLetterQueue", function.dead_letter, dead_letter)
    if config.on_failure:
        yield _Letter("OnFailure", config.on_failure, record)
