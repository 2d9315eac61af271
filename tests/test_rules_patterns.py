"""Event patterns: what each operator matches, which patterns are refused and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventsim.errors import PatternError
from eventsim.rules.documents import UNMATCHABLE, Encoded, decode_literally
from eventsim.rules.patterns import CHARACTERS_MAX, NESTING_MAX, Field, compile_pattern


def matches(pattern: Any, document: Any) -> bool:
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    return compile_pattern(text).matches(document)


def field_matches(values: list[Any], value: Any) -> bool:
    """Whether a field ``f`` that is asked for *values* matches when it has *value*."""
    return matches({"f": values}, {"f": value})


# values asked for, what matches them, what does not
VALUES = {
    "string": (["a"], ["a", ["b", "a"], [["a"]]], ["A", "ab", "", None, ["b"], [], {"a": 1}]),
    "either string": (["a", "b"], ["a", "b", ["c", "b"]], ["c"]),
    "empty string": ([""], ["", [""]], [None, " ", [], {}]),
    "null": ([None], [None, ["a", None]], ["", 0, False, [], {}, "null"]),
    "true": ([True], [True, [False, True]], [1, 1.0, "true", False]),
    "false": ([False], [False], [0, 0.0, "", None, "false"]),
    "zero": ([0], [0, ["0", 0]], [False, 0.0, "0", None]),
    "one": ([1], [1], [True, 1.0, "1", 10]),
    "negative": ([-3], [-3], [3, -3.0, "-3"]),
    "fraction": ([1.5], [1.5], [1, 15, "1.5"]),
    "any kind": (["a", 1, None], ["a", 1, None], ["1", True, "b"]),
    "exactly": ([{"exactly": "a"}], ["a"], ["b", 1]),
    "prefix": ([{"prefix": "eu-"}], ["eu-west-1", "eu-", ["us", "eu-1"]], ["EU-1", "x-eu-", 1]),
    "prefix of anything": ([{"prefix": ""}], ["", "a"], [1, None, True]),
    "prefix, any case": (
        [{"prefix": {"equals-ignore-case": "EU-"}}],
        ["eu-west", "Eu-1"],
        ["west-eu-", 1],
    ),
    "suffix": ([{"suffix": ".png"}], ["a.png", ".png"], ["a.PNG", "a.png ", None]),
    "suffix, any case": (
        [{"suffix": {"equals-ignore-case": ".Png"}}],
        ["A.PNG", "a.png"],
        ["png", 1],
    ),
    "any case": ([{"equals-ignore-case": "Straße"}], ["STRAßE", "straße"], ["strasse", "stra", 1]),
    "wildcard": ([{"wildcard": "a*c"}], ["ac", "abc", "a*c", "acc"], ["ab", "bac", "acd", "", 1]),
    "wildcards": ([{"wildcard": "*ab*ba*"}], ["abba", "xabyba", "abbaba"], ["aba", "ba-ab"]),
    "only a star": ([{"wildcard": "*"}], ["", "a", "a\nb"], [1, None]),
    "no star": ([{"wildcard": "ab"}], ["ab"], ["abc", "aab", "a"]),
    "no overlap": ([{"wildcard": "aba*aba"}], ["abaaba", "aba-aba"], ["aba", "ababa"]),
    "escaped star": ([{"wildcard": r"a\**"}], ["a*", "a*b"], ["ab", "a"]),
    "escaped backslash": ([{"wildcard": r"a\\*"}], ["a\\", "a\\b"], ["a", "ab", "a*"]),
    "number =": ([{"numeric": ["=", 3.018e2]}], [301.8], [301, "301.8", True]),
    "number = whole": ([{"numeric": ["=", 1]}], [1, 1.0], [True, "1", 2, float("nan")]),
    "number >": ([{"numeric": [">", 0]}], [0.1, 1, 2**70, ["a", 1]], [0, -1, "1", float("inf")]),
    "number >=": ([{"numeric": [">=", 0]}], [0, -0.0, 1], [-1, False, None]),
    "number <": ([{"numeric": ["<", 5]}], [4.9, -(2**70)], [5, 5.0, 10**400, float("-inf")]),
    "number <=": ([{"numeric": ["<=", 5]}], [5, 5.0], [5.1, "5"]),
    "number range": ([{"numeric": [">", 0, "<=", 5]}], [1, 5, 0.5], [0, 5.5, True]),
    "number range, closed": ([{"numeric": [">=", 0, "<", 5]}], [0, 4], [5, -1]),
    "range v4": (
        [{"cidr": "10.0.0.0/24"}],
        ["10.0.0.0", "10.0.0.255"],
        ["10.0.1.0", "9.255.255.255", "10.0.0", "10.0.0.1/32", "::a00:1", "a", 1, "1" * 9999],
    ),
    "range v4, host bits set": ([{"cidr": "10.0.0.77/8"}], ["10.9.9.9"], ["11.0.0.0"]),
    "range v6": (
        [{"cidr": "2001:db8::/32"}],
        ["2001:db8::1", "2001:0db8:0000::ffff"],
        ["2001:db9::", "10.0.0.1"],
    ),
    "an address with a zone is none": ([{"cidr": "fe80::/10"}], ["fe80::1"], ["fe80::1%eth0"]),
    "everything v4": ([{"cidr": "0.0.0.0/0"}], ["1.2.3.4"], ["::1", ""]),
    "present": ([{"exists": True}], ["", 0, False, None, ["a"]], [{}, {"a": 1}, [], [{"a": 1}]]),
    "not present": ([{"exists": False}], [{}, {"a": 1}, [], [{}]], ["", 0, None, False, ["a"]]),
    "anything but a string": (
        [{"anything-but": "a"}],
        ["b", "", 1, None, True, ["a", "b"]],
        ["a", ["a"], {"b": 1}, []],
    ),
    "anything but strings": ([{"anything-but": ["a", "b"]}], ["c", 1], ["a", "b", ["a", "b"]]),
    "anything but a number": ([{"anything-but": 1}], [2, "1", True, None], [1, 1.0, [1]]),
    "anything but numbers": ([{"anything-but": [1, 2.5]}], [2, "1"], [1, 2.5]),
    "anything but a prefix": (
        [{"anything-but": {"prefix": "eu-"}}],
        ["us-1", "e", 1, None],
        ["eu-", "eu-1"],
    ),
    "anything but prefixes": ([{"anything-but": {"prefix": ["a", "b"]}}], ["c"], ["ax", "bx"]),
    "anything but suffixes": ([{"anything-but": {"suffix": ["a", "b"]}}], ["ab!"], ["xa", "xb"]),
    "anything but, any case": (
        [{"anything-but": {"equals-ignore-case": ["a", "B"]}}],
        ["c", "", 1],
        ["A", "a", "b"],
    ),
    "anything but wildcards": (
        [{"anything-but": {"wildcard": ["*/bin/*.jar", "x*"]}}],
        ["/lib/a.jar", 1],
        ["/bin/a.jar", "x"],
    ),
    "an operator or a value": (["a", {"prefix": "b"}, {"exists": False}], ["a", "bc", {}], ["c"]),
}


@pytest.mark.parametrize(("asked", "hits", "misses"), VALUES.values(), ids=VALUES)
def test_a_field_matches_when_it_has_one_of_the_values_asked_for(
    asked: list[Any], hits: list[Any], misses: list[Any]
) -> None:
    assert [value for value in hits if not field_matches(asked, value)] == []
    assert [value for value in misses if field_matches(asked, value)] == []


@pytest.mark.parametrize("asked", [v[0] for k, v in VALUES.items() if k != "not present"])
def test_a_field_that_is_missing_matches_nothing_but_exists_false(asked: list[Any]) -> None:
    assert matches({"f": asked}, {"g": 1}) is ({"exists": False} in asked)


# A number is compared as it is written, as AWS says of 300, 300.0 and 3.0e2.
WRITTEN = ["300", "300.0", "3.0e2", "3e2", "18446744073709551616", "-0.5", "1" * 500, "1e999"]


@pytest.mark.parametrize("asked", WRITTEN)
def test_equal_numbers_are_written_alike(asked: str) -> None:
    pattern = compile_pattern(f'{{"body": {{"n": [{asked}]}}}}')

    found = [each for each in WRITTEN if pattern.matches({"body": Encoded(f'{{"n": {each}}}')})]

    assert found == [asked]


def test_minus_zero_is_not_zero() -> None:
    assert matches('{"body": {"n": [-0]}}', {"body": Encoded('{"n": -0}')})
    assert not matches('{"body": {"n": [-0]}}', {"body": Encoded('{"n": 0}')})


def test_numbers_of_python_count_as_json_writes_them() -> None:
    assert [matches('{"f": [300]}', {"f": each}) for each in (300, 300.0)] == [True, False]
    assert [matches('{"f": [300.0]}', {"f": each}) for each in (300, 300.0)] == [False, True]


DOCUMENTS = {
    "fields are joined by and": ({"a": [1], "b": [2]}, [{"a": 1, "b": 2}], [{"a": 1}, {"b": 2}]),
    "objects stand in each other": (
        {"a": {"b": {"c": ["x"]}}},
        [{"a": {"b": {"c": "x", "d": 1}}}],
        [{"a": {"b": "x"}}, {"a": {"c": "x"}}, {"a": None}, {"a": {"b": {"c": {"c": "x"}}}}],
    ),
    "one object of an array has it all": (
        {"d": {"a": [1], "b": [2]}},
        [{"d": [{"a": 1}, {"a": 1, "b": 2}]}, {"d": [[{"a": [0, 1], "b": 2}]]}],
        [{"d": [{"a": 1}, {"b": 2}]}, {"d": []}, {"d": [1, "a"]}],
    ),
    "arrays in arrays": (
        {"u": {"n": ["x"], "t": {"k": ["c"], "v": ["blue"]}}},
        [{"u": [{"n": "y"}, {"n": "x", "t": [{"k": "c"}, {"k": "c", "v": "blue"}]}]}],
        [
            {"u": [{"n": "x", "t": [{"k": "c"}, {"v": "blue"}]}]},
            {"u": [{"n": "x"}, {"t": {"k": "c", "v": "blue"}}]},
        ],
    ),
    "the object with one field lacks another": (
        {"d": {"a": [{"exists": True}], "b": [{"exists": False}]}},
        [{"d": [{"a": 1}, {"a": 1, "b": 2}]}, {"d": {"a": 1}}],
        [{"d": [{"a": 1, "b": 2}, {"c": 3}]}, {"d": []}, {}],
    ),
    "no object of an array has it": (
        {"d": {"b": [{"exists": False}]}},
        [{}, {"d": 1}, {"d": []}, {"d": [{"a": 1}, 2]}, {"d": {"b": {"c": 1}}}],
        [{"d": [{"a": 1}, {"b": 1}]}, {"d": {"b": None}}],
    ),
    "an empty array has no objects": (
        {"d": {"a": ["x", {"exists": False}]}},
        [{"d": []}, {"d": [1]}, {"d": [{"a": "x"}]}, {}],
        [{"d": {"a": "y"}}, {"d": [{"a": "y"}]}],
    ),
    "what cannot be read matches nothing": (
        {"$or": [{"d": {"a": [{"exists": False}]}}, {"d": [{"exists": False}, "a"]}]},
        [{}, {"d": "a"}],
        [{"d": UNMATCHABLE}],
    ),
    "a dot is part of a name": ({"a.b": [1]}, [{"a.b": 1}], [{"a": {"b": 1}}]),
    "either of two": (
        {"s": ["x"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]},
        [{"s": "x", "a": 1}, {"s": "x", "b": 2, "c": 3}],
        [{"a": 1}, {"s": "x"}, {"s": "x", "b": 2}, {"s": "y", "a": 1}],
    ),
    "either inside either": (
        {"$or": [{"a": [1]}, {"$or": [{"b": [1]}, {"c": {"$or": [{"d": [1]}, {"e": [1]}]}}]}]},
        [{"a": 1}, {"b": 1}, {"c": {"e": 1}}, {"c": [{"x": 1}, {"d": 1}]}],
        [{}, {"c": 1}, {"$or": 1}],
    ),
    "either of two in one object of an array": (
        {"d": {"a": [1], "$or": [{"b": [1]}, {"c": [1]}]}},
        [{"d": [{"a": 1, "c": 1}]}],
        [{"d": [{"a": 1}, {"b": 1}]}],
    ),
    "$or with values is a field": ({"$or": ["a", "b"]}, [{"$or": "b"}], [{"a": 1}]),
    "$or with an object is a field": ({"$or": {"a": [1]}}, [{"$or": {"a": 1}}], [{"a": 1}]),
    "$or with operators is a field": (
        {"$or": [{"prefix": "a"}, {"cidr": "10.0.0.0/8"}]},
        [{"$or": "ab"}, {"$or": "10.1.1.1"}],
        [{"prefix": "a"}],
    ),
}


@pytest.mark.parametrize(("pattern", "hits", "misses"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_matches_when_it_has_all_fields(
    pattern: dict[str, Any], hits: list[Any], misses: list[Any]
) -> None:
    assert [document for document in hits if not matches(pattern, document)] == []
    assert [document for document in misses if matches(pattern, document)] == []


def test_of_equal_keys_the_last_one_counts() -> None:
    assert matches('{"a": ["x"], "a": ["y"]}', {"a": "y"})
    assert not matches('{"a": ["x"], "a": ["y"]}', {"a": "x"})


def test_a_pattern_tells_its_fields_on_the_top_level_and_where_they_stand() -> None:
    text = '{"a": [1], "$or": [{"b": {"c": [1]}}, {"a": {"d": [1]}}], "e": {"f": [1]}}'

    assert compile_pattern(text).fields == (
        Field("a", "a", nested=False),
        Field("b", "$or[0].b", nested=True),
        Field("a", "$or[1].a", nested=True),
        Field("e", "e", nested=True),
    )


OR_HINT = (
    " ($or is a plain field here: as an operator it has an array of two objects or more, "
    "and no field in them is called like an operator)"
)
KNOWN = "anything-but, cidr, equals-ignore-case, exactly, exists, numeric, prefix, suffix, wildcard"
VALUE = "a value is a string, a number, true, false, null or an operator, not an array"
REFUSED = {
    "": "not JSON: expecting value at line 1, column 1",
    "simple string": "not JSON: expecting value at line 1, column 1",
    '[{"eventName": ["INSERT"=123}]': "not JSON: expecting ',' delimiter at line 1, column 25",
    '{"a": [1]} {}': "not JSON: extra data at line 1, column 12",
    '{"a": [NaN]}': "not JSON: NaN is not JSON",
    "null": "a pattern is an object, not null",
    '"a"': "a pattern is an object, not 'a'",
    '[{"a": [1]}]': "a pattern is an object, not an array",
    "{}": "an object needs a field",
    '{"a": {"b": {}}}': "a.b: an object needs a field",
    '{"a": []}': "a: an array needs a value",
    '{"a": 1}': "a: takes an array of values or an object of fields, not 1",
    '{"a": {"b": null}}': "a.b: takes an array of values or an object of fields, not null",
    '{"a": [1, ["b"]]}': f"a[1]: {VALUE}",
    '{"a": [{}]}': "a[0]: an operator is an object with one key, not 0",
    '{"a": [{"prefix": "x", "suffix": "y"}]}': (
        "a[0]: an operator is an object with one key, not 2"
    ),
    '{"a": [{"prefx": "x"}]}': f"a[0]: no operator called 'prefx'; there are: {KNOWN}",
    '{"a": [{"exists": 1}]}': "a[0].exists: takes true or false, not 1",
    '{"a": [{"exists": true, "b": 1}]}': "a[0]: an operator is an object with one key, not 2",
    '{"a": [{"exactly": 1}]}': "a[0].exactly: takes a string, not 1",
    '{"a": [{"prefix": 3}]}': "a[0].prefix: takes a string, not 3",
    '{"a": [{"prefix": ["x"]}]}': "a[0].prefix: takes a string, not an array",
    '{"a": [{"prefix": {"wildcard": "x"}}]}': (
        "a[0].prefix: takes a string or equals-ignore-case, not 'wildcard'"
    ),
    '{"a": [{"suffix": {"equals-ignore-case": 5}}]}': (
        "a[0].suffix.equals-ignore-case: takes a string, not 5"
    ),
    '{"a": [{"equals-ignore-case": ["x"]}]}': (
        "a[0].equals-ignore-case: takes a string, not an array"
    ),
    '{"a": [{"numeric": 1}]}': (
        'a[0].numeric: takes one comparison such as [">", 0] or two such as [">", 0, "<=", 5]'
    ),
    '{"a": [{"numeric": ["<>", 1]}]}': "a[0].numeric[0]: one of =, <, <=, >, >=, not '<>'",
    '{"a": [{"numeric": [">", "1"]}]}': "a[0].numeric[1]: takes a number, not '1'",
    '{"a": [{"numeric": [">", true]}]}': "a[0].numeric[1]: takes a number, not true",
    '{"a": [{"numeric": ["<", 1, ">", 0]}]}': (
        "a[0].numeric: two comparisons are one of >, >= and then one of <, <="
    ),
    '{"a": [{"numeric": [">", 1, "<=", 1]}]}': (
        "a[0].numeric: the lower limit has to be less than the upper one"
    ),
    '{"a": [{"numeric": ["=", 1e309]}]}': ("a[0].numeric[1]: a double does not hold 1e309 exactly"),
    '{"a": [{"numeric": ["=", 1e-325]}]}': (
        "a[0].numeric[1]: a double does not hold 1e-325 exactly"
    ),
    '{"a": [{"numeric": ["=", 0.12345678901234567891]}]}': (
        "a[0].numeric[1]: a double does not hold 0.12345678901234567891 exactly"
    ),
    '{"a": [{"numeric": ["=", 0e99999999999999999999]}]}': (
        "a[0].numeric[1]: a double does not hold 0e99999999999999999999 exactly"
    ),
    '{"a": [{"cidr": "foo"}]}': ("a[0].cidr: takes a range such as 10.0.0.0/24, not 'foo'"),
    '{"a": [{"cidr": "10.0.0.0/255.0.0.0"}]}': (
        "a[0].cidr: takes a range such as 10.0.0.0/24, not '10.0.0.0/255.0.0.0'"
    ),
    '{"a": [{"cidr": "fe80::%eth0/10"}]}': (
        "a[0].cidr: takes a range such as 10.0.0.0/24, not 'fe80::%eth0/10'"
    ),
    '{"a": [{"cidr": "10.0.0/8"}]}': "a[0].cidr: not a range of IP addresses: '10.0.0/8'",
    '{"a": [{"cidr": "10.0.0.0/33"}]}': "a[0].cidr: not a range of IP addresses: '10.0.0.0/33'",
    '{"a": [{"cidr": "10.0.0.0/32"}]}': (
        "a[0].cidr: at most /31; a single address is a plain string"
    ),
    '{"a": [{"cidr": "::1/128"}]}': "a[0].cidr: at most /127; a single address is a plain string",
    '{"a": [{"wildcard": "a**b"}]}': "a[0].wildcard: two stars in a row in 'a**b'",
    r'{"a": [{"wildcard": "a\\b"}]}': (
        r"a[0].wildcard: a backslash stands before * or \ in 'a\\b'"
    ),
    r'{"a": [{"wildcard": "a\\"}]}': r"a[0].wildcard: a backslash stands before * or \ in 'a\\'",
    '{"a": [{"anything-but": ["x", 1]}]}': (
        "a[0].anything-but: takes strings or numbers: one, or an array of either, not both"
    ),
    '{"a": [{"anything-but": null}]}': (
        "a[0].anything-but: takes strings or numbers: one, or an array of either, not null"
    ),
    '{"a": [{"anything-but": []}]}': "a[0].anything-but: an array needs a value",
    '{"a": [{"anything-but": {"numeric": ["=", 1]}}]}': (
        "a[0].anything-but: takes a value or one of equals-ignore-case, prefix, suffix, "
        "wildcard, not 'numeric'"
    ),
    '{"a": [{"anything-but": {"prefix": ""}}]}': (
        "a[0].anything-but.prefix: an empty string would exclude every string"
    ),
    '{"a": [{"anything-but": {"suffix": []}}]}': (
        "a[0].anything-but.suffix: an array needs a value"
    ),
    '{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}': (
        "a[0].anything-but.prefix: takes a string, not an object"
    ),
    '{"a": [{"anything-but": {"wildcard": ["x", "**"]}}]}': (
        "a[0].anything-but.wildcard: two stars in a row in '**'"
    ),
    '{"$or": [{"a": [1]}]}': f"$or[0]: no operator called 'a'; there are: {KNOWN}{OR_HINT}",
    '{"$or": [{"a": [1]}, 2]}': f"$or[0]: no operator called 'a'; there are: {KNOWN}{OR_HINT}",
    '{"$or": [{"a": [1]}, {"b": {"prefix": ["x"]}}]}': (
        f"$or[0]: no operator called 'a'; there are: {KNOWN}{OR_HINT}"
    ),
    '{"$or": [{"a": [1]}, {}]}': "$or[1]: an object needs a field",
    '{"a": {"$or": [{"b": [1]}, {"c": [{"cidr": 1}]}]}}': (
        "a.$or[1].c[0].cidr: takes a string, not 1"
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items(), ids=REFUSED)
def test_a_bad_pattern_is_refused_with_the_place_and_the_reason(text: str, message: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(text)

    assert str(refused.value) == message
    assert isinstance(refused.value, ValueError)


def test_a_pattern_has_4096_characters_at_most() -> None:
    longest = '{"a": ["' + "é" * (CHARACTERS_MAX - 11) + '"]}'

    assert len(longest) == CHARACTERS_MAX
    assert compile_pattern(longest).text == longest
    with pytest.raises(PatternError, match="4097 characters, over 4096"):
        compile_pattern(longest + " ")


def test_a_pattern_is_nested_100_deep_at_most() -> None:
    def nested(depth: int) -> str:
        return '{"a":' * (depth - 1) + "[1]" + "}" * (depth - 1)

    document: Any = 1
    for _ in range(NESTING_MAX - 1):
        document = {"a": [document]}
    assert matches(nested(NESTING_MAX), document)
    for text in (nested(NESTING_MAX + 1), "[" * 4000, '{"a":' * 800, '{"a":' + "[" * 1000):
        with pytest.raises(PatternError):
            compile_pattern(text)


def test_a_document_may_be_nested_as_deep_as_json_comes() -> None:
    arrays: Any = [{"a": "x"}]
    for _ in range(100_000):
        arrays = [arrays]

    assert matches({"f": {"a": ["x"]}}, {"f": arrays})
    assert not matches({"f": ["x"]}, {"f": arrays})
    assert Encoded(b'{"a":' * 100_000).structure() is UNMATCHABLE
    assert decode_literally(b"[" * 100_000) is UNMATCHABLE


def test_a_wildcard_that_almost_fits_everywhere_costs_no_more_than_reading_it() -> None:
    pattern = compile_pattern(json.dumps({"f": [{"wildcard": "*a" * 1_000 + "*b"}]}))

    assert not pattern.matches({"f": "a" * 1_000_000})
    assert pattern.matches({"f": "a" * 1_000_000 + "b"})
