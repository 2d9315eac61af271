"""Whom an authorizer lets through, and what the function is told of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from eventsim.rules.authorizer_answers import (
    BrokenAuthorizer,
    NotAuthorized,
    policy_identity,
    simple_identity,
)
from eventsim.types import InvokeResult

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/pets/1"


def result(value: Any, error: str | None = None) -> InvokeResult:
    return InvokeResult(200, orjson.dumps(value), error)


def policy(effect: str, resource: str = ARN, **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": document, **more}


@pytest.mark.parametrize(
    ("effect", "resource", "denial"),
    [
        ("Allow", ARN, None),
        ("Allow", "arn:aws:execute-api:*:*:abc/prod/GET/*", None),
        ("Allow", "*", None),
        ("Allow", "arn:aws:execute-api:*:*:abc/prod/POST/*", "because no statement allows it"),
        ("Deny", ARN, "with an explicit deny"),
    ],
)
def test_the_policy_decides_for_the_arn_of_the_request(
    effect: str, resource: str, denial: str | None
) -> None:
    identity = policy_identity(result(policy(effect, resource)), flat=True)
    assert identity.denial(ARN) == denial


def test_a_rest_api_makes_texts_of_the_context() -> None:
    context = {"number": 5, "flag": True, "text": "a", "nothing": None}
    answer = result(policy("Allow", context=context, usageIdentifierKey="key"))
    identity = policy_identity(answer, flat=True)
    assert identity.context == {"number": "5", "flag": "true", "text": "a", "nothing": None}
    assert (identity.principal, identity.usage_key) == ("me", "key")
    assert policy_identity(answer, flat=False).context == context


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({**policy("Allow"), "principalId": None}, "has no principalId"),
        ({"principalId": "me"}, "policyDocument"),
        (policy("Permit"), "policyDocument"),
        (policy("Allow", context={"a": {}}), "an object or a list at a"),
        (policy("Allow", context=[]), "its context is not an object"),
        ("yes", "is not an object"),
    ],
)
def test_an_answer_that_is_none_breaks_the_authorizer(value: Any, why: str) -> None:
    with pytest.raises(BrokenAuthorizer, match=why):
        policy_identity(result(value), flat=True)


def test_failing_with_unauthorized_is_a_refusal_and_with_anything_else_a_fault() -> None:
    with pytest.raises(NotAuthorized):
        policy_identity(result({"errorMessage": "Unauthorized"}, "Unhandled"), flat=True)
    with pytest.raises(BrokenAuthorizer, match="it failed: no"):
        policy_identity(result({"errorMessage": "no"}, "Unhandled"), flat=True)


def test_a_simple_answer_is_yes_or_no() -> None:
    context = {"deep": {"a": [1]}}
    yes = simple_identity(result({"isAuthorized": True, "context": context}))
    no = simple_identity(result({"isAuthorized": False}))
    assert (yes.denial(ARN), yes.context) == (None, context)
    assert no.denial(ARN) is not None
    with pytest.raises(BrokenAuthorizer, match="no isAuthorized"):
        simple_identity(result({"isAuthorized": "true"}))
