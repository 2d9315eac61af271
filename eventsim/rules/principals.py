"""
Who asks, and whom a policy's Principal element means.

The ARN of an account means everybody in it, whom the account must allow to ask besides. The ARN
of a role means its sessions. With NotPrincipal, somebody is left out when the ARNs of their
account, role and session are all listed, as AWS asks for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eventsim.errors import PolicyError

Granted = Literal["itself", "role", "account", "everybody"]
Path = tuple[str | int, ...]

SESSION = "eventsim"
_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)")
_IDENTITY = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:"
    r"iam::(?P<account>\d{12}):(?:(?P<root>root)|user/(?P<user>\S+)|role/(?P<role>\S+))|"
    r"sts::(?P<session_account>\d{12}):(?:"
    r"assumed-role/(?P<assumed>[^\s/]+)/(?P<session>[^\s/]+)|federated-user/(?P<federated>\S+)))"
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who makes a request: ``name`` is a service, or the ARN of a user, session or account.

    ``role`` is the name of the role that a session is of; ``account`` is empty for a service.
    """

    name: str
    account: str = ""
    role: str = ""
    partition: str = "aws"

    @classmethod
    def of(cls, principal: str, session: str = SESSION) -> Asker:
        """Who is called so: a service, or a user, role, session or account by its ARN.

        A role asks through a *session*. Raises ValueError for anything else.
        """
        if _SERVICE.fullmatch(principal):
            return cls(principal)
        form = _IDENTITY.fullmatch(principal)
        if form is None:
            raise ValueError(
                f"'{principal}' is nobody who can ask; write a service such as s3.amazonaws.com, "
                "or the ARN of a user or a role"
            )
        account = form["account"] or form["session_account"]
        partition, role = form["partition"], form["assumed"] or ""
        if form["role"]:
            role = form["role"].rpartition("/")[2]
            principal = f"arn:{partition}:sts::{account}:assumed-role/{role}/{session}"
        return cls(principal, account, role, partition)

    @property
    def is_service(self) -> bool:
        return not self.account

    @property
    def is_root(self) -> bool:
        """Whether it is an account's own root user."""
        return self.name == self.root

    @property
    def root(self) -> str:
        """The ARN of its account."""
        return f"arn:{self.partition}:iam::{self.account}:root"


@dataclass(frozen=True, slots=True)
class Principals:
    """The Principal element of a statement; NotPrincipal where *excluded*."""

    everybody: bool
    aws: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    excluded: bool = False


def granted(principals: Principals, asker: Asker) -> Granted | None:
    """As what *asker* is meant by the element: the closest to it alone; None if it is not."""
    if principals.excluded:
        return None if principals.everybody or _left_out(principals, asker) else "everybody"
    if asker.is_service:
        if asker.name in principals.services:
            return "itself"
    elif asker.name in principals.aws:
        return "itself"
    elif any(_is_role(arn, asker) for arn in principals.aws):
        return "role"
    if principals.everybody:
        return "everybody"
    return "account" if not asker.is_service and asker.root in principals.aws else None


def _left_out(principals: Principals, asker: Asker) -> bool:
    if asker.is_service:
        return asker.name in principals.services
    itself = asker.root in principals.aws and asker.name in principals.aws
    return itself and (not asker.role or any(_is_role(arn, asker) for arn in principals.aws))


def _is_role(arn: str, asker: Asker) -> bool:
    form = _IDENTITY.fullmatch(arn)
    if form is None or not form["role"] or not asker.role:
        return False
    return form["account"] == asker.account and form["role"].rpartition("/")[2] == asker.role


def read_principals(value: Any, path: Path, *, excluded: bool = False) -> Principals:
    """The element as it is written. Raises PolicyError for a form that it does not have."""
    if value == "*":
        return Principals(True, excluded=excluded)
    if not isinstance(value, Mapping) or not value:
        raise PolicyError(path, f'is {value!r}; write "*", or who it is below AWS or Service')
    found: dict[str, list[str]] = {}
    for kind, named in value.items():
        if kind not in _KINDS:
            raise PolicyError(path, f"has an unknown element '{kind}'; there are: {_listed()}")
        listed = named if isinstance(named, list | tuple) else [named]
        for each in listed:
            if not isinstance(each, str) or not each:
                raise PolicyError((*path, kind), f"is {each!r}; it must be text")
        if not listed:
            raise PolicyError((*path, kind), "is an empty list")
        found[kind] = list(listed)
    aws = [_identity(each, (*path, "AWS")) for each in found.get("AWS", ())]
    services = [_service(each, (*path, "Service")) for each in found.get("Service", ())]
    return Principals("*" in aws, frozenset(aws) - {"*"}, frozenset(services), excluded)


def _listed() -> str:
    return ", ".join(_KINDS)


def _identity(text: str, path: Path) -> str:
    if text == "*" or _IDENTITY.fullmatch(text):
        return text
    if _ACCOUNT.fullmatch(text):
        return f"arn:aws:iam::{text}:root"
    raise PolicyError(path, f"is '{text}'; write an account, or the ARN of a user or a role")


def _service(text: str, path: Path) -> str:
    if _SERVICE.fullmatch(text):
        return text
    raise PolicyError(path, f"is '{text}'; write a service such as s3.amazonaws.com")


def principal_element(principal: str, partition: str) -> Any:
    """What AddPermission makes of its Principal. Raises ValueError for nobody it could mean."""
    if principal == "*":
        return "*"
    if _SERVICE.fullmatch(principal):
        return {"Service": principal}
    if _ACCOUNT.fullmatch(principal):
        return {"AWS": f"arn:{partition}:iam::{principal}:root"}
    if _IDENTITY.fullmatch(principal):
        return {"AWS": principal}
    raise ValueError(f"'{principal}' is nobody")
