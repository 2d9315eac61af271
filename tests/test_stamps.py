"""A run at an endpoint, whose clock is never that of the scenario, loses no record by its age."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from eventsim.errors import EventsimError
from eventsim.journal import Entry
from eventsim.journal.sinks import MemorySink
from eventsim.scenario import Scenario
from eventsim.simulation import Options, Result, run

Time = Literal["virtual", "real"]
PUT: dict[str, Any] = {"at": "0s", "put": "orders", "records": [{"key": "a", "data": 1}]}


class Taken:
    """A run at the moto server, which stamps records with the time of this machine."""

    def __init__(
        self,
        url: str,
        time: Time,
        start: str,
        *steps: dict[str, Any],
        speed: float | None = None,
        **properties: Any,
    ) -> None:
        settings = {"Stream": "orders", "StartingPosition": "TRIM_HORIZON", **properties}
        event = {"Type": "Kinesis", "Properties": settings}
        scenario = Scenario.of(
            {
                "name": "stamps",
                "start": start,
                "resources": {"orders": {"type": "kinesis"}},
                "functions": {
                    "f": {"Handler": lambda event, context: None, "Events": {"E": event}}
                },
                "timeline": [PUT, *steps],
            }
        )
        sink = MemorySink()
        options = Options(
            sinks=[sink], backend="endpoint", endpoint_url=url, time=time, speed=speed
        )
        self.result: Result = run(scenario, options)
        self.entries = sink.entries

    def told(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]


@pytest.mark.parametrize("start", ["2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"])
def test_in_real_time_the_ages_of_records_go_by_the_endpoints_clock(
    moto_server: str, start: str
) -> None:
    taken = Taken(moto_server, "real", start, MaximumRecordAgeInSeconds=60)

    (delivered,) = taken.told("batch_delivered")
    assert 0.0 <= delivered.fields["age"] < 30.0
    assert taken.result.counts["records"]["discarded"] == 0
    assert taken.result.counts["records"]["expired"] == 0


@pytest.mark.parametrize("start", ["2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"])
@pytest.mark.parametrize(("time", "speed"), [("virtual", None), ("real", 60.0)])
def test_no_record_is_too_old_where_time_passes_otherwise(
    moto_server: str, start: str, time: Time, speed: float | None
) -> None:
    taken = Taken(moto_server, time, start, speed=speed)

    (delivered,) = taken.told("batch_delivered")
    assert delivered.fields["records"] == 1
    assert delivered.fields["age"] >= 0.0
    assert taken.told("records_expired") == []


REFUSED = "goes by the endpoint's clock, which does not follow virtual time or a speed; add --time"


AT: dict[str, Any] = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 0}


@pytest.mark.parametrize(
    ("time", "speed", "setting"),
    [
        ("virtual", None, {"MaximumRecordAgeInSeconds": 60}),
        ("real", 60.0, {"MaximumRecordAgeInSeconds": 60}),
        ("virtual", None, {"TumblingWindowInSeconds": 1}),
        ("virtual", None, AT),
    ],
)
def test_a_setting_that_depends_on_ages_is_refused_there(
    moto_server: str, time: Time, speed: float | None, setting: dict[str, Any]
) -> None:
    with pytest.raises(EventsimError, match=rf"^f\.E: {next(iter(setting))}.* {REFUSED}"):
        Taken(moto_server, time, "2026-01-01T00:00:00Z", speed=speed, **setting)


def test_a_step_that_sets_it_is_refused_too(moto_server: str) -> None:
    step = {"at": "5s", "update": "f.E", "Properties": {"MaximumRecordAgeInSeconds": 60}}

    with pytest.raises(EventsimError, match=REFUSED):
        Taken(moto_server, "virtual", "2026-01-01T00:00:00Z", step)
