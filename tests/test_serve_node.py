"""Real requests at a Node.js application behind every front, by serverless-http, unmodified."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.functions import HANDLERS
from tests.served import Server, served

# npm install --prefix build/node --no-save serverless-http@4.0.0
MODULES = Path(__file__).parent.parent / "build/node/node_modules"
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node"),
    pytest.mark.skipif(
        not (MODULES / "serverless-http").is_dir(), reason="there is no serverless-http"
    ),
]
HTTP = {"type": "apigateway", "protocol": "HTTP"}
FRONTS = {
    "rest": {
        "type": "apigateway",
        "protocol": "REST",
        "binary_media_types": ["image/*"],
        "routes": {"ANY /{proxy+}": "web"},
    },
    "one": {**HTTP, "routes": {"ANY /{proxy+}": {"function": "web", "payload_format": "1.0"}}},
    "two": {**HTTP, "routes": {"$default": "web"}},
    "balanced": {"type": "alb", "multi_value_headers": True, "routes": {"/*": "web"}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    web = {
        "Handler": "web.handler",
        "CodeUri": HANDLERS,
        "Runtime": "nodejs20.x",
        "Timeout": 20,
        "Environment": {"Variables": {"NODE_PATH": str(MODULES)}},
        "FunctionUrlConfig": {"AuthType": "NONE"},
    }
    with served(resources=FRONTS, functions={"web": web}) as running:
        yield running


@pytest.mark.parametrize("front", [*FRONTS, "web-url"])
def test_an_unmodified_application_is_served_by_every_front(server: Server, front: str) -> None:
    url = server.url(front)
    assert httpx.get(f"{url}/pets/gr%C3%BCn?tag=a&tag=b").json() == {
        "path": "/pets/grün",
        "tags": ["a", "b"],
        "body": "",
    }
    posted = httpx.post(f"{url}/echo", json={"a": "ü"})
    assert (posted.status_code, posted.json()["body"]) == (201, '{"a":"ü"}')
    cookies = httpx.get(f"{url}/cookies").headers.get_list("set-cookie")
    assert cookies == ["a=1", "b=2; Secure"]
    picture = httpx.get(f"{url}/picture", headers={"Accept": "image/png"})
    assert (picture.content, picture.headers["content-type"]) == (bytes(range(256)), "image/png")
