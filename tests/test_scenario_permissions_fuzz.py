"""Whatever stands where roles, policies and permissions are read is taken, or told as a fault."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import ScenarioError
from eventsim.scenario import Scenario

WORDS = st.sampled_from(
    [
        "Statement",
        "Effect",
        "Allow",
        "Action",
        "Resource",
        "NotResource",
        "Principal",
        "AWS",
        "*",
        "a",
        "f",
        "orders",
        "Condition",
        "Null",
        "aws:a",
        "${aws:a}",
        "${aws",
        "SQSPollerPolicy",
        "QueueName",
        "AWSLambdaRole",
        "Version",
        "2012-10-17",
        "SourceArn",
        "StatementId",
        "arn:aws:s3:::b",
        "s3:Get",
        "s3.amazonaws.com",
        "Qualifier",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just("") | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
PLACES = [
    "account",
    "region",
    "identities",
    "identity",
    "policies",
    "statement",
    "resource",
    "boundary",
    "trust",
    "role",
    "own",
    "path",
    "permissions",
    "permission",
    "source",
    "principal",
    "grant",
    "caller",
]


def values(odd: str, value: Any) -> dict[str, Any]:
    """A scenario with *value* in the place *odd*."""

    def at(place: str, usual: Any) -> Any:
        return value if place == odd else usual

    statement = {"Effect": "Allow", "Action": "kinesis:*", "Resource": at("resource", "*")}
    identity = {
        "Policies": at("policies", [{"Statement": at("statement", [statement])}]),
        "PermissionsBoundary": at("boundary", "AdministratorAccess"),
        **({"AssumeRolePolicyDocument": value} if odd == "trust" else {}),
    }
    permission = {
        "StatementId": "s",
        "Principal": at("principal", "a"),
        "SourceArn": at("source", "orders"),
    }
    role = {"RolePath": value} if odd == "path" else {"Role": at("role", "a")}
    mapping = {"Stream": "orders", "StartingPosition": "LATEST"}
    function = {
        "Handler": print,
        "permissions": at("permissions", [at("permission", permission)]),
        "Events": {"E": {"Type": "Kinesis", "Properties": mapping}},
        **({"Policies": value} if odd == "own" else role),
    }
    return {
        "name": "small",
        "account": at("account", "123456789012"),
        "region": at("region", "us-east-1"),
        "resources": {"orders": {"type": "kinesis"}},
        "identities": at("identities", {"a": at("identity", identity)}),
        "functions": {"f": function},
        "timeline": [
            {"at": "0s", "grant": at("grant", "f"), "StatementId": "t", "Principal": "a"},
            *([{"at": "0s", "caller": value}] if odd == "caller" else ()),
        ],
    }


def test_the_usual_one_holds() -> None:
    assert Scenario.of(values("", None), Path(__file__).parent).identity_arns() == {
        "a": "arn:aws:iam::123456789012:role/a"
    }


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25)
@given(value=ANYTHING)
def test_whatever_stands_there_is_taken_or_told(place: str, value: Any) -> None:
    with suppress(ScenarioError):  # told, and nothing else may be raised
        Scenario.of(values(place, value), Path(__file__).parent)
