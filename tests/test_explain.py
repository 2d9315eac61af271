"""A run told in sentences: prose, with the reason and the rule, and no longer than it must be."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from eventsim import Entry, Options, load, run
from eventsim.errors import EventsimError
from eventsim.journal.sinks import JsonLinesSink, MemorySink
from eventsim.reports import explain
from eventsim.reports._plot import TOLD_MAX
from eventsim.scenario import find
from tests.commands import eventsim

POISON = """\
One record that fails holds up its shard, and only its shard, until its retries
are used up.

   0.000s  The event source mapping consumer.Orders is enabled: from now on
           Lambda reads orders and invokes the function consumer with what it
           finds [Enabled]. 3 records are put on shard 0 of orders [partition
           key]. A stream keeps its records on shards; the key of a record
           decides its shard, and on one shard they keep their order. 1 record
           is put on shard 1 of orders [partition key].
   1.000s  After one request in vain, Lambda reads 3 records from shard 0 of
           orders [polling]. Lambda asks each shard again and again whether
           there is anything new, a shard of a Kinesis stream once a second, so
           a record may wait a little before anything happens. A batch of 2
           records from shard 0 of orders goes to the function consumer; it is
           full, since BatchSize is 2 [BatchSize]. A batch has records of one
           shard or queue only, and is one event to the function. After one
           request in vain, Lambda reads 1 record from shard 1 of orders
           [polling]. A batch of 1 record from shard 1 of orders goes to the
           function consumer without waiting for more
           [MaximumBatchingWindowInSeconds].
   1.100s  A new execution environment of consumer is ready after an init of 100
           ms, since no environment was idle [cold start]. An environment is a
           copy of the function that takes one event at a time; making one is
           called a cold start. Another one is ready at the same moment, for the
           same reason [cold start].
   1.120s  The function consumer fails with the 2 records of shard 0 of orders:
           ValueError: cannot take this order [a batch is taken as a whole].
           Lambda cannot tell which record was at fault, so all of them count as
           failed. The same 2 records are sent again in 250 ms, retry 1 of the 2
           allowed [MaximumRetryAttempts]. Whatever is behind on the shard waits
           too, so that nothing overtakes (only a ParallelizationFactor lets
           other keys go on); each wait is twice as long as the one before. The
           function consumer takes the record of shard 1 of orders in 20 ms
           [checkpoint]. The checkpoint of the shard moves on: what is in front
           of it is done, and is not read again.
   1.370s  The function consumer runs in an environment that is there already,
           idle for 250 ms [warm start]. This is a warm start: it waits for no
           init, and what the function kept in its globals is still there.
   1.390s  The function consumer fails at the second attempt with the 2 records
           of shard 0 of orders: ValueError: cannot take this order [a batch is
           taken as a whole]. The same 2 records are sent again in 500 ms, retry
           2 of the 2 allowed [MaximumRetryAttempts].
   1.910s  The function consumer fails at the third attempt with the 2 records
           of shard 0 of orders: ValueError: cannot take this order [a batch is
           taken as a whole]. Lambda gives up the 2 records of shard 0 of orders
           after 3 attempts, since all 2 retries are used up
           (RetryAttemptsExhausted) [MaximumRetryAttempts]. What is given up is
           lost to the function, and the shard goes on behind it. A batch of 1
           record from shard 0 of orders goes to the function consumer without
           waiting for more [MaximumBatchingWindowInSeconds].
   1.930s  The function consumer takes the record of shard 0 of orders in 20 ms
           [checkpoint].

In the end, of 4 records: 2 taken, 2 given up. Functions ran 5 times, 3 of them
in vain.

The run is over after 1.93 s. All 3 expectations of the scenario came true.
"""


def explained(name: str, *changes: str) -> str:
    sink, out = MemorySink(), io.StringIO()
    run(load(find(name), changes), Options(sinks=[sink]))
    explain.write(iter(sink.entries), out)
    return out.getvalue()


def words(name: str, *changes: str) -> str:
    return " ".join(explained(name, *changes).split())


def test_the_poison_record_reads_as_prose() -> None:
    assert explained("poison-record") == POISON


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bisect", "The 4 records are cut in two, and each half is sent by itself [Bisect"),
        ("partial-batch-response", "takes 2 of the 3 records of shard 0 of orders and names what"),
        ("retries-and-age", "after 8 attempts, since records may be 60 s old and no older"),
        ("on-failure-destination", "given up on shard 0 of orders goes to discarded [OnFailure]."),
        ("tumbling-window", "is over (a record of a later window came), so consumer is invoked"),
        ("filters", "never reach a function: no pattern of FilterCriteria matches [FilterCrit"),
        ("split-a-shard", "Shard 0 of orders is split into shards 1 and 2 [resharding]."),
        ("merge-shards", "Shards 0 and 1 of orders are merged into shard 2 [resharding]."),
        ("queue-redrive", "1 message moves from the queue orders to the queue dead-letters: "),
        ("function-policy", "So the service s3 gives the event up [function policy]."),
        ("async-retries", "The event goes to the dead-letter queue failed, as it was sent [Dead"),
        ("async-throttles", "The event waits in its queue for 1 s more: Reserved"),
        ("dry-run", "A dry run of payments is asked for: is it there, and allowed [DryRun]."),
        ("cold-starts", "environment of counter is stopped: idle since 60.020 s, and kept for"),
        ("timeout", "The environment of slow is reset: Timeout of 3 s passed [Timeout]."),
        ("reserved-concurrency", "cannot be invoked with the record of shard"),
        ("weighted-alias", "alias live leads to version 1, and 10% to version 2 [versions and"),
        ("api-gateway", "The service apigateway has no answer that it can take: the function"),
        ("sns-fan-out", "Nobody is told by orders: the filter policy of the subscription does"),
        ("photos", "An object is put into the bucket photos: incoming/red flower.jpg [S3]."),
        ("custom-resource", "The custom resource orders/SeedData is now CREATE_COMPLETE ["),
        ("scheduled", "The schedule billingMonthEnd fires [ScheduleExpression]."),
        ("alarm", "The alarm too-many-errors is now ALARM: Threshold Crossed: 2 out of"),
        ("alexa-dialog", "The service alexa accepts the answer [answer]."),
        ("poller-restart", "the poller crashed, and another goes on behind the checkpoint [En"),
        ("provisioned-concurrency", "before anybody asked [ProvisionedConcurrencyConfig]."),
        ("fan-out", "pushed to Lambda at once [enhanced fan-out]."),
        ("aws-measured", "A load on "),
    ],
)
def test_what_a_scenario_is_about_is_said_with_its_reason_and_its_rule(
    name: str, said: str
) -> None:
    assert said in words(name)


def test_what_was_expected_and_did_not_come_is_said() -> None:
    text = words("poison-record", "consumer.MaximumRetryAttempts=1")

    assert "Expected was exactly 2 of: retry_scheduled. Found: 1." in text
    assert text.endswith("The run is over after 1.41 s.")


def test_repeats_are_told_a_few_times_and_then_counted() -> None:
    told = words("poison-record", "consumer.MaximumRetryAttempts=-1")

    assert told.count("The function consumer fails") == TOLD_MAX
    assert "So it went on with orders for a while: 1,439 more attempts failed, until 23 h" in told


PLACE = {"mapping": "f.Orders", "source": "orders", "shard": "shardId-000000000000"}


def long_journal(batches: int) -> Iterator[Entry]:
    yield Entry(1, 0.0, "2026-01-01T00:00:00Z", "run_started", None, {"start": "2026"})
    for n in range(batches):
        shard = f"shardId-{n % 5000:012}"
        span = {"first": str(n), "last": str(n), "records": 1, "request_id": str(n)}
        fields = {**PLACE, "shard": shard, "function": "f", **span, "attempt": 1, "age": 1.0}
        yield Entry(n, n / 10, "2026-01-01T00:00:00Z", "batch_delivered", None, fields)


def test_neither_memory_nor_text_grows_with_the_run() -> None:
    def peak(batches: int) -> tuple[int, int]:
        out = io.StringIO()
        tracemalloc.start()
        explain.write(long_journal(batches), out)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, len(out.getvalue())

    peak(100)  # what is made once
    (small, short), (large, long) = peak(2_000), peak(20_000)

    assert large < 1.5 * small
    assert long < 1.1 * short


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "run.jsonl"
    run(load(find("bisect")), Options(sinks=[JsonLinesSink(path)]))
    return path


def around(journal: Path, wanted: str) -> str:
    ended = eventsim("explain", journal, "--around", wanted)
    assert (ended.code, ended.stderr) == (0, "")
    return " ".join(ended.stdout.split())


def test_around_a_record_stands_its_whole_story_and_no_other() -> None:
    out = io.StringIO()
    sink = MemorySink()
    run(load(find("on-failure-destination")), Options(sinks=[sink]))
    explain.write_around(lambda: iter(sink.entries), "00000001", out)
    told = " ".join(out.getvalue().split())

    assert "1 record is put on shard 0 of orders" in told
    assert "A new execution environment of consumer is ready" in told
    assert "A document about what was given up on shard 0 of orders goes to discarded" in told
    assert "watchman" not in told


def test_around_a_record_are_only_the_batches_that_it_was_in(journal: Path) -> None:
    told = around(journal, "000001")

    assert "takes the 2 records of shard 0 of orders in 20 ms" in told
    assert "Lambda gives up" not in told
    assert "In the end, of" not in told


def test_around_a_request_are_its_invocation_and_the_records_that_it_was_about(
    journal: Path,
) -> None:
    (request,) = [
        entry.fields["request_id"]
        for entry in entries_of(journal)
        if entry.kind == "batch_discarded"
    ]
    told = around(journal, request)

    assert "4 records are put on shard 0 of orders" in told
    assert "Lambda gives up the record of shard 0 of orders after 1 attempt" in told
    assert "takes the" not in told


def entries_of(journal: Path) -> list[Entry]:
    from eventsim.journal.reading import read

    return list(read(journal))


def test_around_an_event_is_all_that_became_of_it() -> None:
    sink, out = MemorySink(), io.StringIO()
    run(load(find("async-retries")), Options(sinks=[sink]))
    (request,) = [
        each.fields["request_id"] for each in sink.entries if each.kind == "event_discarded"
    ]
    explain.write_around(lambda: iter(sink.entries), request, out)
    told = " ".join(out.getvalue().split())

    assert told.count("is invoked and fails after 1 ms") == 3
    assert "The event goes to the dead-letter queue failed" in told
    assert "is invoked and done" not in told


@pytest.mark.parametrize("wanted", ["nobody", "999999", "", "1"])
def test_around_what_is_not_there_is_refused(journal: Path, wanted: str) -> None:
    ended = eventsim("explain", journal, "--around", wanted)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"error: the journal tells nothing of '{wanted}'; write a ")


def test_the_end_of_several_sequence_numbers_is_refused_with_all_of_them(tmp_path: Path) -> None:
    sink = MemorySink()
    run(load(find("poison-record")), Options(sinks=[sink]))

    with pytest.raises(EventsimError, match="'00001' is the end of 2 records; write one of: 4959"):
        explain.write_around(lambda: iter(sink.entries), "00001", io.StringIO())


def test_a_journal_from_a_pipe_is_told_around_a_record_too(journal: Path) -> None:
    text = journal.read_text("utf-8")
    ended = eventsim("explain", "-", "--around", "000003", stdin=text)

    assert ended == eventsim("explain", journal, "--around", "000003")
    assert "in two" in ended.stdout


def attempt(clock: str, *, answered: bool, error: bool) -> Iterator[Entry]:
    """A batch that is told of a moment after its answer, as in real time."""
    at = "2026-01-01T00:00:00Z"
    yield Entry(1, 0.0, at, "run_started", None, {"start": at, "clock": clock, "speed": 1})
    about = {"function": "f", "request_id": "r"}
    how = {"error": "Unhandled", "error_type": "KeyError"} if error else {}
    if answered:
        done = {**about, **how, "duration": 0.02, "billed": 0.02}
        yield Entry(2, 1.0, at, "invocation_finished", None, done)
    sent = {**PLACE, **about, "first": "1", "last": "2", "records": 2, "attempt": 1}
    if error:
        fields = {**sent, "delivered": 0, "invoked": True}
        yield Entry(3, 1.01, at, "batch_failed", "function error", fields)
    else:
        yield Entry(3, 1.01, at, "batch_delivered", None, {**sent, "age": 1.0})


@pytest.mark.parametrize(
    ("answered", "error", "said"),
    [
        (True, False, "The function f takes the 2 records of shard 0 of orders in 20 ms [checkp"),
        (True, True, "The function f fails with the 2 records of shard 0 of orders: KeyError [a"),
        (False, True, "The function f fails with the 2 records of shard 0 of orders: function "),
    ],
)
def test_in_real_time_a_batch_and_its_answer_are_one_sentence(
    answered: bool, error: bool, said: str
) -> None:
    out = io.StringIO()
    explain.write(attempt("real", answered=answered, error=error), out)
    told = " ".join(out.getvalue().split())

    assert said in told
    assert "is invoked" not in told


HOSTILE = "\x1b[31m<b>\u202e\x00\nX"


def hostile() -> Iterator[Entry]:
    at = "2026-01-01T00:00:00Z"
    started = {"start": at, "scenario": HOSTILE, "lesson": "", "schema": 1}
    yield Entry(1, 0.0, at, "run_started", None, started)
    place: dict[str, Any] = {"mapping": HOSTILE, "source": HOSTILE, "shard": HOSTILE}
    span = {"first": HOSTILE, "last": HOSTILE, "records": 1}
    yield Entry(2, 0.0, at, "mapping_changed", HOSTILE, {**place, "state": HOSTILE})
    yield Entry(3, 0.0, at, "records_put", None, {**place, **span})
    yield Entry(4, 0.0, at, "object_put", None, {"source": HOSTILE, "key": HOSTILE * 100_000})
    yield Entry(5, 0.0, at, "batch_formed", HOSTILE, {**place, **span})
    yield Entry(6, 0.0, at, "environment_started", HOSTILE, {"function": HOSTILE, "init": 0.1})


def test_hostile_text_shows_as_text() -> None:
    out = io.StringIO()
    explain.write(hostile(), out)

    assert all(letter.isprintable() for letter in out.getvalue().replace("\n", ""))
    assert "<b>" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert len(out.getvalue()) < 20_000


def test_a_journal_that_is_cut_off_is_told_as_far_as_it_goes(journal: Path) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) // 2])
    ended = eventsim("explain", journal)

    assert (ended.code, ended.stderr) == (0, "")
    assert "The journal is cut off after 1.16 s." in " ".join(ended.stdout.split())


def started(schema: int) -> str:
    return (
        '{"seq":1,"time":0.0,"at":"2026-01-01T00:00:00.000Z","kind":"run_started",'
        f'"start":"2026-01-01T00:00:00Z","schema":{schema}}}\n'
    )


ADDED_SINCE = ("changes", "memory_size", "architecture", "log_stream", "waited", "age", "answer")


def test_a_journal_of_an_older_eventsim_has_less_to_tell_and_is_told(journal: Path) -> None:
    now = eventsim("explain", journal).stdout
    lines = [orjson.loads(line) for line in journal.read_bytes().splitlines()]
    older = [{k: v for k, v in line.items() if k not in ADDED_SINCE} for line in lines]
    for line, flat in zip(lines, older, strict=True):
        if flat["kind"] == "batch_delivered":
            flat["age"] = line["age"]
    journal.write_bytes(b"".join(orjson.dumps(flat) + b"\n" for flat in older))

    assert eventsim("explain", journal) == (0, now, "")


def test_what_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    assert eventsim("explain", tmp_path) == (
        *(2, ""),
        f"error: cannot read the journal {tmp_path}: Is a directory\n",
    )
    assert eventsim("explain", "no.jsonl", "--around", "1").stderr == (
        "error: cannot read the journal no.jsonl: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty: a journal begins with a run_started entry"),
        ('{"hello": "world"}\n', ":1: not an entry of a journal; a journal is JSON Lines as "),
        (started(0), ":1: journal schema 0; the first one was 1"),
        (started(2), ":1: journal schema 2; this eventsim reads up to 1, a newer one wrote it"),
        ("%PDF-1.7\n", ":1: not an entry of a journal; a journal is JSON Lines as "),
    ],
)
def test_what_is_no_journal_is_refused_in_words(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    ended = eventsim("explain", path)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"error: {path}")
    assert fault in ended.stderr
