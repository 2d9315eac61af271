"""
Rules at work: events on buses, and schedules that fire, are told to their targets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, Protocol

import orjson

from eventsim.errors import EventsimError, InvokeError, ServiceError, Unreachable, ValidationFailed
from eventsim.ids import Chance
from eventsim.journal import Journal
from eventsim.push import Pusher
from eventsim.rules.arns import function_of, service_of
from eventsim.rules.bus_rules import FINAL, Rule, Target, dead_letter_attributes
from eventsim.rules.target_inputs import Origin
from eventsim.services.archives import Archive
from eventsim.types import BusEvent, Delivery, Scene

HOPS_MAX = 5

Attributes = Mapping[str, Mapping[str, str]]


class Outlets(Protocol):
    """The queues, topics, streams and buses of a run, as targets of rules."""

    async def send(self, target: Target, payload: str, event: BusEvent) -> None:
        """Give a target its payload. Raises ServiceError, Unreachable, or EventsimError for what
        the run does not have.
        """

    async def dead_letter(self, arn: str, payload: str, attributes: Attributes) -> None:
        """Give a dead-letter queue what could not be delivered. Raises as ``send`` does."""


@dataclass(frozen=True, slots=True)
class Made:
    """A rule, and the source that it is of, by name and module."""

    rule: Rule
    source: str
    module: ModuleType


class Rules:
    """The rules of a run."""

    def __init__(
        self,
        pusher: Pusher,
        outlets: Outlets,
        journal: Journal,
        chance: Chance,
        scene: Callable[[], Scene],
        start_soon: Callable[..., None],
    ) -> None:
        self._pusher, self._outlets, self._journal = pusher, outlets, journal
        self._chance, self._scene, self._start_soon = chance, scene, start_soon
        self._clock = pusher.clock
        self._rules: dict[str, list[Made]] = {}
        self._archives: dict[tuple[str, str], Archive] = {}

    def add(self, made: Made) -> None:
        """Have a rule from now on."""
        self._rules.setdefault(made.rule.bus, []).append(made)

    def on_event(self, bus: str) -> Callable[[BusEvent], None]:
        """What is to be called with the events on the bus of that name."""
        return partial(self._match, bus)

    def timers(self, start: datetime) -> Iterator[Callable[[], Coroutine[Any, Any, None]]]:
        """What fires the schedules of a run that began at *start*, each a task."""
        for made in (each for rules in self._rules.values() for each in rules):
            if made.rule.timer is not None and made.rule.enabled:
                yield partial(self._fire, made, start)

    def replay(self, bus: str, archive: str, name: str, since: float, until: float) -> None:
        """Send what an archive has to the rules of its bus again.

        Raises EventsimError for an archive that is not there, ServiceError where it lost events.
        """
        kept = self._archives.get((bus, archive))
        if kept is None:
            known = ", ".join(each for on, each in self._archives if on == bus) or "none"
            text = f"the bus {bus} has no archive '{archive}'; there are: {known}"
            raise EventsimError(text)
        for event in kept.replay(name, since, until):
            self._match(bus, event)

    def keep(self, bus: str, archive: Archive) -> None:
        """Have an archive from now on."""
        self._archives[bus, archive.name] = archive

    def _match(self, bus: str, event: BusEvent) -> None:
        document = event.document
        self._tell(
            "event_put",
            None,
            source=bus,
            event_id=event.id,
            sender=document["source"],
            detail_type=document["detail-type"],
        )
        for made in self._rules.get(bus, ()):
            if made.rule.matches(document):
                self._tell("rule_matched", None, source=bus, rule=made.rule.name, event_id=event.id)
                for target in made.rule.targets:
                    self._start_soon(self._deliver, made, target, event)

    async def _fire(self, made: Made, start: datetime) -> None:
        """Fire at each time of the rule's schedule; return after the last."""
        rule, at = made.rule, start
        if rule.timer is None:
            return
        while (due := rule.timer.after(at)) is not None:
            late = 0.0
            if rule.timer.window:
                late = self._chance.stream("time windows", rule.arn).uniform(0, rule.timer.window)
            await self._clock.sleep_until((due - start + timedelta(seconds=late)).total_seconds())
            self._tell("schedule_fired", None, source=made.source, rule=rule.name)
            document = made.module.fired(self._scene(), rule)
            event = BusEvent(str(document["id"]), document)
            for target in rule.targets:
                self._start_soon(self._deliver, made, target, event)
            at = due

    async def _deliver(self, made: Made, target: Target, event: BusEvent) -> None:
        rule = made.rule
        try:
            payload = target.input.of(event.document, Origin(rule.arn, rule.name, self._now()))
        except ValidationFailed as error:
            text = orjson.dumps(event.document).decode()
            await self._give_up(made, target, event, text, _Failure(error.code, error.message))
            return
        to_function = service_of(target.arn) == "lambda"
        attempt = self._to_function if to_function else self._to_outlet
        failure = await attempt(made, target, event, payload)
        if failure is not None:
            await self._give_up(made, target, event, payload, failure)
        elif not to_function:
            self._tell("target_told", None, **self._about(made, target, event))

    async def _to_function(
        self, made: Made, target: Target, event: BusEvent, payload: str
    ) -> _Failure | None:
        retries = 0

        def waits() -> Iterator[float]:
            nonlocal retries
            for wait in target.retry_policy.waits():
                retries += 1
                yield wait

        delivery = Delivery(
            made.source,
            made.module,
            orjson.loads(payload),
            function_of(target.arn),
            source_arn=made.rule.arn,
            waits=waits(),
        )
        answer = await self._pusher.push(delivery, self._scene())
        if not isinstance(answer.value, InvokeError):
            return None
        return _Failure(answer.value.code, answer.value.message, retries)

    async def _to_outlet(
        self, made: Made, target: Target, event: BusEvent, payload: str
    ) -> _Failure | None:
        if event.hops >= HOPS_MAX:
            return _Failure("LoopDetected", f"the event came through {event.hops} buses")
        waits, retries = target.retry_policy.waits(), 0
        while True:
            try:
                await self._outlets.send(target, payload, event)
            except (ServiceError, Unreachable) as error:
                failure = _failure_of(error, retries)
            else:
                return None
            wait = None if failure.code in FINAL else next(waits, None)
            if wait is None:
                return failure
            about = self._about(made, target, event)
            self._tell("target_retried", failure.message, **about, wait=wait)
            await self._clock.sleep(wait)
            retries += 1

    async def _give_up(
        self, made: Made, target: Target, event: BusEvent, payload: str, failure: _Failure
    ) -> None:
        about = self._about(made, target, event)
        kept = None
        if target.dead_letter is not None:
            attributes = dead_letter_attributes(
                made.rule, target, failure.code, failure.message, failure.retries
            )
            try:
                await self._outlets.dead_letter(target.dead_letter, payload, attributes)
                kept = target.dead_letter
            except (ServiceError, Unreachable) as error:
                failure = _failure_of(error, failure.retries)
        self._tell("target_failed", failure.message, **about, code=failure.code, destination=kept)

    def _now(self) -> datetime:
        return self._clock.wall()

    def _about(self, made: Made, target: Target, event: BusEvent) -> dict[str, Any]:
        about = {"rule": made.rule.name, "target": target.arn, "event_id": event.id}
        return {"source": made.source, **about}

    def _tell(self, kind: str, because: str | None, **fields: Any) -> None:
        self._journal.write(kind, because, **fields)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a target was not told, after so many further attempts."""

    code: str
    message: str
    retries: int = 0


def _failure_of(error: ServiceError | Unreachable, retries: int) -> _Failure:
    message = error.message if isinstance(error, ServiceError) else str(error)
    return _Failure(error.code, message, retries)
