"""
CloudFormation: custom resources, each a conversation about a resource of a stack.

A request tells the function where to put its response, a pre-signed address that takes one PUT.
The run serves it, and CloudFormation looks there every second until ServiceTimeout, an hour
unless the properties say less. A physical id that an Update changes is a replacement: the old
one is deleted after it. A Create that failed is deleted again, an Update that failed undone.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from eventsim.rules.arns import arn, dns_suffix
from eventsim.rules.custom_resources import as_strings
from eventsim.types import Answer, Delivery, InvocationType, InvokeResult, Pushing, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event", "RequestResponse")
PRINCIPAL = "cloudformation.amazonaws.com"

Stack = Annotated[str, "the stack's name"]
LogicalId = Annotated[str, "the resource's name in the template"]
ResourceType = Annotated[str, "Custom:: and a name, or AWS::CloudFormation::CustomResource"]
FunctionName = Annotated[str, "the function that ServiceToken names"]
Properties = Annotated[dict[str, Any] | None, "the resource's properties; all become texts"]
PhysicalId = Annotated[str | None, "the resource's id; drawn unless given or known to the run"]
Timeout = Annotated[int | None, "ServiceTimeout: seconds until the request has failed"]

_STACK, _LOGICAL_ID, _TYPE, _FUNCTION = "orders", "SeedData", "Custom::SeedData", "seed-data"
_PROPERTIES = {"Table": "orders", "Rows": 3, "Overwrite": True}
_OLD_PROPERTIES = {"Table": "orders", "Rows": 2, "Overwrite": True}


def invocation_types(profile: str) -> tuple[InvocationType, ...]:
    """Event today; the whitepaper of 2017 has RequestResponse."""
    return INVOCATION_TYPES[::-1] if profile == "2017" else INVOCATION_TYPES


def create(
    scene: Scene,
    *,
    stack: Stack = _STACK,
    logical_id: LogicalId = _LOGICAL_ID,
    resource_type: ResourceType = _TYPE,
    function: FunctionName = _FUNCTION,
    properties: Properties = None,
    service_timeout: Timeout = None,
) -> dict[str, Any]:
    """A resource is to be created."""
    common = _request(scene, "Create", stack, logical_id, resource_type, function)
    said = _PROPERTIES if properties is None else properties
    return {**common, "ResourceProperties": _given(common["ServiceToken"], said, service_timeout)}


def update(
    scene: Scene,
    *,
    stack: Stack = _STACK,
    logical_id: LogicalId = _LOGICAL_ID,
    resource_type: ResourceType = _TYPE,
    function: FunctionName = _FUNCTION,
    physical_id: PhysicalId = None,
    properties: Properties = None,
    old_properties: Annotated[dict[str, Any] | None, "the properties before"] = None,
    service_timeout: Timeout = None,
) -> dict[str, Any]:
    """The properties of a resource have changed."""
    common = _request(scene, "Update", stack, logical_id, resource_type, function)
    said = _PROPERTIES if properties is None else properties
    before = _OLD_PROPERTIES if old_properties is None else old_properties
    return {
        **common,
        "PhysicalResourceId": physical_id or _physical_id(scene, stack, logical_id),
        "ResourceProperties": _given(common["ServiceToken"], said, service_timeout),
        "OldResourceProperties": _given(common["ServiceToken"], before, service_timeout),
    }


def delete(
    scene: Scene,
    *,
    stack: Stack = _STACK,
    logical_id: LogicalId = _LOGICAL_ID,
    resource_type: ResourceType = _TYPE,
    function: FunctionName = _FUNCTION,
    physical_id: PhysicalId = None,
    properties: Properties = None,
    service_timeout: Timeout = None,
) -> dict[str, Any]:
    """A resource is to be deleted."""
    common = _request(scene, "Delete", stack, logical_id, resource_type, function)
    said = _PROPERTIES if properties is None else properties
    return {
        **common,
        "PhysicalResourceId": physical_id or _physical_id(scene, stack, logical_id),
        "ResourceProperties": _given(common["ServiceToken"], said, service_timeout),
    }


EVENTS = (create, update, delete)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The stack."""
    return str(event["StackId"])


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """Whatever the function returns: only what it puts at the ResponseURL counts."""
    if result.function_error is not None:
        return Answer(because=f"the function failed: {result.function_error}; the PUT counts")
    return Answer()


async def deliver(pushing: Pushing, delivery: Delivery, scene: Scene) -> Answer:
    """Have the request done, with what follows from it, as a stack would.

    The answer's value is the physical id, None where there is no resource in the end.
    """
    from eventsim.sources._cloudformation_stacks import Conversation  # with an HTTP server

    return await Conversation(pushing, delivery, scene).hold(delivery.event)


def _request(
    scene: Scene, kind: str, stack: str, logical_id: str, resource_type: str, function: str
) -> dict[str, Any]:
    stack_id = arn("cloudformation", scene.region, scene.account, f"stack/{stack}/{scene.uuid()}")
    return {
        "RequestType": kind,
        "ServiceToken": arn("lambda", scene.region, scene.account, f"function:{function}"),
        "ResponseURL": _response_url(scene, stack_id, logical_id),
        "StackId": stack_id,
        "RequestId": scene.uuid(),
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
    }


def _given(service_token: str, properties: dict[str, Any], timeout: int | None) -> dict[str, Any]:
    timed = {} if timeout is None else {"ServiceTimeout": timeout}
    said: dict[str, Any] = as_strings({**timed, **properties})
    return {"ServiceToken": service_token, **said}


def _physical_id(scene: Scene, stack: str, logical_id: str) -> str:
    """What CloudFormation makes up where a function gives no id."""
    return f"{stack}-{logical_id}-{scene.letters(12)}"


def _response_url(scene: Scene, stack_id: str, logical_id: str) -> str:
    bucket = f"cloudformation-custom-resource-response-{scene.region.replace('-', '')}"
    place = "s3" if scene.region == "us-east-1" else f"s3.{scene.region}"
    key = quote(f"{stack_id}|{logical_id}|{scene.uuid()}", safe="")
    at = f"{scene.at:%Y%m%dT%H%M%SZ}"
    credential = quote(f"AKIA{scene.letters(16)}/{at[:8]}/{scene.region}/s3/aws4_request", safe="")
    return (
        f"https://{bucket}.{place}.{dns_suffix(scene.region)}/{key}"
        f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={at}&X-Amz-SignedHeaders=host"
        f"&X-Amz-Expires=7200&X-Amz-Credential={credential}&X-Amz-Signature={scene.hex(64)}"
    )
