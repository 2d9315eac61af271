"""Which addresses a back end talks to, with which credentials, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from eventsim.backends import Backend, open_backend
from eventsim.backends.endpoint import is_local
from eventsim.clock import Clock
from eventsim.errors import BackendError, EventsimError, UnknownPlugin, UnsafeEndpoint
from eventsim.sources import kinesis
from eventsim.types import Position, PutRecord

NOBODY = "http://127.0.0.1:9"
DUMMY = ("testing", "testing", "testing")


@pytest.fixture
def real_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of somebody who works with AWS every day."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[profile work]\nregion = eu-central-1\n")
    credentials.write_text("[work]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", "http://203.0.113.1")
    monkeypatch.setenv("HTTP_PROXY", "http://203.0.113.2")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


async def credentials_of(backend: Backend) -> tuple[Any, ...]:
    client = await backend.client("kinesis")
    found = await client._request_signer._credentials.get_frozen_credentials()
    return tuple(found)[:3]


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://127.8.9.10", True),
        ("http://[::1]:4566", True),
        ("https://localhost", True),
        ("http://kinesis.localhost:4566", True),
        ("http://LOCALHOST:4566", True),
        ("https://kinesis.us-east-1.amazonaws.com", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127.0.0.1@example.com", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0:4566", False),
    ],
)
def test_an_address_of_this_machine_is_known_by_its_name(url: str, local: bool) -> None:
    assert is_local(url) is local


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:4566",
        "localhost",
        "ftp://localhost",
        "http://",
        "http://[",
        "http://localhost:port",
    ],
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(BackendError, match="is not an address"):
        is_local(url)


async def test_an_address_outside_is_refused_unless_allowed(clock: Clock) -> None:
    url = "https://kinesis.us-east-1.amazonaws.com"

    with pytest.raises(UnsafeEndpoint) as error:
        await open_backend("endpoint", clock, endpoint_url=url)
    allowed = await open_backend("endpoint", clock, endpoint_url=url, allow_aws=True)
    await allowed.aclose()

    assert str(error.value) == (
        f"{url} leads outside this machine; give --allow-aws if that is meant, "
        "or an address such as http://127.0.0.1:4566"
    )


async def test_an_address_in_the_environment_is_judged_the_same(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://203.0.113.1")

    with pytest.raises(UnsafeEndpoint):
        await open_backend("endpoint", clock)


@pytest.mark.usefixtures("real_settings")
async def test_an_endpoint_needs_an_address(clock: Clock) -> None:
    with pytest.raises(BackendError) as error:
        await open_backend("endpoint", clock)

    assert str(error.value) == (
        "the endpoint back end needs an address: set AWS_ENDPOINT_URL or give "
        "--endpoint-url http://127.0.0.1:4566 (--allow-aws without one means AWS itself)"
    )


@pytest.mark.usefixtures("real_settings")
@pytest.mark.parametrize("name", ["moto", "endpoint"])
async def test_real_credentials_and_settings_are_not_read(clock: Clock, name: str) -> None:
    url = NOBODY if name == "endpoint" else None
    backend = await open_backend(name, clock, endpoint_url=url)
    client = await backend.client("kinesis")

    assert await credentials_of(backend) == DUMMY
    assert client.meta.region_name == "us-east-1"
    expected = NOBODY if name == "endpoint" else "https://kinesis.us-east-1.amazonaws.com"
    assert client.meta.endpoint_url == expected
    await backend.aclose()


@pytest.mark.usefixtures("real_settings")
async def test_who_allows_aws_gets_the_usual_settings(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    backend = await open_backend("endpoint", clock, endpoint_url=NOBODY, allow_aws=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://203.0.113.1")
    outside = await open_backend("endpoint", clock, allow_aws=True)

    # Even then: whoever talks to this machine needs no real credentials.
    assert await credentials_of(backend) == DUMMY
    assert await credentials_of(outside) == ("AKIAREAL", "real", None)
    await backend.aclose()
    await outside.aclose()


async def test_clients_are_made_once(clock: Clock) -> None:
    backend = await open_backend("moto", clock)

    assert await backend.client("kinesis") is await backend.client("kinesis")
    assert await backend.client("kinesis") is not await backend.client("sqs")
    await backend.aclose()


async def test_the_simulated_back_end_has_nobody_to_talk_to(clock: Clock) -> None:
    backend = await open_backend("simulated", clock, account="210987654321", region="eu-west-1")
    stream = await kinesis.open_stream("orders", kinesis.Resource(), backend)

    with pytest.raises(BackendError, match="the simulated back end has no kinesis to talk to"):
        await backend.call("kinesis", "list_streams")
    assert stream.arn == "arn:aws:kinesis:eu-west-1:210987654321:stream/orders"
    await backend.aclose()


async def test_a_back_end_that_is_none_is_refused_by_name(clock: Clock) -> None:
    with pytest.raises(UnknownPlugin, match="moto"):
        await open_backend("motto", clock)


async def test_moto_is_empty_at_each_start_and_in_the_account_it_is_told(clock: Clock) -> None:
    async def arn_of_a_new_stream() -> str:
        backend = await open_backend("moto", clock, account="210987654321", region="eu-west-1")
        assert (await backend.call("kinesis", "list_streams"))["StreamNames"] == []
        stream = await kinesis.open_stream("orders", kinesis.Resource(), backend)
        await backend.call("kinesis", "create_stream", StreamName="left-behind", ShardCount=1)
        await backend.aclose()
        return stream.arn

    arn = "arn:aws:kinesis:eu-west-1:210987654321:stream/orders"
    assert [await arn_of_a_new_stream() for _ in range(2)] == [arn, arn]


async def test_what_moto_stamps_is_simulated_time(clock: Clock) -> None:
    backend = await open_backend("moto", clock)
    stream = await kinesis.open_stream("orders", kinesis.Resource(), backend)
    reader = stream.reader("shardId-000000000000", Position("TRIM_HORIZON"))

    arrivals = []
    for time in (0.0, 3_600.0, 86_400.25):
        await clock.sleep_until(time)
        before = clock.time()
        await stream.put([PutRecord("a", b"")])
        assert clock.time() == before == time
        arrivals += [record.arrival for record in (await reader.read(None)).records]
    await backend.aclose()

    assert arrivals == [1767225600.0, 1767229200.0, 1767312000.25]


async def test_an_endpoint_nobody_listens_at_is_named(clock: Clock) -> None:
    backend = await open_backend("endpoint", clock, endpoint_url=NOBODY)

    with pytest.raises(EventsimError, match=NOBODY):
        await kinesis.open_stream("orders", kinesis.Resource(), backend)
    await backend.aclose()


class SomethingElse(BaseHTTPRequestHandler):
    """A server that is no AWS service, and says 200 to everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, *words: object) -> None: ...


async def test_an_endpoint_that_is_something_else_is_said_to_be(clock: Clock) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SomethingElse) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        backend = await open_backend("endpoint", clock, endpoint_url=url)
        with pytest.raises(BackendError) as error:
            await kinesis.find_stream("orders", backend)
        await backend.aclose()
        server.shutdown()

    assert str(error.value) == (
        "the endpoint does not answer as AWS does: there is no StreamDescriptionSummary"
    )


async def test_streams_that_were_made_are_deleted_and_others_are_not(
    clock: Clock, moto_server: str
) -> None:
    url = moto_server
    owner = await open_backend("endpoint", clock, endpoint_url=url)
    await owner.call("kinesis", "create_stream", StreamName="theirs", ShardCount=3)
    backend = await open_backend("endpoint", clock, endpoint_url=url)

    theirs = await kinesis.open_stream("theirs", kinesis.Resource(), backend)
    await kinesis.open_stream("ours", kinesis.Resource(shards=2), backend)
    during = sorted((await owner.call("kinesis", "list_streams"))["StreamNames"])
    shards = await theirs.shards()
    await backend.aclose()
    after = (await owner.call("kinesis", "list_streams"))["StreamNames"]
    await owner.aclose()

    assert (during, len(shards), after) == (["ours", "theirs"], 3, ["theirs"])


@pytest.mark.parametrize(("name", "package"), [("moto", "moto"), ("endpoint", "aiobotocore")])
async def test_a_missing_package_is_said_with_what_to_install(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    for module in [each for each in sys.modules if each.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(BackendError) as error:
        await open_backend(name, clock, endpoint_url=NOBODY)

    assert str(error.value).startswith(f"the {name} back end needs pip install 'eventsim[aws]' (")


def test_a_simulation_imports_no_aws() -> None:
    code = (
        "import sys, eventsim.sources.kinesis, eventsim.backends, eventsim.backends.simulated\n"
        "import eventsim.sources._kinesis_simulated, eventsim.sources._kinesis_client\n"
        "import eventsim.backends.moto, eventsim.backends.endpoint\n"
        "print([m for m in ('aiobotocore', 'botocore', 'moto', 'boto3') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
