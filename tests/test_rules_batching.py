"""Laws of batching: the first of count, window and bytes closes a batch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.batching import PAYLOAD_BYTES_MAX, Cut, full_cut, window_reason, window_start
from eventsim.types import Record


def records_of(*sizes: int) -> list[Record]:
    return [Record(str(n), "k", size, 0.0) for n, size in enumerate(sizes)]


def total(records: Sequence[Record]) -> int:
    return sum(record.data for record in records)


def test_a_batch_is_full_when_it_has_batch_size_records() -> None:
    assert full_cut(records_of(1, 1, 1), 2, total) == Cut(2, 2, "BatchSize 2 reached")


def test_fewer_records_than_the_batch_size_are_not_full() -> None:
    assert full_cut(records_of(1, 1), 3, total) is None


def test_a_batch_of_exactly_six_megabytes_is_not_cut() -> None:
    half = PAYLOAD_BYTES_MAX // 2

    assert full_cut(records_of(half, half), 3, total) is None


def test_records_over_six_megabytes_are_cut_before_the_limit() -> None:
    third = PAYLOAD_BYTES_MAX // 3 + 1

    assert full_cut(records_of(third, third, third), 10, total) == Cut(
        2, 2 * third, "6 MB of payload reached"
    )


def test_a_record_over_the_limit_makes_a_batch_of_its_own() -> None:
    over = PAYLOAD_BYTES_MAX + 1

    assert full_cut(records_of(over, 1), 10, total) == Cut(1, over, "6 MB of payload reached")


@given(st.lists(st.integers(0, PAYLOAD_BYTES_MAX * 2), min_size=1, max_size=30), st.integers(1, 30))
def test_a_cut_is_the_longest_front_that_fits(sizes: list[int], batch_size: int) -> None:
    records = records_of(*sizes)

    cut = full_cut(records, batch_size, total)

    if cut is None:
        assert len(records) < batch_size
        assert total(records) <= PAYLOAD_BYTES_MAX
    else:
        assert cut.length == 1 or total(records[: cut.length]) <= PAYLOAD_BYTES_MAX
        longer = records[: cut.length + 1]
        assert cut.length == batch_size or total(longer) > PAYLOAD_BYTES_MAX


@pytest.mark.parametrize(
    ("opened", "window", "now", "expected"),
    [
        (0.0, 60, 59.9, 0.0),
        (0.0, 60, 60.0, 60.0),
        (10.0, 60, 200.0, 200.0),
        (5.0, 0, 99.0, 99.0),
    ],
)
def test_after_an_empty_window_the_next_starts_with_a_record(
    opened: float, window: int, now: float, expected: float
) -> None:
    assert window_start(opened, window, now) == expected


def test_a_batch_that_is_not_full_says_why_it_was_sent() -> None:
    assert (window_reason(0), window_reason(60)) == (
        "MaximumBatchingWindowInSeconds is 0",
        "window of 60 s expired",
    )
