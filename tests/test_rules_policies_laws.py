"""Policies against others who know them: a few lines of brute force, and what moto has right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import PolicyError
from eventsim.rules.authorization import Policies, denial
from eventsim.rules.managed_policies import MANAGED
from eventsim.rules.policies import Policy, Request, parse_policy
from eventsim.rules.principals import Asker

ALPHABET = "ab:*?"
ACCOUNT = "123456789012"
ASKERS = [
    Asker.of(f"arn:aws:iam::{account}:role/{name}")
    for account, name in product([ACCOUNT, "999999999999"], "rs")
]
ACTIONS = ["s3:Get", "s3:Put", "sqs:Get"]
RESOURCES = ["arn:aws:s3:::a", "arn:aws:s3:::a:b", "arn:aws:sqs:r:1:a"]
KEYS = [{}, {"x:k": ("a",)}, {"x:k": ("a", "b")}]


def like(pattern: str, text: str) -> bool:
    """Wildcards by trying every way to match: slow, and hard to get wrong."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(like(rest, text[taken:]) for taken in range(len(text) + 1))
    return bool(text) and head in ("?", text[0]) and like(rest, text[1:])


def arn_like(pattern: str, text: str) -> bool:
    if pattern == "*":
        return True
    wanted, found = pattern.split(":", 5), text.split(":", 5)
    wanted += ["*"] * (6 - len(wanted))
    return len(found) == 6 and all(map(like, wanted, found))


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def applies(statement: dict[str, Any], request: Request) -> bool:
    """Whether a statement of the few forms below applies."""
    for element, matches, asked in (
        ("Action", like, request.action.lower()),
        ("Resource", arn_like, request.resource),
    ):
        for key in (element, f"Not{element}"):
            patterns = [
                p.lower() if element == "Action" else p
                for p in listed(statement.get(key))
                if key in statement
            ]
            if key in statement and any(matches(p, asked) for p in patterns) == (key != element):
                return False
    return all(
        condition_holds(name, listed(wanted), request.context.get(key.lower(), ()))
        for name, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def condition_holds(name: str, wanted: list[str], found: tuple[str, ...]) -> bool:
    match name:
        case "StringEquals":
            return any(value in wanted for value in found)
        case "StringNotEquals":
            return all(value not in wanted for value in found)
        case "StringEqualsIfExists":
            return not found or any(value in wanted for value in found)
        case "ForAllValues:StringLike":
            return all(any(like(w, value) for w in wanted) for value in found)
        case "ForAnyValue:StringNotEquals":
            return any(value not in wanted for value in found)
        case "Null":
            return any((w == "true") == (not found) for w in wanted)
    raise AssertionError(name)


def names(statement: dict[str, Any], asker: Asker) -> bool:
    """Whether a resource's statement is about a role, named by its ARN or as everybody."""
    principal = statement["Principal"]
    arn = f"arn:aws:iam::{asker.account}:role/{asker.role}"
    return principal == "*" or arn in listed(principal["AWS"])


def allowed(request: Request, own: list[Any], of: list[Any]) -> bool:
    """The whole decision, of statements as they are written."""
    mine = [each["Effect"] for each in own if applies(each, request)]
    its = [each["Effect"] for each in of if names(each, request.asker) and applies(each, request)]
    if "Deny" in mine + its:
        return False
    inside = request.asker.account == ACCOUNT
    return bool(mine or its) if inside else bool(mine and its)


def some(*values: str) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return one | st.lists(one, min_size=1, max_size=2)


def elements(name: str, *values: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.sampled_from([name, f"Not{name}"]), some(*values)).map(
        lambda pair: {pair[0]: pair[1]}
    )


CONDITION = st.one_of(
    st.just({}),
    st.dictionaries(
        st.sampled_from(
            [
                *("StringEquals", "StringNotEquals", "StringEqualsIfExists"),
                *("ForAllValues:StringLike", "ForAnyValue:StringNotEquals"),
            ]
        ),
        some("a", "b", "*").map(lambda values: {"X:k": values}),
        max_size=2,
    ),
    some("true", "false").map(lambda values: {"Null": {"x:K": values}}),
).map(lambda condition: {"Condition": condition} if condition else {})
BARE = st.tuples(
    st.sampled_from([{"Effect": "Allow"}, {"Effect": "Allow"}, {"Effect": "Deny"}]),
    elements("Action", "*", "s3:*", "S3:get", "sqs:?et", "s3:Put"),
    elements("Resource", "*", "arn:aws:s3:::a", "arn:aws:s3:::?:*", "arn:aws:sqs:*:*:a"),
    CONDITION,
).map(lambda parts: {key: value for part in parts for key, value in part.items()})
PRINCIPAL = st.just("*") | some(
    *(f"arn:aws:iam::{asker.account}:role/{asker.role}" for asker in ASKERS)
).map(lambda arns: {"AWS": arns})
NAMED = st.tuples(BARE, PRINCIPAL).map(lambda pair: pair[0] | {"Principal": pair[1]})
REQUESTS = st.builds(
    Request,
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.sampled_from(ASKERS),
    st.sampled_from(KEYS),
)


def policy(statements: list[Any], kind: Any) -> Policy | None:
    return parse_policy({"Statement": statements}, kind) if statements else None


@given(REQUESTS, st.lists(BARE, max_size=3), st.lists(NAMED, max_size=3))
def test_it_decides_as_brute_force_does(request: Request, own: list[Any], of: list[Any]) -> None:
    mine = policy(own, "identity")
    policies = Policies([mine] if mine else [], policy(of, "resource"))

    assert (denial(request, policies, ACCOUNT) is None) == allowed(request, own, of)


@given(REQUESTS, st.lists(BARE, min_size=1, max_size=3), BARE)
def test_a_deny_more_never_allows_more(request: Request, own: list[Any], extra: Any) -> None:
    before = denial(request, Policies([parse_policy({"Statement": own})]), request.asker.account)
    more = [*own, extra | {"Effect": "Deny"}]
    after = denial(request, Policies([parse_policy({"Statement": more})]), request.asker.account)

    assert after is not None or before is None


@given(st.text(ALPHABET, max_size=8), st.text("ab:", max_size=8))
def test_wildcards_match_as_brute_force_does(pattern: str, text: str) -> None:
    condition = {"StringLike": {"x:k": pattern}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    request = Request("s3:Get", RESOURCES[0], ASKERS[0], {"x:k": (text,)})

    matches = bool(parse_policy({"Statement": statement}).allows(request))

    assert matches == like(pattern, text) == fnmatchcase(text, pattern)


@given(st.text(ALPHABET, max_size=12), st.text("ab:", max_size=12))
def test_arns_match_as_brute_force_does(pattern: str, text: str) -> None:
    condition = {"ArnLike": {"x:k": f"arn:{pattern}"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    request = Request("s3:Get", RESOURCES[0], ASKERS[0], {"x:k": (f"arn:{text}",)})

    matches = bool(parse_policy({"Statement": statement}).allows(request))

    assert matches == arn_like(f"arn:{pattern}", f"arn:{text}")


def managed_by_moto() -> dict[str, Any]:
    module = pytest.importorskip("moto.iam.aws_managed_policies")
    return dict(json.loads(module.aws_managed_policies_data))


def test_every_managed_policy_of_aws_is_a_policy() -> None:
    found = managed_by_moto()

    for name, each in found.items():
        assert parse_policy(each["Document"]).statements, name
    assert len(found) > 1_000


def flat(document: dict[str, Any]) -> list[Any]:
    """The statements without their ids, in whichever form they are written."""
    sets = ("Action", "Resource")
    return [
        {key: set(listed(value)) if key in sets else value for key, value in each.items()}
        | {"Sid": ""}
        for each in document["Statement"]
    ]


@pytest.mark.parametrize("name", sorted(MANAGED))
def test_the_managed_policies_that_we_know_are_aws_own(name: str) -> None:
    assert flat(MANAGED[name]) == flat(managed_by_moto()[name]["Document"])


def odd_documents() -> Iterator[dict[str, Any]]:
    """Documents of which some are wrong, in ways that moto learned from AWS."""
    plain = {"Effect": "Allow", "Action": "s3:Get", "Resource": "*"}
    odd: dict[str, list[Any]] = {
        "Effect": ["Allow", "allow", "Permit", None],
        "Action": ["*", "s3", "s3:a:b", "s 3:a", ["s3:a", "b"], [], 3, {}],
        "Resource": ["*", "a", "arn:aws:s3:::a", ["arn:aws:s3:::a", "b"], 3, {}],
        "Sid": ["a", 3],
        "Condition": [{}, "a", {"StringEquals": "a"}, {"Strings": {"x:k": "a"}},
                      {"StringEquals": {"x:k": "a"}}, {"ForAllValues:StringLike": {"x:k": "a"}},
                      {"DateLessThan": {"x:k": "2026-13-01"}}, {"DateLessThan": {"x:k": "2026-01"}},
                      {"BoolIfExists": {"x:k": "true"}}],
        "Acton": ["a"],
    }  # fmt: skip
    for key, values in odd.items():
        for value in values:
            yield {"Version": "2012-10-17", "Statement": [{**plain, key: value}]}
    for missing in plain:
        kept = {key: value for key, value in plain.items() if key != missing}
        yield {"Version": "2012-10-17", "Statement": kept}
    yield {"Version": "2012-10-17", "Statement": [plain | {"NotAction": "s3:a"}]}
    yield {"Version": "2012-10-17", "Statement": [plain | {"NotResource": "*"}]}
    yield {"Version": "2012-10-17", "Statement": [plain | {"Sid": "a"}, plain | {"Sid": "a"}]}
    yield {"Version": "2012-10-17", "Statement": []}
    yield {"Version": "2013-10-17", "Statement": plain}
    yield {"Version": "2012-10-17"}
    yield {"Version": "2012-10-17", "Id": 3, "Statement": plain}


@pytest.mark.parametrize("document", list(odd_documents()), ids=json.dumps)
def test_what_is_a_policy_is_what_moto_recorded_of_aws(document: dict[str, Any]) -> None:
    validation = pytest.importorskip("moto.iam.policy_validation")
    from moto.iam.exceptions import MalformedPolicyDocument

    ours = theirs = True
    try:
        validation.IAMPolicyDocumentValidator(json.dumps(document)).validate()
    except MalformedPolicyDocument:
        theirs = False
    try:
        parse_policy(document)
    except PolicyError:
        ours = False

    assert ours == theirs
