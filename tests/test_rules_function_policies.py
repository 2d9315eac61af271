"""What AddPermission makes of its parameters, and what it and its siblings refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventsim.errors import PermissionRefused
from eventsim.rules.function_policies import (
    POLICY_BYTES_MAX,
    Permission,
    Statement,
    added,
    policy_of,
    policy_text,
    removed,
    statement,
)

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"


def made(principal: str = "s3.amazonaws.com", sid: str = "s3", **more: Any) -> dict[str, Any]:
    return statement(Permission(sid, principal, **more), FUNCTION, "us-east-1")


@pytest.mark.parametrize(
    ("principal", "element"),
    [
        ("s3.amazonaws.com", {"Service": "s3.amazonaws.com"}),
        ("alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"}),
        (ACCOUNT, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        (f"arn:aws:iam::{ACCOUNT}:role/r", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"}),
        ("*", "*"),
    ],
)
def test_a_principal_becomes_what_was_recorded_on_aws(principal: str, element: Any) -> None:
    assert made(principal) == {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": element,
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
    }


def test_parameters_become_conditions_in_the_order_recorded_on_aws() -> None:
    found = made(
        "*",
        "url",
        action="lambda:InvokeFunctionUrl",
        source_arn="arn:aws:s3:::photos",
        source_account=ACCOUNT,
        event_source_token="amzn1.ask.skill.1",
        principal_org_id="o-1234567890",
        function_url_auth_type="NONE",
    )

    assert json.dumps(found["Condition"]) == json.dumps(
        {
            "StringEquals": {
                "AWS:SourceAccount": ACCOUNT,
                "lambda:EventSourceToken": "amzn1.ask.skill.1",
                "lambda:FunctionUrlAuthType": "NONE",
                "aws:PrincipalOrgID": "o-1234567890",
            },
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"},
        }
    )


def test_a_policy_has_its_statements_in_the_order_they_came() -> None:
    statements: dict[str, Statement] = {}
    for sid in ("b", "a"):
        statements = added(statements, made(sid=sid))

    assert policy_of(statements) == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [made(sid="b"), made(sid="a")],
    }


BAD_PRINCIPAL = "The provided principal was invalid. Please check the principal and try again."
VALIDATION = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
PATTERN = VALIDATION + "Member must satisfy regular expression pattern: {}"


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        ({"qualifier": "$LATEST"}, "InvalidParameterValueException",
         "We currently do not support adding policies for $LATEST."),
        ({"principal": "example.com"}, "InvalidParameterValueException", BAD_PRINCIPAL),
        ({"principal": "me"}, "InvalidParameterValueException", BAD_PRINCIPAL),
        ({"principal": "1234"}, "InvalidParameterValueException", BAD_PRINCIPAL),
        ({"principal": "a b"}, "ValidationException",
         PATTERN.format("a b", "principal", r"[^\s]+")),
        ({"sid": "example.com"}, "ValidationException",
         PATTERN.format("example.com", "statementId", "([a-zA-Z0-9-_]+)")),
        ({"sid": "a" * 101}, "ValidationException",
         (VALIDATION + "Member must have length less than or equal to 100").format(
             "a" * 101, "statementId")),
        ({"action": "s3:GetObject"}, "ValidationException",
         PATTERN.format("s3:GetObject", "action", "(lambda:[*]|lambda:[a-zA-Z]+|[*])")),
        ({"source_account": "12"}, "ValidationException",
         PATTERN.format("12", "sourceAccount", r"\d{12}")),
        ({"event_source_token": "a b"}, "ValidationException",
         PATTERN.format("a b", "eventSourceToken", r"[a-zA-Z0-9._\-]+")),
        ({"principal_org_id": "org"}, "ValidationException",
         PATTERN.format("org", "principalOrgID", "o-[a-z0-9]{10,32}")),
        ({"function_url_auth_type": "IAM"}, "ValidationException",
         (VALIDATION + "Member must satisfy enum value set: [NONE, AWS_IAM]").format(
             "IAM", "functionUrlAuthType")),
    ],
)  # fmt: skip
def test_what_add_permission_refuses(parameters: dict[str, Any], code: str, message: str) -> None:
    """invoke case 37 is the first."""
    with pytest.raises(PermissionRefused) as refused:
        made(**parameters)

    assert (refused.value.code, refused.value.message, refused.value.status) == (code, message, 400)


def test_a_source_arn_is_an_arn() -> None:
    with pytest.raises(PermissionRefused, match="Value 'photos' at 'sourceArn' failed to satisfy"):
        made(source_arn="photos")


def refusal(work: Any, *given: Any) -> tuple[str, str, int]:
    with pytest.raises(PermissionRefused) as refused:
        work(*given)
    return refused.value.code, refused.value.message, refused.value.status


def test_a_statement_id_is_given_once() -> None:
    assert refusal(added, {"s3": made()}, made()) == (
        "ResourceConflictException",
        "The statement id (s3) provided already exists. Please provide a new statement id, or "
        "remove the existing statement.",
        409,
    )


def test_a_statement_that_is_not_there_cannot_be_removed() -> None:
    no_policy = "No policy is associated with the given resource."
    no_statement = "Statement other is not found in resource policy."

    assert refusal(removed, {}, "s3") == ("ResourceNotFoundException", no_policy, 404)
    assert refusal(removed, {"s3": made()}, "other") == (
        "ResourceNotFoundException",
        no_statement,
        404,
    )
    assert removed({"s3": made()}, "s3") == {}
    gone = "The resource you requested does not exist."
    assert refusal(policy_of, {}) == ("ResourceNotFoundException", gone, 404)


def test_a_policy_is_at_most_twenty_kilobytes() -> None:
    statements: dict[str, Statement] = {}
    size = 0
    with pytest.raises(PermissionRefused) as refused:
        for number in range(1_000):
            statements = added(statements, made(sid=f"s{number}"))
            size = len(policy_text(statements))

    too_large = {**statements, "one": made(sid=f"s{len(statements)}")}
    assert size <= POLICY_BYTES_MAX < len(policy_text(too_large))
    assert (refused.value.code, refused.value.message) == (
        "PolicyLengthExceededException",
        f"The final policy size ({len(policy_text(too_large))}) is bigger than the limit (20480).",
    )
