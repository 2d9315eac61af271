"""
A service that pushes: authorise, invoke, and read the answer as the service reads it.

A source says who it is and how it invokes: ``INVOCATION_TYPES`` (the first is the default),
``PRINCIPAL`` (left out or None for one that asks in nobody's name, or takes on a role),
``source_arn(event, scene)``, ``event_source_token(event)``; what it makes of the answer:
``answer(result, event)``, and how long it waits for it: ``ANSWER_SECONDS_MAX``; what it makes of an
invocation that was refused: ``refusal(error, event)``, and when it tries that again:
``retry_waits()``, in seconds, of which refusals, unless all: ``retried(error)``. Where its ways
have changed with time it has ``invocation_types(profile)``. One whose conversation with the
function is longer than that (a dialog, a resource that is to be answered elsewhere) has
``deliver(pushing, delivery, scene)``, and a ``memory`` of its own for the run.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import orjson

from eventsim.errors import InvokeError
from eventsim.ids import Chance
from eventsim.types import (
    Answer,
    Caller,
    Delivery,
    InvocationType,
    Invoker,
    InvokeRequest,
    InvokeResult,
    Payload,
    Scene,
)

if TYPE_CHECKING:  # they bring anyio and structlog; who only builds has no need
    from eventsim.clock import Clock
    from eventsim.journal import Journal

__all__ = ["Delivery", "Pusher", "invocation_types", "read", "refusal", "request_of"]


class Pusher:
    """Delivers the events of services to functions, and tells of it."""

    def __init__(self, invoker: Invoker, journal: Journal, clock: Clock, chance: Chance) -> None:
        self._invoker, self._journal = invoker, journal
        self.clock, self._chance = clock, chance
        self._memories: dict[str, dict[str, Any]] = {}

    async def push(self, delivery: Delivery, scene: Scene) -> Answer:
        """Deliver an event as its service does; what the service made of the answer."""
        if hasattr(delivery.module, "deliver"):
            return cast("Answer", await delivery.module.deliver(self, delivery, scene))
        return await self.invoke(delivery, scene)

    def memory(self, source: str) -> dict[str, Any]:
        """What a source remembers from one event of the run to the next."""
        return self._memories.setdefault(source, {})

    async def invoke(self, delivery: Delivery, scene: Scene) -> Answer:
        """Invoke the function with the event, trying again as its service does when refused."""
        module = delivery.module
        kind = delivery.invocation_type or invocation_types(module, scene.profile)[0]
        request_id = self._chance.uuid("push", delivery.source)
        request = request_of(delivery, kind, scene, request_id)
        self._tell("event_pushed", request, delivery, type=kind)
        waits = _waits(delivery)
        while True:
            began = self.clock.time()
            try:
                result = await self._invoker.invoke(request)
            except InvokeError as refused:
                wait = next(waits, None) if _retried(module, refused) else None
                if wait is None:
                    self._tell("push_failed", request, delivery, refused.message, code=refused.code)
                    return refusal(module, refused, delivery.event)
                self._tell("push_retried", request, delivery, refused.message, wait=wait)
                await self.clock.sleep(wait)
            else:
                break
        answer = read(module, result, delivery.event)
        limit = getattr(module, "ANSWER_SECONDS_MAX", None)
        if kind == "RequestResponse" and limit and self.clock.time() - began > limit:
            answer = Answer(False, None, f"no answer within {limit:g} s")
        if kind == "RequestResponse":
            accepted = answer.accepted
            self._tell("push_answered", request, delivery, answer.because, accepted=accepted)
        return answer

    def tell(self, kind: str, because: str | None = None, **fields: Any) -> None:
        """Write an entry of the journal."""
        self._journal.write(kind, because, **fields)

    def _tell(
        self,
        kind: str,
        request: InvokeRequest,
        delivery: Delivery,
        because: str | None = None,
        **fields: Any,
    ) -> None:
        self._journal.write(
            kind,
            because,
            source=delivery.source,
            function=delivery.function,
            request_id=request.request_id,
            **fields,
        )


def request_of(
    delivery: Delivery, kind: InvocationType, scene: Scene, request_id: str
) -> InvokeRequest:
    """The Invoke request that a service makes of an event, in its own name."""
    module, event = delivery.module, delivery.event
    arn = delivery.source_arn
    if arn is None and hasattr(module, "source_arn"):
        arn = module.source_arn(event, scene)
    encoded = orjson.dumps(event)
    return InvokeRequest(
        delivery.function,
        Payload(lambda: orjson.loads(encoded), len(encoded)),
        request_id,
        kind,
        caller=_caller(delivery, arn, scene),
        trace_header=delivery.trace_header,
    )


def _retried(module: ModuleType, refused: InvokeError) -> bool:
    """Whether the service tries again after this refusal, as long as it has waits left."""
    return bool(module.retried(refused)) if hasattr(module, "retried") else True


def read(module: ModuleType, result: InvokeResult, event: Any) -> Answer:
    """What a service makes of a function's answer: its own contract, or that it did not fail."""
    if hasattr(module, "answer"):
        return cast("Answer", module.answer(result, event))
    if result.function_error is not None:
        return Answer(False, None, f"the function failed: {result.function_error}")
    return Answer()


def refusal(module: ModuleType, refused: InvokeError, event: Any) -> Answer:
    """What a service makes of an invocation that was refused: it is the value, unless the service
    says otherwise.
    """
    if hasattr(module, "refusal"):
        return cast("Answer", module.refusal(refused, event))
    return Answer(False, refused, str(refused))


def _caller(delivery: Delivery, arn: str | None, scene: Scene) -> Caller | None:
    """Who a function's policy has to let in; None where nobody is asked."""
    module, token = delivery.module, delivery.event_source_token
    principal = getattr(module, "PRINCIPAL", None)
    if principal is None:
        return None
    if token is None and hasattr(module, "event_source_token"):
        token = cast("str | None", module.event_source_token(delivery.event))
    return Caller(principal, arn, scene.account, token)


def invocation_types(module: ModuleType, profile: str) -> Sequence[InvocationType]:
    """How a source invokes, the first one unless somebody says otherwise, in the profile's time."""
    if hasattr(module, "invocation_types"):
        return cast("Sequence[InvocationType]", module.invocation_types(profile))
    return cast("Sequence[InvocationType]", module.INVOCATION_TYPES)


def _waits(delivery: Delivery) -> Iterator[float]:
    waits = delivery.waits
    if waits is None and hasattr(delivery.module, "retry_waits"):
        waits = cast("Iterable[float]", delivery.module.retry_waits())
    return iter(waits or ())
