"""What every report wants to know of a run, folded from its entries one at a time."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from eventsim.errors import JournalError
from eventsim.journal import Entry
from eventsim.reports._metrics import RESULT
from eventsim.reports._tally import Tally

EXPECTATIONS_MAX = 10_000
_NUMBER = (int, float)
_BATCH = (("mapping", str), ("source", str), ("shard", str), ("records", int))
_SENT = (*_BATCH, ("function", str), ("attempt", int))

_EVENT = (("function", str), ("request_id", str))
_DOCUMENT = (("destination", str), ("condition", str))

# The fields that reports count, compare or draw, and what they must be.
_NEEDED: dict[str, tuple[tuple[str, type | tuple[type, ...]], ...]] = {
    "run_started": (("start", str),),
    "run_finished": (("outcome", str), ("seconds", _NUMBER), ("counts", dict)),
    "expectation_checked": (("name", str), ("passed", bool), ("wanted", str), ("found", _NUMBER)),
    "records_put": (("source", str), ("shard", str), ("records", int)),
    "records_read": (*_BATCH, ("polls", int)),
    "records_filtered": _BATCH,
    "records_expired": _BATCH,
    "batch_formed": _BATCH,
    "messages_deleted": _BATCH,
    "messages_returned": (*_BATCH, ("visible_in", _NUMBER)),
    "messages_redriven": (("source", str), ("records", int), ("target", str)),
    "messages_expired": (("source", str), ("records", int)),
    "batch_delivered": (*_SENT, ("age", _NUMBER)),
    "batch_failed": (*_SENT, ("delivered", int), ("invoked", bool)),
    "destination_delivered": _DOCUMENT,
    "destination_failed": (*_DOCUMENT, ("code", str)),
    "event_queued": _EVENT,
    "event_duplicated": (*_EVENT, ("wait", _NUMBER)),
    "event_retried": (*_EVENT, ("attempt", int), ("wait", _NUMBER), ("age", _NUMBER)),
    "event_succeeded": (*_EVENT, ("approximate_invoke_count", int), ("age", _NUMBER)),
    "event_discarded": (
        *_EVENT,
        ("condition", str),
        ("approximate_invoke_count", int),
        ("age", _NUMBER),
    ),
    "event_dropped": (*_EVENT, ("condition", str)),
    "retry_scheduled": (*_SENT, ("wait", _NUMBER)),
    "batch_bisected": _BATCH,
    "batch_discarded": (
        *_BATCH[:3],
        ("function", str),
        ("batch_size", int),
        ("condition", str),
        ("approximate_invoke_count", int),
    ),
    "mapping_changed": (("mapping", str), ("source", str)),
    "invocation_finished": (("function", str), ("duration", _NUMBER), ("billed", _NUMBER)),
    "invocation_throttled": (("function", str),),
    "environment_started": (("function", str), ("init", _NUMBER)),
    "load_measured": (("plan", dict), ("measured", dict), ("thresholds", list), ("valid", bool)),
    "load_finished": (
        ("function", str),
        ("entries", str),
        ("requests", int),
        ("cold_starts", int),
        ("throttles", int),
        ("refused", int),
        ("errors", int),
        ("environments", _NUMBER),
        ("duration", _NUMBER),
        ("billed", _NUMBER),
    ),
}


def checked(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield *entries*; raises JournalError at one without a field that its kind must have."""
    for entry in entries:
        head: tuple[Any, ...] = entry
        _, time, at, kind, _, fields = head
        if not (isinstance(kind, str) and isinstance(time, _NUMBER) and isinstance(at, str)):
            raise JournalError(f"entry {entry.seq}: 'kind' and 'at' are text, 'time' is a number")
        for name, wanted in _needed(kind, fields):
            if not isinstance(fields.get(name), wanted):
                raise JournalError(_complaint(entry, name, wanted))
        yield entry


def _needed(kind: str, fields: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    needed = _NEEDED.get(kind, ())
    if not kind.startswith("destination_"):
        return needed
    about = (*_EVENT, ("config", str)) if "config" in fields else _BATCH
    return (*about, *needed)


class Run:
    """A run as far as it was told: how it began and ended, what it counted and was held to.

    A journal without ``run_finished`` is ``cut off``, and its counts are those of its entries.
    """

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.expectations: list[dict[str, Any]] = []
        self.cut_off: list[str] = []
        self.because: str | None = None
        self._finished: dict[str, Any] = {}
        self._tally = Tally()
        self._time = 0.0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Run:
        """The run that *entries* tell; raises JournalError at one that lacks what it must have."""
        run = cls()
        for entry in checked(entries):
            run.add(entry)
        return run

    def add(self, entry: Entry) -> None:
        """Take one entry that was checked."""
        kind, fields = entry.kind, entry.fields
        self._time = entry.time
        if kind in Tally.KINDS_SET:
            self._tally.add(kind, fields)
        elif kind == "run_started":
            self.started = fields
        elif kind == "run_finished":
            self._finished, self.because = fields, entry.because
        elif kind == "recording_cut_off":
            self.cut_off.append(f"{fields.get('path')} is cut off in line {fields.get('line')}")
            del self.cut_off[EXPECTATIONS_MAX:]
        elif kind == "expectation_checked" and len(self.expectations) < EXPECTATIONS_MAX:
            self.expectations.append(
                {key: fields[key] for key in ("name", "passed", "wanted", "found")}
            )

    @property
    def outcome(self) -> str:
        """``ok``, ``failed``, ``interrupted`` or ``cut off``."""
        return str(self._finished.get("outcome", "cut off"))

    @property
    def seconds(self) -> float:
        """How long the run took, in simulated seconds; up to its last entry when cut off."""
        return round(float(self._finished.get("seconds", self._time)), 6)

    @property
    def scenario(self) -> str:
        return str(self.started.get("scenario") or "a run without a name")

    @property
    def lesson(self) -> str:
        return str(self.started.get("lesson") or "")

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    def counts(self) -> dict[str, Any]:
        """The counts that the run gave itself at its end, else those of its entries."""
        given = self._finished.get("counts")
        return _completed(given) if given else self._tally.counts()

    def repeat(self) -> str:
        """The command that repeats the run."""
        started = self.started
        if command := started.get("command"):
            return str(command)
        words = ["eventsim", "run", str(started.get("file") or self.scenario)]
        changes = started.get("changes")
        for change in changes if isinstance(changes, list) else ():
            words += ["--set", str(change)]
        if "seed" in started:
            words += ["--seed", str(started["seed"])]
        if started.get("backend") not in (None, "simulated"):
            words += ["--backend", str(started["backend"])]
        if started.get("clock") == "real":
            words += ["--time", "real", "--speed", f"{started.get('speed', 1)}"]
        return shlex.join(words)


def _complaint(entry: Entry, name: str, wanted: type | tuple[type, ...]) -> str:
    types = wanted if isinstance(wanted, tuple) else (wanted,)
    what = {str: "text", dict: "an object", bool: "true or false"}.get(types[0], "a number")
    return f"entry {entry.seq}: {entry.kind} needs '{name}', and it must be {what}"


def _completed(given: dict[str, Any]) -> dict[str, Any]:
    """The counts of a journal, with zeros for what an older eventsim did not count."""
    blank = Tally.blank()
    counts = {}
    for key, default in Tally().counts().items():
        if key in blank:
            rows = _like(default, given.get(key, default), key)
            pairs = ((name, _merged(blank[key], rows[name], key)) for name in sorted(rows))
            counts[key] = dict(pairs)
        elif key in ("records", "events"):
            counts[key] = _merged(default, given.get(key, default), key)
        else:
            counts[key] = _like(default, given.get(key, default), key)
    return counts


def _merged(default: dict[str, Any], row: Any, key: str) -> dict[str, Any]:
    _like(default, row, key)
    return {
        name: _member(zero, row.get(name, zero), key)
        for name, zero in default.items()
        if name in row or name != RESULT  # which the mapping of a queue has not got
    }


def _member(default: Any, value: Any, key: str) -> Any:
    if isinstance(default, dict):
        return _merged(default, value, key)
    return _like(default, value, key)


def _like(default: Any, value: Any, key: str) -> Any:
    numbers = isinstance(default, int | float | None) and isinstance(value, int | float)
    if not numbers and type(value) is not type(default):
        raise JournalError(f"run_finished: '{key}' of the counts must look like {default!r}")
    return value
