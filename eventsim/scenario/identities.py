"""
Roles and users of a scenario, and the execution roles of its functions.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import Field

from eventsim.rules.arns import service_of
from eventsim.rules.function_names import Place
from eventsim.rules.identities import Identity
from eventsim.rules.managed_policies import BASIC, managed
from eventsim.rules.policies import Policy, parse_policy
from eventsim.rules.roles import grants_sending, role_arn, trusts_lambda
from eventsim.scenario.mapping import SamBlock
from eventsim.scenario.policies import Arns, Boundary, GivenPolicies, GivenPolicy, TrustPolicy
from eventsim.scenario.values import Text

IdentityArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[^\s*?]+$")]


class IdentityBlock(SamBlock):
    """A role or a user with its policies; a role of the scenario's account without an ``arn``."""

    arn: IdentityArn | None = Field(None, alias="arn")
    policies: GivenPolicies = ()
    permissions_boundary: Boundary | None = None
    assume_role_policy_document: TrustPolicy | None = None

    def arn_of(self, name: str, place: Place) -> str:
        """Its ARN, which is that of the role *name* unless it says another."""
        return self.arn or role_arn(name, place.region, place.account)

    def identity(self, name: str, place: Place, arns: Arns) -> Identity:
        """It, with the names in its policies made ARNs."""
        policies = tuple(each.policy(arns, *place) for each in self.policies)
        boundary = _boundary(self.permissions_boundary, place, arns)
        return Identity(self.arn_of(name, place), policies, boundary)

    def trusts_lambda(self, place: Place) -> bool:
        """Whether Lambda may assume it: a role without a trust policy trusts Lambda."""
        return _trusts(self.assume_role_policy_document, place)


class ExecutionRole(SamBlock):
    """What a function says of its execution role; saying nothing, it may do everything."""

    role: Text | None = None
    policies: GivenPolicies | None = None
    role_path: Annotated[str, Field(pattern=r"^/(\S{1,510}/)?$")] | None = None
    permissions_boundary: Boundary | None = None
    assume_role_policy_document: TrustPolicy | None = None

    @property
    def is_made(self) -> bool:
        """Whether the function's role is made for it, as SAM makes one."""
        return self.role is None and any(getattr(self, name) is not None for name in MADE_OF)

    def trusts_lambda(self, place: Place) -> bool:
        """Whether Lambda may assume the role that is made."""
        return _trusts(self.assume_role_policy_document, place)

    def made_arn(self, function: str, place: Place) -> str:
        """The ARN of the role that is made."""
        return role_arn(f"{function}Role", *place, self.role_path or "/")

    def made(self, function: str, place: Place, arns: Arns, uses: Uses) -> Identity:
        """The role that SAM makes: with what the function *uses* besides what it is given."""
        added = [managed(BASIC), *(managed(each) for each in uses.execution_policies)]
        added += grants_sending(uses.targets)
        given = [each.policy(arns, *place) for each in self.policies or ()]
        policies = (*(parse_policy(each) for each in added), *given)
        boundary = _boundary(self.permissions_boundary, place, arns)
        return Identity(self.made_arn(function, place), policies, boundary)


MADE_OF = ("policies", "role_path", "permissions_boundary", "assume_role_policy_document")


class Uses(NamedTuple):
    """What SAM lets a function do for its events: the managed policies of its sources, and the
    ARNs of its destinations.
    """

    execution_policies: Iterable[str] = ()
    targets: Iterable[str] = ()


def role_name(text: str) -> str:
    """The name of the role that a name or an ARN means."""
    return text.rpartition("/")[2] if service_of(text) == "iam" else text


def _boundary(given: GivenPolicy | None, place: Place, arns: Arns) -> Policy | None:
    return None if given is None else given.policy(arns, *place)


def _trusts(given: GivenPolicy | None, place: Place) -> bool:
    return given is None or trusts_lambda(given.policy({}, *place, "trust"), place.region)
