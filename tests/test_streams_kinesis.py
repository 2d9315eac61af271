"""What a simulated Kinesis stream promises to who calls it, request by request."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from eventsim.errors import ServiceError
from eventsim.rules import kinesis as rules
from eventsim.streams import GetRecords, PutSummary, ShardIterator
from eventsim.streams.kinesis import KinesisStream, Put
from eventsim.types import Position, PutRecord, Record, Shard, TimedRecord
from tests.hand_clock import EPOCH, HandClock

SHARD = "shardId-000000000000"
TRIM_HORIZON, LATEST = Position("TRIM_HORIZON"), Position("LATEST")
MEBIBYTE = 1024 * 1024


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def sequence(number: int, shard: int = 0) -> str:
    return f"4959{int(EPOCH):011d}{shard:06d}{'0' * 17}{10**17 + number}"


def put(*data: bytes, key: str = "a") -> list[PutRecord]:
    return [PutRecord(key, each) for each in data]


def timed(time: float, data: bytes = b"", key: str = "a") -> TimedRecord:
    return TimedRecord(time, PutRecord(key, data))


def read(stream: KinesisStream, position: Position = TRIM_HORIZON) -> Sequence[Record]:
    return stream.get_records(stream.get_shard_iterator(SHARD, position)).records


def data_of(records: Sequence[Record]) -> list[bytes]:
    return [record.data for record in records]


def code_of(error: pytest.ExceptionInfo[ServiceError]) -> str:
    return error.value.code


def test_a_new_stream_has_its_shards_and_its_arn(clock: HandClock) -> None:
    stream = KinesisStream("orders", 2, clock, account="210987654321", region="cn-north-1")

    assert stream.arn == "arn:aws-cn:kinesis:cn-north-1:210987654321:stream/orders"
    assert stream.shards() == [Shard(SHARD), Shard("shardId-000000000001")]
    assert stream.hash_keys(SHARD) == (0, 2**127 - 1)
    assert stream.hash_keys("shardId-000000000001") == (2**127, 2**128 - 1)


def test_three_shards_divide_the_hash_keys_as_on_aws() -> None:
    assert rules.hash_key_ranges(3) == [
        (0, 113427455640312821154458202477256070484),
        (113427455640312821154458202477256070485, 226854911280625642308916404954512140969),
        (226854911280625642308916404954512140970, 340282366920938463463374607431768211455),
    ]


@pytest.mark.parametrize("shards", [0, -1, 10_001])
def test_a_stream_needs_a_shard(clock: HandClock, shards: int) -> None:
    with pytest.raises(ServiceError) as error:
        KinesisStream("orders", shards, clock)

    assert str(error.value) == (
        f"InvalidArgumentException: ShardCount {shards} is not between 1 and 10000"
    )


def test_a_put_answers_with_the_place_of_each_record(clock: HandClock) -> None:
    stream = KinesisStream("orders", 2, clock)

    puts = stream.put_records(
        [PutRecord("a", b"1", 2**127), PutRecord("a", b"2", 0), PutRecord("a", b"3", 2**127)]
    )

    assert puts == [
        Put("shardId-000000000001", sequence(1, shard=1)),
        Put("shardId-000000000000", sequence(1)),
        Put("shardId-000000000001", sequence(2, shard=1)),
    ]


def test_a_record_comes_back_as_it_was_put(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    clock.now = 2.98765

    stream.put_records([PutRecord("é", b"\x00\xff")])

    assert read(stream) == [Record(sequence(1), "é", b"\x00\xff", EPOCH + 2.987)]


def test_a_refused_record_leaves_nothing_of_its_request(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)

    with pytest.raises(ServiceError) as error:
        stream.put_records([*put(b"1"), PutRecord("k" * 257, b"2")])

    assert str(error.value) == (
        f"ValidationException: 1 validation error detected: Value '{'k' * 257}' at 'partitionKey' "
        "failed to satisfy constraint: Member must have length less than or equal to 256"
    )
    assert read(stream) == []


def test_a_record_may_have_10_mib_with_its_key(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    whole = 10 * MEBIBYTE

    stream.put_records([PutRecord("ä", b"x" * (whole - 2))])
    with pytest.raises(ServiceError) as error:
        stream.put_records([PutRecord("ä", b"x" * (whole - 1))])
    with pytest.raises(ServiceError) as scheduled:
        stream.schedule([TimedRecord(1.0, PutRecord("ä", b"x" * (whole - 1)))])

    assert (code_of(error), code_of(scheduled)) == ("ValidationException", "ValidationException")
    assert len(read(stream)) == 1


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (PutRecord("a", "text"), "SerializationException"),
        (PutRecord("\ud800", b""), "SerializationException"),
        (PutRecord("a", b"", -1), "InvalidArgumentException"),
    ],
)
def test_what_is_no_record_is_refused(clock: HandClock, record: PutRecord, code: str) -> None:
    with pytest.raises(ServiceError) as error:
        KinesisStream("orders", 1, clock).put_records([record])

    assert code_of(error) == code


def test_an_iterator_lives_for_five_minutes(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    iterator = stream.get_shard_iterator(SHARD, TRIM_HORIZON)
    clock.now = 300.0
    answer = stream.get_records(iterator)
    clock.now = 300.001

    with pytest.raises(ServiceError) as error:
        stream.get_records(iterator)

    assert code_of(error) == "ExpiredIteratorException"
    assert answer == GetRecords([], ShardIterator(SHARD, sequence(0), 300.0), 0.0)


def test_each_read_brings_the_next_iterator_and_says_how_far_behind(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.put_records(put(b"1", b"2", b"3"))
    clock.now = 30.0

    first = stream.get_records(stream.get_shard_iterator(SHARD, TRIM_HORIZON), limit=2)
    assert first.next_iterator is not None
    second = stream.get_records(first.next_iterator, limit=2)

    assert (data_of(first.records), first.behind) == ([b"1", b"2"], 30.0)
    assert (data_of(second.records), second.behind) == ([b"3"], 0.0)
    assert second.next_iterator == ShardIterator(SHARD, sequence(3), 30.0)


def test_who_is_behind_by_no_time_is_still_behind(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.put_records(put(b"1", b"2"))

    answer = stream.get_records(stream.get_shard_iterator(SHARD, TRIM_HORIZON), limit=1)

    assert answer.behind == 0.001


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_limit_is_1_to_10000(clock: HandClock, limit: int) -> None:
    stream = KinesisStream("orders", 1, clock)

    with pytest.raises(ServiceError) as error:
        stream.get_records(stream.get_shard_iterator(SHARD, LATEST), limit)

    assert code_of(error) == "InvalidArgumentException"


def test_a_read_brings_at_most_10000_records_and_10_mib(clock: HandClock) -> None:
    many = KinesisStream("many", 1, clock)
    many.put_records(put(*[b""] * 10_001))
    large = KinesisStream("large", 1, clock)
    large.put_records(put(*[b"x" * (4 * MEBIBYTE)] * 3))
    long_keys = KinesisStream("long-keys", 1, clock)
    long_keys.put_records(put(*[b"x" * 1_000] * 10_000, key="\N{GRINNING FACE}" * 256))

    assert (len(read(many)), len(read(large))) == (10_000, 2)
    assert len(read(long_keys)) == 10 * MEBIBYTE // 2_024


def test_a_position_that_cannot_be_is_refused(clock: HandClock) -> None:
    stream = KinesisStream("orders", 2, clock)

    def refused(position: Position) -> str:
        with pytest.raises(ServiceError) as error:
            stream.get_shard_iterator(SHARD, position)
        return str(error.value)

    other = sequence(1, shard=1)
    assert refused(Position("AT_SEQUENCE_NUMBER", sequence_number=other)) == (
        f"InvalidArgumentException: StartingSequenceNumber {other} used in GetShardIterator on "
        f"shard {SHARD} in stream orders under account 123456789012 is invalid because it did "
        "not come from this stream."
    )
    assert refused(Position("AFTER_SEQUENCE_NUMBER", sequence_number="1")).startswith("Invalid")
    assert refused(Position("AT_TIMESTAMP", timestamp=EPOCH + 1)) == (
        "InvalidArgumentException: The timestampInMillis parameter cannot be greater than the "
        "currentTimestampInMillis. timestampInMillis: 1767225601000, "
        "currentTimestampInMillis: 1767225600000"
    )
    assert refused(Position("AT_TIMESTAMP")).startswith("InvalidArgumentException")
    assert refused(Position("AT_SEQUENCE_NUMBER")).startswith("InvalidArgumentException")


def test_a_sequence_number_may_still_be_to_come(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    iterator = stream.get_shard_iterator(
        SHARD, Position("AFTER_SEQUENCE_NUMBER", sequence_number=sequence(2))
    )
    stream.put_records(put(b"1", b"2", b"3"))

    assert data_of(stream.get_records(iterator).records) == [b"3"]


def test_a_closed_shard_ends_where_its_records_end(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.put_records(put(b"1"))
    stream.schedule([timed(5.0, b"2")])
    stream.close()

    now = stream.get_records(stream.get_shard_iterator(SHARD, TRIM_HORIZON))
    clock.now = 5.0
    assert now.next_iterator is not None
    then = stream.get_records(now.next_iterator)

    assert (data_of(now.records), data_of(then.records)) == ([b"1"], [b"2"])
    assert then.next_iterator is None
    for late in (lambda: stream.put_records(put(b"3")), lambda: stream.schedule([timed(6.0)])):
        with pytest.raises(ServiceError) as error:
            late()
        assert code_of(error) == "ResourceInUseException"


def test_records_older_than_the_retention_are_gone(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock, retention_hours=24)
    stream.put_records(put(b"old"))
    iterator = stream.get_shard_iterator(SHARD, TRIM_HORIZON)._replace(issued=86_400.0)
    clock.now = 1.0
    stream.put_records(put(b"new"))
    clock.now = 86_400.0

    assert data_of(read(stream)) == [b"new"]
    assert data_of(stream.get_records(iterator).records) == [b"new"]
    clock.now = 86_401.0
    assert read(stream) == []
    assert stream.retained() == 0
    assert stream.put_records(put(b"newer"))[0].sequence_number == sequence(3)


def test_consumed_records_leave_if_the_stream_releases_them(clock: HandClock) -> None:
    releasing = KinesisStream("a", 1, clock, release_consumed=True)
    keeping = KinesisStream("b", 1, clock)
    for stream in (releasing, keeping):
        stream.put_records(put(*[b""] * 1_000))
        for number in range(10, 1_000, 10):
            stream.consumed(SHARD, sequence(number))

    assert (releasing.retained(), keeping.retained()) == (10, 1_000)
    assert read(releasing)[0].sequence_number == sequence(991)
    assert len(read(keeping)) == 1_000


def test_memory_of_released_records_is_freed(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock, release_consumed=True)
    data = [bytes([n % 256, n // 256]) for n in range(1_000)]
    counts = [[sys.getrefcount(each) for each in data]]
    stream.put_records(put(*data))
    counts.append([sys.getrefcount(each) for each in data])

    for number in range(1, 901):
        stream.consumed(SHARD, sequence(number))
    counts.append([sys.getrefcount(each) for each in data])

    before, there, after = counts
    assert sum(there) - sum(before) == 1_000
    assert 100 <= sum(after) - sum(before) <= 100 + 100 // 16 + 1


def test_a_scheduled_record_is_not_there_before_its_time(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.schedule([timed(1.0, b"1"), timed(2.0, b"2"), timed(2.0, b"3")])
    iterator = stream.get_shard_iterator(SHARD, TRIM_HORIZON)

    arrivals: list[float | None] = []
    seen = []
    for clock.now in (0.0, 1.0, 1.999, 2.0):
        arrivals.append(stream.next_arrival(iterator))
        answer = stream.get_records(iterator)
        seen.append(data_of(answer.records))
        assert answer.next_iterator is not None
        iterator = answer.next_iterator

    assert seen == [[], [b"1"], [], [b"2", b"3"]]
    assert arrivals == [1.0, 1.0, 2.0, 2.0]
    assert stream.next_arrival(iterator) is None


def test_what_is_put_now_comes_before_what_is_to_come(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    stream.schedule([timed(1.0, b"1"), timed(3.0, b"3")])
    clock.now = 2.0
    stream.put_records(put(b"2"))
    stream.schedule([timed(2.5, b"2.5")])
    clock.now = 3.0

    assert [(r.data, r.arrival - EPOCH) for r in read(stream)] == [
        (b"1", 1.0),
        (b"2", 2.0),
        (b"2.5", 2.5),
        (b"3", 3.0),
    ]


def test_a_record_told_of_too_late_arrives_after_what_is_there(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    clock.now = 10.0
    stream.put_records(put(b"1"))
    stream.schedule([timed(4.0, b"2"), timed(11.0, b"3")])
    clock.now = 11.0

    assert [(r.data, r.arrival - EPOCH) for r in read(stream)] == [
        (b"1", 10.0),
        (b"2", 10.0),
        (b"3", 11.0),
    ]


def test_each_record_is_told_of_once_and_before_it_is_read(clock: HandClock) -> None:
    told: list[PutSummary] = []
    stream = KinesisStream("orders", 1, clock, on_put=told.append)
    stream.schedule([timed(1.0), timed(2.0), timed(3.0), timed(4.0)])
    clock.now = 2.5
    assert told == []

    assert len(read(stream)) == 2
    stream.put_records(put(b""))
    clock.now = 4.0
    stream.settle()
    stream.settle()
    records = read(stream)

    assert len(records) == 5
    assert [record for each in told for record in each.held] == records
    assert [each._replace(held=()) for each in told] == [
        PutSummary(SHARD, sequence(1), sequence(2), 2, 1.0, 2.0),
        PutSummary(SHARD, sequence(3), sequence(3), 1, 2.5, 2.5),
        PutSummary(SHARD, sequence(4), sequence(5), 2, 3.0, 4.0),
    ]


def test_who_waits_is_called_when_something_comes_earlier(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)
    calls: list[str] = []

    def wait(what: str) -> None:
        stream.call_on_change(SHARD, "me", lambda: calls.append(what))

    wait("first arrival known")
    stream.schedule([timed(5.0)])
    wait("earlier arrival")
    stream.schedule([timed(6.0)])
    stream.schedule([timed(4.0)])
    wait("put")
    stream.put_records(put(b""))
    wait("forgotten")
    stream.forget(SHARD, "me")
    stream.put_records(put(b""))
    wait("closed")
    stream.close()

    assert calls == ["first arrival known", "earlier arrival", "put", "closed"]


def test_limits_are_not_kept_unless_asked_for(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock)

    puts = stream.put_records(put(*[b""] * 5_000))
    iterator = stream.get_shard_iterator(SHARD, TRIM_HORIZON)

    assert {each.error_code for each in puts} == {None}
    assert [len(stream.get_records(iterator).records) for _ in range(10)] == [5_000] * 10


def test_a_shard_takes_1000_records_and_1_mib_a_second(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock, limits=True)
    throttled = Put(SHARD, None, "ProvisionedThroughputExceededException")

    many = stream.put_records(put(*[b""] * 1_001))
    clock.now = 1.0
    half = b"x" * (MEBIBYTE // 2 - 1)
    large = stream.put_records(put(half, half, half, b"small"))
    clock.now = 2.0
    huge = stream.put_records(put(b"x" * (3 * MEBIBYTE), b"small"))

    assert (many[:1000].count(throttled), many[1000]) == (0, throttled)
    assert [each.error_code is None for each in large] == [True, True, False, False]
    assert [each.error_code is None for each in huge] == [True, False]


def test_a_shard_gives_5_reads_and_2_mib_a_second(clock: HandClock) -> None:
    stream = KinesisStream("orders", 1, clock, limits=True)

    def reads() -> int:
        """How many reads are answered before one is refused, each with all there is."""
        answered = 0
        with pytest.raises(ServiceError) as error:
            while True:
                read(stream)
                answered += 1
        assert code_of(error) == "ProvisionedThroughputExceededException"
        return answered

    assert reads() == 5
    clock.now = 1.0
    assert reads() == 5
    clock.now = 2.0
    stream.put_records(put(b"x" * (10 * MEBIBYTE - 1)))
    assert reads() == 1  # 10 MiB: five seconds' worth
    clock.now = 6.9
    assert reads() == 0
    clock.now = 7.0
    assert reads() == 1
