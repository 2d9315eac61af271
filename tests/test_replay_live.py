"""A recording into a stream or queue that lives on: gaps, order, lateness, and no record twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from eventsim.clock import Clock
from eventsim.errors import CheckpointError, Unreachable
from eventsim.replay.resuming import PRINTED_BYTES, Resume, fingerprint
from eventsim.replay.sending import Sender
from eventsim.simulation.sending import Overtaken, Target, open_sender
from eventsim.sources.kinesis import recorded
from eventsim.types import PutRecord
from tests.commands import eventsim
from tests.endpoints import Endpoint
from tests.recorded import player, record, save

RECORDS = [record(n * 0.5, f"k{n % 3}", {"n": n}) for n in range(20)]


class Killed(BaseException):
    """The process ends here, as far as a test is concerned."""


class Taking:
    """Stands for a stream: keeps what was sent, and when."""

    def __init__(self, clock: Clock, seconds: float = 0.0) -> None:
        self._clock, self._seconds = clock, seconds
        self.taken: list[tuple[float, int]] = []
        self.dies_at: int | None = None
        self.requests = 0

    async def send(self, records: Sequence[PutRecord]) -> None:
        self.requests += 1
        if self.dies_at is not None and self.requests >= self.dies_at:
            raise Killed
        await self._clock.sleep(self._seconds)
        now = self._clock.time()
        self.taken += [(round(now, 6), orjson.loads(each.data)["n"]) for each in records]

    @property
    def numbers(self) -> list[int]:
        return [number for _, number in self.taken]


def sender(folder: Path, clock: Clock, taking: Taking, **how: Any) -> Sender:
    return Sender(
        player=player(folder, RECORDS),
        put=recorded.write,
        send=taking.send,
        at_once=how.pop("at_once", 500),
        clock=clock,
        now=clock.timestamp,
        **how,
    )


async def test_gaps_are_kept_to_the_microsecond(tmp_path: Path, clock: Clock) -> None:
    taking = Taking(clock)
    await sender(tmp_path, clock, taking).run()

    assert taking.taken == [(n * 0.5, n) for n in range(20)]


async def test_what_is_late_goes_together_and_its_lateness_is_told(
    tmp_path: Path, clock: Clock
) -> None:
    taking = Taking(clock, seconds=1.2)
    sending = sender(tmp_path, clock, taking)
    await sending.run()

    assert taking.numbers == list(range(20))
    assert taking.requests < 20
    assert sending.lateness.records == 20
    assert sending.lateness.worst == pytest.approx(2.3, abs=0.2)
    assert 1.2 <= sending.lateness.mean <= sending.lateness.worst


async def test_without_gaps_requests_are_full(tmp_path: Path, clock: Clock) -> None:
    taking = Taking(clock)
    await sender(tmp_path, clock, taking, gaps=False, at_once=8).run()

    assert (taking.requests, taking.taken) == (3, [(0.0, n) for n in range(20)])


@pytest.mark.parametrize("dies_at", [1, 3, 20])
async def test_what_was_sent_is_not_sent_again(tmp_path: Path, clock: Clock, dies_at: int) -> None:
    taking = Taking(clock)
    taking.dies_at = dies_at
    resume = Resume(tmp_path / "resume", ["it"])
    with pytest.raises(Killed):
        await sender(tmp_path, clock, taking, resume=resume).run()
    resume.close()
    taking.dies_at = None

    for _ in range(2):  # and a third time there is nothing left
        again = Resume(tmp_path / "resume", ["it"])
        await sender(tmp_path, clock, taking, resume=again).run()
        again.close()

    assert taking.numbers == list(range(20))


async def test_a_resumed_replay_goes_on_at_once(tmp_path: Path, clock: Clock) -> None:
    resume = Resume(tmp_path / "resume", ["it"])
    resume.sending(15, 0.0)
    resume.done(15)
    taking = Taking(clock)
    await sender(tmp_path, clock, taking, resume=resume).run()
    resume.close()

    assert taking.taken == [(n * 0.5, n + 15) for n in range(5)]


def test_a_resume_file_of_another_replay_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "resume"
    Resume(path, ["one"]).sending(1, 0.0)

    with pytest.raises(CheckpointError, match="is in use by another replay"):
        Resume(path, ["one"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"replay":1,"of":["other"],"began":0,"sent":1,"in_doubt":null}', "of another replay"),
        (b'{"replay":2}', "written by a newer eventsim"),
        (b'{"version":1}', "is no resume file"),
        (b"half", "is no resume file"),
    ],
)
def test_a_file_that_is_no_resume_file_of_this_is_left_as_it_is(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "resume"
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=said):
        Resume(path, ["it"])
    assert path.read_bytes() == content


def on_stream(endpoint: Endpoint, stream: str) -> dict[str, list[int]]:
    """The numbers that a stream holds, by shard and in order."""
    found: dict[str, list[int]] = {}
    for shard in endpoint.client.list_shards(StreamName=stream)["Shards"]:
        iterator = endpoint.client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = endpoint.client.get_records(ShardIterator=iterator)["Records"]
        found[shard["ShardId"]] = [orjson.loads(each["Data"])["n"] for each in records]
    return found


def to(path: Path, stream: str, endpoint: Endpoint) -> list[Any]:
    """The words that replay a recording into a stream of a server."""
    return ["replay", path, "--to", f"kinesis://{stream}", "--endpoint-url", endpoint.url]


def test_a_live_stream_gets_every_record_in_order(tmp_path: Path, endpoint: Endpoint) -> None:
    stream = endpoint.stream(2)
    path = save(tmp_path / "orders.jsonl", RECORDS)
    words: list[Any] = [
        "replay",
        path,
        "--to",
        f"kinesis://{stream}",
        "--endpoint-url",
        endpoint.url,
    ]
    resume: list[Any] = ["--resume", tmp_path / "resume"]

    once = eventsim(*words, *resume, "--speed", "max")
    twice = eventsim(*words, *resume, "--speed", "max")
    other = eventsim(*words, *resume, "--until", "5s")
    found = on_stream(endpoint, stream)

    assert (once.code, once.stdout) == (0, f"20 records sent to kinesis://{stream}\n")
    assert (twice.code, twice.stdout) == (0, f"0 records sent to kinesis://{stream}\n")
    assert (other.code, "of another replay" in other.stderr) == (2, True)
    assert sorted(number for shard in found.values() for number in shard) == list(range(20))
    assert all(numbers == sorted(numbers) for numbers in found.values())


def test_lateness_at_a_speed_is_in_seconds_of_the_recording(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    stream = endpoint.stream(1)
    path = save(tmp_path / "orders.jsonl", [record(n * 60, "k", {"n": n}) for n in range(11)])
    words: list[Any] = [
        "replay",
        path,
        "--to",
        f"kinesis://{stream}",
        "--endpoint-url",
        endpoint.url,
    ]
    ended = eventsim(*words, "--speed", "600", "--json")
    told = orjson.loads(ended.stdout)

    assert (ended.code, told["sent"]) == (0, 11)
    assert 0 < told["late_seconds_mean"] <= told["late_seconds_max"] < 300
    assert on_stream(endpoint, stream) == {"shardId-000000000000": list(range(11))}


@pytest.mark.real_time
@pytest.mark.parametrize("arrived", [0, 7, 12])
async def test_of_a_request_in_doubt_only_the_rest_is_sent(
    tmp_path: Path, endpoint: Endpoint, arrived: int
) -> None:
    stream = endpoint.stream(2)
    path, notes = tmp_path / "resume", list[str]()
    target = Target(type="kinesis", name=stream, endpoint_url=endpoint.url, speed=None, resume=path)
    async with open_sender(player(tmp_path, RECORDS), target, notes.append) as first:
        assert first.resume is not None
        real = first.send

        async def dies(records: Sequence[Any]) -> None:
            if arrived:
                await real(records[:arrived])
            raise Killed

        first.send, first.at_once = dies, 12
        with pytest.raises(Killed):
            await first.run()
    async with open_sender(player(tmp_path, RECORDS), target, notes.append) as second:
        await second.run()
    found = on_stream(endpoint, stream)

    assert sorted(number for shard in found.values() for number in shard) == list(range(20))
    assert notes == []


@pytest.mark.real_time
@pytest.mark.parametrize("arrived", [0, 3])
async def test_what_was_recorded_twice_is_sent_twice(
    tmp_path: Path, endpoint: Endpoint, arrived: int
) -> None:
    same = [record(n, "k", {"n": 1}) for n in range(12)]
    stream, path = endpoint.stream(1), tmp_path / "resume"
    target = Target(type="kinesis", name=stream, endpoint_url=endpoint.url, speed=None, resume=path)
    async with open_sender(player(tmp_path, same), target, print) as first:
        real, first.at_once = first.send, 5
        requests = list[int]()

        async def dies(records: Sequence[Any]) -> None:
            requests.append(len(records))
            if len(requests) == 1:
                await real(records)
                return
            if arrived:
                await real(records[:arrived])
            raise Killed

        first.send = dies
        with pytest.raises(Killed):
            await first.run()
    async with open_sender(player(tmp_path, same), target, print) as second:
        await second.run()

    assert on_stream(endpoint, stream) == {"shardId-000000000000": [1] * 12}


def test_messages_go_to_a_live_queue(tmp_path: Path, endpoint: Endpoint) -> None:
    client = endpoint.client_of("sqs")
    url = client.create_queue(QueueName=f"replayed-{endpoint.stream(1)}")["QueueUrl"]
    path = save(tmp_path / "orders.jsonl", [record(0, "k", {"n": n}) for n in range(5)], "sqs")
    name = url.rpartition("/")[2]
    ended = eventsim("replay", path, "--to", f"sqs://{name}", "--endpoint-url", endpoint.url)
    got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert ended.code == 0
    assert sorted(orjson.loads(each["Body"])["n"] for each in got) == list(range(5))


def test_fewer_shards_than_the_recording_has_are_said(tmp_path: Path, endpoint: Endpoint) -> None:
    stream = endpoint.stream(1)
    path = save(tmp_path / "o.jsonl", [record(n, "k", {"n": n}, f"s{n}") for n in range(2)])
    words: list[Any] = [
        "replay",
        path,
        "--to",
        f"kinesis://{stream}",
        "--endpoint-url",
        endpoint.url,
    ]
    ended = eventsim(*words, "--speed", "max")

    assert ended.code == 0
    assert f"the recording has 2 shards and {stream} has 1" in ended.stderr


def test_a_recording_goes_to_what_it_was_made_from_only(tmp_path: Path, endpoint: Endpoint) -> None:
    path = save(tmp_path / "o.jsonl", [record(0, "", {"n": 1})], "sqs")
    ended = eventsim(*to(path, endpoint.stream(1), endpoint))

    assert (ended.code, "a recording of sqs cannot go to kinesis" in ended.stderr) == (2, True)


def test_a_stream_that_is_not_there_is_refused(tmp_path: Path, endpoint: Endpoint) -> None:
    path = save(tmp_path / "o.jsonl", RECORDS)
    ended = eventsim("replay", path, "--to", "kinesis://nowhere", "--endpoint-url", endpoint.url)

    assert ended.code == 2
    assert "ResourceNotFoundException" in ended.stderr


def test_a_stream_that_was_created_again_has_none_of_the_records(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    stream = endpoint.stream(1)
    path = save(tmp_path / "o.jsonl", RECORDS)
    words = [*to(path, stream, endpoint), "--speed", "max", "--resume", tmp_path / "resume"]
    assert eventsim(*words).code == 0
    endpoint.client.delete_stream(StreamName=stream)
    endpoint.client.create_stream(StreamName=stream, ShardCount=1)

    ended = eventsim(*words)

    assert ended.code == 2
    assert "resume is of another replay (" in ended.stderr


def test_a_recording_that_differs_at_its_end_is_another(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    prints = []
    for end in (b"1\n", b"2\n"):
        path.write_bytes(b"x" * PRINTED_BYTES * 3 + end)
        prints.append(fingerprint(path))

    assert prints[0] != prints[1]


def test_what_a_stream_puts_behind_later_records_is_told() -> None:
    def put(*taken: bool) -> dict[str, Any]:
        results = ({"SequenceNumber": "1"}, {"ErrorCode": "ProvisionedThroughputExceededException"})
        return {"Records": [results[not each] for each in taken]}

    told: list[str] = []
    overtaken = Overtaken()
    for answer in (put(True, True), put(True, False), {"HashKey": "1"}, Unreachable("no answer")):
        overtaken.see(answer)
    overtaken.tell(told.append)
    assert told == []

    overtaken.see(put(False, False, True, False))
    overtaken.tell(told.append)

    assert overtaken.records == 2
    assert told[0].startswith("2 records were refused for the stream's throughput and put again")
