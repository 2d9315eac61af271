"""
A pytest plugin: recordings, streams, functions and scenarios as fixtures, and runs to assert on.

    def test_the_fix_survives_yesterday(recording):
        orders = recording("yesterday.jsonl.gz")
        orders.replay(app.fixed).assert_same_as(orders.replay(app.handler))

Everything runs in virtual time, and a failed assertion prints the timeline around what differs.
Settings of a mapping are keyword arguments under AWS's names. The fixtures are for tests that
are no coroutines: each run has an event loop of its own.

https://docs.pytest.org/en/stable/how-to/writing_plugins.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eventsim.journal import Entry
    from eventsim.replay.comparing import Comparison
    from eventsim.replay.fates import Respect
    from eventsim.simulation import Result

Handler = Callable[..., Any] | str
START = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True, eq=False)
class Run:
    """A run that has ended. It equals another one when nothing that matters differs."""

    result: Result
    journal: Path
    ignored: frozenset[Respect] = frozenset()

    @property
    def counts(self) -> dict[str, Any]:
        """What the run counted, as ``eventsim report --as json`` has it."""
        return self.result.counts

    def entries(self) -> Iterator[Entry]:
        """The entries of its journal."""
        from eventsim.journal.reading import read

        return read(self.journal)

    def timeline(self) -> str:
        """The run as ``eventsim report --as timeline`` tells it."""
        from eventsim.reports import timeline

        out = StringIO()
        timeline.write(self.entries(), out)
        return out.getvalue()

    def ignoring(self, *respects: Respect) -> Run:
        """The same run, for comparisons that leave out ``delivered``, ``results``, ``retries``,
        ``batches`` or ``time``. Raises ValueError for any other.
        """
        from eventsim.replay.fates import RESPECTS

        if unknown := [each for each in respects if each not in RESPECTS]:
            raise ValueError(f"runs are not compared by {unknown[0]}, but by {', '.join(RESPECTS)}")
        return Run(self.result, self.journal, self.ignored | frozenset(respects))

    def compared(self, other: Run | Path | str) -> Comparison:
        """The run held against another, or against a journal that was kept."""
        from eventsim.replay.comparing import compare

        journal = other.journal if isinstance(other, Run) else Path(other)
        ignored = self.ignored | (other.ignored if isinstance(other, Run) else frozenset())
        return compare(self.journal, journal, ignore=ignored)

    def assert_same_as(self, other: Run | Path | str) -> None:
        """Fail with what differs first, and the timeline around it, unless nothing that matters
        does. A plain ``==`` tells the same, as far as pytest's verbosity lets it.
        """
        __tracebackhide__ = True
        from eventsim.replay.words import lines

        found = self.compared(other)
        if not found.same:
            told = "\n".join(lines(found))
            pytest.fail(f"the runs are not the same\n{told}", pytrace=False)

    def assert_ok(self) -> None:
        """Fail unless every record was delivered, every function succeeded, and all expectations
        of the scenario hold.
        """
        __tracebackhide__ = True
        complaint = self._complaint()
        if complaint is not None:
            pytest.fail(f"{complaint}\n{self._around()}\n{self.timeline()}", pytrace=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run | Path):
            return NotImplemented
        return self.compared(other).same

    __hash__ = None  # type: ignore[assignment]  # runs that are equal are not the same

    def _complaint(self) -> str | None:
        records = self.counts["records"]
        lost = sum(records[name] for name in ("discarded", "expired", "redriven"))
        failed = [each for each in self.result.verdicts if not each.passed]
        if failed:
            first = failed[0]
            return f"expected {first.name}: wanted {first.wanted}, found {first.found:g}"
        if lost:
            return f"{lost:,} of {records['put']:,} records were not delivered"
        if self.counts["errors"]:
            return f"{self.counts['errors']:,} of {self.counts['invocations']:,} invocations failed"
        return None if self.result.ok else f"the run ended as {self.result.outcome}"

    def _around(self) -> str:
        """What came before the first failure, and it."""
        from eventsim.replay.words import said

        before: list[str] = []
        for entry in self.entries():
            if entry.kind in _TOLD:
                before.append(f"  {entry.time:>12.3f}s  {said(entry)}")
                del before[:-_AROUND]
            if entry.kind in _FAILURES or entry.fields.get("error"):
                break
        return "\n".join(before)


_AROUND = 8
_FAILURES = ("batch_discarded", "records_expired", "event_discarded", "messages_redriven")
_TOLD = (*_FAILURES, "batch_delivered", "retry_scheduled", "invocation_finished", "batch_bisected")


@dataclass
class Worker:
    """Runs what a test asks for, and keeps the journals in the test's folder."""

    folder: Path
    journals: Path
    _runs: int = 0

    def path(self, name: str) -> Path:
        """A file that the test names: beside it, or a whole path."""
        return (self.folder / name).resolve()

    def replay(
        self,
        path: Path,
        handler: Handler,
        settings: Mapping[str, Any],
        shards: int | None,
        seed: int,
    ) -> Run:
        """A recording through a mapping into *handler*, which may be module.function."""
        from eventsim.replay import Player, open_recording
        from eventsim.simulation.replaying import Replay, replay

        player = Player(open_recording(path))
        what = Replay(
            player=player,
            into="invocations" if player.whole_events else "poller",
            function=_block(handler),
            folder=self.folder,
            properties=settings,
            shards=shards,
            seed=seed,
        )
        return self._run(lambda options: replay(what, options))

    def scenario(self, scenario: Any) -> Run:
        """A scenario to its end: a file, or what ``Scenario.of`` takes."""
        from eventsim.scenario import Scenario, load
        from eventsim.simulation import run

        if isinstance(scenario, str | Path):
            loaded = load(self.path(str(scenario)))
        else:
            loaded = scenario if isinstance(scenario, Scenario) else _scenario(scenario, self)
        return self._run(lambda options: run(loaded, options))

    def _run(self, run: Callable[[Any], Result]) -> Run:
        from eventsim.journal.sinks import JsonLinesSink
        from eventsim.simulation import Options

        self._runs += 1
        journal = self.journals / f"run-{self._runs}.jsonl"
        sink = JsonLinesSink(journal, eager=False)
        return Run(run(Options(sinks=[sink], detail="payload")), journal)


@dataclass(frozen=True)
class RecordingOf:
    """A recording, to be replayed as often as a test likes."""

    path: Path
    worker: Worker

    def replay(
        self, handler: Handler, *, shards: int | None = None, seed: int = 0, **settings: Any
    ) -> Run:
        """Replay it into *handler* in virtual time: ``replay(app.handler, BatchSize=10)``."""
        return self.worker.replay(self.path, handler, settings, shards, seed)


@dataclass
class StreamOf:
    """A Kinesis stream of a test: what is put there is delivered when a handler is named."""

    worker: Worker
    shards: int = 1
    _puts: list[tuple[float, str, bytes]] = field(default_factory=list)

    def put(self, key: str, data: Any, *, at: float | None = None) -> StreamOf:
        """Put a record, *at* so many seconds, or with the one before it."""
        import orjson

        last = self._puts[-1][0] if self._puts else 0.0
        encoded = data if isinstance(data, bytes) else orjson.dumps(data)
        self._puts.append((last if at is None else at, key, encoded))
        return self

    def deliver(self, handler: Handler, *, seed: int = 0, **settings: Any) -> Run:
        """Poll it into *handler* in virtual time, until everything is dealt with."""
        path = self.worker.journals / "stream.jsonl"
        _write(path, self._puts)
        return self.worker.replay(path, handler, settings, self.shards, seed)


@dataclass(frozen=True)
class FunctionOf:
    """A function to be invoked; properties are those of SAM's AWS::Serverless::Function."""

    handler: Handler
    properties: Mapping[str, Any]
    worker: Worker

    def __call__(self, event: Any) -> Any:
        """Invoke it; its answer. Fails the test when the function does."""
        __tracebackhide__ = True
        import orjson

        result = self.invoke(event)
        answer = orjson.loads(result.payload) if result.payload else None
        if result.function_error is not None:
            pytest.fail(f"the function failed: {result.payload.decode()}", pytrace=False)
        return answer

    def invoke(self, event: Any) -> Any:
        """The whole answer of the Invoke API, an InvokeResult."""
        import orjson

        from eventsim.ids import Chance
        from eventsim.simulation.invoking import invoke
        from eventsim.types import InvokeRequest, Payload

        block = _block(self.handler) | dict(self.properties)
        scenario = _scenario({"name": "function", "functions": {"function": block}}, self.worker)
        payload = Payload.of_bytes(orjson.dumps(event))
        return invoke(scenario, InvokeRequest("function", payload, Chance(0).uuid("invoke")))


@pytest.fixture
def _eventsim(request: pytest.FixtureRequest, tmp_path: Path) -> Worker:
    return Worker(request.path.parent, tmp_path)


@pytest.fixture
def recording(_eventsim: Worker) -> Callable[[Path | str], RecordingOf]:
    """``recording("orders.jsonl.gz")``: a recording beside the test, to be replayed."""
    return lambda path: RecordingOf(_eventsim.path(str(path)), _eventsim)


@pytest.fixture
def stream(_eventsim: Worker) -> StreamOf:
    """``stream.put("a", {"id": 1}, at=2)`` and then ``stream.deliver(app.handler)``."""
    return StreamOf(_eventsim)


@pytest.fixture
def function(_eventsim: Worker) -> Callable[..., FunctionOf]:
    """``function(app.handler, Timeout=3)(event)``: its answer, in virtual time."""
    return lambda handler, **properties: FunctionOf(handler, properties, _eventsim)


@pytest.fixture
def simulation(_eventsim: Worker) -> Callable[[Any], Run]:
    """``simulation("scenario.yaml").assert_ok()``: a scenario beside the test, to its end."""
    return _eventsim.scenario


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """What differs between two runs, and the timeline around it."""
    if op != "==" or not isinstance(left, Run) or not isinstance(right, Run | Path):
        return None
    from eventsim.replay.words import brief, lines

    found = left.compared(right)
    hint = "assert_same_as, or -vv, tells the timeline around it"
    return ["the runs are not the same", *brief(found), hint, *lines(found)]


def _block(handler: Handler) -> dict[str, Any]:
    block: dict[str, Any] = {"Handler": handler, "run_in": "inline"}
    return block | {"CodeUri": "."} if isinstance(handler, str) else block


def _scenario(values: Mapping[str, Any], worker: Worker) -> Any:
    from eventsim.scenario import Scenario

    return Scenario.of(dict(values), worker.folder)


def _write(path: Path, puts: Collection[tuple[float, str, bytes]]) -> None:
    from datetime import datetime

    from eventsim.recordings import Header, RecordedRecord, jsonl

    start = datetime.fromisoformat(START).timestamp()
    in_order = sorted(puts, key=lambda put: put[0])
    records = (RecordedRecord(start + at, key, data) for at, key, data in in_order)
    jsonl.write(path, Header("kinesis", "stream", start=start), records)
