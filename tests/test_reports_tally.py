"""What a run counts, while it runs and read back."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.journal import KINDS, Journal
from eventsim.reports._tally import Tally
from tests.events import NO_EVENTS, WITHOUT_EVENTS

MAPPING = {"mapping": "f.Orders", "source": "orders", "shard": "a"}
ROW = {"read": 0, "filtered": 0, "delivered": 0, "discarded": 0, "expired": 0}
QUIET = {"batches": 0, "retries": 0, "polls": 0}
NO_AGE = {"max": None, "last": None}


class Midnight:
    def time(self) -> float:
        return 0.0

    def timestamp(self) -> float:
        return 0.0


def counted(*entries: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    tally = Tally()
    for kind, fields in entries:
        tally.add(kind, fields)
    return tally.counts()


def metrics(**more: Any) -> dict[str, Any]:
    names = (
        "PolledEventCount",
        "FilteredOutEventCount",
        "InvokedEventCount",
        "FailedInvokeEventCount",
        "DroppedEventCount",
        "OnFailureDestinationDeliveredEventCount",
        "DeletedEventCount",
        "DestinationDeliveryFailures",
    )
    return {**dict.fromkeys(names, 0), "IteratorAge": NO_AGE, **more}


PRICED = {"version": "1", "memory_size": 512, "architecture": "x86_64"}


def finished(**more: Any) -> tuple[str, dict[str, Any]]:
    return "invocation_finished", {
        "function": "f",
        "version": "1",
        "duration": 0.1,
        "billed": 0.2,
        **more,
    }


def test_nothing_happened() -> None:
    assert counted() == {
        "records": {"put": 0, **ROW, "redriven": 0},
        "invocations": 0,
        "errors": 0,
        "throttles": 0,
        "cold_starts": 0,
        "cost": 0,
        "retries": 0,
        "batches": 0,
        "events": NO_EVENTS,
        "mappings": {},
        "functions": {},
        "sources": {},
    }


def test_everything_is_summed_per_mapping_function_and_source() -> None:
    found = counted(
        ("records_put", {"source": "orders", "shard": "a", "records": 9}),
        ("records_put", {"source": "audit", "shard": "b", "records": 1}),
        ("records_read", {**MAPPING, "records": 9, "polls": 3}),
        ("records_filtered", {**MAPPING, "records": 2}),
        ("batch_formed", {**MAPPING, "records": 7}),
        ("environment_started", {"function": "f", "init": 0.1, **PRICED}),
        finished(error="Unhandled"),
        ("retry_scheduled", {**MAPPING, "records": 7, "attempt": 2}),
        finished(),
        finished(),
        ("batch_delivered", {**MAPPING, "records": 4, "age": 0.5}),
        ("batch_discarded", {**MAPPING, "batch_size": 2}),
        ("records_expired", {**MAPPING, "records": 1}),
        ("invocation_throttled", {"function": "g", "code": "TooManyRequestsException"}),
    )

    done = {"read": 9, "filtered": 2, "delivered": 4, "discarded": 2, "expired": 1}
    assert found == {
        "records": {"put": 10, **done, "redriven": 0},
        "invocations": 3,
        "errors": 1,
        "throttles": 1,
        "cold_starts": 1,
        "cost": 5.60001e-06,
        "retries": 1,
        "batches": 1,
        "events": NO_EVENTS,
        "mappings": {
            "f.Orders": {
                "source": "orders",
                **done,
                "batches": 1,
                "retries": 1,
                "polls": 3,
                "State": "",
                "LastProcessingResult": "OK",
                "metrics": metrics(
                    PolledEventCount=9,
                    FilteredOutEventCount=2,
                    InvokedEventCount=4,
                    DroppedEventCount=2,
                    IteratorAge={"max": 500.0, "last": 500.0},
                ),
            }
        },
        "functions": {
            "f": {
                "invocations": 3,
                "errors": 1,
                "throttles": 0,
                "cold_starts": 1,
                "duration_seconds": 0.3,
                "billed_seconds": 0.6,
                "gb_seconds": 0.3,
                "cost": 5.60001e-06,
                **WITHOUT_EVENTS,
            },
            "g": {
                "invocations": 0,
                "errors": 0,
                "throttles": 1,
                "cold_starts": 0,
                "duration_seconds": 0.0,
                "billed_seconds": 0.0,
                "gb_seconds": 0.0,
                "cost": 0.0,
                **WITHOUT_EVENTS,
            },
        },
        "sources": {
            "audit": {"put": 1, "dead_letters": 0, "redriven": 0, "expired": 0},
            "orders": {"put": 9, "dead_letters": 0, "redriven": 0, "expired": 0},
        },
    }
    assert list(found["sources"]) == ["audit", "orders"]


def test_a_mapping_that_read_nothing_is_counted_too() -> None:
    changed = ("mapping_changed", {"mapping": "f.Orders", "source": "orders", "state": "Disabled"})

    assert counted(changed)["mappings"] == {
        "f.Orders": {
            "source": "orders",
            **ROW,
            **QUIET,
            "State": "Disabled",
            "LastProcessingResult": "No records processed",
            "metrics": metrics(),
        }
    }


@pytest.mark.parametrize("detail", ["off", "batch"])
def test_it_counts_as_a_watcher_of_a_journal_at_any_detail(detail: Any) -> None:
    tally, journal = Tally(), Journal(Midnight(), detail=detail)
    journal.watch_each(tally.ways)

    journal.write("records_put", source="orders", shard="a", records=9)

    assert tally.counts()["records"] == {"put": 9, **ROW, "redriven": 0}


def test_it_watches_kinds_that_there_are_and_refuses_others() -> None:
    assert set(Tally.KINDS) <= set(KINDS)
    with pytest.raises(KeyError):
        Tally().add("batch_exploded", {})
