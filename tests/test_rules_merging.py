"""Shards that are read at once come out as one sequence in order of arrival, and none is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.merging import Merge, Told
from eventsim.types import Record


def records(*arrivals: float) -> list[Record]:
    return [Record(str(n), "k", b"", arrival) for n, arrival in enumerate(arrivals)]


def arrivals(told: list[Told]) -> list[tuple[str, float]]:
    return [(each.shard_id, each.record.arrival) for each in told]


def test_a_record_waits_until_no_other_shard_can_bring_an_earlier_one() -> None:
    merge = Merge(0.0)
    merge.open("a")
    merge.open("b")
    merge.add("a", records(1.0, 3.0))

    assert merge.take(9) == []
    merge.reach("b", 2.0)
    assert arrivals(merge.take(9)) == [("a", 1.0)]
    merge.add("b", records(2.5, 4.0))
    assert arrivals(merge.take(9)) == [("b", 2.5), ("a", 3.0)]
    assert (merge.waits("a"), merge.waits("b"), merge.reached) == (False, True, float("-inf"))
    merge.end("a")
    assert arrivals(merge.take(9)) == [("b", 4.0)]
    assert not merge.empty
    merge.end("b")
    assert (merge.take(9), merge.empty) == ([], True)


def test_a_record_that_was_stamped_too_early_takes_the_arrival_of_the_one_before() -> None:
    merge = Merge(2.0)
    merge.open("a")
    merge.add("a", records(1.0, 5.0, 4.0, 6.0))

    assert arrivals(merge.take(9)) == [("a", 2.0), ("a", 5.0), ("a", 5.0), ("a", 6.0)]
    assert merge.restamped == 2


def test_at_the_end_all_that_waits_is_told() -> None:
    merge = Merge(0.0)
    for shard in "abc":
        merge.open(shard)
    merge.add("a", records(3.0))
    merge.add("b", records(1.0))

    assert merge.take(9) == []
    assert arrivals(merge.take(9, all_=True)) == [("b", 1.0), ("a", 3.0)]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0, 99), st.booleans(), st.integers(1, 3)),
        max_size=30,
    )
)
def test_whatever_comes_when_the_order_holds_and_nothing_is_lost(
    steps: list[tuple[str, float, bool, int]],
) -> None:
    merge, put, told = Merge(0.0), dict[str, list[str]](), list[Told]()
    for shard in "abc":
        merge.open(shard)
        put[shard] = []
    for number, (shard, arrival, reaches, most) in enumerate(steps):
        if reaches:
            merge.reach(shard, arrival)
        else:
            merge.add(shard, [Record(str(number), "k", b"", arrival)])
            put[shard].append(str(number))
        told += merge.take(most)
    told += merge.take(99, all_=True)

    assert [each.record.arrival for each in told] == sorted(each.record.arrival for each in told)
    assert put == {
        shard: [each.record.sequence_number for each in told if each.shard_id == shard]
        for shard in "abc"
    }
