"""
A bus behind the real EventBridge API: moto in this process, an emulator, or AWS.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from eventsim.backends import Backend
from eventsim.errors import ServiceError
from eventsim.sources._lifetimes import undo_on_close
from eventsim.types import PutEvent


class ClientBus:
    """A bus on which events are put by requests, each made once."""

    def __init__(self, arn: str, backend: Backend) -> None:
        self.arn = arn
        self._backend = backend

    async def put_document(self, document: Mapping[str, Any], hops: int = 0) -> None:
        """Put what is in the envelope; EventBridge makes another around it."""
        text = orjson.dumps(document["detail"]).decode()
        resources = tuple(document["resources"])
        await self.put_event(PutEvent(document["source"], document["detail-type"], text, resources))

    async def put_event(self, event: PutEvent) -> None:
        """Put it. Raises ServiceError when it is refused, Unreachable without an answer."""
        entry: dict[str, Any] = {
            "Source": event.source,
            "DetailType": event.detail_type,
            "Detail": event.detail,
            "Resources": list(event.resources),
            "EventBusName": self.arn,
        }
        if event.trace_header is not None:
            entry["TraceHeader"] = event.trace_header
        answer = await self._backend.call("events", "put_events", Entries=[entry])
        for told in answer["Entries"]:
            if told.get("ErrorCode"):
                raise ServiceError(told["ErrorCode"], told.get("ErrorMessage", ""))


async def find_client_bus(name: str, backend: Backend) -> ClientBus:
    """The bus of that name or ARN. Raises ServiceError when it is not there."""
    found = await backend.call("events", "describe_event_bus", Name=name)
    return ClientBus(str(found["Arn"]), backend)


async def open_client_bus(name: str, backend: Backend) -> ClientBus:
    """The bus *name*, created when it is missing, and then deleted when the back end closes."""
    try:
        return await find_client_bus(name, backend)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
    created = await backend.call("events", "create_event_bus", Name=name)
    undo_on_close(backend, partial(backend.call, "events", "delete_event_bus", Name=name))
    return ClientBus(str(created["EventBusArn"]), backend)
