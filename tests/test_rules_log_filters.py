"""Filter patterns of CloudWatch Logs: terms, JSON, and fields between spaces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import PatternError
from eventsim.rules.log_filters import compile_filter


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
@pytest.mark.parametrize(
    ("pattern", "line", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] no", True),
        ("ERROR", "[error] no", False),
        ("ERROR ARGUMENTS", "[ERROR 401] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD", False),
        ("?ERROR ?ARGUMENTS", "MISSING ARGUMENTS", True),
        ("ERROR -ARGUMENTS", "[ERROR 401] MISSING ARGUMENTS", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD", True),
        ('"two words"', "there are two words here", True),
        ('"two words"', "words two", False),
        ('"say \\"so\\""', 'say "so"', True),
    ],
)
def test_terms_are_all_there_and_none_of_the_others(pattern: str, line: str, matches: bool) -> None:
    assert (compile_filter(pattern).fields(line) is not None) is matches


DOCUMENT = {
    "level": "ERROR",
    "status": 404,
    "nothing": None,
    "fine": True,
    "user": {"name": "ann", "roles": ["a", "b"]},
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.level = "ERROR" }', True),
        ('{ $.level = "ERR*" }', True),
        ('{ $.level != "ERROR" }', False),
        ('{ $.missing != "ERROR" }', False),
        ("{ $.status = 404 }", True),
        ('{ $.status = "404" }', False),
        ("{ $.status >= 400 && $.status < 500 }", True),
        ("{ $.status > 404 }", False),
        ('{ ($.status = 500 || $.level = "ERROR") && $.fine IS TRUE }', True),
        ("{ $.nothing IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.fine IS FALSE }", False),
        ('{ $.user.roles[1] = "b" }', True),
        ('{ $.user["name"] = ann }', True),
        ("{ $.level > 5 }", False),
    ],
)
def test_conditions_hold_for_json_and_never_for_other_lines(pattern: str, matches: bool) -> None:
    compiled = compile_filter(pattern)
    assert (compiled.fields(json.dumps(DOCUMENT)) is not None) is matches
    assert compiled.fields("level = ERROR, status = 404") is None


LINE = '127.0.0.1 - ann [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (
            "[ip, id, user, at, request, status = 4*, bytes]",
            {
                "ip": "127.0.0.1",
                "id": "-",
                "user": "ann",
                "at": "10/Oct/2000:13:25:15 -0700",
                "request": "GET /index.html HTTP/1.0",
                "status": "404",
                "bytes": "1534",
            },
        ),
        ("[..., bytes > 1000]", {"bytes": "1534"}),
        ("[ip, ...]", {"ip": "127.0.0.1"}),
        ('[ip, ..., status != "404", bytes]', None),
        ("[ip, user]", None),
        ("[..., bytes < 1000]", None),
    ],
)
def test_fields_between_spaces_are_found_by_their_names(pattern: str, found: Any) -> None:
    assert compile_filter(pattern).fields(LINE) == found


@given(st.text(st.characters(exclude_characters='%"\\', exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_term_matches_the_lines_that_have_it(term: str) -> None:
    compiled = compile_filter(f'"{term}"')
    assert compiled.fields(f"before {term} after") == {}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("%ERR.R%", "not simulated yet"),
        ('"open', "no term at"),
        ("{ $.a = 1", "ends in }"),
        ("{ $.a }", "no condition at"),
        ("{ $.a ~ 1 }", "is no comparison"),
        ("{ $.a > x }", "compares with a number"),
        ("{ ($.a = 1 }", "is not closed"),
        ("{ $.a = 1 $.b = 2 }", "goes wrong at"),
        ("[a, b", "ends in ]"),
        ("[a b]", "is no field"),
        ("[..., a, ...]", "once"),
        ("x" * 1025, "1025 characters, over 1024"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        compile_filter(pattern)
