"""
What every test shares: the loop it runs on, a clock, and hypothesis profiles.

An ``async def`` test runs on virtual time; ``@pytest.mark.real_time`` puts it on the stock loop.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from eventsim.clock import Clock, RealClock, VirtualClock, VirtualLoop
from tests.endpoints import Endpoint, moto_process

START = datetime(2026, 1, 1, tzinfo=UTC)
REAL_TIME: tuple[str, dict[str, Any]] = ("asyncio", {})

settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile(
    "soak", settings.get_profile("default"), derandomize=False, max_examples=5_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what it puts behind
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "real_time: run on the stock loop instead of virtual time")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("real_time"):
        metafunc.parametrize("anyio_backend", [REAL_TIME], ids=["real"])


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.fixture
async def clock(anyio_backend: tuple[str, dict[str, Any]]) -> Clock:
    """A clock at 2026-01-01T00:00:00Z, on the time of the test that asks for it."""
    return RealClock(START) if anyio_backend == REAL_TIME else VirtualClock(START)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """A moto server as its own process."""
    pytest.importorskip("flask", reason="moto's server needs flask")
    with moto_process() as server:
        yield server


@pytest.fixture
def moto_server() -> Iterator[str]:
    """The address of a moto server on this machine, in a thread of this process."""
    pytest.importorskip("flask", reason="moto's server needs flask")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server without a scenario, for all tests that only make things of their own there."""
    from tests.server_process import server

    with server(tmp_path_factory.mktemp("server")) as served:
        yield served
