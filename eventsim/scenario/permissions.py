"""
Permissions on functions, in the words of AddPermission.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from eventsim.errors import PermissionRefused
from eventsim.rules import function_policies
from eventsim.rules.arns import ACCOUNT, REGION
from eventsim.rules.function_policies import INVOKE
from eventsim.scenario.mapping import SamBlock
from eventsim.scenario.policies import Arns, is_name
from eventsim.scenario.problem import refuse, refuse_below
from eventsim.scenario.values import Text

_SOMETHING = "arn:aws:name:::"
_SOMEBODY = f"arn:aws:iam::{ACCOUNT}:role/somebody"


class PermissionBlock(SamBlock):
    """Lets ``Principal`` do ``Action`` with a function, or with one version or alias of it.

    Principal may be the name of an identity of the scenario, and SourceArn that of a resource.
    """

    statement_id: Text = Field(examples=["s3"])
    principal: Text = Field(examples=["s3.amazonaws.com"])
    action: Text = INVOKE
    source_arn: Text | None = None
    source_account: Text | None = None
    event_source_token: Text | None = None
    principal_org_id: Text | None = Field(None, alias="PrincipalOrgID")
    function_url_auth_type: Literal["NONE", "AWS_IAM"] | None = None
    qualifier: Text | None = None

    @model_validator(mode="after")
    def _taken(self) -> Self:
        try:
            function_policies.statement(self.sample(), "arn", REGION)
        except PermissionRefused as error:
            raise refuse(f": {error}") from None
        return self

    def sample(self) -> function_policies.Permission:
        """The parameters of AddPermission, with somebody for each name of the scenario."""
        arns = (
            {self.source_arn: (_SOMETHING,)} if self.source_arn and is_name(self.source_arn) else {}
        )
        named = is_identity_name(self.principal)
        return self.permission(arns, {self.principal: _SOMEBODY} if named else {})

    def permission(self, arns: Arns, identities: Mapping[str, str]) -> function_policies.Permission:
        """The parameters of AddPermission, names of the scenario in them made ARNs."""
        return function_policies.Permission(
            statement_id=self.statement_id,
            principal=identities.get(self.principal, self.principal),
            action=self.action,
            source_arn=_arn(self.source_arn, arns),
            source_account=self.source_account,
            event_source_token=self.event_source_token,
            principal_org_id=self.principal_org_id,
            function_url_auth_type=self.function_url_auth_type,
            qualifier=self.qualifier,
        )


def each_once(blocks: tuple[PermissionBlock, ...]) -> tuple[PermissionBlock, ...]:
    """The blocks, if every policy has each statement id once and is not too long."""
    policies: dict[str | None, dict[str, Any]] = {}
    for index, block in enumerate(blocks):
        new = function_policies.statement(block.sample(), "arn", REGION)
        try:
            before = policies.get(block.qualifier, {})
            policies[block.qualifier] = function_policies.added(before, new)
        except PermissionRefused as error:
            raise refuse_below(((index, "StatementId"), f": {error}")) from None
    return blocks


def is_identity_name(text: str) -> bool:
    """Whether a principal is the name of an identity: no service, no ARN, no account, no ``*``."""
    return is_name(text) and "." not in text and not text.isdigit()


def _arn(text: str | None, arns: Arns) -> str | None:
    return text if text is None or text not in arns else arns[text][0]
