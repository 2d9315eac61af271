"""The stacks of a run: which custom resources they have, and how a change of one goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from eventsim.rules.arns import arn
from eventsim.rules.custom_resources import (
    RESPONSE_BYTES_MAX,
    Response,
    read_response,
    service_timeout,
)
from eventsim.services.response_urls import ResponseUrl, serve
from eventsim.types import Answer, Delivery, Pushing, Scene

LOOK_SECONDS = 1.0

RequestType = Literal["Create", "Update", "Delete"]
_BEGUN = {"Create": "CREATE", "Update": "UPDATE", "Delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A custom resource that a stack has."""

    stack_id: str
    physical_id: str
    properties: dict[str, Any]


class Conversation:
    """One change of a resource, with every request that it takes."""

    def __init__(self, pushing: Pushing, delivery: Delivery, scene: Scene) -> None:
        self._pushing, self._delivery, self._scene = pushing, delivery, scene
        self._function = delivery.function.partition(":")[0]
        self._resources: dict[str, Resource] = pushing.memory(delivery.source)
        self._key = ""

    async def hold(self, event: dict[str, Any]) -> Answer:
        """Ask for what *event* says, and for what follows; return how it ended."""
        event, known = self._known(event)
        match event["RequestType"]:
            case "Create":
                return await self._create(event)
            case "Update":
                return await self._update(event, known)
        return await self._delete(event)

    def _known(self, event: dict[str, Any]) -> tuple[dict[str, Any], Resource | None]:
        """The event as the run knows the stack: its id, and the resource as it is."""
        stack = event["StackId"].split("/")[1]
        self._key = f"{stack}/{event['LogicalResourceId']}"
        stacks = self._pushing.memory(f"{self._delivery.source} stacks")
        event = {**event, "StackId": stacks.setdefault(stack, event["StackId"])}
        known = self._resources.get(self._key)
        if known is None or event["RequestType"] == "Create":
            return event, known
        event["PhysicalResourceId"] = known.physical_id
        if event["RequestType"] == "Update":
            event["OldResourceProperties"] = known.properties
        else:
            event["ResourceProperties"] = known.properties
        return event, known

    async def _create(self, event: dict[str, Any]) -> Answer:
        response = await self._ask(event)
        if response.succeeded and response.physical_id is not None:
            self._keep(event, response.physical_id)
            return self._end("CREATE_COMPLETE", response.physical_id)
        self._tell_state("CREATE_FAILED", response.physical_id, response.reason)
        physical_id = response.physical_id or self._made_up_id(event)
        undo = self._request(event, "Delete", physical_id, event["ResourceProperties"])
        deleted = await self._ask(undo)
        state = "DELETE_COMPLETE" if deleted.succeeded else "DELETE_FAILED"
        self._tell_state(state, physical_id, deleted.reason)
        return Answer(False, None, response.reason)

    async def _update(self, event: dict[str, Any], known: Resource | None) -> Answer:
        old_id, old = event["PhysicalResourceId"], event["OldResourceProperties"]
        response = await self._ask(event)
        new_id = response.physical_id or old_id
        if response.succeeded:
            self._keep(event, new_id)
            ended = self._end("UPDATE_COMPLETE", new_id)
            if new_id != old_id:
                await self._remove(event, old_id, old, f"replaced by {new_id}")
            return ended
        self._tell_state("UPDATE_FAILED", new_id, response.reason)
        back = self._request(event, "Update", new_id, old)
        undone = await self._ask({**back, "OldResourceProperties": event["ResourceProperties"]})
        kept_id = undone.physical_id or new_id
        self._keep(back, kept_id)
        state = "UPDATE_ROLLBACK_COMPLETE" if undone.succeeded else "UPDATE_ROLLBACK_FAILED"
        self._tell_state(state, kept_id, undone.reason)
        if undone.succeeded and kept_id != new_id:
            await self._remove(event, new_id, event["ResourceProperties"], f"back to {kept_id}")
        return Answer(False, kept_id, response.reason)

    async def _delete(self, event: dict[str, Any]) -> Answer:
        physical_id = event["PhysicalResourceId"]
        response = await self._ask(event)
        if not response.succeeded:
            self._tell_state("DELETE_FAILED", physical_id, response.reason)
            return Answer(False, physical_id, response.reason)
        self._resources.pop(self._key, None)
        self._tell_state("DELETE_COMPLETE", physical_id, None)
        return Answer()

    async def _remove(
        self, event: dict[str, Any], physical_id: str, properties: dict[str, Any], why: str
    ) -> None:
        """Delete what a stack has no use for any more; it goes on without it if that fails."""
        response = await self._ask(self._request(event, "Delete", physical_id, properties))
        state = "DELETE_COMPLETE" if response.succeeded else "DELETE_FAILED"
        self._tell_state(state, physical_id, response.reason or why)

    async def _ask(self, event: dict[str, Any]) -> Response:
        """Send a request and wait for its response."""
        address = urlsplit(event["ResponseURL"])
        with serve(f"{address.path}?{address.query}", RESPONSE_BYTES_MAX) as served:
            request = self._own({**event, "ResponseURL": served.url})
            until = self._pushing.clock.time() + service_timeout(request)
            begun = f"{_BEGUN[request['RequestType']]}_IN_PROGRESS"
            self._tell_state(begun, request.get("PhysicalResourceId"), None)
            delivery = replace(self._delivery, event=request)
            answer = await self._pushing.invoke(delivery, self._scene)
            if not answer.accepted:
                return Response(False, None, answer.because)
            body = await self._body(served, until)
        if body is None:
            refused = f"; refused there: {'; '.join(served.refusals)}" if served.refusals else ""
            reason = f"CloudFormation did not receive a response from your Custom Resource{refused}"
            return Response(False, None, reason)
        response = read_response(body, request)
        if request["RequestType"] != "Create" and response.physical_id is None:
            response = replace(response, physical_id=request["PhysicalResourceId"])
        self._pushing.tell(
            "resource_answered",
            response.reason,
            source=self._delivery.source,
            function=self._function,
            resource=self._key,
            request=request["RequestType"],
            accepted=response.succeeded,
        )
        return response

    async def _body(self, served: ResponseUrl, until: float) -> bytes | None:
        clock = self._pushing.clock
        while served.body is None and clock.time() < until:
            await clock.sleep(min(LOOK_SECONDS, until - clock.time()))
        return served.body

    def _own(self, event: dict[str, Any]) -> dict[str, Any]:
        """The request with the function that it goes to as its ServiceToken."""
        scene = self._scene
        token = arn("lambda", scene.region, scene.account, f"function:{self._delivery.function}")
        changed: dict[str, Any] = {
            name: {**event[name], "ServiceToken": token}
            for name in ("ResourceProperties", "OldResourceProperties")
            if name in event
        }
        return {**event, "ServiceToken": token, **changed}

    def _request(
        self,
        event: dict[str, Any],
        kind: RequestType,
        physical_id: str,
        properties: dict[str, Any],
    ) -> dict[str, Any]:
        """Another request about the resource of *event*."""
        request_id = self._scene.uuid()
        kept = {
            name: value
            for name, value in event.items()
            if name not in ("PhysicalResourceId", "ResourceProperties", "OldResourceProperties")
        }
        return {
            **kept,
            "RequestType": kind,
            "ResponseURL": _signed_anew(event["ResponseURL"], self._scene),
            "RequestId": request_id,
            "PhysicalResourceId": physical_id,
            "ResourceProperties": properties,
        }

    def _made_up_id(self, event: dict[str, Any]) -> str:
        return f"{self._key.replace('/', '-')}-{self._scene.letters(12)}"

    def _keep(self, event: dict[str, Any], physical_id: str) -> None:
        properties = event["ResourceProperties"]
        self._resources[self._key] = Resource(event["StackId"], physical_id, properties)

    def _end(self, state: str, physical_id: str) -> Answer:
        self._tell_state(state, physical_id, None)
        return Answer(value=physical_id)

    def _tell_state(self, state: str, physical_id: str | None, because: str | None) -> None:
        self._pushing.tell(
            "resource_changed",
            because,
            source=self._delivery.source,
            function=self._function,
            resource=self._key,
            physical_id=physical_id,
            state=state,
        )


def _signed_anew(url: str, scene: Scene) -> str:
    """The address of another request: each has its own signature."""
    return f"{url[: url.rindex('=')]}={scene.hex(64)}"
