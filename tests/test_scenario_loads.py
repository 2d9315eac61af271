"""What a scenario may say of a load, and what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventsim import Scenario, ScenarioError
from eventsim.recordings import Header, RecordedRecord, jsonl

RATE: dict[str, Any] = {"rate": "5/s", "for": "10s"}
PUT: dict[str, Any] = {"put": "orders", "records": [{"key": "a", "data": 1}]}


def scenario(load: dict[str, Any], folder: Path | str = ".") -> Scenario:
    return Scenario.of(
        {
            "name": "load",
            "resources": {"orders": {"type": "kinesis"}, "queue": {"type": "sqs"}},
            "functions": {"f": {"run_in": "model"}, "g": {"run_in": "model"}},
            "load": load,
        },
        folder,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    jsonl.write(tmp_path / "orders.jsonl", Header("kinesis"), [RecordedRecord(1.0, "a", b"1")])
    jsonl.write(tmp_path / "events.jsonl", Header("lambda"), [RecordedRecord(1.0, "", b"{}")])
    (tmp_path / "counts.txt").write_text("5\n")
    (tmp_path / "none.txt").write_text("0\n")
    (tmp_path / "bad.txt").write_text("5\nmany\n")
    return tmp_path


@pytest.mark.parametrize(
    "load",
    [
        RATE,
        {"rate": "5/s"},  # for how long is said when it is run
        {"in_flight": 5, "for": "10s", "function": "g"},
        {"rate": "1/s to 5/s for 10s, 5/s for 1m", "warm_up": "10s", "thresholds": ["p99 < 1s"]},
        RATE | PUT | {"vary": {"key": {"least": 1, "most": 9}}},
        RATE | {"put": "orders", "from": "orders.jsonl"},
        RATE | {"from": "events.jsonl"},
        RATE | {"push": "s3", "event": "put", "with": {"bucket": "b"}, "set": {"object.size": 1}},
        RATE | {"url": "http://127.0.0.1:3000/x", "method": "GET", "headers": {"x-key": "1"}},
        {"arrivals": {"recording": "orders.jsonl", "speed": 10}},
        {"arrivals": {"trace": "counts.txt", "within": "poisson"}},
    ],
)
def test_a_load_that_holds_is_taken(load: dict[str, Any], folder: Path) -> None:
    assert scenario(load, folder).load is not None


@pytest.mark.parametrize(
    ("load", "fault"),
    [
        ({"rate": "fast"}, "load.rate: is 'fast'; write a rate such as 200/s"),
        ({"rate": "0/s"}, "load.rate: is '0/s', and nothing would be sent; it must be more than 0"),
        ({"rate": "-5/s"}, "load.rate: is '-5/s'; write a rate such as 200/s"),
        ({"rate": "5/s", "for": "0s"}, "load.for: is 0s; write how long requests are sent"),
        ({"rate": "5/s", "for": "60d"}, "load.for: is 5.184e+06s; write how long requests are"),
        ({"rate": "5/s for 1s", "for": "1s"}, "load.rate: is '5/s for 1s', which says how long"),
        (RATE | {"warm_up": "10s"}, "load.warm_up: is 10s of a load of 10s; nothing would be"),
        (RATE | {"in_flight": 3}, "load.in_flight: is 3 beside a rate; a load is open or closed"),
        ({"in_flight": 0, "for": "1s"}, "load.in_flight: is 0; it must be at least 1"),
        (
            {"in_flight": 3, "for": "1s", **PUT},
            "load.in_flight: waits for answers, and what is sent here has none; write a rate",
        ),
        (RATE | {"function": "h"}, "load.function: is 'h', which is no function of the scenario"),
        (RATE | PUT | {"put": "order"}, "load.put: is 'order', which is no resource of the"),
        (RATE | PUT | {"put": "queue"}, "load.put: is 'queue', of type sqs, onto which no records"),
        (RATE | {"put": "orders"}, "load.put: needs records, or a recording"),
        (RATE | {"records": [1]}, "load.records: are for a stream; write put: orders, and a rec"),
        (
            RATE | PUT | {"records": [{"key": "a"}]},
            "load.records[0].data: no data in load.records[0]; write",
        ),
        (RATE | PUT | {"function": "f"}, "load: has function and put; keep one"),
        (RATE | {"payload": 1, "from": "events.jsonl"}, "load: has payload and from; keep one"),
        (RATE | {"push": "s4"}, "load.push: is 's4': no source called 's4' pushes events"),
        (RATE | {"push": "s3", "with": {"bukket": 1}}, "load.with.bukket"),
        (RATE | {"push": "s3", "set": {"objekt.size": 1}}, "load.set.objekt.size"),
        (RATE | {"type": "DryRun"}, "load.type: is DryRun, which runs nothing"),
        (RATE | {"from": "no.jsonl"}, "load.from: is 'no.jsonl', which is not there"),
        (RATE | {"from": "counts.txt"}, "load.from: is 'counts.txt': "),
        (
            RATE | {"from": "orders.jsonl"},
            "load.from: is 'orders.jsonl', which has records of kinesis; a function gets whole",
        ),
        ({"arrivals": {"trace": "bad.txt"}}, "load.arrivals.trace: is 'bad.txt': line 2 is 'many'"),
        ({"arrivals": {"trace": "none.txt"}}, "load.arrivals.trace: is 'none.txt', which has no"),
        ({"arrivals": {"trace": "../x"}}, "load.arrivals.trace: is '../x', which leads out of"),
        (RATE | {"arrivals": {"trace": "counts.txt"}}, "load.rate: is given beside arrivals from"),
        (RATE | {"arrivals": "bursts"}, "load.arrivals"),
        (
            RATE | {"thresholds": ["p99 < 1s", "error < 1%"]},
            "load.thresholds[1]: is 'error < 1%', and there is no metric 'error'; did you mean "
            "'errors'?",
        ),
        (RATE | {"thresholds": [5]}, "load.thresholds[0]: is 5; write a threshold such as"),
        (RATE | {"vary": {"a": {"least": 2, "most": 1}}}, "is from 2 to 1; write the smaller"),
        (RATE | {"url": "orders"}, "load.url: is no address"),
        (RATE | {"lateness": "0s"}, "load.lateness: is no time at all; write one such as 10ms"),
        (RATE | {"drain": 5}, "load.drain: is 5, without a unit; write 5s"),
        (RATE | {"speed": 5}, "unknown key 'speed' in load"),
    ],
)
def test_a_load_that_does_not_is_refused(load: dict[str, Any], fault: str, folder: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(load, folder)

    assert fault in str(caught.value)
