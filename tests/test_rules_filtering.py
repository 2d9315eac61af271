"""FilterCriteria: which records go on, per source and per format; why a pattern is none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eventsim.errors import PatternError
from eventsim.rules.documents import UNMATCHABLE, Encoded
from eventsim.rules.filtering import Filter, fault
from eventsim.sources import kinesis
from eventsim.types import Record


def through(key: str, *patterns: Any, plain_text: bool = False) -> Filter:
    return Filter.of([json.dumps(each) for each in patterns], key, plain_text)


def record(data: bytes, number: int = 1, key: str = "k") -> Record:
    return Record(f"{number:056d}", key, data, 1767225600.25)


def delivered(criteria: Filter, *records: Record) -> list[bytes]:
    return [each.data for each in records if criteria.matches(kinesis.filterable(each))]


def test_case_25_matching_json_goes_on_with_its_own_bytes_and_nothing_else_does() -> None:
    """Spaces, the order of keys and escapes are the producer's."""
    only_x = through(kinesis.FILTER_KEY, {"data": {"t": ["x"]}})
    matching = b'{ "n":1.0,\t"t": "\\u0078" }'
    others = [b'{"t": "y"}', b'{"t"', b"x", b"", b'"x"', b'["x"]', b"\xff\xfe", b'{"t": "x"} x']

    assert delivered(only_x, *map(record, [*others, matching])) == [matching]


def test_case_26_of_three_records_exactly_the_matching_one_goes_on() -> None:
    records = [record(b'{"t": "%s"}' % each, n) for n, each in enumerate((b"a", b"b", b"c"))]

    assert delivered(through("data", {"data": {"t": ["b"]}}), *records) == [b'{"t": "b"}']


def test_case_27_a_filter_may_let_nothing_through() -> None:
    records = [record(b'{"t": "%d"}' % n, n) for n in range(10)]

    assert delivered(through("data", {"data": {"t": ["x"]}}), *records) == []


def change(event_name: str, **image: Any) -> dict[str, Any]:
    """A change of a table as FilterCriteria see it."""
    return {
        "eventID": "7de3041dd709b024af6f29e4fa13d34c",
        "eventName": event_name,
        "dynamodb": {
            "ApproximateCreationDateTime": 1767225600.0,
            "Keys": {"id": {"S": "1"}},
            "NewImage": {"id": {"S": "1"}, **image},
            "SequenceNumber": "100000000003498069978",
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def new_image(**asked: Any) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": asked}}


CHANGES = {
    "case-28: numbers are strings, so numeric never matches": (
        new_image(n={"N": [{"numeric": [">", 100]}]}),
        [],
        [change("INSERT", n={"N": "101"})],
    ),
    "case-28: anything-but does, on the string": (
        new_image(n={"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}),
        [change("INSERT", n={"N": "42"})],
        [change("INSERT", n={"N": "101"})],
    ),
    "case-29: an attribute is no leaf, so exists false always matches": (
        new_image(k=[{"exists": False}]),
        [change("INSERT"), change("INSERT", k={"S": "v"})],
        [],
    ),
    "case-29: on the leaf exists false means what it says": (
        new_image(k={"S": [{"exists": False}]}),
        [change("INSERT"), change("INSERT", k={"N": "1"})],
        [change("INSERT", k={"S": "v"})],
    ),
    "case-30: without the type of the attribute nothing matches": (
        new_image(k=["v"]),
        [],
        [change("INSERT", k={"S": "v"}), change("INSERT", k={"SS": ["v"]})],
    ),
    "case-31: only the insert of an item that is put twice": (
        {"eventName": ["INSERT"]},
        [change("INSERT")],
        [change("MODIFY"), change("REMOVE")],
    ),
    "the time of a change is a number": (
        {"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}},
        [change("INSERT")],
        [],
    ),
    "booleans are booleans": (
        new_image(b={"BOOL": [True]}),
        [change("INSERT", b={"BOOL": True})],
        [change("INSERT", b={"BOOL": False}), change("INSERT", b={"N": "1"})],
    ),
    "what AWS adds to the event takes no part": (
        {"eventName": ["INSERT"], "eventSource": ["aws:dynamodb"]},
        [],
        [change("INSERT")],
    ),
}


@pytest.mark.parametrize(("pattern", "hits", "misses"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_a_table_is_filtered_as_recorded(
    pattern: dict[str, Any], hits: list[Any], misses: list[Any]
) -> None:
    criteria = through("dynamodb", pattern)

    assert [each for each in (*hits, *misses) if criteria.matches(each)] == hits


def message(body: str) -> dict[str, Any]:
    return {"messageId": "1", "body": Encoded(body), "messageAttributes": {}}


JSON_BODY, PLAIN_BODY = '{"k": "v", "n": 100}', "plain text"
BODIES = {
    "case-42: a JSON pattern drops a plain body": ({"body": {"k": ["v"]}}, [JSON_BODY]),
    "case-42: also when it asks for nothing that is there": (
        {"body": {"x": [{"exists": False}]}},
        [JSON_BODY, '["a"]'],
    ),
    "numbers in a JSON body": ({"body": {"n": [{"numeric": [">=", 100]}]}}, [JSON_BODY]),
    "a plain pattern drops a JSON body": (
        {"body": [{"anything-but": "x"}]},
        [PLAIN_BODY, "", "5", '"quoted"', "{not json"],
    ),
    "a plain pattern finds the text": ({"body": [PLAIN_BODY, "5"]}, [PLAIN_BODY, "5"]),
    "a plain pattern with an operator": ({"body": [{"prefix": "plain"}]}, [PLAIN_BODY]),
    "a pattern without a body is for the rest": (
        {"messageId": ["1"]},
        [JSON_BODY, '["a"]', PLAIN_BODY, "", "5", '"quoted"', "{not json"],
    ),
    "either kind of body": (
        {"$or": [{"body": {"k": ["v"]}}, {"body": ["", "x"]}]},
        [JSON_BODY, ""],
    ),
}


@pytest.mark.parametrize(("pattern", "kept"), BODIES.values(), ids=BODIES)
def test_a_body_and_a_pattern_of_different_kinds_never_match(
    pattern: dict[str, Any], kept: list[str]
) -> None:
    criteria = through("body", pattern, plain_text=True)
    bodies = [JSON_BODY, '["a"]', PLAIN_BODY, "", "5", '"quoted"', "{not json"]

    assert [each for each in bodies if criteria.matches(message(each))] == kept


def test_filters_are_joined_by_or() -> None:
    either = through("data", {"data": {"t": ["x"]}}, {"partitionKey": ["b"]})
    records = [record(b'{"t": "x"}'), record(b"no JSON", key="b"), record(b"no JSON", key="a")]

    assert delivered(either, *records) == [b'{"t": "x"}', b"no JSON"]


def test_without_a_filter_everything_goes_on() -> None:
    assert delivered(Filter.of([], "data"), record(b"x"), record(b"{}")) == [b"x", b"{}"]


def test_a_kinesis_record_shows_what_kinesis_tells_of_it() -> None:
    shown = kinesis.filterable(record(b'{"a": 1}'))

    body = shown.pop(kinesis.FILTER_KEY)
    assert body.structure() == {"a": 1}
    assert shown == {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "k",
        "sequenceNumber": "0" * 55 + "1",
        "approximateArrivalTimestamp": 1767225600.25,
    }


def test_data_is_decoded_once_and_only_for_a_pattern_that_looks_at_it() -> None:
    class Counted(bytes):
        reads = 0

        def lstrip(self, *arguments: Any) -> bytes:  # how every look at a body begins
            Counted.reads += 1
            return super().lstrip(*arguments)

    document = kinesis.filterable(record(Counted(b'{"t": "x"}')))

    assert not through("data", {"partitionKey": ["other"], "data": {"t": ["x"]}}).matches(document)
    assert Counted.reads == 0
    assert through("data", *({"data": {"t": [each]}} for each in "abcx")).matches(document)
    assert Counted.reads == 1


@pytest.mark.parametrize(
    ("raw", "structure", "text"),
    [
        (b'{"a": 1}', {"a": 1}, UNMATCHABLE),
        (' \n[1, "x"] ', [1, "x"], UNMATCHABLE),
        ('{"a": 1e999}', {"a": float("inf")}, UNMATCHABLE),
        ('{"a": NaN}', UNMATCHABLE, '{"a": NaN}'),
        (b'{"a": 1, "a": 2}', {"a": 2}, UNMATCHABLE),
        (b"5", UNMATCHABLE, "5"),
        ("null", UNMATCHABLE, "null"),
        (b"", UNMATCHABLE, ""),
        (b"{\xff}", UNMATCHABLE, UNMATCHABLE),
        ('{"a": 1}'.encode("utf-16"), UNMATCHABLE, UNMATCHABLE),
        ("{", UNMATCHABLE, "{"),
    ],
)
def test_a_body_is_json_when_it_is_an_object_or_an_array_and_plain_text_otherwise(
    raw: bytes | str, structure: Any, text: Any
) -> None:
    assert Encoded(raw).structure() == structure
    assert Encoded(raw).structure(literal=True) == structure
    assert Encoded(raw).text() == text


GOOD = '{"data": {"t": ["x"]}}'


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("null", "a pattern is an object, not null"),
        ("", "not JSON: expecting value at line 1, column 1"),
        (
            '{"data": {"t": [{"prefix": 1}]}}',
            "data.t[0].prefix: takes a string, not 1",
        ),
        (
            '{"data": ["text"]}',
            "data: takes an object of fields: the body is JSON",
        ),
        (
            '{"$or": [{"data": [{"exists": true}]}, {"partitionKey": ["a"]}]}',
            "$or[0].data: takes an object of fields: the body is JSON",
        ),
    ],
)
def test_a_bad_pattern_is_told_with_the_place_in_it_and_what_would_be_right(
    pattern: str, reason: str
) -> None:
    assert fault(pattern, "data") == reason
    with pytest.raises(PatternError, match=rf"^Filters\[1\]\.Pattern[:,] {re.escape(reason)}$"):
        Filter.of([GOOD, pattern], "data")


def test_plain_text_is_asked_for_where_the_source_allows_it() -> None:
    assert fault('{"body": ["text"]}', "body", plain_text=True) is None
    assert fault('{"body": ["text"]}') is None
    assert fault('{"body": ["text"]}', "body") == (
        "body: takes an object of fields: the body is JSON"
    )


ROW = re.compile(r"^\| [^|]+ \| `(\{.+?\})` \| `(.+?)` \| `(.+?)` \|$", re.MULTILINE)
PAGE = Path(__file__).parent.parent / "docs" / "filters.md"


def test_the_examples_of_the_docs_match_as_they_say() -> None:
    text = PAGE.read_text("utf-8")
    rows = ROW.findall(text)

    assert 3 * len(rows) == text.count("| `{")  # no example that is not tried
    for pattern, hit, miss in rows:
        criteria = Filter.of([f'{{"data": {pattern}}}'], "data")
        answers = [criteria.matches({"data": Encoded(each)}) for each in (hit, miss)]
        assert answers == [True, False], pattern
