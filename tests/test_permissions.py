"""Who may invoke a function, what its role may do, and what AWS says to everybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from eventsim.clock import Clock
from eventsim.environments import Environments
from eventsim.environments.permissions import Permissions, Permitted
from eventsim.errors import AccessDenied, PermissionRefused, ResourceNotFound, ServiceError
from eventsim.invokers.local import LocalInvoker
from eventsim.journal import Journal
from eventsim.journal.sinks import MemorySink
from eventsim.rules.function_policies import Permission
from eventsim.rules.identities import Identity
from eventsim.rules.managed_policies import allow, document
from eventsim.rules.policies import parse_policy
from eventsim.rules.variables import CREDENTIALS, credentials_of
from eventsim.types import Caller, Document, InvokeResult, Payload
from tests.functions import ARN, function, local, request

ACCOUNT, ELSEWHERE = "123456789012", "999999999999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/eventsim"
S3 = "s3.amazonaws.com"
PHOTOS = "arn:aws:s3:::photos"
INVOKE = "lambda:InvokeFunction"
DENIED = (
    "User: {} is not authorized to perform: {} on resource: {} because no {} allows the {} action"
)


def no_resource_policy(who: str, arn: str = f"{ARN}f") -> str:
    return DENIED.format(who, INVOKE, arn, "resource-based policy", INVOKE)


def no_identity_policy(who: str, arn: str = f"{ARN}f") -> str:
    return DENIED.format(who, INVOKE, arn, "identity-based policy", INVOKE)


def identity(arn: str, *statements: dict[str, Any], boundary: Any = None) -> Identity:
    policies = (parse_policy(document(*statements)),) if statements else ()
    return Identity(arn, policies, None if boundary is None else parse_policy(boundary))


@dataclass
class House:
    """A function ``f`` with versions and aliases, and whoever guards it."""

    environments: Environments
    permissions: Permissions
    invoker: LocalInvoker
    sink: MemorySink

    async def invoke(self, principal: str, name: str = "f", **more: Any) -> InvokeResult:
        who = {key: more.pop(key) for key in list(more) if key in Caller.__dataclass_fields__}
        asked = request({}, name, caller=Caller(principal, **who), **more)
        return await self.invoker.invoke(asked)

    async def denial(self, principal: str, name: str = "f", **more: Any) -> str:
        with pytest.raises(AccessDenied) as denied:
            await self.invoke(principal, name, **more)
        assert (denied.value.code, denied.value.status) == ("AccessDeniedException", 403)
        return denied.value.message


@contextmanager
def house(clock: Clock, *identities: Identity, open_to: str = "") -> Iterator[House]:
    with local(clock, function(lambda event, context: "done")) as inside:
        environments = inside.environments
        environments.functions.publish("f")
        environments.functions.put_alias("f", "PROD", "1")
        sink = MemorySink()
        journal = Journal(clock, sinks=[sink])
        permissions = Permissions(environments.find, clock, journal, identities, open_to.split())
        invoker = LocalInvoker(environments, journal, None, permissions.authorize)
        yield House(environments, permissions, invoker, sink)


def s3(qualifier: str | None = None, sid: str = "s3", **more: Any) -> Permission:
    return Permission(sid, S3, qualifier=qualifier, **more)


async def test_a_dry_run_answers_204_to_who_may_and_403_to_who_may_not(clock: Clock) -> None:
    """invoke case 5; and case 4: nothing runs."""
    with house(clock, identity(ROLE), identity(ROLE + "2", allow(INVOKE))) as h:
        assert await h.denial(ROLE, invocation_type="DryRun") == no_identity_policy(SESSION)
        answer = await h.invoke(f"{ROLE}2", invocation_type="DryRun")

        assert answer == InvokeResult(204)
        assert [entry.kind for entry in h.sink.entries] == [
            *("invocation_requested", "invocation_denied", "invocation_requested")
        ]
        assert (h.sink.entries[1].because, h.sink.entries[1].fields["code"]) == (
            no_identity_policy(SESSION),
            "AccessDeniedException",
        )


async def test_without_a_caller_the_run_itself_asks_and_may(clock: Clock) -> None:
    with house(clock) as h:
        assert (await h.invoker.invoke(request({}))).payload == b'"done"'


async def test_a_service_may_what_the_functions_policy_grants_it(clock: Clock) -> None:
    with house(clock) as h:
        assert await h.denial(S3) == no_resource_policy(S3)
        h.permissions.add("f", s3())
        assert (await h.invoke(S3)).payload == b'"done"'
        assert await h.denial("sns.amazonaws.com") == no_resource_policy("sns.amazonaws.com")
        h.permissions.remove("f", "s3")
        assert await h.denial(S3) == no_resource_policy(S3)

        told = [e for e in h.sink.entries if e.kind.startswith("permission_")]
        assert [(e.kind, e.fields) for e in told] == [
            ("permission_granted", {"function": "f", "qualifier": None, "statement": "s3"}),
            ("permission_revoked", {"function": "f", "qualifier": None, "statement": "s3"}),
        ]


async def test_a_function_is_open_to_services_until_something_is_granted(clock: Clock) -> None:
    with house(clock, open_to="f") as h:
        assert (await h.invoke(S3)).payload == b'"done"'
        assert await h.denial(ROLE) == no_identity_policy(SESSION)
        h.permissions.add("f", s3())
        assert await h.denial("sns.amazonaws.com") == no_resource_policy("sns.amazonaws.com")


async def test_a_permission_on_an_alias_is_for_calls_by_that_alias_alone(clock: Clock) -> None:
    """invoke case 35."""
    with house(clock) as h:
        h.permissions.add("f", s3("PROD"))

        assert (await h.invoke(S3, "f:PROD")).executed_version == "1"
        assert (await h.invoke(S3, qualifier="PROD")).executed_version == "1"
        assert await h.denial(S3) == no_resource_policy(S3)
        assert await h.denial(S3, "f:1") == no_resource_policy(S3, f"{ARN}f:1")
        assert await h.denial(S3, "f:$LATEST") == no_resource_policy(S3, f"{ARN}f:$LATEST")


async def test_a_permission_on_the_function_is_for_unqualified_calls_alone(clock: Clock) -> None:
    """invoke case 35; publishing a version copies no policy."""
    with house(clock) as h:
        h.permissions.add("f", s3())
        h.environments.functions.publish("f")

        assert (await h.invoke(S3)).executed_version == "$LATEST"
        for qualifier in ("PROD", "1", "$LATEST"):
            arn = f"{ARN}f:{qualifier}"
            assert await h.denial(S3, qualifier=qualifier) == no_resource_policy(S3, arn)


@pytest.mark.parametrize(
    ("resource", "unqualified", "by_alias"),
    [(f"{ARN}f", True, False), (f"{ARN}f:*", False, True), (f"{ARN}f*", True, True)],
)
async def test_an_identitys_policy_names_the_arn_that_is_used(
    clock: Clock, resource: str, unqualified: bool, by_alias: bool
) -> None:
    """invoke case 35, from the other side."""
    with house(clock, identity(ROLE, allow(INVOKE, on=resource))) as h:
        for name, may in (("f", unqualified), ("f:PROD", by_alias)):
            if may:
                assert (await h.invoke(ROLE, name)).status_code == 200
            else:
                assert await h.denial(ROLE, name) == no_identity_policy(SESSION, f"{ARN}{name}")


async def test_conditions_hold_for_what_the_service_says_of_its_event(clock: Clock) -> None:
    """invoke case 36."""
    with house(clock) as h:
        h.permissions.add("f", s3(source_account=ACCOUNT, source_arn=PHOTOS))
        good = {"source_account": ACCOUNT, "source_arn": PHOTOS}

        assert (await h.invoke(S3, **good)).payload == b'"done"'
        for wrong in (
            {**good, "source_account": ELSEWHERE},
            {**good, "source_arn": "arn:aws:s3:::other"},
            {"source_arn": PHOTOS},
            {},
        ):
            assert await h.denial(S3, **wrong) == no_resource_policy(S3)
        h.permissions.remove("f", "s3")
        assert await h.denial(S3, **good) == no_resource_policy(S3)


async def test_a_token_and_an_organisation_are_conditions_too(clock: Clock) -> None:
    alexa = "alexa-appkit.amazon.com"
    outsider = f"arn:aws:iam::{ELSEWHERE}:role/worker"
    with house(clock, identity(outsider, allow(INVOKE))) as h:
        h.permissions.add("f", Permission("skill", alexa, event_source_token="amzn1.ask.1"))
        h.permissions.add("f", Permission("org", "*", principal_org_id="o-1234567890"))

        assert (await h.invoke(alexa, event_source_token="amzn1.ask.1")).status_code == 200
        assert await h.denial(alexa, event_source_token="amzn1.ask.2") == no_resource_policy(alexa)
        assert (await h.invoke(outsider, principal_org_id="o-1234567890")).status_code == 200
        session = outsider.replace("iam", "sts").replace("role", "assumed-role") + "/eventsim"
        assert await h.denial(outsider) == no_resource_policy(session)


async def test_one_side_is_enough_inside_an_account_and_not_across(clock: Clock) -> None:
    """invoke case 39."""
    stranger = f"arn:aws:iam::{ELSEWHERE}:user/ann"
    with house(clock, identity(stranger, allow(INVOKE))) as h:
        assert await h.denial(stranger) == no_resource_policy(stranger)
        h.permissions.add("f", Permission("inside", ROLE))
        h.permissions.add("f", Permission("across", ELSEWHERE))

        assert (await h.invoke(ROLE)).status_code == 200
        assert (await h.invoke(stranger)).status_code == 200
        nobody = f"arn:aws:iam::{ELSEWHERE}:user/bob"
        assert await h.denial(nobody) == no_identity_policy(nobody)


async def test_a_deny_of_the_identitys_decides(clock: Clock) -> None:
    """invoke case 39."""
    deny = {**allow(INVOKE), "Effect": "Deny"}
    with house(clock, identity(ROLE, allow(INVOKE), deny)) as h:
        h.permissions.add("f", Permission("inside", ROLE))

        assert await h.denial(ROLE) == (
            f"User: {SESSION} is not authorized to perform: {INVOKE} on resource: {ARN}f with an "
            "explicit deny in an identity-based policy"
        )


async def test_who_cannot_ask_is_denied(clock: Clock) -> None:
    with house(clock) as h:
        assert (await h.denial("me")).startswith("'me' is nobody who can ask; write a service")


def refusal(work: Any, *given: Any) -> tuple[str, str, int]:
    with pytest.raises(PermissionRefused) as refused:
        work(*given)
    return refused.value.code, refused.value.message, refused.value.status


async def test_each_version_and_alias_has_a_policy_of_its_own(clock: Clock) -> None:
    with house(clock) as h:
        permissions = h.permissions
        permissions.add("f", s3())
        permissions.add("f", s3("PROD"))
        permissions.add(f"{ARN}f", s3("1"))

        resources = {
            qualifier: json.loads(permissions.get("f", qualifier))["Statement"][0]["Resource"]
            for qualifier in (None, "PROD", "1")
        }
        assert resources == {None: f"{ARN}f", "PROD": f"{ARN}f:PROD", "1": f"{ARN}f:1"}
        permissions.remove("f", "s3", "PROD")
        gone = "The resource you requested does not exist."
        assert refusal(permissions.get, "f", "PROD") == ("ResourceNotFoundException", gone, 404)
        assert json.loads(permissions.get("f"))["Statement"][0]["Sid"] == "s3"


async def test_latest_has_no_policy_and_an_id_is_taken_once(clock: Clock) -> None:
    """invoke case 37."""
    latest = "We currently do not support adding policies for $LATEST."
    with house(clock) as h:
        add = h.permissions.add
        assert refusal(add, "f", s3("$LATEST")) == ("InvalidParameterValueException", latest, 400)
        assert refusal(add, "f:$LATEST", s3())[1] == latest
        add("f", s3())
        assert refusal(add, "f", s3())[::2] == ("ResourceConflictException", 409)
        assert refusal(h.permissions.remove, "f", "other") == (
            "ResourceNotFoundException",
            "Statement other is not found in resource policy.",
            404,
        )
        assert refusal(h.permissions.remove, "f", "s3", "PROD") == (
            "ResourceNotFoundException",
            "No policy is associated with the given resource.",
            404,
        )
        with pytest.raises(ResourceNotFound):
            add("g", s3())
        with pytest.raises(ResourceNotFound):
            add("f", s3("STAGE"))


QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dlq"


class Taking:
    """A destination that takes everything."""

    def __init__(self, arn: str = QUEUE) -> None:
        self.arn, self.taken = arn, 0

    async def send(self, document: Document) -> None:
        self.taken += 1


DOCUMENT = Document({}, Payload(dict), "", 0.0)


async def test_a_role_may_what_its_policies_allow_and_without_one_everything_is(
    clock: Clock,
) -> None:
    with house(clock, identity(ROLE, allow("sqs:Send*", on=QUEUE))) as h:
        may = h.permissions.may
        may(None, "sqs:DeleteQueue", QUEUE)
        may(ROLE, "sqs:SendMessage", QUEUE)
        with pytest.raises(ServiceError) as refused:
            may(ROLE, "sqs:SendMessage", f"{QUEUE}2", "f")

        text = DENIED.format(
            f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/f",
            *("sqs:SendMessage", f"{QUEUE}2", "identity-based policy", "sqs:SendMessage"),
        )
        assert (refused.value.code, refused.value.message) == ("AccessDenied", text)


@pytest.mark.parametrize(
    ("arn", "action", "resource"),
    [
        (QUEUE, "sqs:SendMessage", QUEUE),
        (f"arn:aws:sns:us-east-1:{ACCOUNT}:t", "sns:Publish", f"arn:aws:sns:us-east-1:{ACCOUNT}:t"),
        ("arn:aws:s3:::b", "s3:PutObject", "arn:aws:s3:::b/*"),
        (f"{ARN}g", "lambda:InvokeFunction", f"{ARN}g"),
        (
            f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
            "events:PutEvents",
            f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
        ),
    ],
)
async def test_a_destination_is_written_to_only_if_the_role_may(
    clock: Clock, arn: str, action: str, resource: str
) -> None:
    """invoke case 26."""
    mute = f"arn:aws:iam::{ACCOUNT}:role/mute"
    with house(clock, identity(ROLE, allow(action, on=resource)), identity(mute)) as h:
        destination = Taking(arn)
        await Permitted(destination, h.permissions.may, ROLE, "f").send(DOCUMENT)
        with pytest.raises(ServiceError, match=f"not authorized to perform: {action} on resource"):
            await Permitted(destination, h.permissions.may, mute, "f").send(DOCUMENT)

        assert destination.taken == 1


async def test_a_boundary_narrows_a_role(clock: Clock) -> None:
    narrow = document(allow("sqs:*", on=f"{QUEUE}2"))
    with house(clock, identity(ROLE, allow("sqs:*"), boundary=narrow)) as h:
        assert h.permissions.allows(ROLE, "sqs:SendMessage", f"{QUEUE}2")
        assert not h.permissions.allows(ROLE, "sqs:SendMessage", QUEUE)


async def test_the_credentials_of_a_function_stand_for_its_role(clock: Clock) -> None:
    worker = function("plain.echo", role=ROLE)
    with house(clock) as h:
        issued = h.permissions.issue(ROLE, "f")

        assert credentials_of(worker)["AWS_ACCESS_KEY_ID"] == issued
        assert issued.startswith("ASIA")
        assert len(issued) == 20
        assert h.permissions.issue(ROLE, "g") != issued
        assert h.permissions.role_of(issued) == (ROLE, "f")
        assert h.permissions.role_of(CREDENTIALS["AWS_ACCESS_KEY_ID"]) is None
        assert credentials_of(function("plain.echo")) == CREDENTIALS


async def test_time_is_that_of_the_run(clock: Clock) -> None:
    for_an_hour = {
        **allow(INVOKE),
        "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01T01:00:00Z"}},
    }
    with house(clock, identity(ROLE, for_an_hour)) as h:
        assert (await h.invoke(ROLE)).status_code == 200
        await clock.sleep(3_600)
        assert await h.denial(ROLE) == no_identity_policy(SESSION)
