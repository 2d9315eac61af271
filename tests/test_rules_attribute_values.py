"""DynamoDB's attribute values: their form, their size, and what is refused with AWS's text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.rules.attribute_values import (
    InvalidValue,
    canonical,
    item_size,
    normal_number,
    normalised,
    value_size,
)

EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("007", "7"),
        ("+5", "5"),
        ("-1.50", "-1.5"),
        ("100", "100"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("12E-3", "0.012"),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("9.9e125", "99" + "0" * 124),
        ("9" * 38, "9" * 38),
        ("0.00" + "9" * 38, "0.00" + "9" * 38),
    ],
)
def test_a_number_comes_back_in_plain_digits(text: str, normal: str) -> None:
    assert normal_number(text) == normal
    assert normal_number(normal) == normal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "The parameter cannot be converted to a numeric value: x"),
        ("", "The parameter cannot be converted to a numeric value: "),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("1_000", "The parameter cannot be converted to a numeric value: 1_000"),
        ("٣", "The parameter cannot be converted to a numeric value: ٣"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        (
            "1e126",
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range",
        ),
        (
            "-1e-131",
            "Number underflow. Attempting to store a number with magnitude smaller than "
            "supported range",
        ),
    ],
)
def test_what_is_no_number_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as error:
        normal_number(text)

    assert str(error.value) == reason


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20)))
def test_a_normal_number_is_the_same_number(number: Decimal) -> None:
    if abs(number) < 10**20:
        normal = normal_number(str(number))

        assert Decimal(normal) == number
        assert "E" not in normal
        assert normal == normal_number(f"{number:f}000" if "." in f"{number:f}" else str(number))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "grün"}, 5),
        ({"S": ""}, 0),
        ({"B": "Zm9vYmFy"}, 6),
        ({"B": "AA=="}, 1),
        ({"N": "0"}, 1),
        ({"N": "42"}, 2),
        ({"N": "1000"}, 2),
        ({"N": "123.45"}, 4),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 2 + 2 + 2),
        ({"M": {"key": {"S": "ab"}}}, 3 + 1 + 3 + 2),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "22"]}, 4),
        ({"BS": ["AA==", "AAA="]}, 3),
    ],
)
def test_a_value_weighs_what_is_documented(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size
    assert item_size({"grün": value}) == 5 + size


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        (1, (), "an attribute value is a mapping such as {S: text}, not 1"),
        ({}, (), EMPTY),
        ({"X": "a"}, ("X",), EMPTY),
        ({"S": "a", "N": "1"}, (), EMPTY.replace("is empty", "has more than one datatypes set")),
        ({"S": 1}, ("S",), "must be text, in quotes, not 1"),
        ({"S": "\ud800"}, ("S",), "must be Unicode text, not half of a surrogate pair"),
        ({"N": 5}, ("N",), 'a number is sent as text; write "5" in quotes'),
        ({"B": "%"}, ("B",), "must be base64: "),
        ({"BOOL": "true"}, ("BOOL",), "must be true or false, not 'true'"),
        (
            {"NULL": False},
            ("NULL",),
            f"{INVALID}Null attribute value types must have the value of true",
        ),
        ({"SS": []}, ("SS",), f"{INVALID}An string set  may not be empty"),
        ({"NS": []}, ("NS",), f"{INVALID}An number set  may not be empty"),
        ({"BS": []}, ("BS",), f"{INVALID}Binary sets should not be empty"),
        (
            {"SS": ["a", "a"]},
            ("SS",),
            f"{INVALID}Input collection [a, a] contains duplicates.",
        ),
        (
            {"NS": ["1", "1.0"]},
            ("NS",),
            f"{INVALID}Input collection [1, 1.0] contains duplicates.",
        ),
        ({"L": {}}, ("L",), "must be a list, not {}"),
        ({"L": [{"N": "x"}]}, ("L", 0, "N"), "The parameter cannot be converted to a numeric"),
        ({"M": []}, ("M",), "must be a mapping of attributes, not []"),
        ({"M": {"": {"S": "a"}}}, ("M",), f"{INVALID}Attribute name must not be empty"),
    ],
)
def test_a_value_that_is_refused_is_told_with_its_place(
    value: Any, path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        normalised({"a": value})

    assert error.value.path == ("a", *path)
    assert error.value.message.startswith(message)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "deep"}
    for _ in range(levels):
        value = {"L": [value]}
    return {"a": value}


def test_values_may_be_nested_32_levels_deep_and_no_deeper() -> None:
    assert normalised(nested(31)) == nested(31)
    with pytest.raises(InvalidValue, match="Nesting Levels have exceeded supported limits"):
        normalised(nested(32))


def test_sets_and_attributes_are_equal_in_any_order() -> None:
    one = {"n": {"NS": ["10", "9.0"]}, "b": {"BS": [b"b", b"a"]}, "s": {"SS": ["y", "x"]}}
    other = {"s": {"SS": ["x", "y"]}, "b": {"BS": ["YQ==", "Yg=="]}, "n": {"NS": ["9", "1e1"]}}

    assert canonical(normalised(one)) == canonical(normalised(other))
