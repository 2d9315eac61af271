"""Policy documents: what is refused, and the examples that AWS's guide works through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventsim.errors import PolicyError
from eventsim.rules.authorization import Policies, denial, denied
from eventsim.rules.policies import Policy, Request, parse_policy
from eventsim.rules.principals import Asker

ACCOUNT = "123456789012"
ELSEWHERE = "999999999999"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
INVOKE = "lambda:InvokeFunction"
NO_IDENTITY = f"because no identity-based policy allows the {INVOKE} action"
NO_RESOURCE = f"because no resource-based policy allows the {INVOKE} action"
NO_BOUNDARY = f"because no permissions boundary allows the {INVOKE} action"


def role(account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/worker"


def user(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:user/{name}"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    elements.setdefault("Action", INVOKE)
    if not elements.keys() & {"Resource", "NotResource"}:
        elements["Resource"] = FUNCTION
    if "NotAction" in elements:
        del elements["Action"]
    return {"Effect": effect, **elements}


def identity(*statements: dict[str, Any]) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)})


def resource(*statements: dict[str, Any]) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, "resource")


def why(
    principal: str,
    *policies: Policy,
    of: Policy | None = None,
    boundary: Policy | None = None,
    action: str = INVOKE,
    on: str = FUNCTION,
    account: str = ACCOUNT,
    context: dict[str, str] | None = None,
) -> str | None:
    """Why *principal* may not, of its own *policies* and that *of* the resource."""
    keys = {key.lower(): (value,) for key, value in (context or {}).items()}
    request = Request(action, on, Asker.of(principal), keys)
    return denial(request, Policies(policies, of, boundary), account)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{", "the policy is not JSON: Expecting property name enclosed in double quotes: "
              "line 1 column 2 (char 1)"),
        ('{"Statement": [], "Statement": []}',
         "the policy has the key 'Statement' twice in one block; keep one"),
        ([], "the policy is []; a policy is a mapping"),
        ({}, "the policy has no Statement"),
        ({"Statement": []}, "Statement is empty; a policy has a statement"),
        ({"Version": "2012-10-18", "Statement": []}, "Version is '2012-10-18'; write 2012-10-17"),
        ({"Statment": []}, "the policy has an unknown element 'Statment'; did you mean "
                           "'Statement'?"),
        ({"Statement": "all"}, "Statement is 'all'; a statement is a mapping"),
        ({"Statement": {"Effect": "allow"}}, "Statement.Effect is 'allow'; write Allow or Deny"),
        ({"Statement": [statement(Acton="x")]},
         "Statement[0] has an unknown element 'Acton'; did you mean 'Action'?"),
        ({"Statement": [statement(Action="s3")]},
         "Statement[0].Action is 's3'; write its service before it, as in s3:GetObject"),
        ({"Statement": [statement(Action=["s3:*", "s3:a:b"])]},
         "Statement[0].Action[1] is 's3:a:b', which is no action; write one as in s3:GetObject"),
        ({"Statement": [statement(Action=[])]}, "Statement[0].Action is an empty list"),
        ({"Statement": [{"Effect": "Allow", "Resource": "*"}]},
         "Statement[0] has no Action; write one, or NotAction"),
        ({"Statement": [{**statement(), "NotAction": "s3:*"}]},
         "Statement[0] has both Action and NotAction; keep one"),
        ({"Statement": [{"Effect": "Allow", "Action": "s3:*"}]},
         "Statement[0] has no Resource; write one, or NotResource"),
        ({"Statement": [statement(Resource="orders")]},
         "Statement[0].Resource is 'orders'; a resource is an ARN or \"*\""),
        ({"Statement": [statement(Resource=[3])]},
         "Statement[0].Resource[0] is 3; it must be text"),
        ({"Statement": [statement(Principal="*")]},
         "Statement[0].Principal has no place in an identity's own policy"),
        ({"Statement": [statement(Sid="a-b")]},
         "Statement[0].Sid is 'a-b'; it has letters and digits only"),
        ({"Statement": [statement(Sid="a"), statement(Sid="a")]},
         "Statement[1].Sid is 'a', as that of another statement; each has its own"),
        ({"Statement": [statement(Condition={"StringEqual": {"aws:a": "b"}})]},
         "Statement[0].Condition 'StringEqual' is no condition operator; did you mean "
         "'StringEquals'?"),
        ({"Statement": [statement(Condition={"stringequals": {"aws:a": "b"}})]},
         "Statement[0].Condition 'stringequals' is no condition operator; did you mean "
         "'StringEquals'?"),
        ({"Statement": [statement(Condition={"NullIfExists": {"aws:a": "true"}})]},
         "Statement[0].Condition 'NullIfExists' is no condition operator"),
        ({"Statement": [statement(Condition={"Bool": "true"})]},
         "Statement[0].Condition.Bool is 'true'; write keys with their values"),
        ({"Statement": [statement(Condition={"Bool": {"SourceArn": "true"}})]},
         "Statement[0].Condition.Bool.SourceArn is no condition key; write one such as "
         "aws:SourceArn"),
        ({"Statement": [statement(Condition={"Bool": {"aws:a": "yes"}})]},
         "Statement[0].Condition.Bool.aws:a is 'yes'; it must be true or false"),
        ({"Statement": [statement(Condition={"NumericLessThan": {"aws:a": ["1", "x"]}})]},
         "Statement[0].Condition.NumericLessThan.aws:a[1] is 'x'; it must be a number"),
        ({"Statement": [statement(Condition={"DateLessThan": {"aws:a": "tomorrow"}})]},
         "Statement[0].Condition.DateLessThan.aws:a is 'tomorrow'; it must be a date such as "
         "2026-01-01T00:00:00Z"),
        ({"Statement": [statement(Condition={"IpAddress": {"aws:a": "10.0.0.0/40"}})]},
         "Statement[0].Condition.IpAddress.aws:a is '10.0.0.0/40'; it must be an address or a "
         "range such as 203.0.113.0/24"),
        ({"Statement": [statement(Condition={"BinaryEquals": {"aws:a": "!"}})]},
         "Statement[0].Condition.BinaryEquals.aws:a is '!'; it must be bytes in base64"),
        ({"Version": "2012-10-17", "Statement": [statement(Resource="arn:aws:s3:::a/${aws")]},
         "Statement[0].Resource has a policy variable without an end in 'arn:aws:s3:::a/${aws'"),
        ({"Version": "2012-10-17", "Statement": [statement(Resource="arn:aws:s3:::a/${who}")]},
         "Statement[0].Resource has the policy variable '${who}'; write ${aws:username}, or "
         "${aws:username, 'default'}"),
    ],
)  # fmt: skip
def test_what_iam_does_not_know_is_refused_with_its_place(document: Any, told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(document)

    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("element", "told"),
    [
        ({}, "Statement[0] has no Principal; write who the statement is about"),
        ({"Principal": "me"},
         "Statement[0].Principal is 'me'; write \"*\", or who it is below AWS or Service"),
        ({"Principal": {"Aws": "*"}}, "Statement[0].Principal has an unknown element 'Aws'; there "
                                      "are: AWS, Service, Federated, CanonicalUser"),
        ({"Principal": {"AWS": "me"}}, "Statement[0].Principal.AWS is 'me'; write an account, or "
                                       "the ARN of a user or a role"),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:group/g"}},
         f"Statement[0].Principal.AWS is 'arn:aws:iam::{ACCOUNT}:group/g'; write an account, or "
         "the ARN of a user or a role"),
        ({"Principal": {"Service": "s3"}},
         "Statement[0].Principal.Service is 's3'; write a service such as s3.amazonaws.com"),
        ({"Principal": {"AWS": []}}, "Statement[0].Principal.AWS is an empty list"),
    ],
)  # fmt: skip
def test_a_resources_policy_says_whom_it_is_about(element: dict[str, Any], told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        resource(statement(**element))

    assert str(refused.value) == told


def test_a_document_may_be_text_and_a_statement_may_stand_alone() -> None:
    document = {"Statement": statement()}

    assert parse_policy(json.dumps(document)) == parse_policy(document) == identity(statement())


def test_everything_is_denied_by_default_and_a_deny_decides() -> None:
    """invoke case 39: Allow and explicit Deny on the same action."""
    allow, deny = identity(statement()), identity(statement("Deny"))

    assert why(role()) == NO_IDENTITY
    assert why(role(), allow) is None
    assert why(role(), allow, deny) == "with an explicit deny in an identity-based policy"
    assert (
        why(role(), allow, of=resource(statement("Deny", Principal="*")))
        == "with an explicit deny in a resource-based policy"
    )
    assert why(role(), allow, boundary=deny) == "with an explicit deny in a permissions boundary"


def test_inside_an_account_either_side_is_enough() -> None:
    """invoke case 39: same account with only the resource policy."""
    of = resource(statement(Principal={"AWS": role()}))

    assert why(role(), of=of) is None
    assert why(role(), identity(statement())) is None


@pytest.mark.parametrize("granted_to", [role(ELSEWHERE), ELSEWHERE, "*"])
def test_across_accounts_both_sides_must_allow(granted_to: str) -> None:
    """invoke case 39: cross-account with only one side."""
    of = resource(statement(Principal={"AWS": granted_to}))
    own = identity(statement())

    assert why(role(ELSEWHERE), of=of) == NO_IDENTITY
    assert why(role(ELSEWHERE), own) == NO_RESOURCE
    assert why(role(ELSEWHERE), own, of=of) is None


def test_an_account_as_principal_still_leaves_it_to_the_account() -> None:
    of = resource(statement(Principal={"AWS": ACCOUNT}))

    assert why(role(), of=of) == NO_IDENTITY
    assert why(role(), identity(statement()), of=of) is None
    assert why(f"arn:aws:iam::{ACCOUNT}:root", of=of) is None


def test_a_service_is_allowed_by_the_resources_policy_alone() -> None:
    of = resource(statement(Principal={"Service": "s3.amazonaws.com"}))

    assert why("s3.amazonaws.com", of=of) is None
    assert why("sns.amazonaws.com", of=of) == NO_RESOURCE
    assert why("s3.amazonaws.com") == NO_RESOURCE


def test_a_boundary_only_narrows_and_spares_who_is_named_itself() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    own, boundary = identity(statement()), identity(statement(Action="s3:*"))
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/eventsim"

    assert why(role(), own, boundary=boundary) == NO_BOUNDARY
    assert why(role(), boundary=identity(statement())) == NO_IDENTITY
    assert why(role(), own, boundary=identity(statement())) is None
    to_role = resource(statement(Principal={"AWS": role()}))
    assert why(role(), of=to_role, boundary=boundary) == NO_BOUNDARY
    to_session = resource(statement(Principal={"AWS": session}))
    assert why(role(), of=to_session, boundary=boundary) is None
    to_user = resource(statement(Principal={"AWS": user("ann")}))
    assert why(user("ann"), of=to_user, boundary=boundary) is None


def test_the_root_user_needs_no_policy_but_can_be_denied() -> None:
    root = f"arn:aws:iam::{ACCOUNT}:root"

    assert why(root) is None
    assert why(root, of=resource(statement("Deny", Principal="*"))) is not None


def test_the_guides_example_of_carlos_and_the_logs() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html"""
    bucket = "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar"
    carlos = identity(
        statement(
            Action=["s3:GetBucketLocation", "s3:ListAllMyBuckets"], Resource="arn:aws:s3:::*"
        ),
        statement(Action="s3:*", Resource=[bucket, f"{bucket}/*"]),
        statement("Deny", Action="s3:*", Resource="arn:aws:s3:::*log*"),
    )
    of = resource(
        statement(
            Principal={"AWS": user("carlossalazar")},
            Action="s3:*",
            Resource=[bucket, f"{bucket}/*"],
        )
    )

    def put(key: str, *policies: Policy) -> str | None:
        return why(
            user("carlossalazar"), *policies, of=of, action="s3:PutObject", on=f"{bucket}{key}"
        )

    assert put("/a.txt", carlos) is None
    assert put("/a.txt") is None
    assert put("-logs/a.txt", carlos) == "with an explicit deny in an identity-based policy"


def test_not_action_not_resource_and_not_principal_mean_all_others() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    others = identity(statement(NotAction="iam:*", Resource="*"))
    assert why(role(), others) is None
    assert why(role(), others, action="IAM:CreateUser") is not None

    elsewhere = identity(statement("Deny", NotResource=FUNCTION), statement(Resource="*"))
    assert why(role(), elsewhere) is None
    assert why(role(), elsewhere, on=f"{FUNCTION}:PROD") is not None

    root = f"arn:aws:iam::{ACCOUNT}:root"
    but_bob = resource(
        statement("Deny", NotPrincipal={"AWS": [user("bob"), root]}), statement(Principal="*")
    )
    assert why(user("bob"), of=but_bob) is None
    assert why(user("ann"), of=but_bob) == "with an explicit deny in a resource-based policy"
    alone = resource(statement("Deny", NotPrincipal={"AWS": user("bob")}), statement(Principal="*"))
    assert why(user("bob"), of=alone) == "with an explicit deny in a resource-based policy"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/eventsim"
    but_worker = resource(
        statement("Deny", NotPrincipal={"AWS": [session, role(), root]}), statement(Principal="*")
    )
    assert why(role(), of=but_worker) is None
    assert why("s3.amazonaws.com", of=but_worker) is not None


@pytest.mark.parametrize(
    ("pattern", "action", "matches"),
    [
        ("LAMBDA:invokefunction", INVOKE, True),
        ("lambda:Invoke*", INVOKE, True),
        ("lambda:InvokeFunctio?", INVOKE, True),
        ("lambda:Invoke", INVOKE, False),
        ("lambda:Invoke?", INVOKE, False),
        ("*", INVOKE, True),
        ("lambda:Invoke.*", INVOKE, False),
    ],
)
def test_actions_ignore_case_and_know_wildcards(pattern: str, action: str, matches: bool) -> None:
    assert (why(role(), identity(statement(Action=pattern)), action=action) is None) is matches


@pytest.mark.parametrize(
    ("pattern", "resource_arn", "matches"),
    [
        (FUNCTION, FUNCTION, True),
        (FUNCTION, f"{FUNCTION}:PROD", False),
        (f"{FUNCTION}:*", FUNCTION, False),
        (f"{FUNCTION}:*", f"{FUNCTION}:PROD", True),
        (f"{FUNCTION}*", FUNCTION, True),
        (f"{FUNCTION}*", f"{FUNCTION}:PROD", True),
        (FUNCTION.upper().replace("ARN:AWS:LAMBDA", "arn:aws:lambda"), FUNCTION, False),
        (f"arn:aws:lambda:*:{ACCOUNT}:function:f", FUNCTION, True),
        ("arn:aws:lambda:*:function:f", FUNCTION, False),
        ("arn:aws:lambda:us-east-?:*:function:?", FUNCTION, True),
        ("arn:aws:lambda", FUNCTION, True),
        ("arn:aws:s3", FUNCTION, False),
        ("*", FUNCTION, True),
        ("arn:aws:s3:::a.b", "arn:aws:s3:::axb", False),
    ],
)
def test_resources_match_component_by_component(
    pattern: str, resource_arn: str, matches: bool
) -> None:
    """invoke case 35: a permission is for the very ARN that was used."""
    assert (why(role(), identity(statement(Resource=pattern)), on=resource_arn) is None) is matches


def test_a_policy_variable_is_the_value_in_the_request() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""
    home = statement(Action="s3:*", Resource="arn:aws:s3:::homes/${aws:UserName, 'anybody'}/*")

    def get(key: str, policy: Policy, who: str = "") -> bool:
        arn, context = f"arn:aws:s3:::homes/{key}", {"aws:UserName": who} if who else {}
        return why(role(), policy, action="s3:GetObject", on=arn, context=context) is None

    assert get("ann/a", identity(home), "ann")
    assert not get("bob/a", identity(home), "ann")
    assert not get("ann/a", identity(home), "*")
    assert get("anybody/a", identity(home))
    assert get(
        "${aws:username}/a",
        parse_policy({"Statement": {**home, "Resource": "arn:aws:s3:::homes/${aws:username}/*"}}),
        "ann",
    )
    star = identity({**home, "Resource": "arn:aws:s3:::homes/${*}${?}${$}/*"})
    assert get("*?$/a", star)
    assert not get("ann/a", star)


def test_a_statement_with_a_variable_that_has_no_value_does_not_apply() -> None:
    mine = "arn:aws:s3:::homes/${aws:username}"
    deny = statement("Deny", Action="*", NotResource=mine)

    assert why(role(), identity(statement(), deny)) is None
    assert why(role(), identity(statement(), deny), context={"aws:username": "ann"})


def test_the_whole_text_of_a_denial() -> None:
    asker = Asker.of("arn:aws:iam::123456789012:role/team/R", "S")

    assert denied(asker, INVOKE, FUNCTION, NO_IDENTITY) == (
        "User: arn:aws:sts::123456789012:assumed-role/R/S is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {FUNCTION} because no identity-based policy allows "
        "the lambda:InvokeFunction action"
    )


@pytest.mark.parametrize(
    "text", ["", "me", ACCOUNT, "arn:aws:iam::1:user/a", f"arn:aws:iam::{ACCOUNT}:group/g", "*"]
)
def test_nobody_else_can_ask(text: str) -> None:
    with pytest.raises(ValueError, match="is nobody who can ask; write a service such as"):
        Asker.of(text)
