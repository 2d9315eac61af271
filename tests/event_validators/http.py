"""API Gateway, load balancers and function URLs."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from apig_wsgi import make_lambda_handler
from mangum import Mangum

from tests.event_validators import Refused, Validator, powertools, schema

_GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
_NON_PROXY = f"{_GUIDE}/set-up-lambda-custom-integrations.html"


CONTEXT: Any = object()


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    """An application that tells what was asked of it."""
    text = f"{scope['method']} {scope['path']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()]


def _served(event: dict[str, Any]) -> None:
    """Both adapters find the method and the path of an event with values in lists."""
    expected = f"{event['httpMethod']} {event['path']}"
    asyncio.set_event_loop(asyncio.new_event_loop())  # which Mangum asks for
    try:
        answers = [
            Mangum(_asgi, lifespan="off")(event, CONTEXT),
            make_lambda_handler(_wsgi, binary_support=True)(event, CONTEXT),
        ]
    finally:
        asyncio.get_event_loop().close()
        asyncio.set_event_loop(None)
    for answer in answers:
        if answer["statusCode"] != 200 or expected not in _body(answer):
            raise Refused(f"{expected} was answered with {answer}")


def _body(answer: dict[str, Any]) -> str:
    body = answer["body"]
    return base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body


VALIDATORS: dict[tuple[str, str], Validator] = {
    ("apigateway", "rest"): powertools("APIGatewayProxyEventModel"),
    ("apigateway", "http-v1"): powertools("APIGatewayProxyEventModel"),
    ("apigateway", "http-v2"): powertools("APIGatewayProxyEventV2Model"),
    ("apigateway", "rest-non-proxy"): schema(_NON_PROXY, {"type": "object"}),
    ("apigateway", "websocket-connect"): powertools("APIGatewayWebSocketConnectEventModel"),
    ("apigateway", "websocket-message"): powertools("APIGatewayWebSocketMessageEventModel"),
    ("apigateway", "websocket-disconnect"): powertools("APIGatewayWebSocketDisconnectEventModel"),
    ("apigateway", "token-authorizer"): powertools("ApiGatewayAuthorizerToken"),
    ("apigateway", "request-authorizer"): powertools("ApiGatewayAuthorizerRequest"),
    ("apigateway", "v2-authorizer"): powertools("ApiGatewayAuthorizerRequestV2"),
    ("alb", "request"): powertools("AlbModel"),
    ("alb", "health-check"): powertools("AlbModel"),
    ("alb", "multi-value"): Validator("Mangum and apig-wsgi", _served),
    ("function_url", "request"): powertools("LambdaFunctionUrlModel"),
}
TIMES = {"apigateway": ("common_log",), "function_url": ("common_log",)}
