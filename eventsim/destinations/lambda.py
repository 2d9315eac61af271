"""
Lambda: a document is the event of another function, which is invoked asynchronously.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import orjson

from eventsim.errors import InvokeError, ServiceError
from eventsim.ids import Chance
from eventsim.types import Document, FunctionTarget, InvokeRequest, Payload


class LambdaDestination:
    """Invokes a function with each document as its event; what becomes of it is its own affair."""

    def __init__(self, target: FunctionTarget, chance: Chance) -> None:
        self.arn = target.arn
        self._invoker, self._chance = target.invoker, chance

    async def send(self, document: Document) -> None:
        """Return when the event is accepted. Raises ServiceError when Invoke refuses it."""
        request = InvokeRequest(
            self.arn,
            Payload.of_bytes(orjson.dumps(document.body)),
            self._chance.uuid("requests", self.arn),
            "Event",
            trace_header=document.trace_header,
        )
        try:
            await self._invoker.invoke(request)
        except InvokeError as refused:
            raise ServiceError(refused.code, refused.message) from refused


def open_destination(target: FunctionTarget, chance: Chance) -> LambdaDestination:
    """The destination that invokes *target*."""
    return LambdaDestination(target, chance)
