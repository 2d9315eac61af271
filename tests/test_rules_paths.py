"""One grammar of PATH=VALUE: a place that is one place only, and JSON or text to stand there."""

from __future__ import annotations

from typing import Any

import pytest

from eventsim.errors import EventsimError
from eventsim.rules.paths import changed, parse

DOCUMENT = {"Records": [{"s3": {"object": {"key": "a", "size": 1}, "bucket": {"key": "b"}}}]}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a=1", ("a",), 1),
        ("a.b[0].c=x=y", ("a", "b", 0, "c"), "x=y"),
        ('a["b.c"]={"d": null}', ("a", "b.c"), {"d": None}),
        ("[2].a=", (2, "a"), ""),
        ("a=true", ("a",), True),
    ],
)
def test_an_assignment_is_a_path_and_json_or_text(text: str, path: Any, value: Any) -> None:
    assert parse(text) == (path, value)


@pytest.mark.parametrize("text", ["a", "=1", ".a=1", "a..b=1", "a[x]=1", "a[=1", "a[0=1"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(EventsimError, match=r"PATH=VALUE|no path|is empty"):
        parse(text)


def test_a_suffix_that_is_one_place_is_enough_and_the_document_stays() -> None:
    path, value = parse("object.size=5")
    made = changed(DOCUMENT, path, value)
    assert made["Records"][0]["s3"]["object"] == {"key": "a", "size": 5}
    assert DOCUMENT["Records"][0]["s3"]["object"] == {"key": "a", "size": 1}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("key",), r"'key' is in 2 places; write one of: Records\[0\]\.s3\.object\.key, "),
        (("sizes",), "there is no 'sizes'"),
        (("Records", 3), "there is no"),
    ],
)
def test_a_path_that_is_nowhere_or_in_two_places_is_refused(path: Any, text: str) -> None:
    with pytest.raises(EventsimError, match=text):
        changed(DOCUMENT, path, 1)


def test_create_makes_what_is_not_there() -> None:
    assert changed({}, ("a", "b", 0, "c"), 1, create=True) == {"a": {"b": [{"c": 1}]}}
    with pytest.raises(EventsimError, match="nor the next"):
        changed({"a": []}, ("a", 1), 1, create=True)
