"""What an event of a service that pushes is made of, and what the service makes of the answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from eventsim.ids import Chance
from eventsim.types.invocations import InvocationType

if TYPE_CHECKING:
    from eventsim.clock import Clock  # which brings anyio; who only builds has no need

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when an event comes about: what a builder takes its ARNs, ids and times from.

    The same scene gives the same event, and a scene goes on: the next event has ids of its own.
    ``profile`` is the time whose limits and ways hold, ``today`` or ``2017``.
    """

    region: str = "us-east-1"
    account: str = "123456789012"
    at: datetime = START
    chance: Chance = field(default_factory=lambda: Chance(0))
    actor: str = ""  # whose events: what is drawn for one leaves those of the others as they are
    profile: str = "today"

    def uuid(self) -> str:
        """A version 4 UUID."""
        return self.chance.uuid("events", self.actor)

    def hex(self, digits: int) -> str:
        """So many hexadecimal digits, in lower case."""
        return self.chance.hex("events", digits, self.actor)

    def letters(self, length: int, of: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") -> str:
        """So many characters *of* these."""
        stream = self.chance.stream("events", self.actor)
        return "".join(stream.choice(of) for _ in range(length))

    def number(self, least: int, most: int) -> int:
        """A whole number in a range, both ends included."""
        return self.chance.stream("events", self.actor).randint(least, most)

    def count(self, what: str) -> int:
        """How many of these there were before, for numbers that grow from event to event."""
        return self.chance.count(f"events {what}")

    def base64(self, length: int) -> str:
        """So many bytes that are drawn, as base64."""
        return b64encode(bytes.fromhex(self.hex(2 * length))).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service made of a function's answer.

    ``value`` is what it gives on (an HTTP response, the session of a dialog); ``because`` says
    why the answer was not ``accepted``.
    """

    accepted: bool = True
    value: Any = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a function, by the name that the service has for it.

    ``waits`` are the seconds before each further attempt when the invocation is refused, those of
    the source without them; ``trace_header`` says what the event comes of, where that is known.
    """

    source: str
    module: ModuleType
    event: Any
    function: str
    invocation_type: InvocationType | None = None
    source_arn: str | None = None
    event_source_token: str | None = None
    trace_header: str | None = None
    waits: Iterable[float] | None = None


class Pushing(Protocol):
    """What a source with a conversation of its own goes through: ``push.Pusher`` is one."""

    clock: Clock

    def memory(self, source: str) -> dict[str, Any]:
        """What the source remembers from one event of the run to the next."""

    def tell(self, kind: str, because: str | None = None, **fields: Any) -> None:
        """Write an entry of the journal."""

    async def invoke(self, delivery: Delivery, scene: Scene) -> Answer:
        """Invoke the function, trying again as the service does when it is refused.

        The answer to a refusal that is final has the InvokeError as its value.
        """


@dataclass(frozen=True, slots=True)
class Sent:
    """What a service sends a function, out of what it tells of itself.

    ``event`` is None for what its filter does not accept. What it gives up goes to the queue
    ``dead_letter``, an ARN, as the text ``kept``. ``source_arn`` says who sends, ``waits`` are
    those of a Delivery, where the event does not say, and the source not alone.
    """

    event: Any
    about: Mapping[str, Any]
    dead_letter: str | None = None
    kept: str = ""
    source_arn: str | None = None
    waits: Sequence[float] | None = None
