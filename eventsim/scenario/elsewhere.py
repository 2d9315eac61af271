"""
Where a function is that the run does not run itself: ``invoke_at`` of a scenario.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from eventsim.rules.addresses import is_loopback
from eventsim.scenario.block import Block
from eventsim.scenario.problem import refuse, show
from eventsim.scenario.values import Text
from eventsim.types import Elsewhere


def _address(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse(f"is {show(value)}; write an address such as http://127.0.0.1:9000")
    try:
        is_loopback(value)
    except ValueError as error:
        raise refuse(f"is no address: {error}") from None
    return value


Address = Annotated[
    str, PlainValidator(_address), WithJsonSchema({"type": "string", "pattern": "^https?://"})
]


class AwsBlock(Block):
    """The Invoke API, of AWS itself or at an address; the function is called the same there."""

    endpoint_url: Address | None = None
    function_name: Text | None = None
    region: str | None = Field(None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")


class InvokeAt(Block):
    """The Invoke API, or the address of a Runtime Interface Emulator; exactly one of them."""

    aws: AwsBlock | None = Field(None, examples=["{endpoint_url: http://127.0.0.1:4566}"])
    http: Address | None = Field(None, examples=["http://127.0.0.1:9000"])

    @model_validator(mode="after")
    def _only_one(self) -> Self:
        if (self.aws is None) == (self.http is None):
            raise refuse("must have either aws or http, such as {http: 'http://127.0.0.1:9000'}")
        return self

    def value(self, name: str, region: str) -> Elsewhere:
        """Where the function *name* of a scenario in *region* is."""
        if self.aws is None:
            return Elsewhere("http", self.http, name, region)
        aws = self.aws
        return Elsewhere("aws", aws.endpoint_url, aws.function_name or name, aws.region or region)
