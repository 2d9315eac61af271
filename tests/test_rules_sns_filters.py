"""A subscription gets what its filter policy accepts, by attributes or by the body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.sns.utils import FilterPolicyMatcher

from eventsim.errors import PatternError
from eventsim.rules.sns_filters import FilterPolicy, Scope, filter_policy
from eventsim.sources._message_attributes import attributes_of
from eventsim.types import Publish


def policy(document: dict[str, Any], scope: Scope = "MessageAttributes") -> FilterPolicy:
    made = filter_policy(document, scope)
    assert made is not None
    return made


def accepts(document: dict[str, Any], attributes: dict[str, Any]) -> bool:
    message = Publish("hello", None, attributes_of(attributes))
    return policy(document).accepts(message)


BINARY = {"Type": "Binary", "Value": "aGk="}


# After https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html and the next pages.
@pytest.mark.parametrize(
    ("wanted", "value", "accepted"),
    [
        (["rugby", "tennis"], "rugby", True),
        (["rugby", "tennis"], ["baseball", "tennis"], True),
        (["rugby", "tennis"], "baseball", False),
        (["rugby"], "Rugby", False),
        ([{"anything-but": ["rugby", "tennis"]}], "baseball", True),
        ([{"anything-but": ["rugby", "tennis"]}], ["rugby", "baseball"], True),
        ([{"anything-but": ["rugby", "tennis"]}], ["rugby"], False),
        ([{"anything-but": [100, 500]}], 101, True),
        ([{"anything-but": [100, 500]}], 100.0, False),
        ([{"anything-but": {"prefix": "order-"}}], "data-entry", True),
        ([{"anything-but": {"prefix": "order-"}}], "order-number", False),
        ([{"anything-but": {"wildcard": "*ball"}}], "rugby", True),
        ([{"anything-but": {"wildcard": "*ball"}}], "baseball", False),
        ([{"equals-ignore-case": "tennis"}], "TENNIS", True),
        ([{"cidr": "10.0.0.0/24"}], "10.0.0.255", True),
        ([{"cidr": "10.0.0.0/24"}], "10.1.1.0", False),
        ([{"prefix": "bas"}], "baseball", True),
        ([{"prefix": "bas"}], "rugby", False),
        ([{"suffix": "ball"}], ["rugby", "baseball"], True),
        ([{"wildcard": "*ba*"}], "baseball", True),
        ([301.5], 301.5, True),
        ([301.5], {"Type": "Number", "Value": "3.015e2"}, True),
        ([301.5], "301.5", False),
        ([100], {"Type": "Number", "Value": "100.000001"}, True),
        ([100], [50, 100], True),
        ([{"numeric": ["<", 0]}], -1, True),
        ([{"numeric": [">", 0, "<=", 150]}], 150, True),
        ([{"numeric": [">", 0, "<=", 150]}], 0, False),
        ([{"exists": True}], "anything", True),
        ([{"exists": False}], "anything", False),
        ([{"exists": True}], BINARY, False),
        ([{"exists": False}], BINARY, True),
        ([True, None], [True], True),
        (["x"], {"Type": "String.Array", "Value": "[broken"}, False),
        ([{"exists": False}], {"Type": "String.Array", "Value": "[broken"}, False),
        ([5], {"Type": "Number", "Value": "five"}, False),
    ],
)
def test_an_attribute_is_accepted_as_the_documentation_says(
    wanted: list[Any], value: Any, accepted: bool
) -> None:
    assert accepts({"interests": wanted}, {"interests": value}) is accepted


def test_every_key_has_to_match_and_one_value_of_each() -> None:
    document = {"store": ["here"], "price": [{"numeric": [">=", 100]}]}
    assert accepts(document, {"store": "here", "price": 100, "more": "x"})
    assert not accepts(document, {"store": "here"})
    assert not accepts(document, {"store": "here", "price": 99})


def test_or_asks_for_one_of_its_policies() -> None:
    document = {"$or": [{"a": ["1"]}, {"b": ["2"]}], "c": ["3"]}
    assert accepts(document, {"a": "1", "c": "3"})
    assert accepts(document, {"b": "2", "c": "3"})
    assert not accepts(document, {"c": "3"})


BODY = {
    "store": "here",
    "price": 301.50,
    "Records": [
        {"eventName": "ObjectCreated:Put", "size": 1},
        {"eventName": "ObjectRemoved:Delete", "size": 2},
    ],
}


@pytest.mark.parametrize(
    ("document", "accepted"),
    [
        ({"store": ["here"]}, True),
        ({"price": [301.5]}, True),
        ({"store": {"name": ["here"]}}, False),
        ({"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}, True),
        ({"Records": {"eventName": [{"prefix": "ObjectRestore:"}]}}, False),
        ({"Records": {"eventName": [{"prefix": "ObjectCreated:"}], "size": [2]}}, False),
        ({"missing": [{"exists": False}]}, True),
    ],
)
def test_a_body_is_accepted_by_what_is_in_it(document: dict[str, Any], accepted: bool) -> None:
    assert policy(document, "MessageBody").accepts(Publish(json.dumps(BODY))) is accepted


@pytest.mark.parametrize("body", ["no JSON", "[1]", '"here"', "NaN", "[" * 100_000])
def test_a_body_that_is_no_object_is_never_accepted(body: str) -> None:
    assert not policy({"store": [{"exists": False}]}, "MessageBody").accepts(Publish(body))


@pytest.mark.parametrize(
    ("document", "scope", "text"),
    [
        ({f"k{n}": ["v"] for n in range(6)}, "MessageBody", "6 keys, over 5"),
        ({k: list("abcdef") for k in "abc"}, "MessageAttributes", "216 combinations"),
        ({"a": {"b": {"c": list("abcdefghij")}, "d": list("abc")}}, "MessageBody", "180 comb"),
        ({"a": {"b": ["c"]}}, "MessageAttributes", "a: a policy of attributes has an array"),
        ({"a": "b"}, "MessageAttributes", "a: takes an array"),
        ({"a": []}, "MessageAttributes", "a: an array needs a value"),
        ({"a": [{"exactly": "b"}]}, "MessageAttributes", r"a\[0\]: no operator called 'exactly'"),
        ({"a": [{"prefix": {"equals-ignore-case": "b"}}]}, "MessageBody", "prefix: takes a str"),
        ({"a": [10**10]}, "MessageAttributes", "between -1000000000 and 1000000000"),
        ({"a": [{"numeric": ["<", 2e9]}]}, "MessageBody", "between -1000000000 and 1000000000"),
    ],
)
def test_what_sns_refuses_is_refused(document: Any, scope: Scope, text: str) -> None:
    with pytest.raises(PatternError, match=text):
        filter_policy(document, scope)


def test_a_policy_that_is_nested_without_end_is_refused() -> None:
    document: Any = ["x"]
    for _ in range(1_000):
        document = {"a": document}
    with pytest.raises(PatternError, match="nested more than 100 deep"):
        filter_policy(document, "MessageBody")


def test_an_empty_policy_filters_nothing() -> None:
    assert filter_policy({}) is None


# moto is right about plain values, prefixes, ranges and exists, of attributes of one value.
values = st.sampled_from(["a", "ab", "b"]) | st.integers(-3, 3) | st.sampled_from([0.5, 1.25])
rules = st.one_of(
    values,
    st.builds(lambda text: {"prefix": text}, st.sampled_from(["a", "b"])),
    st.builds(lambda text: {"suffix": text}, st.sampled_from(["a", "b"])),
    st.builds(lambda low: {"numeric": [">=", low, "<", low + 2]}, st.integers(-3, 3)),
    st.builds(lambda known: {"exists": known}, st.booleans()),
)
policies = st.dictionaries(
    st.sampled_from("xyz"), st.lists(rules, min_size=1, max_size=2), min_size=1, max_size=3
)


def simplest_last(rule: Any) -> int:
    """moto gives up at a plain value when there is no attribute, and at a number when it is text,
    before it comes to a rule that would be kept.
    """
    return 0 if isinstance(rule, dict) else 1 if isinstance(rule, str) else 2


@given(policies, st.dictionaries(st.sampled_from("xyz"), values, max_size=3))
def test_attributes_are_accepted_as_moto_accepts_them(
    document: dict[str, Any], attributes: dict[str, Any]
) -> None:
    shown = {
        name: {"Type": "String" if isinstance(value, str) else "Number", "Value": str(value)}
        for name, value in attributes.items()
    }
    oracle = FilterPolicyMatcher(document, "MessageAttributes")
    ordered = {name: sorted(wanted, key=simplest_last) for name, wanted in document.items()}
    oracle.filter_policy = ordered
    assert accepts(document, attributes) is oracle.matches(shown, "")


@given(policies, st.dictionaries(st.sampled_from("xyz"), st.sampled_from("ab"), max_size=3))
def test_bodies_are_accepted_as_moto_accepts_them(
    document: dict[str, Any], body: dict[str, Any]
) -> None:
    texts = {
        name: [rule for rule in wanted if not isinstance(rule, dict) or "numeric" not in rule]
        for name, wanted in document.items()
    }
    if not all(texts.values()):
        return  # moto compares texts with numbers
    ordered = {name: sorted(wanted, key=simplest_last) for name, wanted in texts.items()}
    expected = FilterPolicyMatcher(ordered, "MessageBody").matches(None, json.dumps(body))
    assert policy(texts, "MessageBody").accepts(Publish(json.dumps(body))) is expected
