"""
The API of Kinesis Data Streams, as an ASGI application, on our own streams.

Every operation is a function of one of the files here, in its ``OPERATIONS``, but for
SubscribeToShard, whose answer does not end at once. What AWS has and these have not is answered
by name, with 501 and ``NotImplemented``.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from eventsim.errors import EventsimError, InvokeError, ServiceError
from eventsim.front.serving import read_body
from eventsim.kinesis_api import consumers, records, shards, streams, tagging
from eventsim.kinesis_api.held import Call, Handler, Streams, is_kept
from eventsim.kinesis_api.refusing import translated
from eventsim.kinesis_api.subscribing import Subscription, Subscriptions
from eventsim.kinesis_api.tokens import Tokens
from eventsim.lambda_api import Regions
from eventsim.rules.arns import region_of
from eventsim.server import ASKED, event_stream
from eventsim.server.json_members import refusal
from eventsim.server.json_rpc import MEDIA_TYPE, JsonRpc, error_body
from eventsim.types import Stream

__all__ = ["OPERATIONS", "SUBSCRIBE", "KinesisApp", "missing_operations"]

REQUEST_BYTES_MAX = 16 * 1_048_576
SUBSCRIBE = "SubscribeToShard"
OPERATIONS: Mapping[str, Handler] = {
    **streams.OPERATIONS,
    **records.OPERATIONS,
    **shards.OPERATIONS,
    **consumers.OPERATIONS,
    **tagging.OPERATIONS,
}


def missing_operations(api: JsonRpc) -> list[str]:
    """The operations that AWS has and that are answered with an error here."""
    return sorted(set(api.operations) - OPERATIONS.keys() - {SUBSCRIBE})


class KinesisApp:
    """Serves the API for every region of *regions*; *own* are streams of the scenario."""

    def __init__(self, regions: Regions, own: Mapping[str, Stream]) -> None:
        self._regions = regions
        self._own = [stream for stream in own.values() if is_kept(stream)]
        self._api = JsonRpc("kinesis")
        self._tokens = Tokens(regions.request_id())
        self._streams: dict[str, Streams] = {}
        self._subscriptions = Subscriptions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._regions.request_id()
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return  # half a request is none, and nobody waits for an answer
        except EventsimError as error:
            response = _failure(translated(error))
        response.headers["x-amzn-requestid"] = request_id
        await response(scope, receive, send)

    async def find(self, arn: str) -> Stream | None:
        """What a mapping on this ARN reads, if it is here."""
        try:
            return await self._of(region_of(arn)).find(arn)
        except InvokeError:
            return None  # no region has such a name

    def stop(self) -> None:
        """End what would otherwise go on for minutes."""
        self._subscriptions.end()

    def _of(self, region: str) -> Streams:
        """The streams of a region. Raises InvokeError for a name that is none."""
        if region not in self._streams:
            found = self._regions.of(region)
            ground = found.ground
            made = Streams(found.place, ground.clock, ground.journal, self._tokens)
            for stream in self._own:
                if stream.store.region == region:
                    made.adopt(stream)
            self._streams[region] = made
        return self._streams[region]

    async def _respond(self, request: Request) -> Response:
        body = await read_body(request, REQUEST_BYTES_MAX)
        if body is None:
            text = f"A request has at most {REQUEST_BYTES_MAX} bytes"
            raise refusal("RequestEntityTooLargeException", text, 413)
        operation = self._operation(request)
        region = self._of(request.scope[ASKED].region)
        call = Call(region, self._api.parse(operation, body))
        if operation == SUBSCRIBE:
            return self._streamed(await self._subscriptions.subscribe(call))
        answer = await OPERATIONS[operation](call)
        return Response(self._api.serialise(operation, answer), media_type=MEDIA_TYPE)

    def _operation(self, request: Request) -> str:
        """The operation that a request is for. Raises InvokeError for one that is not here."""
        if "cbor" in request.headers.get("content-type", ""):
            text = "eventsim reads JSON only; set AWS_CBOR_DISABLE=true, or its equal in the SDK"
            raise refusal("SerializationException", text)
        target = request.headers.get("x-amz-target", "")
        operation = self._api.route(target)
        if operation is None:
            raise refusal("UnknownOperationException", f"Kinesis has no operation '{target}'")
        if operation not in OPERATIONS and operation != SUBSCRIBE:
            text = f"eventsim does not have the operation {operation} of Kinesis"
            raise refusal("NotImplemented", text, 501)
        return operation

    def _streamed(self, subscription: Subscription) -> Response:
        frames = self._frames(subscription)
        return StreamingResponse(frames, media_type=event_stream.MEDIA_TYPE)

    async def _frames(self, subscription: Subscription) -> AsyncIterator[bytes]:
        try:
            yield event_stream.json_event("initial-response", {})
            async for event in subscription.events():
                told = self._api.event(SUBSCRIBE, "EventStream", "SubscribeToShardEvent", event)
                yield event_stream.json_event("SubscribeToShardEvent", told)
        except ServiceError as error:
            yield event_stream.exception(error.code, error.message)
        finally:
            self._subscriptions.forget(subscription)


def _failure(error: InvokeError) -> Response:
    """An error as the API answers it."""
    response = Response(error_body(error), error.status, media_type=MEDIA_TYPE)
    response.headers["x-amzn-errortype"] = error.code
    return response
