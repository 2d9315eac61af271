"""
CloudWatch Logs: subscription filters, which send the lines of log groups.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from eventsim.backends import Backend
from eventsim.errors import PatternError
from eventsim.rules import log_events
from eventsim.rules.arns import arn
from eventsim.rules.log_events import LogEvent, event_id
from eventsim.rules.log_filters import LogFilter, compile_filter
from eventsim.rules.timestamps import epoch_milliseconds
from eventsim.sources._lifetimes import undo_on_close
from eventsim.sources._sam import SamProperties
from eventsim.types import InvocationType, Scene, Sent

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event",)
PRINCIPAL = "logs.amazonaws.com"

GroupName = Annotated[str, Field(pattern=r"^[.\-_/#A-Za-z0-9]{1,512}$")]
Filters = Annotated[list[str], "the names of the subscription filters"]
_FILTERS = ["to-the-function"]
_MESSAGES = ["[ERROR] the order has no total"]
_GAP_MILLISECONDS = 7


class CloudWatchLogs(SamProperties):
    """The function gets the lines of a log group that match a pattern."""

    log_group_name: GroupName = Field(examples=["/aws/lambda/orders"])
    filter_pattern: str = ""

    @model_validator(mode="after")
    def _is_pattern(self) -> Self:
        try:
            self.log_filter()
        except PatternError as error:
            raise ValueError(f"FilterPattern is none: {error}") from None
        return self

    def log_filter(self) -> LogFilter:
        """The pattern, compiled. Raises PatternError."""
        return compile_filter(self.filter_pattern)


SAM_EVENTS = {"CloudWatchLogs": CloudWatchLogs}


def data(
    scene: Scene,
    *,
    group: Annotated[str, "the log group"] = "/aws/lambda/orders",
    stream: Annotated[str | None, "the log stream; as Lambda calls its own unless given"] = None,
    message: Annotated[list[str], "a line; may be given several times"] = _MESSAGES,
    filters: Filters = _FILTERS,
    extracted: Annotated[dict[str, str] | None, "what a filter for fields found in each"] = None,
    policy_level: Annotated[
        Literal["ACCOUNT_LEVEL_POLICY"] | None, "of a filter for the whole account"
    ] = None,
) -> dict[str, Any]:
    """Lines of a log stream that match a subscription filter."""
    drawn = f"{scene.at:%Y/%m/%d}/[$LATEST]{scene.hex(32)}"
    at = epoch_milliseconds(scene.at)
    events = []
    for number, line in enumerate(message):
        told = LogEvent(at + number * _GAP_MILLISECONDS, line, extracted)
        events.append((event_id(told.timestamp, at, scene.count("log events")), told))
    return log_events.encoded(
        log_events.document(
            scene.account, group, stream or drawn, filters, events, policy_level=policy_level
        )
    )


def control(scene: Scene, *, filters: Filters = _FILTERS) -> dict[str, Any]:
    """CloudWatch Logs looks whether the function is there."""
    at = epoch_milliseconds(scene.at)
    return log_events.encoded(log_events.control_document(at, filters))


EVENTS = (data, control)


def source_arn(event: dict[str, Any], scene: Scene) -> str | None:
    """The log group, which is in the data; nothing for a control message."""
    group = log_events.decoded(event)["logGroup"]
    return arn("logs", scene.region, scene.account, f"log-group:{group}:*") if group else None


async def configure(
    group: str, name: str, pattern: str, function_arn: str, backend: Backend
) -> None:
    """Have a log group of *backend* send a function what matches, until the back end closes.

    The group is made if it is not there. Raises ServiceError, Unreachable.
    """
    call = partial(backend.call, "logs")
    there = await call("describe_log_groups", logGroupNamePrefix=group)
    if all(known["logGroupName"] != group for known in there["logGroups"]):
        await call("create_log_group", logGroupName=group)
        undo_on_close(backend, partial(call, "delete_log_group", logGroupName=group))
    where = {"logGroupName": group, "filterName": name}
    wanted = {"filterPattern": pattern, "destinationArn": function_arn}
    await call("put_subscription_filter", **where, **wanted)
    undo_on_close(backend, partial(call, "delete_subscription_filter", **where))


def taken(scene: Scene, told: Mapping[str, Any]) -> Sent:
    """What the CloudWatch Logs of a back end sends a function: the lines that its filter accepts.

    Raises PatternError for a pattern that is none.
    """
    chosen = compile_filter(told["pattern"] or "")
    found = [(str(line["id"]), line, chosen.fields(line["message"])) for line in told["events"]]
    events = [
        (id_, LogEvent(int(line["timestamp"]), line["message"], fields or None))
        for id_, line, fields in found
        if fields is not None
    ]
    group, stream, names = told["group"], told["stream"], [told["filter"]]
    if not events:
        return Sent(None, {})
    return Sent(
        log_events.encoded(log_events.document(scene.account, group, stream, names, events)), {}
    )
