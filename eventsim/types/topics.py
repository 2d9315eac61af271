"""
What a topic takes.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Publish:
    """What a publisher hands to a topic, in Publish's own fields.

    A value of ``message_attributes`` is as the API takes it: ``{"DataType": "String",
    "StringValue": "x"}``. ``trace_header`` goes on to the subscribers, beside the message.
    """

    message: str
    subject: str | None = None
    message_attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trace_header: str | None = None


class Topic(Protocol):
    """A standard topic on one back end, as publishers see it."""

    arn: str

    async def publish(self, message: Publish) -> None:
        """Publish it. Raises ServiceError when it is refused, Unreachable without an answer."""
