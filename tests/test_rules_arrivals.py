"""When the requests of a load arrive: shapes as tables, shares and chance as laws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.ids import Chance
from eventsim.rules import arrivals
from eventsim.rules.arrivals import Share
from eventsim.rules.rates import Piece, per_second, pieces_of

RATES = st.floats(0.0, 200.0).map(lambda rate: round(rate, 3))
PIECES = st.lists(
    st.builds(Piece, st.floats(0.01, 20.0).map(lambda seconds: round(seconds, 3)), RATES, RATES),
    min_size=1,
    max_size=5,
)


def even(text: str, seconds: float | None = None) -> list[float]:
    return list(arrivals.instants(pieces_of(text, seconds), arrivals.evenly()))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("2/s for 5s", [(5.0, 2.0, 2.0)]),
        ("30/m for 1m", [(60.0, 0.5, 0.5)]),
        ("1/s to 9/s for 4s", [(4.0, 1.0, 9.0)]),
        ("0/s to 9/s for 4s", [(4.0, 0.0, 9.0)]),
        ("1/s to 9/s in 3 steps for 6s", [(2.0, 1.0, 1.0), (2.0, 5.0, 5.0), (2.0, 9.0, 9.0)]),
        ("1/s for 2s,3/s  for 4s", [(2.0, 1.0, 1.0), (4.0, 3.0, 3.0)]),
        ("1/s for 2s, 0/s for 3s", [(2.0, 1.0, 1.0), (3.0, 0.0, 0.0)]),
        (
            "5/s with 50/s for 1s every 4s for 9s",
            [*([(3.0, 5.0, 5.0), (1.0, 50.0, 50.0)] * 2), (1.0, 5.0, 5.0)],
        ),
        (
            "5/s with 50/s for 1s every 4s for 3500ms",
            [(3.0, 5.0, 5.0), (0.5, 50.0, 50.0)],
        ),
    ],
)
def test_a_load_is_written_in_parts(text: str, pieces: list[tuple[float, float, float]]) -> None:
    assert pieces_of(text) == tuple(Piece(*piece) for piece in pieces)


@pytest.mark.parametrize(
    ("text", "seconds", "fault"),
    [
        ("fast", 1.0, "is 'fast'; write a rate such as 200/s, or parts"),
        ("-5/s", 1.0, "is '-5/s'; write a rate such as 200/s, or parts"),
        ("5", 1.0, "is '5'; write a rate such as 200/s, or parts"),
        ("", 1.0, "is ''; write a rate such as 200/s, or parts"),
        ("0/s", 1.0, "is '0/s', and nothing would be sent; it must be more than 0"),
        ("5/s", None, "is '5/s', and nothing says for how long; write 5/s for 30s"),
        ("5/s for 1s", 2.0, "is '5/s for 1s', which says how long it lasts; leave that out"),
        ("5/s for 1s, 9/s", 2.0, "is '5/s for 1s, 9/s'; each of several parts says how long"),
        ("5/s for 1", None, "has a time of '1'; write a duration such as 500ms, 30s or 5m"),
        ("5/s for 0s", None, "has a time of '0s'; write a duration such as 500ms, 30s or 5m"),
        ("1/s to 2/s in 1 steps for 1s", None, "has 1 steps; write 2 to 10,000"),
        ("1/s to 2/s with 9/s for 1s every 5s for 9s", None, "has spikes on a ramp"),
        ("1/s with 9/s for 5s every 5s for 9s", None, "has spikes of 5s every 5s; write them"),
        ("1/s with 9/s for 1ms every 2ms for 1h", None, "has 1,800,000 spikes; write 10,000"),
    ],
)
def test_what_is_no_load_is_refused(text: str, seconds: float | None, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(fault)}"):
        pieces_of(text, seconds)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0.9/s", 0.9), ("30/m", 0.5), ("0/s", 0.0), ("36/h", 0.01), ("1/w", None), ("", None)],
)
def test_a_rate_is_so_many_a_second(text: str, rate: float | None) -> None:
    assert per_second(text) == rate


@pytest.mark.parametrize(
    ("text", "instants"),
    [
        ("2/s for 2s", [0.0, 0.5, 1.0, 1.5]),
        ("1/s for 2s, 4/s for 1s", [0.0, 1.0, 2.0, 2.25, 2.5, 2.75]),
        ("1/s for 1s, 0/s for 5s, 1/s for 2s", [0.0, 6.0, 7.0]),
        ("0.5/s for 3s, 1/s for 2s", [0.0, 2.0, 3.5, 4.5]),  # half a request is owed at 3 s
        ("0/s to 4/s for 2s", [0.0, 1.0, 2**0.5, 3**0.5]),
        ("4/s to 0/s for 2s", [0.0, 2 - 3**0.5, 2 - 2**0.5, 1.0]),
    ],
)
def test_even_arrivals_follow_the_rate(text: str, instants: list[float]) -> None:
    assert even(text) == pytest.approx(instants)


def test_a_spike_is_where_it_is_said_to_be() -> None:
    found = even("10/s with 100/s for 1s every 5s for 10s")

    by_second = [sum(second <= at < second + 1 for at in found) for second in range(10)]
    assert by_second == [10, 10, 10, 10, 100, 10, 10, 10, 10, 100]


@given(PIECES)
def test_arrivals_are_in_order_in_time_and_as_many_as_the_rate_says(pieces: list[Piece]) -> None:
    found = list(arrivals.instants(pieces, arrivals.evenly()))
    whole = sum(piece.amount for piece in pieces)

    assert all(earlier <= later for earlier, later in pairwise(found))
    assert all(0 <= at <= sum(piece.seconds for piece in pieces) for at in found)
    assert whole - 1e-6 <= len(found) <= whole + 1


@given(PIECES, st.integers(1, 5))
def test_even_shares_are_together_the_whole(pieces: list[Piece], parts: int) -> None:
    whole = list(arrivals.instants(pieces, arrivals.evenly()))
    shares = [
        list(arrivals.instants(pieces, arrivals.evenly(Share(part, parts))))
        for part in range(parts)
    ]

    assert sorted(at for share in shares for at in share) == whole


@given(PIECES, st.integers(0, 2**32), st.integers(1, 4))
def test_arrivals_at_random_are_of_their_own_stream_and_share(
    pieces: list[Piece], seed: int, parts: int
) -> None:
    shares = [
        list(
            arrivals.instants(
                pieces,
                arrivals.at_random(Chance(seed).stream("arrivals", str(part)), Share(part, parts)),
            )
        )
        for part in range(parts)
    ]
    whole, found = sum(piece.amount for piece in pieces), sum(map(len, shares))

    assert all(share == sorted(share) for share in shares)
    assert abs(found - whole) <= 8 * (whole**0.5 + 1) + 8
    assert len({tuple(share) for share in shares if len(share) > 2}) == sum(
        len(share) > 2 for share in shares
    )


@pytest.mark.parametrize(
    ("speed", "share", "instants"),
    [
        (1.0, Share(), [0.0, 1.5, 1.5, 10.0]),
        (10.0, Share(), [0.0, 0.15, 0.15, 1.0]),
        (1.0, Share(0, 2), [0.0, 1.5]),
        (1.0, Share(1, 2), [1.5, 10.0]),
    ],
)
def test_a_recording_arrives_as_it_did(
    speed: float, share: Share, instants: Sequence[float]
) -> None:
    times = [1e9, 1e9 + 1.5, 1e9 + 1.5, 1e9 + 10]

    assert list(arrivals.recorded(times, speed, share)) == pytest.approx(instants)
    assert list(arrivals.recorded([], speed, share)) == []


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=20),
    st.floats(0.1, 100.0),
)
def test_a_trace_has_its_counts_in_each_minute(counts: list[int], speed: float) -> None:
    found = list(arrivals.instants(arrivals.counted(counts, speed), arrivals.evenly()))

    minute = 60 / speed
    by_minute = [0] * len(counts)
    for at in found:
        by_minute[int(at / minute + 1e-9)] += 1
    assert by_minute == counts


def test_a_trace_is_a_number_a_line() -> None:
    assert list(arrivals.counts(["# of a Tuesday\n", "120\n", "\n", " 0 \n", "7"])) == [120, 0, 7]


@pytest.mark.parametrize("line", ["-1", "1.5", "a", "1,2", "9999999999"])
def test_a_line_that_is_no_count_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=rf"line 2 is '{line}'; write the requests of one minute"):
        list(arrivals.counts(["1", line]))
