"""What a run counts: a watcher while it runs, and the same sums when a journal is read back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from eventsim.reports._events import COUNTS, EVENT_KINDS, Events
from eventsim.reports._metrics import Metrics
from eventsim.rules.billing import PRICE_PER_GB_SECOND, PRICE_PER_REQUEST

Fields = dict[str, Any]
Way = Callable[[Fields], None]


class _Mapping:
    __slots__ = (
        "batches",
        "delivered",
        "discarded",
        "expired",
        "filtered",
        "metrics",
        "polls",
        "read",
        "retries",
        "source",
    )

    def __init__(self) -> None:
        self.source = ""
        self.read = self.filtered = self.delivered = self.discarded = self.expired = 0
        self.batches = self.retries = self.polls = 0
        self.metrics = Metrics()

    def row(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "read": self.read,
            "filtered": self.filtered,
            "delivered": self.delivered,
            "discarded": self.discarded,
            "expired": self.expired,
            "batches": self.batches,
            "retries": self.retries,
            "polls": self.polls,
            **self.metrics.row(),
        }


class _Source:
    """What came onto a stream or into a queue, and what left a queue without a mapping."""

    __slots__ = ("dead_letters", "expired", "put", "redriven")

    def __init__(self) -> None:
        self.put = self.dead_letters = self.redriven = self.expired = 0

    def row(self) -> dict[str, Any]:
        return {
            "put": self.put,
            "dead_letters": self.dead_letters,
            "redriven": self.redriven,
            "expired": self.expired,
        }


class _Function:
    __slots__ = (
        "billed",
        "cold_starts",
        "cost",
        "duration",
        "errors",
        "events",
        "gb_seconds",
        "invocations",
        "throttles",
    )

    def __init__(self) -> None:
        self.events = Events()
        self.invocations = self.errors = self.throttles = self.cold_starts = 0
        self.duration = self.billed = self.gb_seconds = self.cost = 0.0

    def row(self) -> dict[str, Any]:
        return {
            "invocations": self.invocations,
            "errors": self.errors,
            "throttles": self.throttles,
            "cold_starts": self.cold_starts,
            "duration_seconds": round(self.duration, 6),
            "billed_seconds": round(self.billed, 6),
            "gb_seconds": round(self.gb_seconds, 9),
            "cost": round(self.cost, 12),
            "events": dict(self.events.counts),
            "metrics": self.events.metrics(),
        }


class Tally:
    """Sums entries per mapping, function and source; its size follows their number only.

    ``ways`` has what counts an entry of each kind, given its fields.
    ``batches`` counts the batches formed, ``invocations`` those that ended, in a function error
    or not. Times are sums, in seconds; ``cost`` is about what AWS would ask, in dollars.
    Of a queue, ``redriven`` counts the messages that went to
    its dead-letter queue, ``dead_letters`` those that came to it from others.
    """

    _RECORDS = (
        "records_put",
        "records_read",
        "records_filtered",
        "records_expired",
        "batch_formed",
        "batch_delivered",
        "batch_failed",
        "batch_discarded",
        "destination_delivered",
        "destination_failed",
        "messages_redriven",
        "messages_expired",
        "retry_scheduled",
        "mapping_changed",
        "invocation_finished",
        "invocation_throttled",
        "environment_started",
        "load_finished",
    )
    KINDS = (*_RECORDS, *EVENT_KINDS)
    KINDS_SET = frozenset(KINDS)

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = defaultdict(_Source)
        self._mappings: dict[str, _Mapping] = defaultdict(_Mapping)
        self._functions: dict[str, _Function] = defaultdict(_Function)
        self._prices: dict[tuple[str, Any], tuple[float, float]] = {}
        ways: tuple[Way, ...] = (
            self._put,
            self._read,
            self._filtered,
            self._expired,
            self._formed,
            self._delivered,
            self._failed,
            self._discarded,
            self._kept,
            self._refused,
            self._redriven,
            self._messages_expired,
            self._retried,
            self._mapped,
            self._finished,
            self._throttled,
            self._cold,
            self._loaded,
        )
        self.ways: dict[str, Way] = dict(zip(self._RECORDS, ways, strict=True))
        self.ways |= {kind: partial(self._event, kind) for kind in EVENT_KINDS}

    def add(self, kind: str, fields: Fields) -> None:
        """Count one entry; raises KeyError for a kind that is not in ``KINDS``."""
        self.ways[kind](fields)

    def counts(self) -> dict[str, Any]:
        """The sums so far, names in alphabetical order, as ``run_finished`` carries them."""
        mappings = {name: self._mappings[name].row() for name in sorted(self._mappings)}
        functions = {name: self._functions[name].row() for name in sorted(self._functions)}
        sources = {name: self._sources[name].row() for name in sorted(self._sources)}
        done = ("read", "filtered", "delivered", "discarded")
        expired = (_total(rows.values(), "expired") for rows in (mappings, sources))
        return {
            "records": {
                "put": _total(sources.values(), "put"),
                **{key: _total(mappings.values(), key) for key in done},
                "expired": sum(expired),
                "redriven": _total(sources.values(), "redriven"),
            },
            "invocations": _total(functions.values(), "invocations"),
            "errors": _total(functions.values(), "errors"),
            "throttles": _total(functions.values(), "throttles"),
            "cold_starts": _total(functions.values(), "cold_starts"),
            "cost": round(sum(row["cost"] for row in functions.values()), 12),
            "retries": _total(mappings.values(), "retries"),
            "batches": _total(mappings.values(), "batches"),
            "events": {
                key: sum(row["events"][key] for row in functions.values()) for key in COUNTS
            },
            "mappings": mappings,
            "functions": functions,
            "sources": sources,
        }

    @staticmethod
    def blank() -> dict[str, dict[str, Any]]:
        """What a row of each table holds before anything was counted."""
        return {
            "mappings": _Mapping().row(),
            "functions": _Function().row(),
            "sources": _Source().row(),
        }

    def _event(self, kind: str, fields: Fields) -> None:
        self._functions[fields["function"]].events.count(kind, fields)

    def _put(self, fields: Fields) -> None:
        self._sources[fields["source"]].put += fields["records"]

    def _read(self, fields: Fields) -> None:
        row = self._mappings[fields["mapping"]]
        row.source = fields["source"]
        row.read += fields["records"]
        row.polls += fields["polls"]
        row.metrics.read(fields)

    def _filtered(self, fields: Fields) -> None:
        row = self._mappings[fields["mapping"]]
        row.filtered += fields["records"]
        row.metrics.filtered(fields)

    def _expired(self, fields: Fields) -> None:
        self._mappings[fields["mapping"]].expired += fields["records"]

    def _formed(self, fields: Fields) -> None:
        self._mappings[fields["mapping"]].batches += 1

    def _delivered(self, fields: Fields) -> None:
        row = self._mappings[fields["mapping"]]
        row.delivered += fields["records"]
        row.metrics.delivered(fields)

    def _failed(self, fields: Fields) -> None:
        self._mappings[fields["mapping"]].metrics.failed(fields)

    def _discarded(self, fields: Fields) -> None:
        row = self._mappings[fields["mapping"]]
        row.discarded += fields["batch_size"]
        row.metrics.discarded(fields)

    def _kept(self, fields: Fields) -> None:
        if "config" in fields:
            self._functions[fields["function"]].events.delivered(fields)
            return
        self._mappings[fields["mapping"]].metrics.kept(fields)

    def _refused(self, fields: Fields) -> None:
        if "config" in fields:
            self._functions[fields["function"]].events.failed(fields)
            return
        self._mappings[fields["mapping"]].metrics.refused(fields)

    def _redriven(self, fields: Fields) -> None:
        self._sources[fields["source"]].redriven += fields["records"]
        self._sources[fields["target"]].dead_letters += fields["records"]

    def _messages_expired(self, fields: Fields) -> None:
        self._sources[fields["source"]].expired += fields["records"]

    def _retried(self, fields: Fields) -> None:
        self._mappings[fields["mapping"]].retries += 1

    def _mapped(self, fields: Fields) -> None:
        row = self._mappings[fields["mapping"]]
        row.source = fields["source"]
        row.metrics.changed(fields)

    def _finished(self, fields: Fields) -> None:
        row = self._functions[fields["function"]]
        row.invocations += 1
        row.duration += fields["duration"]
        billed = fields["billed"]
        row.billed += billed
        price = self._prices.get((fields["function"], fields.get("version")))
        if price is not None:
            gb_seconds = billed * price[0]
            row.gb_seconds += gb_seconds
            row.cost += PRICE_PER_REQUEST + gb_seconds * price[1]
        if fields.get("error"):
            row.errors += 1

    def _throttled(self, fields: Fields) -> None:
        self._functions[fields["function"]].throttles += 1

    def _cold(self, fields: Fields) -> None:
        self._functions[fields["function"]].cold_starts += 1
        memory, price = _price(fields)
        if memory:
            self._prices[fields["function"], fields.get("version")] = memory, price

    def _loaded(self, fields: Fields) -> None:
        """A load of which only the totals were written: nothing else tells of its requests."""
        if fields["entries"] != "totals":
            return
        row = self._functions[fields["function"]]
        row.invocations += fields["requests"] - fields["throttles"] - fields["refused"]
        row.errors += fields["errors"]
        row.throttles += fields["throttles"]
        row.cold_starts += fields["cold_starts"]
        row.duration += fields["duration"]
        row.billed += fields["billed"]
        memory, price = _price(fields)
        if memory:
            gb_seconds = fields["billed"] * memory
            row.gb_seconds += gb_seconds
            served = fields["requests"] - fields["throttles"] - fields["refused"]
            row.cost += served * PRICE_PER_REQUEST + gb_seconds * price


def _price(fields: Fields) -> tuple[float, float]:
    """A function's memory in GB, and what a GB-second costs; older journals say neither."""
    memory = fields.get("memory_size")
    price = PRICE_PER_GB_SECOND.get(fields.get("architecture", ""))
    return (memory / 1024, price) if isinstance(memory, int) and price is not None else (0.0, 0.0)


def _total(rows: Iterable[dict[str, Any]], key: str) -> int:
    return sum(row[key] for row in rows)
