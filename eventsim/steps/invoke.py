"""
``invoke``: call the Invoke API for a function.

What it refuses is in the journal, and so is a function that fails; neither ends the run.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

import anyio
from pydantic import Field, PlainValidator, WithJsonSchema

from eventsim.errors import InvokeError
from eventsim.scenario.block import Step as TimelineStep
from eventsim.scenario.problem import refuse, show
from eventsim.scenario.stage import Stage
from eventsim.scenario.values import Bytes, Text, Whole, encoded
from eventsim.types import InvocationType, InvokeRequest, Payload

COUNT_MAX = 100_000


def _client_context(value: Any) -> str:
    """ClientContext as the API takes it: JSON in base64."""
    if not isinstance(value, dict):
        raise refuse(f"is {show(value)}; write a mapping, such as {{custom: {{tenant: a}}}}")
    return b64encode(encoded(value)).decode()


ClientContext = Annotated[str, PlainValidator(_client_context), WithJsonSchema({"type": "object"})]


class Step(TimelineStep):
    """Invoke the function ``invoke`` with ``payload``, ``count`` times at once.

    The function is named as callers name it: with a version or an alias, or by an ARN, if need
    be. A payload that is text is sent as it stands, anything else as compact JSON.
    """

    target_keys: ClassVar[Collection[str]] = ("invoke",)

    invoke: Text = Field(examples=["consumer"])
    type: InvocationType = "RequestResponse"
    payload: Bytes = Field(b"{}", examples=["{id: 1}"], json_schema_extra={"default": {}})
    qualifier: Text | None = None
    log_type: Literal["None", "Tail"] = "None"
    client_context: ClientContext | None = None
    count: Whole = Field(1, ge=1, le=COUNT_MAX)

    async def perform(self, stage: Stage) -> None:
        """Return when every invocation is answered: an Event as soon as it is accepted."""
        if self.type != "RequestResponse" or self.count == 1:
            for _ in range(self.count):
                await self._invoke(stage, self._request(stage))
            return
        async with anyio.create_task_group() as together:
            for _ in range(self.count):
                together.start_soon(self._invoke, stage, self._request(stage))

    async def _invoke(self, stage: Stage, request: InvokeRequest) -> None:
        with suppress(InvokeError):  # in the journal already
            await stage.invoker.invoke(request)

    def _request(self, stage: Stage) -> InvokeRequest:
        return InvokeRequest(
            self.invoke,
            Payload.of_bytes(self.payload),
            stage.chance.uuid("invocations", self.invoke),
            self.type,
            self.log_type,
            self.client_context,
            self.qualifier,
        )
