"""
The operations on event source mappings.

https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
"""

from __future__ import annotations

from typing import Any

from eventsim.lambda_api.refusing import Pages
from eventsim.lambda_api.region import Call, Handler

PAGE = 100


async def create_event_source_mapping(call: Call) -> dict[str, Any]:
    mappings = call.region.mappings
    return mappings.shown(await mappings.create(call.given))


async def get_event_source_mapping(call: Call) -> dict[str, Any]:
    mappings = call.region.mappings
    return mappings.shown(mappings.get(call.given["UUID"]))


async def update_event_source_mapping(call: Call) -> dict[str, Any]:
    mappings = call.region.mappings
    return mappings.shown(await mappings.update(call.given["UUID"], call.given))


async def delete_event_source_mapping(call: Call) -> dict[str, Any]:
    mappings = call.region.mappings
    return mappings.shown(mappings.delete(call.given["UUID"]))


async def list_event_source_mappings(call: Call) -> dict[str, Any]:
    region, given = call.region, call.given
    source, function = given.get("EventSourceArn"), given.get("FunctionName")
    wanted = None if function is None else region.named({"FunctionName": function})
    found = [
        made
        for made in region.mappings.by_uuid.values()
        if source in (None, made.mapping.event_source_arn)
        and (wanted is None or made.mapping.function_name == ":".join(filter(None, wanted)))
    ]
    page, marker = Pages(given, PAGE).cut(found, lambda made: made.mapping.uuid)
    shown = [region.mappings.shown(made) for made in page]
    return {"EventSourceMappings": shown, "NextMarker": marker}


OPERATIONS: dict[str, Handler] = {
    "CreateEventSourceMapping": create_event_source_mapping,
    "GetEventSourceMapping": get_event_source_mapping,
    "UpdateEventSourceMapping": update_event_source_mapping,
    "DeleteEventSourceMapping": delete_event_source_mapping,
    "ListEventSourceMappings": list_event_source_mappings,
}
