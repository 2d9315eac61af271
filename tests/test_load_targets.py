"""What a load is on: streams with mappings, Invoke APIs, HTTP fronts, functions in processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from eventsim import EventsimError, Options, Scenario
from eventsim.clock import RealClock, machine_time
from eventsim.errors import UnsafeEndpoint
from eventsim.journal import Journal
from eventsim.rules.measured import Measured
from eventsim.simulation.loading import Loading
from eventsim.traffic.driving import OpenModel
from eventsim.traffic.fronts import Front
from eventsim.traffic.measuring import Meter

RECORDS = [{"key": "a", "data": {"id": 1}}]
KEYS = {"key": {"least": 1, "most": 1000}}


def loaded(
    function: dict[str, Any], load: dict[str, Any], folder: Path | str = ".", **values: Any
) -> Measured:
    function = {"run_in": "model", "init_duration": "0ms", **function}
    document = {"name": "load", "functions": {"f": function}, "load": load, **values}
    loading = Loading(Scenario.of(document, folder), Options())
    loading.run()
    return loading.measured


def reading(**properties: Any) -> dict[str, Any]:
    start = {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"}
    return {"Type": "Kinesis", "Properties": start | properties}


def on_stream(
    function: dict[str, Any], load: dict[str, Any], shards: int = 1, **properties: Any
) -> Measured:
    """A load of records on a stream that ``f`` reads, all of which must be answered."""
    events = {"Events": {"Orders": reading(**properties)}}
    stream = {"orders": {"type": "kinesis", "shards": shards}}
    load = {"put": "orders", "records": RECORDS, "for": "20s", **load}
    found = loaded(function | events, load, resources=stream)
    assert found.counts["answered"] + found.counts["filtered"] == found.requests
    assert found.counts["unanswered"] == 0
    return found


def test_a_record_is_answered_when_it_is_delivered() -> None:
    found = on_stream({"duration": "100ms"}, {"rate": "10/s"}, BatchSize=100)

    # Polled once a second: what was put just after a poll waits for the next one.
    assert found.requests == 200
    assert found.figure("max") == pytest.approx(1.1, rel=0.001)
    assert found.figure("mean") == pytest.approx(0.65, abs=0.051)
    assert found.figure("batch_size") == pytest.approx(10, abs=1)
    assert found.counts["records"] == 200
    assert found.figure("iterator_age_max") == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize("shards", [1, 3])
def test_records_are_followed_through_shards_and_lanes(factor: int, shards: int) -> None:
    found = on_stream(
        {"duration": "50ms"},
        {"rate": "100/s", "vary": KEYS},
        shards=shards,
        ParallelizationFactor=factor,
        BatchSize=5,
    )

    assert found.times["latency"].count == found.counts["records"] == 2_000
    assert found.batch_sizes.keys() <= set(range(1, 6))
    assert not found.errors
    slow = factor * shards < 2
    assert (found.figure("p99") or 0.0) < (25.0 if slow else 2.5)


def test_a_mapping_that_falls_behind_shows_in_latency_and_iterator_age() -> None:
    found = on_stream({"duration": "1s"}, {"rate": "10/s", "for": "20s"}, BatchSize=5)

    assert found.figure("max") == pytest.approx(21, abs=1.1)
    assert found.figure("iterator_age_max") == pytest.approx(20.5, abs=1.1)


def test_records_that_are_given_up_are_errors() -> None:
    found = on_stream({"errors": "100%"}, {"rate": "5/s"}, MaximumRetryAttempts=0, BatchSize=5)

    assert found.errors == {"RetryAttemptsExhausted": 100}
    assert found.counts["discarded"] == 100
    assert found.counts["batches_failed"] > 0


def test_records_that_a_filter_skips_have_no_answer_and_no_latency() -> None:
    pattern = '{"data": {"id": [1]}}'
    found = on_stream(
        {},
        {"rate": "50/s", "vary": KEYS | {"data.id": [1, 2]}},
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
        ParallelizationFactor=2,
    )

    assert 400 < found.counts["records"] < 600
    assert found.times["latency"].count == found.counts["records"]
    assert found.counts["filtered"] == 1_000 - found.counts["records"]


def test_a_record_is_answered_by_the_last_mapping_that_reads_it() -> None:
    slow = reading(MaximumBatchingWindowInSeconds=5, BatchSize=1_000)
    functions = {
        "f": {"run_in": "model", "Events": {"Orders": reading()}},
        "g": {"run_in": "model", "Events": {"Orders": slow}},
    }
    load = {"put": "orders", "records": RECORDS, "rate": "5/s", "for": "20s"}
    document = {
        "name": "load",
        "functions": functions,
        "load": load,
        "resources": {"orders": {"type": "kinesis", "shards": 1}},
    }
    loading = Loading(Scenario.of(document), Options())

    loading.run()

    assert loading.measured.counts["answered"] == 100
    assert (loading.measured.figure("p50") or 0.0) > 2.0
    assert loading.measured.counts["records"] == 200


def test_changes_of_a_table_are_loaded_too() -> None:
    table = {"type": "dynamodb", "key": {"id": "S"}}
    records = [{"put": {"id": {"S": "a"}, "total": {"N": "1"}}}]
    events = {
        "Changes": {
            "Type": "DynamoDB",
            "Properties": {"Stream": "users", "StartingPosition": "TRIM_HORIZON"},
        }
    }
    load: dict[str, Any] = {"put": "users", "records": records, "rate": "20/s", "for": "10s"}
    load["vary"] = {"total.N": {"least": 1, "most": 1_000_000}}

    found = loaded({"Events": events}, load, resources={"users": table})

    assert found.counts["answered"] == found.requests == 200
    assert not found.errors


def test_a_stream_that_nothing_reads_is_refused() -> None:
    load = {"put": "orders", "records": RECORDS, "rate": "5/s", "for": "1s"}

    with pytest.raises(EventsimError, match="no event source mapping reads 'orders'"):
        loaded({}, load, resources={"orders": {"type": "kinesis"}})


@asynccontextmanager
async def served(
    status: int = 200, *, drop: bool = False
) -> AsyncIterator[tuple[str, list[int], list[bytes]]]:
    """A bare server: its address, its connections so far, the bodies that it got."""
    connections, bodies = list[int](), list[bytes]()

    async def serve(stream: SocketStream) -> None:
        connections.append(1)
        buffered = BufferedByteReceiveStream(stream)
        async with stream:
            while True:
                try:
                    head = await buffered.receive_until(b"\r\n\r\n", 65_536)
                except anyio.IncompleteRead:
                    return
                if drop:
                    return
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                bodies.append(await buffered.receive_exactly(length))
                await stream.send(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok" % status)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        port = listener.extra(SocketAttribute.local_port)
        yield f"http://127.0.0.1:{port}/x", connections, bodies
        tasks.cancel_scope.cancel()


async def on_front(url: str, requests: int = 20, **settings: Any) -> tuple[Measured, list[str]]:
    clock, told = RealClock(machine_time()), list[str]()
    meter = Meter(Measured(0.2), {}, clock, lambda kind, message: told.append(message))
    front = Front(url, meter, lambda: b'{"id": 1}', **settings)
    meter.begin(Journal(clock))
    try:
        await OpenModel(front, meter, clock).drive((at / 1000 for at in range(requests)), 0.2)
    finally:
        await front.aclose()
    return meter.finish(), told


@pytest.mark.real_time
async def test_a_front_is_asked_over_connections_that_are_kept() -> None:
    async with served() as (url, connections, bodies):
        found, _ = await on_front(url)

    assert found.counts["good"] == 20
    assert bodies == [b'{"id": 1}'] * 20
    assert len(connections) < 20


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("status", "error", "throttles"),
    [(500, "HTTP 500", 0), (404, "HTTP 404", 0), (429, "HTTP 429", 20)],
)
async def test_what_a_front_answers_badly_is_an_error_of_its_status(
    status: int, error: str, throttles: int
) -> None:
    async with served(status) as (url, _, _):
        found, told = await on_front(url)

    assert found.errors == {error: 20}
    assert found.counts["throttles"] == throttles
    assert told == [f"{url} answered {status}"]


@pytest.mark.real_time
async def test_a_front_that_hangs_up_or_refuses_is_told_at_once() -> None:
    async with served(drop=True) as (url, _, _):
        found, told = await on_front(url, requests=1)
    refused, refusals = await on_front(url)

    assert found.errors == {"ServerDisconnectedError": 1}
    assert told == [f"{url}: Server disconnected"]
    assert refused.errors == {"ConnectionRefusedError": 20}
    assert refusals == [f"{url} refuses connections"]


@pytest.mark.real_time
async def test_a_front_outside_the_machine_needs_a_flag() -> None:
    with pytest.raises(UnsafeEndpoint, match="leads outside this machine; give --allow-aws"):
        await on_front("https://example.com/")


def test_an_invoke_api_that_refuses_connections_is_an_error_of_each_request() -> None:
    pytest.importorskip("aiobotocore")
    told = list[str]()
    document = {
        "name": "load",
        "functions": {"f": {"invoke_at": {"aws": {"endpoint_url": "http://127.0.0.1:9"}}}},
        "load": {"rate": "20/s", "for": "500ms"},
    }
    loading = Loading(
        Scenario.of(document), Options(), on_error=lambda kind, message: told.append(kind)
    )

    loading.run()

    assert loading.measured.errors == {"Unreachable": 10}
    assert told == ["Unreachable"]
    assert not loading.ok


def test_code_in_a_process_is_loaded_in_real_time(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event['id']\n")
    function = {"run_in": "python", "Handler": "app.handler", "init_duration": "100ms"}
    load = {"payload": {"id": 1}, "rate": "50/s", "for": "500ms", "lateness": "5s"}

    found = loaded(function, load, tmp_path)

    assert found.counts["good"] == found.requests == 25
    assert (found.figure("cold_starts") or 0) >= 1
    assert found.times["duration"].count == 25
