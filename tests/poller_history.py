"""
What happens to a mapping in a test, as one history, and the function that it calls.

The function tells what it got and what Lambda is to make of its answer, by what AWS documents
and what was recorded on AWS: the code under test has no part in that.
"""

from __future__ import annotations

from base64 import b64decode
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from eventsim.clock import Clock
from eventsim.errors import TooManyRequests
from eventsim.journal import Entry
from eventsim.rules.answers import STATE_BYTES_MAX
from eventsim.types import (
    Checkpoint,
    Document,
    EventSourceMapping,
    InvokeRequest,
    InvokeResult,
)

FAILS_AT_MOST = 5  # so often fails a record that nothing else would ever end
BIG = "x" * STATE_BYTES_MAX

SUCCESSES: tuple[Any, ...] = ("", [], None, {}, {"batchItemFailures": []})
FAILURES: tuple[Any, ...] = (
    {"itemIdentifier": ""},
    {"itemIdentifier": None},
    {"itemIdentifier": 123},
    {"itemIdentifier": "1"},
    {"foo": 123},
    {"foo": None},
)


class Put(NamedTuple):
    """A record to be put; ``fate`` is ``ok``, ``poison``, ``skip`` (filtered) or a number.

    The number says how many invocations with it fail.
    """

    key: str
    fate: str = "ok"


class Behaviour(NamedTuple):
    """What the function does with the next invocation, whatever the records say."""

    kind: str = "records"
    number: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """A record as the stream took it."""

    number: int
    shard: str
    key: str
    name: int
    fate: str
    arrival: float


@dataclass(frozen=True, slots=True, eq=False)
class Began:
    """The function was called. ``window`` is what the event says of one, without ``Records``."""

    time: float
    shard: str
    numbers: tuple[int, ...]
    request_id: str
    window: dict[str, Any] | None
    ran: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """The function answered: it took so many of the records, or None of a whole batch."""

    call: Began
    taken: int | None
    state: Any = None


@dataclass(frozen=True, slots=True)
class Life:
    """A poller ``started``, was asked to stop (``stopping``), or is ``over`` or ``crashed``."""

    what: str
    time: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint has reached the store."""

    shard: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Sent:
    """A document came to the destination."""

    document: Document
    accepted: bool


Happening = Entry | Told | Began | Ended | Life | Stored | Sent


@dataclass
class Function:
    """A function that plays its script, and then lets the records decide."""

    clock: Clock
    mapping: EventSourceMapping
    history: list[Happening]
    script: deque[Behaviour] = field(default_factory=deque)
    failed: Counter[int] = field(default_factory=Counter)

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        event = request.payload.value()
        records = event.pop("Records")
        numbers = tuple(int(each["kinesis"]["sequenceNumber"]) for each in records)
        fates = [b64decode(each["kinesis"]["data"]).split(b":") for each in records]
        shard = event.get("shardId") or (records[0]["eventID"].partition(":")[0])
        behaviour = self.script.popleft() if self.script else self._own_way()
        throttled = behaviour.kind == "throttle"
        window = event or None
        call = Began(self.clock.time(), shard, numbers, request.request_id, window, not throttled)
        self.history.append(call)
        if behaviour.seconds:
            await self.clock.sleep(behaviour.seconds)
        if throttled:
            self.history.append(Ended(call, None))
            raise TooManyRequests("Rate Exceeded.")
        answer = self._answer(behaviour, call, [(int(n), fate.decode()) for n, fate in fates])
        return self._told(call, answer)

    def _own_way(self) -> Behaviour:
        """Without a script it reports what it could not take, where anybody listens."""
        return Behaviour(number=1 if self.mapping.reports_batch_item_failures else 0)

    def _answer(self, behaviour: Behaviour, call: Began, fates: list[tuple[int, str]]) -> Any:
        """What the function returns; an exception where it fails."""
        records, number = len(fates), behaviour.number
        match behaviour.kind:
            case "error":
                return RuntimeError()
            case "success":
                return SUCCESSES[number % len(SUCCESSES)]
            case "failure":
                return {"batchItemFailures": [FAILURES[number % len(FAILURES)]]}
            case "rubbish":
                return [7, "rubbish", {"batchItemFailures": "all"}, [None]][number % 4]
            case "partial" if records:
                places = {number % records, (number // 3) % records, number % records}
                return self._named(call, places)
            case "oversized" if call.window and not call.window["isWindowTerminatedEarly"]:
                whole = {"state": self._state(call, records)}
                answer = self._named(call, {number % records}) if records else whole
                return {**answer, "state": {**answer["state"], "big": BIG}}
        bad = [place for place, fate in enumerate(fates) if self._fails(*fate)]
        if not bad:
            return {"state": self._state(call, records)}
        return self._named(call, bad) if number % 2 else RuntimeError()

    def _named(self, call: Began, places: Iterable[int]) -> dict[str, Any]:
        """A partial batch response that names these places, the highest first."""
        failed = sorted(places, reverse=True)
        named = [{"itemIdentifier": str(call.numbers[place])} for place in failed]
        taken = failed[-1] if self.mapping.reports_batch_item_failures else len(call.numbers)
        return {"batchItemFailures": named, "state": self._state(call, taken)}

    def _fails(self, name: int, fate: str) -> bool:
        if fate in ("ok", "skip"):
            return False
        settings = self.mapping
        ends = settings.maximum_retry_attempts >= 0 or settings.maximum_record_age_in_seconds > 0
        if fate == "poison" and ends:
            return True
        self.failed[name] += 1
        return self.failed[name] <= (FAILS_AT_MOST if fate == "poison" else int(fate))

    def _state(self, call: Began, taken: int) -> dict[str, Any]:
        """The numbers of the window so far."""
        before = [] if call.window is None else call.window["state"].get("numbers", [])
        return {"numbers": [*before, *(str(number) for number in call.numbers[:taken])]}

    def _told(self, call: Began, answer: Any) -> InvokeResult:
        """Note what Lambda is to make of the answer, by what AWS documents and was recorded."""
        if isinstance(answer, RuntimeError):
            self.history.append(Ended(call, None))
            return InvokeResult(200, b"{}", function_error="Unhandled")
        windowed = call.window is not None
        fields = answer if isinstance(answer, dict) else {}
        taken: int | None = len(call.numbers)
        if self.mapping.reports_batch_item_failures:
            failures = fields.get("batchItemFailures") or []
            if answer and not isinstance(answer, dict):
                taken = None
            elif failures:
                taken = self._first_named(call, failures)
        if windowed and "state" not in fields:
            taken = None
        self.history.append(Ended(call, taken, fields.get("state")))
        return InvokeResult(200, b"" if answer == "" else orjson.dumps(answer))

    def _first_named(self, call: Began, failures: Any) -> int | None:
        """Where the lowest of them is; None unless each names a record of the batch."""
        known = {str(number): place for place, number in enumerate(call.numbers)}
        places = [
            known.get(str(each.get("itemIdentifier"))) if isinstance(each, dict) else None
            for each in failures
        ]
        return None if None in places else min(place for place in places if place is not None)
