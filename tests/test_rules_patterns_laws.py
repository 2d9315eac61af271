"""Event patterns against oracles: a slow matcher, moto's, ipaddress; and against any input."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from eventsim.errors import PatternError
from eventsim.rules.documents import Encoded
from eventsim.rules.patterns import compile_pattern
from tests.patterns import NOT_THERE, slowly_matches

# Few names and values, so that patterns and documents meet.
NAMES = st.sampled_from("abc")
TEXTS = st.text("xyX*", max_size=3)
WHOLE = st.integers(-2, 2)
SCALARS = TEXTS | WHOLE | st.booleans() | st.none()

Values = st.SearchStrategy[list[Any]]


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, inner, min_size=1, max_size=3)


DOCUMENTS = objects(
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=12)
)
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=20,
)


@st.composite
def operators(draw: st.DrawFn) -> dict[str, Any]:
    """An operator on strings or whole numbers; the slow matcher knows no escapes."""
    text, texts = draw(TEXTS), draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=2))
    wildcard, number = re.sub(r"\*+", "*", text), draw(WHOLE)
    sign = draw(st.sampled_from(["=", "<", "<=", ">", ">="]))
    choices: list[dict[str, Any]] = [
        {"prefix": text},
        {"suffix": text},
        {"prefix": {"equals-ignore-case": text}},
        {"suffix": {"equals-ignore-case": text}},
        {"equals-ignore-case": text},
        {"wildcard": wildcard},
        {"numeric": [sign, number]},
        {"numeric": [">", number, "<=", number + 2]},
        {"exists": True},
        {"anything-but": text},
        {"anything-but": texts},
        {"anything-but": [number, number + 1]},
        {"anything-but": {"prefix": texts}},
        {"anything-but": {"suffix": texts[0]}},
        {"anything-but": {"equals-ignore-case": texts}},
        {"anything-but": {"wildcard": wildcard}},
    ]
    return draw(st.sampled_from(choices))


@st.composite
def patterns(draw: st.DrawFn, scalars: st.SearchStrategy[Any] = SCALARS) -> dict[str, Any]:
    """A pattern, now and then with ``$or`` somewhere."""
    values: Values = st.lists(scalars | operators(), min_size=1, max_size=2)
    with_absent: Values = values | st.just(NOT_THERE)
    pattern = draw(objects(st.recursive(with_absent, objects, max_leaves=6)))
    if draw(st.booleans()):
        inside = [pattern, *(each for each in pattern.values() if isinstance(each, dict))]
        alternatives = objects(st.recursive(values, objects, max_leaves=3))
        draw(st.sampled_from(inside))["$or"] = draw(st.lists(alternatives, min_size=2, max_size=3))
    return pattern


@st.composite
def shaped(draw: st.DrawFn, pattern: dict[str, Any], arrays: bool, scalars: Any) -> dict[str, Any]:
    """A document that has most of what the pattern asks for, perhaps in one object of an array."""
    document: dict[str, Any] = {}
    for name, asked in pattern.items():
        if name == "$or":
            document |= draw(shaped(draw(st.sampled_from(asked)), arrays, scalars))
        elif isinstance(asked, dict):
            inside = shaped(asked, arrays, scalars)
            both = draw(st.lists(inside, min_size=1, max_size=2))
            document[name] = draw(st.sampled_from([both, both[0]])) if arrays else both[0]
        elif asked != NOT_THERE or draw(st.booleans()):
            plain = [each for each in asked if not isinstance(each, dict)]
            hints = [text for each in asked for text in re.findall(r"[xyX]+", json.dumps(each))]
            value = draw(st.sampled_from(plain + hints + [1]) | scalars)
            document[name] = [value, draw(scalars)] if draw(st.booleans()) else value
    return document


def pairs(scalars: Any, documents: Any, arrays: bool) -> st.SearchStrategy[Any]:
    """A pattern and a document that it may well match."""
    return patterns(scalars).flatmap(
        lambda pattern: st.tuples(st.just(pattern), shaped(pattern, arrays, scalars) | documents)
    )


def matches(pattern: dict[str, Any], document: Any) -> bool:
    return compile_pattern(json.dumps(pattern)).matches(document)


@settings(max_examples=max(250, settings().max_examples))
@given(pairs(SCALARS, DOCUMENTS, arrays=True))
def test_a_pattern_matches_what_the_slow_matcher_says(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    pattern, document = pair

    assert matches(pattern, document) is slowly_matches(pattern, document)


# moto flattens no objects in arrays, takes True for 1 and sees a value in an empty array or object.
MOTO_VALUES = TEXTS | WHOLE | st.none()
MOTO_DOCUMENTS = objects(
    st.recursive(MOTO_VALUES | st.lists(MOTO_VALUES, min_size=1, max_size=3), objects, max_leaves=8)
)


@settings(max_examples=max(150, settings().max_examples))
@given(pairs(MOTO_VALUES, MOTO_DOCUMENTS, arrays=False).filter(lambda pair: has_no_hole(pair[1])))
def test_a_pattern_matches_what_moto_says_where_moto_is_right(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    pattern, document = pair
    oracle: Any = EventPattern.load(json.dumps(pattern))

    assert matches(pattern, document) is oracle.matches_event(document)


def has_no_hole(document: Any) -> bool:
    """Whether no object in the document is empty."""
    if isinstance(document, dict):
        return bool(document) and all(has_no_hole(each) for each in document.values())
    return True


@given(DOCUMENTS, st.data())
def test_a_document_matches_what_it_says_itself_and_nothing_else(
    document: dict[str, Any], data: st.DataObject
) -> None:
    """Walk down to one value: asking for it matches, asking for anything but it there does not."""
    path, value = [], document
    element: Any = document
    while isinstance(element, dict | list) and element:
        if isinstance(element, dict):
            name = data.draw(st.sampled_from(sorted(element)))
            path.append(name)
            element = element[name]
        else:
            element = data.draw(st.sampled_from(element))
    assume(not isinstance(element, dict | list))
    asked: Any = [element]
    missing: Any = NOT_THERE
    for name in reversed(path):
        asked, missing = {name: asked}, {name: missing}

    assert matches(asked, value)
    assert not matches(missing, value)


@given(st.text("ab*\\", max_size=8), st.text("ab*\\", max_size=8))
def test_a_wildcard_matches_as_the_regular_expression_of_it_does(text: str, value: str) -> None:
    assume(not re.search(r"\*\*", re.sub(r"\\.", "", text)))
    assume(re.fullmatch(r"([^\\]|\\[*\\])*", text))
    parts = re.findall(r"\\.|\*|[^\\*]+", text)
    expression = "".join(
        ".*" if part == "*" else re.escape(part.lstrip("\\") or "\\") for part in parts
    )

    found = matches({"f": [{"wildcard": text}]}, {"f": value})

    assert found is (re.fullmatch(expression, value) is not None)


@given(
    st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.just(ip_address("10.1.2.3")),
    st.integers(0, 127),
    st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.just(ip_address("10.1.2.3")),
)
def test_a_range_of_addresses_holds_what_ipaddress_says(base: Any, bits: int, address: Any) -> None:
    assume(bits < base.max_prefixlen)
    network = ip_network(f"{base}/{bits}", strict=False)
    pattern = {"f": [{"cidr": f"{base}/{bits}"}]}
    edges = [network[0], network[-1], network[0] - (int(network[0]) > 0)]

    for each in (address, *edges):
        assert matches(pattern, {"f": str(each)}) is (each in network)


@given(st.text() | st.text('{}[]":,*a1\\') | ANY_JSON.map(json.dumps))
@example('{"a":[{"numeric":[">",1E-999999999999999999999]}]}')
@example('{"a":[{"numeric":["=",' + "9" * 4_000 + "]}]}")
@example('{"a":[' + "9" * 4_080 + "]}")
@example('{"a":["\\ud800"]}')
@example("\ud800")
@example('{"a":[Infinity]}')
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    try:
        pattern = compile_pattern(text)
    except PatternError:
        return
    assert pattern.matches({"a": 1}) in (True, False)


@given(patterns(), ANY_JSON)
def test_a_pattern_answers_for_any_json_the_same_encoded_or_not(
    pattern: dict[str, Any], document: Any
) -> None:
    found = matches({"body": pattern}, {"body": document})
    encoded = matches({"body": pattern}, {"body": Encoded(json.dumps(document))})

    assert encoded is (found and isinstance(document, dict | list))
    assert encoded is matches({"body": pattern}, {"body": Encoded(json.dumps(document).encode())})
