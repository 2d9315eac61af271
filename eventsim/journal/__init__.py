"""
The journal: what happened in a run, when, to which records, and because of what.

Every report, expectation, replay and metric reads entries, never live objects. An entry is
one flat JSON object a line::

    {"seq":12,"time":60.0,"at":"2013-01-01T05:01:00.000Z","kind":"batch_formed",
     "because":"window of 60 s expired","mapping":"delays.Flights","shard":"shardId-…", …}

Real elapsed time, host names and absolute paths never enter it: the same scenario, seed and
versions give the same bytes. Entries are written through structlog, so that a processor
(to mask a field, say) can be put in the way of every sink at once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from eventsim.journal.kinds import FRAME, KINDS, SCHEMA_VERSION, Kind

__all__ = [
    "FRAME",
    "KINDS",
    "SCHEMA_VERSION",
    "Channel",
    "Detail",
    "Entry",
    "Journal",
    "Kind",
    "Sink",
    "Watcher",
]

Detail = Literal["off", "batch", "payload"]
Watcher = Callable[[str, dict[str, Any]], None]
Listener = Callable[[dict[str, Any]], None]

KEPT_PAYLOADS_MAX = 100_000


class Entry(NamedTuple):
    """One thing that happened. ``at`` is the simulated date and time, UTC, in milliseconds."""

    seq: int
    time: float
    at: str
    kind: str
    because: str | None
    fields: dict[str, Any]

    @classmethod
    def of(cls, flat: dict[str, Any]) -> Entry:
        """The entry of a journal line; raises KeyError when it is none."""
        rest = dict(flat)
        return cls(
            rest.pop("seq"),
            rest.pop("time"),
            rest.pop("at"),
            rest.pop("kind"),
            rest.pop("because", None),
            rest,
        )


class Sink(Protocol):
    """Where entries go, as flat JSON objects. Raises JournalError when it cannot take one."""

    def write(self, flat: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class Timestamps(Protocol):
    """The two things a journal asks of a clock."""

    def time(self) -> float: ...

    def timestamp(self) -> float: ...


class Channel:
    """The entries of one kind, for who writes them at every invocation.

    ``heard`` says whether one goes anywhere: else nobody need put its fields together.
    """

    __slots__ = ("_listeners", "_put", "_silent", "heard")

    def __init__(self, put: Callable[[str | None, dict[str, Any]], None], silent: bool) -> None:
        self._put, self._silent = put, silent
        self._listeners: tuple[Listener, ...] = ()
        self.heard = not silent

    def listen(self, listener: Listener) -> None:
        """Call *listener* with the fields of each entry, as it is written."""
        self._listeners += (listener,)
        self.heard = True

    def enter(self, because: str | None, fields: dict[str, Any]) -> None:
        """Write one entry, now: *fields* are not copied."""
        for listener in self._listeners:
            listener(fields)
        if not self._silent:
            self._put(because, fields)


class Journal:
    """Numbers and stamps entries, counts them by kind, and hands them to sinks and watchers.

    At detail ``off`` only the frame of the run is written; watchers see everything at any
    detail. ``payload`` adds the events, answers and log lines themselves.
    """

    def __init__(
        self,
        clock: Timestamps,
        *,
        detail: Detail = "batch",
        sinks: Sequence[Sink] = (),
        processors: Iterable[Processor] = (),
    ) -> None:
        self.detail: Detail = detail
        self._clock = clock
        self._sinks = tuple(sinks)
        silent = frozenset(KINDS) - FRAME if detail == "off" or not sinks else frozenset()
        self._channels = {
            kind: Channel(partial(self._put, kind), silent=kind in silent) for kind in KINDS
        }
        self._seq = 0
        self._stamp = (-1.0, "")
        self._kept: OrderedDict[str, None] = OrderedDict()
        self._log: _EntryLogger = structlog.wrap_logger(
            _Fan(self._sinks),
            processors=[*processors, _as_argument],
            wrapper_class=_EntryLogger,
        ).bind()

    def watch(self, kinds: Iterable[str], watcher: Watcher) -> None:
        """Call *watcher* with kind and fields of each entry of these kinds, as it is written."""
        for kind in kinds:
            self._channels[kind].listen(partial(watcher, kind))

    def watch_each(self, ways: Mapping[str, Listener]) -> None:
        """Call what belongs to a kind with the fields of each of its entries."""
        for kind, listener in ways.items():
            self._channels[kind].listen(listener)

    def channel(self, kind: str) -> Channel:
        """The door for entries of this kind alone. Raises KeyError if it is not in ``KINDS``."""
        return self._channels[kind]

    def hears(self, kind: str) -> bool:
        """Whether an entry of this kind goes anywhere: else nobody need put its fields together."""
        return self._channels[kind].heard

    def write(self, kind: str, because: str | None = None, **fields: Any) -> None:
        """Write one entry, now. Raises KeyError for a kind that is not in ``KINDS``."""
        self._channels[kind].enter(because, fields)

    def enter(self, kind: str, because: str | None, fields: dict[str, Any]) -> None:
        """The same, and *fields* are not copied."""
        self._channels[kind].enter(because, fields)

    def _put(self, kind: str, because: str | None, fields: dict[str, Any]) -> None:
        self._seq += 1
        time, at = self._now()
        head: dict[str, Any] = {"seq": self._seq, "time": time, "at": at, "kind": kind}
        if because is not None:
            head["because"] = because
        self._log.write(head | fields)

    def keep(self, content: bytes) -> str | None:
        """At detail ``payload``, write *content* once and return its hash; else None."""
        if self.detail != "payload":
            return None
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return digest
        self._kept[digest] = None
        if len(self._kept) > KEPT_PAYLOADS_MAX:
            self._kept.popitem(last=False)
        self.write("payload_kept", hash=digest, content=content.decode("utf-8", "replace"))
        return digest

    def close(self) -> None:
        """Flush and close every sink."""
        for sink in self._sinks:
            sink.close()

    def _now(self) -> tuple[float, str]:
        time = round(self._clock.time(), 6)
        if time != self._stamp[0]:
            wall = datetime.fromtimestamp(self._clock.timestamp(), UTC)
            self._stamp = (
                time,
                wall.strftime("%Y-%m-%dT%H:%M:%S.") + f"{wall.microsecond // 1000:03}Z",
            )
        return self._stamp


class _EntryLogger(structlog.BoundLoggerBase):
    """A structlog logger whose one method carries a flat entry through the processors."""

    def write(self, flat: dict[str, Any]) -> None:
        self._proxy_to_logger("write", None, **flat)


def _as_argument(
    _: WrappedLogger, __: str, flat: EventDict
) -> tuple[tuple[EventDict], dict[str, Any]]:
    """The last processor: what the others left is what every sink gets."""
    return (flat,), {}


class _Fan:
    """What structlog takes for a logger: every sink at once."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    def write(self, flat: dict[str, Any]) -> None:
        for sink in self._sinks:
            sink.write(flat)
