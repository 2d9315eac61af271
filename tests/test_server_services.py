"""A server from Python, with a service of one's own in the place of moto's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from eventsim import Options, Scenario, clock
from eventsim.server import ASKED
from eventsim.server.running import Server
from eventsim.simulation.serving import Address, HttpServer
from eventsim.types import Queue, Stream
from tests.server_process import SECONDS, Served, create, until

ECHO = "def handler(event, context):\n    return event\n"
READING = "def handler(event, context):\n    print('read', len(event['Records']))\n"
THEIRS = "arn:aws:kinesis:us-east-1:123456789012:stream/theirs"
SCENARIO = {
    "name": "own",
    "time": "real",
    "resources": {"theirs": {"type": "kinesis", "shards": 1, "release": "retention"}},
    "timeline": [{"at": "0s", "put": "theirs", "records": [{"key": "a", "data": 1}]}],
}


async def streams(scope: Scope, receive: Receive, send: Send) -> None:
    """A Kinesis that has one stream."""
    asked = scope[ASKED]
    await JSONResponse({"StreamNames": [asked.region], "HasMoreStreams": False})(
        scope, receive, send
    )


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"page": scope["path"]})(scope, receive, send)


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[Served, list[str]]]:
    """The server, and the ARNs that it asked for a stream of ours."""
    ready, asked, running = threading.Event(), list[str](), list[Server]()
    scenario = Scenario.of(SCENARIO)

    async def main() -> None:
        async with Server(scenario, Options(), HttpServer(Address())) as server:
            server.services["kinesis"] = streams
            server.pages["own"] = page

            async def find(arn: str) -> Stream | Queue | None:
                asked.append(arn)
                return server.simulation.streams["theirs"] if arn.endswith("/ours") else None

            server.regions.sources["kinesis"] = find
            running.append(server)
            await server.run(ready.set)

    thread = threading.Thread(target=partial(clock.run, main, virtual=False), daemon=True)
    thread.start()
    assert ready.wait(SECONDS)
    served = Served(None, running[0].base, None)  # type: ignore[arg-type]  # no process of its own
    yield served, asked
    served.close()
    running[0].stop()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_service_of_ones_own_answers_what_is_signed_for_it(
    own: tuple[Served, list[str]],
) -> None:
    served, _ = own
    assert served.client("kinesis", "eu-west-1").list_streams()["StreamNames"] == ["eu-west-1"]
    assert served.client("sqs").list_queues().get("QueueUrls") is None


def test_a_page_of_ones_own_is_below_ours(own: tuple[Served, list[str]]) -> None:
    served, _ = own
    assert httpx.get(f"{served.base}/_eventsim/own/x").json() == {"page": "/_eventsim/own/x"}
    assert httpx.get(f"{served.base}/_eventsim/other").status_code == 404


def test_mappings_read_the_streams_of_ones_own(own: tuple[Served, list[str]]) -> None:
    served, asked = own
    client: Any = served.client("lambda")
    create(client, "reading", READING)
    ours = "arn:aws:kinesis:us-east-1:123456789012:stream/ours"
    made = client.create_event_source_mapping(
        EventSourceArn=ours, FunctionName="reading", StartingPosition="TRIM_HORIZON"
    )
    assert asked == [ours]

    def result() -> bool:
        told = client.get_event_source_mapping(UUID=made["UUID"])
        return bool(told["LastProcessingResult"] == "OK")

    until(result)


def test_a_function_answers_a_server_from_python(own: tuple[Served, list[str]]) -> None:
    client = own[0].client("lambda")
    create(client, "echo", ECHO)
    assert json.load(client.invoke(FunctionName="echo", Payload=b"[1]")["Payload"]) == [1]
