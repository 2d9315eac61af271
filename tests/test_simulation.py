"""Laws of a whole run: the main job's truth, one journal for one seed, every back end alike."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from base64 import b64decode
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
import pytest

from eventsim import Options, Result, Scenario, Simulation, clock, load, registry, run
from eventsim.errors import Deadlock, EventsimError, RecordingError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.recordings import jsonl
from eventsim.types import PutRecord

ROOT = Path(__file__).parent.parent
FLIGHTS = ROOT / "scenarios" / "nyc-flights.yaml"
TEN_MINUTES = ROOT / "scenarios" / "nyc-flights-ten-minutes.yaml"
RECORDINGS = ROOT / "fixtures" / "recordings"

Backend = Literal["simulated", "moto", "endpoint"]


class Told(NamedTuple):
    result: Result
    entries: list[Entry]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [entry.fields for entry in self.entries if entry.kind == kind]


def told(scenario: Scenario, **options: Any) -> Told:
    """Run it, and keep what the journal says."""
    sink = MemorySink()
    return Told(run(scenario, Options(sinks=[sink], **options)), sink.entries)


def flights(name: str) -> list[dict[str, Any]]:
    """The flights of a recording, read without eventsim's run."""
    path = RECORDINGS / f"{name}.jsonl.gz"
    return [orjson.loads(record.data) for record in jsonl.read(path)]


def delivered(journal: Told) -> dict[str, list[dict[str, Any]]]:
    """What each shard's function calls got, in order, from a journal at detail payload."""
    contents = {kept["hash"]: kept["content"] for kept in journal.of("payload_kept")}
    finished = {f["request_id"] for f in journal.of("invocation_finished") if "error" not in f}
    by_shard = defaultdict(list)
    for request in journal.of("invocation_requested"):
        if request["request_id"] in finished:
            for record in orjson.loads(contents[request["payload"]])["Records"]:
                shard = record["eventID"].split(":")[0]
                by_shard[shard].append(orjson.loads(b64decode(record["kinesis"]["data"])))
    return dict(by_shard)


def small(**changes: Any) -> Scenario:
    """One shard, one function that takes everything, three records at once."""
    events = {
        "Orders": {
            "Type": "Kinesis",
            "Properties": {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"},
        }
    }
    function = {"Handler": lambda event, context: None, "duration": "20ms", "Events": events}
    records = [{"key": "a", "data": {"id": number}} for number in (1, 2, 3)]
    return Scenario.of(
        {
            "name": "small",
            "resources": {"orders": {"type": "kinesis"}},
            "functions": {"consumer": function},
            "timeline": [{"at": "0s", "put": "orders", "records": records}],
            **changes,
        },
        folder=ROOT / "tests",
    )


@pytest.fixture(scope="module")
def day() -> Told:
    return told(load(FLIGHTS), detail="payload")


def test_the_days_totals_per_carrier_are_those_of_the_recording(day: Told) -> None:
    expected: dict[str, dict[str, int]] = {}
    for flight in flights("nyc-flights-2013-01-01"):
        delay = flight["dep_delay"]
        carrier = expected.setdefault(
            flight["carrier"], {"departures": 0, "minutes": 0, "worst": delay}
        )
        carrier["departures"] += 1
        carrier["minutes"] += delay
        carrier["worst"] = max(carrier["worst"], delay)

    contents = {kept["hash"]: kept["content"] for kept in day.of("payload_kept")}
    found: dict[str, dict[str, int]] = {}
    for finished in day.of("invocation_finished"):
        for name, batch in orjson.loads(contents[finished["answer"]])["carriers"].items():
            total = found.setdefault(name, {"departures": 0, "minutes": 0, "worst": batch["worst"]})
            total["departures"] += batch["departures"]
            total["minutes"] += batch["minutes"]
            total["worst"] = max(total["worst"], batch["worst"])

    assert found == expected
    assert len(found) == 14


def test_each_carriers_flights_come_in_the_order_of_the_recording(day: Told) -> None:
    expected = defaultdict(list)
    for flight in flights("nyc-flights-2013-01-01"):
        expected[flight["carrier"]].append(flight)

    found = defaultdict(list)
    for shard in delivered(day).values():
        for flight in shard:
            found[flight["carrier"]].append(flight)

    assert found == expected


def test_the_journals_numbers_and_times_never_go_back(day: Told) -> None:
    assert [entry.seq for entry in day.entries] == [*range(1, len(day.entries) + 1)]
    times = [entry.time for entry in day.entries]
    assert times == sorted(times)


def test_another_seed_changes_nothing_but_what_chance_named(day: Told) -> None:
    other = told(load(FLIGHTS), detail="payload", seed=1)
    by_chance = {"seed", "request_id", "environment", "log_stream", "text", "hash", "content"}

    def sure(entry: Entry) -> Entry:
        return entry._replace(fields={k: v for k, v in entry.fields.items() if k not in by_chance})

    assert [sure(entry) for entry in other.entries] == [sure(entry) for entry in day.entries]
    assert [e.fields.get("request_id") for e in other.entries] != [
        e.fields.get("request_id") for e in day.entries
    ]


def test_two_processes_write_the_same_journal_to_the_byte(tmp_path: Path) -> None:
    journals = []
    for number in (1, 2):
        path = tmp_path / f"{number}.jsonl"
        ballast = f"import random; keep = [object() for _ in range(random.randrange({number}0000))]"
        program = f"{ballast}\nfrom eventsim.cli import main\nmain()"
        subprocess.run(
            [
                *(sys.executable, "-c", program, "run", str(FLIGHTS)),
                *("--journal", str(path), "--detail", "payload", "--quiet"),
            ],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(number)},
        )
        journals.append(path.read_bytes())

    assert journals[0] == journals[1]
    assert journals[0].count(b"\n") > 5_000
    assert str(ROOT).encode() not in journals[0]


@pytest.fixture(scope="module")
def in_virtual_time() -> dict[str, list[dict[str, Any]]]:
    return delivered(told(load(TEN_MINUTES), detail="payload"))


@pytest.mark.parametrize("time", ["virtual", "real"])
@pytest.mark.parametrize("backend", ["simulated", "moto", "endpoint"])
def test_every_back_end_in_both_times_delivers_the_same_in_order(
    backend: Backend,
    time: Literal["virtual", "real"],
    in_virtual_time: dict[str, list[dict[str, Any]]],
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("moto_server") if backend == "endpoint" else None
    speed = 600.0 if time == "real" else None

    journal = told(
        load(TEN_MINUTES),
        detail="payload",
        backend=backend,
        time=time,
        speed=speed,
        endpoint_url=url,
    )

    assert delivered(journal) == in_virtual_time
    assert journal.result.counts["records"] == {
        "put": 19,
        "read": 19,
        "filtered": 0,
        "delivered": 19,
        "discarded": 0,
        "expired": 0,
        "redriven": 0,
    }


def test_a_failed_expectation_fails_the_run_and_says_what_was_found() -> None:
    journal = told(small(expect=[{"entry": "batch_delivered", "count": 2}]))

    assert journal.result.outcome == "failed"
    assert journal.of("expectation_checked") == [
        {"name": "batch_delivered", "passed": False, "wanted": "exactly 2", "found": 1}
    ]


def test_detail_off_writes_the_frame_and_the_same_counts() -> None:
    off, whole = told(small(), detail="off"), told(small())

    assert [entry.kind for entry in off.entries] == ["run_started", "run_finished"]
    assert off.result.counts == whole.result.counts
    assert off.of("run_finished")[0]["counts"] == whole.of("run_finished")[0]["counts"]


def test_a_run_ends_at_run_for_with_what_was_not_done_left_undone() -> None:
    def fails(event: Any, context: Any) -> None:
        raise ValueError("poison")

    functions = {"consumer": {**_block(small()), "Handler": fails}}
    journal = told(small(run_for="10s", functions=functions))

    assert journal.result.seconds == 10.0
    assert journal.result.counts["records"]["delivered"] == 0
    assert journal.of("checkpoint_advanced") == []


def test_without_a_limit_a_poisoned_shard_is_free_when_its_records_expire() -> None:
    def fails(event: Any, context: Any) -> None:
        raise ValueError("poison")

    functions = {"consumer": {**_block(small()), "Handler": fails}}
    journal = told(small(functions=functions))

    assert journal.result.counts["records"] == {
        "put": 3,
        "read": 3,
        "filtered": 0,
        "delivered": 0,
        "discarded": 0,
        "expired": 3,
        "redriven": 0,
    }
    assert 86_400 <= journal.result.seconds < 86_400 + 61


def test_what_expires_before_it_is_read_is_told_too() -> None:
    def fails(event: Any, context: Any) -> None:
        raise ValueError("poison")

    later = [{"key": "a", "data": number} for number in (2, 3)]
    timeline = [
        {"at": "0s", "put": "orders", "records": [{"key": "a", "data": 1}]},
        {"at": "2s", "put": "orders", "records": later},
    ]
    busy = {"Handler": fails, "duration": "100s", "Timeout": 200}
    functions = {"consumer": {**_block(small()), **busy}}
    journal = told(small(functions=functions, timeline=timeline))

    counts = journal.result.counts["records"]
    assert (counts["put"], counts["read"], counts["expired"]) == (3, 1, 3)
    reasons = [entry.because for entry in journal.entries if entry.kind == "records_expired"]
    assert reasons == [
        "retention of 24 h passed",
        "retention of 24 h passed before they were read",
    ]


def test_a_run_cut_short_counts_what_had_been_put_by_then(tmp_path: Path) -> None:
    lines = [
        f'{{"arrival":"2026-01-01T00:00:0{second}Z","key":"a","json":1}}' for second in range(10)
    ]
    header = '{"recording":"eventsim","schema":1,"source":"kinesis"}'
    (tmp_path / "r.jsonl").write_text("\n".join([header, *lines, ""]))
    timeline = [{"at": "0s", "put": "orders", "from": "r.jsonl"}]
    plain = {**_plain(small()), "functions": {}}
    scenario = Scenario.of({**plain, "timeline": timeline, "run_for": "5500ms"}, folder=tmp_path)

    assert told(scenario).result.counts["records"]["put"] == 6


async def test_a_simulation_runs_once() -> None:
    async with Simulation(small()) as simulation:
        await simulation.run()
        with pytest.raises(EventsimError, match="runs once"):
            await simulation.run()


def test_a_disabled_mapping_reads_nothing() -> None:
    function = _block(small())
    function["Events"]["Orders"]["Properties"]["Enabled"] = False

    journal = told(small(functions={"consumer": function}))

    assert journal.result.counts["records"]["read"] == 0
    assert [changed["state"] for changed in journal.of("mapping_changed")] == [
        "Creating",
        "Disabled",
    ]


def test_latest_begins_with_what_is_put_after_the_start() -> None:
    function = _block(small())
    function["Events"]["Orders"]["Properties"]["StartingPosition"] = "LATEST"

    journal = told(small(functions={"consumer": function}))

    assert journal.result.counts["records"]["delivered"] == 3


def test_two_mappings_each_get_every_record() -> None:
    functions = {"one": _block(small()), "two": _block(small())}

    journal = told(small(functions=functions))

    assert {name: row["delivered"] for name, row in journal.result.counts["mappings"].items()} == {
        "one.Orders": 3,
        "two.Orders": 3,
    }


def test_a_damaged_recording_ends_the_run_after_what_came_before(tmp_path: Path) -> None:
    recording = tmp_path / "r.jsonl"
    recording.write_text(
        '{"recording":"eventsim","schema":1,"source":"kinesis"}\n'
        '{"arrival":"2026-01-01T00:00:00Z","key":"a","json":1}\n'
        "{damaged\n"
        '{"arrival":"2026-01-01T00:00:02Z","key":"a","json":2}\n'
    )
    scenario = Scenario.of(
        {
            **_plain(small()),
            "timeline": [{"at": "0s", "put": "orders", "from": "r.jsonl"}],
        },
        folder=tmp_path,
    )
    sink = MemorySink()

    with pytest.raises(RecordingError, match=r"r\.jsonl:3: damaged line, not JSON"):
        run(scenario, Options(sinks=[sink]))

    last = sink.entries[-1]
    assert (last.kind, last.fields["outcome"]) == ("run_finished", "failed")
    assert (last.because or "").startswith("r.jsonl:3: damaged line, not JSON")
    assert last.fields["counts"]["records"]["put"] == 1


def test_a_recording_that_is_cut_off_gives_every_whole_line_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(
        '{"recording":"eventsim","schema":1,"source":"kinesis"}\n'
        '{"arrival":"2026-01-01T00:00:00Z","key":"a","json":1}\n'
        '{"arrival":"2026-01-01T00:00:01Z","ke'
    )
    timeline = [{"at": "0s", "put": "orders", "from": "r.jsonl"}]
    scenario = Scenario.of({**_plain(small()), "timeline": timeline}, folder=tmp_path)

    journal = told(scenario)

    assert journal.result.counts["records"]["delivered"] == 1
    assert journal.of("recording_cut_off") == [{"source": "orders", "path": "r.jsonl", "line": 3}]
    out = io.StringIO()
    registry.load("reports", "summary").write(iter(journal.entries), out)
    assert "recording    r.jsonl is cut off in line 3; the rest was put\n" in out.getvalue()


def test_every_arn_of_a_run_is_in_the_partition_of_its_region() -> None:
    seen: list[str] = []

    def keeps(event: Any, context: Any) -> None:
        (record, *_) = event["Records"]
        seen.extend([record["eventSourceARN"], record["invokeIdentityArn"]])
        seen.append(context.invoked_function_arn)

    told(small(region="cn-north-1", functions={"consumer": {**_block(small()), "Handler": keeps}}))

    assert seen == [
        "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders",
        "arn:aws-cn:iam::123456789012:role/eventsim",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:consumer",
    ]


def test_a_speed_is_refused_in_virtual_time() -> None:
    with pytest.raises(EventsimError, match="speed means nothing in virtual time"):
        run(small(), Options(speed=10.0))


def test_an_address_is_refused_by_a_back_end_that_has_none() -> None:
    with pytest.raises(EventsimError, match="an endpoint URL means nothing to the simulated back"):
        run(small(), Options(endpoint_url="http://127.0.0.1:1"))


async def test_streams_and_functions_can_be_used_before_a_run() -> None:
    got: list[int] = []

    def keeps(event: Any, context: Any) -> None:
        got.extend(
            orjson.loads(b64decode(record["kinesis"]["data"]))["id"] for record in event["Records"]
        )

    scenario = small(functions={"consumer": {**_block(small()), "Handler": keeps}})
    async with Simulation(scenario) as simulation:
        await simulation.streams["orders"].put([PutRecord("a", b'{"id": 0}')])
        result = await simulation.run()

    assert (result.outcome, got) == ("ok", [0, 1, 2, 3])


def test_a_deadlock_is_named_and_not_waited_for() -> None:
    async def main() -> None:
        async with Simulation(small()) as simulation:
            stream = simulation.streams["orders"]
            (shard,) = await stream.shards()
            await stream.reader(shard.shard_id, _horizon()).read(None)

    with pytest.raises(Deadlock):
        clock.run(main, virtual=True)


def _horizon() -> Any:
    from eventsim import Position

    return Position("TRIM_HORIZON")


def _block(scenario: Scenario) -> dict[str, Any]:
    """The function of ``small()`` as plain values."""
    return {
        "Handler": scenario.functions["consumer"].handler,
        "duration": "20ms",
        "Events": {
            "Orders": {
                "Type": "Kinesis",
                "Properties": {"Stream": "orders", "StartingPosition": "TRIM_HORIZON"},
            }
        },
    }


def _plain(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": "small",
        "resources": {"orders": {"type": "kinesis"}},
        "functions": {"consumer": _block(scenario)},
    }
