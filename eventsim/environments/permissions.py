"""
Who may invoke the functions of a run, and what the functions themselves may do.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-permissions.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from eventsim.clock import Clock
from eventsim.errors import AccessDenied, ServiceError
from eventsim.journal import Journal
from eventsim.rules import function_policies
from eventsim.rules.arns import account_of, region_of
from eventsim.rules.authorization import Policies, denial, denied
from eventsim.rules.function_policies import INVOKE, Permission, Statement
from eventsim.rules.identities import Identity, context_of, role_denial
from eventsim.rules.policies import Policy, Request, parse_policy
from eventsim.rules.principals import SESSION, Asker
from eventsim.rules.roles import access_key_id, sending
from eventsim.runtimes import FunctionVersion
from eventsim.types import Caller, Destination, Document

Find = Callable[[str, str | None], FunctionVersion]


class May(Protocol):
    """Whether an execution role may do something; ``Permissions.may`` is one."""

    def __call__(self, role: str | None, action: str, resource: str, session: str = ...) -> None:
        """Return if it may. Raises ServiceError, code AccessDenied, if not."""


class Permissions:
    """The functions' policies, and the identities that the run knows the policies of.

    *find* finds a function by its name and qualifier. An identity that is not among *identities*
    has no policies of its own: only what a function's policy grants it is allowed. Any service
    may invoke the functions *open_to_services*, until something is granted on them or revoked.
    """

    def __init__(
        self,
        find: Find,
        clock: Clock,
        journal: Journal,
        identities: Iterable[Identity] = (),
        open_to_services: Iterable[str] = (),
    ) -> None:
        self._open = set(open_to_services)
        self._find, self._clock, self._journal = find, clock, journal
        self._identities = {_key(Asker.of(each.arn)): each for each in identities}
        self._statements: dict[tuple[str, str | None], dict[str, Statement]] = {}
        self._policies: dict[tuple[str, str | None], Policy] = {}
        self._keys: dict[str, tuple[str, str]] = {}

    def add(self, function_name: str, permission: Permission) -> Statement:
        """Add a statement to the policy of a function, or of its version or alias.

        Returns it. Raises PermissionRefused for what AddPermission does not take,
        ResourceNotFound when there is no such function.
        """
        new = self.begin_with(function_name, permission)
        key = _policy_key(self._find(function_name, permission.qualifier))
        self._tell("permission_granted", key, permission.statement_id)
        return new

    def begin_with(self, function_name: str, permission: Permission) -> Statement:
        """The same before a run begins, when there is nobody to tell."""
        function_policies.check(permission)
        target = self._find(function_name, permission.qualifier)
        key = _policy_key(target)
        function_policies.check_qualifier(key[1])
        new = function_policies.statement(permission, target.arn, region_of(target.arn))
        self._set(key, function_policies.added(self._statements.get(key, {}), new))
        return new

    def remove(self, function_name: str, statement_id: str, qualifier: str | None = None) -> None:
        """Remove a statement. Raises PermissionRefused where it is not."""
        key = _policy_key(self._find(function_name, qualifier))
        self._set(key, function_policies.removed(self._statements.get(key, {}), statement_id))
        self._tell("permission_revoked", key, statement_id)

    def forget(self, function_name: str, qualifier: str | None = None) -> None:
        """The function is gone, or its version or alias, with every policy that it had."""
        self._open.discard(function_name)
        for key in list(self._statements):
            if key[0] == function_name and qualifier in (None, key[1]):
                del self._statements[key]
                self._policies.pop(key, None)

    def get(self, function_name: str, qualifier: str | None = None) -> str:
        """The policy as JSON text. Raises PermissionRefused where there is none."""
        key = _policy_key(self._find(function_name, qualifier))
        return function_policies.policy_text(self._statements.get(key, {}))

    def authorize(self, caller: Caller, target: FunctionVersion) -> None:
        """Return if *caller* may invoke *target*, by the ARN that it used.

        Raises AccessDenied, with AWS's text.
        """
        try:
            asker = Asker.of(caller.principal)
        except ValueError as error:
            raise AccessDenied(str(error)) from None
        if asker.is_service and target.function.name in self._open:
            return
        context = context_of(asker, target.arn, self._clock.wall(), caller)
        request = Request(INVOKE, target.arn, asker, context)
        identity = self._identities.get(_key(asker), Identity(asker.name))
        policy = self._policies.get(_policy_key(target))
        policies = Policies(identity.policies, policy, identity.boundary)
        why = denial(request, policies, account_of(target.arn))
        if why is not None:
            raise AccessDenied(denied(asker, INVOKE, target.arn, why))

    def may(self, role: str | None, action: str, resource: str, session: str = SESSION) -> None:
        """Return if an execution role may do *action* on *resource*, in its *session*.

        None is the role of a function that was given neither Role nor Policies: it may do
        everything. Raises ServiceError, code AccessDenied, with AWS's text.
        """
        if role is None:
            return
        identity = self._identities.get(_key(Asker.of(role)), Identity(role))
        text = role_denial(identity, action, resource, self._clock.wall(), session)
        if text is not None:
            raise ServiceError("AccessDenied", text)

    def may_send(self, target: FunctionVersion, arn: str) -> None:
        """Return if the role of a version may send to a destination. Raises as ``may``."""
        need = sending(arn)
        for action in need.actions:
            self.may(target.function.role, action, need.resource, target.function.name)

    def allows(self, role: str | None, action: str, resource: str) -> bool:
        """Whether an execution role may do *action* on *resource*."""
        try:
            self.may(role, action, resource)
        except ServiceError:
            return False
        return True

    def issue(self, role: str, function: str) -> str:
        """The access key id of a function's temporary credentials, which stand for its role."""
        key = access_key_id(role, function)
        self._keys[key] = (role, function)
        return key

    def role_of(self, access_key_id: str) -> tuple[str, str] | None:
        """The role, and the session, which is called like the function, that a key stands for."""
        return self._keys.get(access_key_id)

    def _set(self, key: tuple[str, str | None], statements: dict[str, Statement]) -> None:
        self._open.discard(key[0])
        self._statements[key] = statements
        if statements:
            document = function_policies.policy_of(statements)
            self._policies[key] = parse_policy(document, "resource")
        else:
            self._policies.pop(key, None)

    def _tell(self, kind: str, key: tuple[str, str | None], statement_id: str) -> None:
        name, qualifier = key
        self._journal.write(kind, function=name, qualifier=qualifier, statement=statement_id)


class Permitted:
    """A destination that is written to only if the execution role may."""

    def __init__(self, destination: Destination, may: May, role: str, session: str) -> None:
        self.arn = destination.arn
        self._destination, self._may, self._role, self._session = destination, may, role, session

    async def send(self, document: Document) -> None:
        """Deliver it. Raises ServiceError when the role may not, or as the destination does."""
        need = sending(self.arn)
        for action in need.actions:
            self._may(self._role, action, need.resource, self._session)
        await self._destination.send(document)


def _key(asker: Asker) -> tuple[str, str]:
    """What identifies an identity: a role is the same in each of its sessions."""
    return asker.account, f"role/{asker.role}" if asker.role else asker.name


def _policy_key(target: FunctionVersion) -> tuple[str, str | None]:
    """The function, and the qualifier that was used: each has a policy of its own."""
    parts = target.arn.split(":")
    return target.function.name, parts[7] if len(parts) > 7 else None
