"""Condition operators, one row for each thing that AWS's page says of them."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.rules.policies import Request, parse_policy
from eventsim.rules.policy_conditions import OPERATORS
from eventsim.rules.principals import Asker

ASKER = Asker.of("arn:aws:iam::123456789012:role/worker")


def holds(condition: dict[str, Any], **context: str | list[str] | None) -> bool:
    """Whether a request with these values of ``x:<name>`` satisfies the condition."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    policy = parse_policy({"Version": "2012-10-17", "Statement": statement})
    keys = {
        f"x:{name}": (value,) if isinstance(value, str) else tuple(value)
        for name, value in context.items()
        if value is not None
    }
    return bool(policy.allows(Request("s3:GetObject", "arn:aws:s3:::a/b", ASKER, keys)))


COMPARISONS: list[tuple[str, Any, str, bool]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEqualsIgnoreCase", "aB", "Ab", True),
    ("StringEqualsIgnoreCase", "aB", "b", False),
    ("StringLike", "a*c?", "abbcd", True),
    ("StringLike", "a*c?", "abbc", False),
    ("StringLike", "a.c", "abc", False),
    ("StringLike", "a*", "a\nb", True),
    ("NumericEquals", 10, "10.0", True),
    ("NumericEquals", "10", "11", False),
    ("NumericLessThan", "10", "9.5", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThan", "9", "10", True),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericEquals", "10", "ten", False),
    ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
    ("DateEquals", "2026-01", "1767225600", True),
    ("DateEquals", "1767225600", "2026-01-01", True),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateLessThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:00Z", False),
    ("DateGreaterThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "2026-01-01", "some day", False),
    ("Bool", "true", "true", True),
    ("Bool", True, "TRUE", True),
    ("Bool", False, "true", False),
    ("Bool", "true", "yes", False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.7", False),
    ("IpAddress", "2001:db8:1234:5678::/64", "2001:0db8:1234:5678::1", True),
    ("IpAddress", "203.0.113.5", "203.0.113.5", True),
    ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
    ("IpAddress", "203.0.113.0/24", "here", False),
    ("ArnEquals", "arn:aws:sns:*:123456789012:t-*", "arn:aws:sns:us-east-1:123456789012:t-1", True),
    ("ArnLike", "arn:aws:sns:*:123456789012:t-*", "arn:aws:sns:us-east-1:123456789012:t-1", True),
    ("ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:us-east-1:123456789012:t", False),
    ("ArnLike", "arn:aws:s3:::photos", "arn:aws:s3:::Photos", False),
    ("ArnLike", "arn:aws:s3:::*", "no ARN", False),
    ("ArnEquals", "*", "arn:aws:s3:::photos", True),
]
NEGATIONS = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
}


@pytest.mark.parametrize(("operator", "wanted", "found", "expected"), COMPARISONS)
def test_an_operator_compares_as_its_type_does(
    operator: str, wanted: Any, found: str, expected: bool
) -> None:
    assert holds({operator: {"x:k": wanted}}, k=found) is expected
    if operator in NEGATIONS:
        assert holds({NEGATIONS[operator]: {"x:k": wanted}}, k=found) is not expected


def test_every_operator_is_compared_with_something() -> None:
    assert {row[0] for row in COMPARISONS} | {*NEGATIONS.values(), "Null"} == OPERATORS


def test_operators_and_keys_must_all_hold_and_one_value_is_enough() -> None:
    """invoke fact 6.4: operators ANDed, keys ANDed, values ORed."""
    condition = {"StringEquals": {"x:a": ["1", "2"], "x:b": "3"}, "Bool": {"x:c": "true"}}

    assert holds(condition, a="2", b="3", c="true")
    assert not holds(condition, a="4", b="3", c="true")
    assert not holds(condition, a="1", b="4", c="true")
    assert not holds(condition, a="1", b="3", c="false")


def test_none_of_the_values_may_match_a_negated_operator() -> None:
    condition = {"StringNotEquals": {"x:k": ["a", "b"]}}

    assert [holds(condition, k=value) for value in "abc"] == [False, False, True]


def test_keys_ignore_case() -> None:
    assert holds({"StringEquals": {"X:K": "a"}}, k="a")


@pytest.mark.parametrize(
    ("operator", "without"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("NumericLessThanIfExists", True),
        ("DateNotEquals", True),
        ("Bool", False),
    ],
)
def test_a_key_that_is_not_there(operator: str, without: bool) -> None:
    value = {"Arn": "arn:aws:s3:::a", "NotIp": "10.0.0.1", "Num": "1", "Dat": "2026-01-01"}
    typed = next((each for prefix, each in value.items() if operator.startswith(prefix)), "true")

    assert holds({operator: {"x:k": typed}}) is without


def test_null_says_whether_the_key_is_there() -> None:
    assert holds({"Null": {"x:k": "true"}})
    assert not holds({"Null": {"x:k": "true"}}, k="a")
    assert holds({"Null": {"x:k": False}}, k="a")
    assert not holds({"Null": {"x:k": "false"}})


@pytest.mark.parametrize(
    ("operator", "found", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["c", "d"], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "c"], False),
        ("ForAnyValue:StringNotEquals", ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("StringEquals", ["c", "a"], True),
        ("StringNotEquals", ["c", "a"], False),
        ("ForAllValues:StringLikeIfExists", ["a"], True),
    ],
)
def test_several_values_in_the_request(operator: str, found: list[str], expected: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"""
    assert holds({operator: {"x:k": ["a", "b"]}}, k=found) is expected


def test_a_value_may_be_that_of_another_key() -> None:
    condition = {"StringLike": {"x:prefix": "${x:user}/*"}}

    assert holds(condition, prefix="ann/a", user="ann")
    assert not holds(condition, prefix="bob/a", user="ann")
    assert not holds(condition, prefix="bob/a", user="*")
    assert not holds(condition, prefix="ann/a", user=["ann", "bob"])
    assert holds({"NumericLessThan": {"x:a": "${x:b}"}}, a="1", b="2")
    assert not holds({"NumericLessThan": {"x:a": "${x:b}"}}, a="1", b="two")
