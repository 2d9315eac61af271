"""Axes and their grid, what is not dominated, and where a plot puts its points."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import EventsimError
from eventsim.rules.dominance import dominates, not_dominated
from eventsim.rules.grids import POINTS_MAX, Axis, faults, points
from eventsim.rules.paths import parse_axis
from eventsim.sweep.plotting import HEIGHT, plot

A, B = Axis(("a",), (1, 2)), Axis(("b", "c"), ("x", "y"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1,10,100", (1, 10, 100)),
        ("a=512", (512,)),
        ("a=20ms, 30ms", ("20ms", "30ms")),
        ('a="x,y",z', ("x,y", "z")),
        ('a="1",1,true,null', ("1", 1, True, None)),
        ("a=[1,2]", (1, 2)),
        ("a=[[1,2],[3]]", ([1, 2], [3])),
        ('a={"x": 1, "y": 2},20ms', ({"x": 1, "y": 2}, "20ms")),
        ('a=""', ("",)),
        ("a=x=1,y=2", ("x=1", "y=2")),
    ],
)
def test_an_axis_is_json_or_text_between_commas(text: str, values: Any) -> None:
    assert parse_axis(text) == (("a",), values)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a", "sets nothing; write PATH=VALUE,VALUE"),
        ("a=", "has no values; write a=1,10,100"),
        ("a=[]", "has no values"),
        ("a=1,,2", 'nothing between two commas; write "" for empty text'),
        ("a=1,", "nothing between two commas"),
        ("a=[1,2", "begins as JSON and is none"),
        ('a={"x": 1}2', "there is no comma between"),
        ("a=1,2,1", "has 1 twice"),
        ('a={"x":1,"y":2},{"y":2,"x":1}', "twice"),
        ("=1", "a path is empty"),
    ],
)
def test_what_is_no_axis_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(EventsimError, match=wrong.replace(".", r"\.")):
        parse_axis(text)


def test_the_last_axis_turns_fastest() -> None:
    assert list(points([A, B])) == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert list(points([])) == [()]


def test_axes_that_get_in_each_other_s_way_are_all_told() -> None:
    within = Axis(("b",), (1,))
    large = Axis(("d",), tuple(range(POINTS_MAX)))

    assert list(faults([A, B])) == []
    assert list(faults([A, B, A, within, large])) == [
        "a is set twice; give all its values at once",
        "b and b.c are set, and one holds the other; set one",
        "the grid has 80,000 points, and 10,000 is the most; leave values out",
    ]


COSTS = st.none() | st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2))


@given(st.lists(COSTS, max_size=12))
def test_what_is_not_dominated_is_what_no_other_choice_beats(choices: list[Any]) -> None:
    expected = [
        mine is not None and not any(dominates(each, mine) for each in choices if each is not None)
        for mine in choices
    ]

    assert not_dominated(choices) == expected


def test_better_by_one_measure_and_worse_by_none_dominates() -> None:
    assert dominates((1, 2), (1, 3))
    assert not dominates((1, 2), (1, 2))
    assert not dominates((1, 3), (2, 2))


def drawn(places: list[tuple[float, float]], marks: list[bool]) -> list[str]:
    labels = [str(number) for number in range(len(places))]
    return plot(places, marks, labels, 30, across=lambda x: f"{x:g}s", up=lambda y: f"${y:g}")


def test_a_plot_has_its_ends_in_its_corners_and_marks_over_the_rest() -> None:
    lines = drawn([(1, 1), (3, 9), (3, 9), (2, 5)], [True, False, True, False])

    assert len(lines) == HEIGHT + 2
    assert lines[0] == " $9|                        2*"
    assert lines[HEIGHT - 1] == " $1|*0"
    assert lines[-2] == "   +" + "-" * 26
    assert lines[-1] == "    1s                      3s"
    assert sum(line.count("o") for line in lines) == 1


def test_a_plot_of_the_large_and_the_small_is_logarithmic_and_says_so() -> None:
    lines = drawn([(1, 1), (10, 2), (100, 3)], [False] * 3)

    middle = [line.index("o") for line in lines if "o" in line and "|" in line]
    assert middle == [29, 16, 4]
    assert lines[-1].strip() == "logarithmic across"


def test_points_that_are_all_the_same_are_in_the_middle() -> None:
    assert [line for line in drawn([(0, 0), (0, 0)], [False, False])[:HEIGHT] if "o" in line] == [
        "   |" + " " * 12 + "o"
    ]
