"""
Where roles, policies and permissions must agree with the rest of a scenario.

Whether a role may read what its function's mappings read is judged by the ARNs that resources
have on the simulated back end; on others it is judged when the run begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from types import ModuleType
from typing import Any, TypeGuard

from pydantic import ValidationError

from eventsim.errors import PolicyError
from eventsim.rules.function_names import Place
from eventsim.rules.identities import Identity, role_denial
from eventsim.rules.mapping_errors import INVALID, Refusal, role_denied
from eventsim.rules.roles import CANNOT_BE_ASSUMED, unmet
from eventsim.scenario.identities import ExecutionRole, IdentityBlock, Uses, role_name
from eventsim.scenario.lookup import items, resource_types, source_of, target
from eventsim.scenario.permissions import is_identity_name
from eventsim.scenario.policies import bare_names, is_name
from eventsim.scenario.problem import Path, Problem, meant

_ROLE_KEYS = ("Role", "Policies", "RolePath", "PermissionsBoundary", "AssumeRolePolicyDocument")


def role_refusal(source: ModuleType, arn: str, may: Callable[[str, str], bool]) -> Refusal | None:
    """How Lambda refuses a mapping on *arn* for what the role may not do there."""
    needs = getattr(source, "role_needs", None)
    need = None if needs is None else unmet(needs(arn), may)
    return None if need is None else role_denied(arn, source.ROLE_REFUSED, need)


def role_problems(root: dict[str, Any], start: datetime) -> Iterator[Problem]:
    """Everything that does not agree in the roles, policies, permissions and callers."""
    scene = _Scene(root, start)
    yield from scene.identity_names()
    for name, block in items(root, "functions"):
        path: Path = ("functions", name)
        if isinstance(block, dict):
            yield from scene.one_role(path, block)
            yield from scene.permission_names(path, block)
            yield from scene.role(path, name, block)
    steps = root.get("timeline")
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if isinstance(step, dict):
            yield from scene.step_names(("timeline", index), step)


def _is_account(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) == 12 and value.isascii() and value.isdigit()


class _Scene:
    """What the roles of a scenario stand in, as far as it can be read."""

    def __init__(self, root: dict[str, Any], start: datetime) -> None:
        self._root, self._start = root, start
        region, account = root.get("region"), root.get("account")
        default = Place()
        self._place = Place(
            region if isinstance(region, str) else default.region,
            account if _is_account(account) else default.account,
        )
        self._types = resource_types(root)
        self._arns = self._static_arns()
        self._identities = dict(items(root, "identities"))

    def _static_arns(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]]
        found = {name: (self._place.arn(name),) for name, _ in items(self._root, "functions")}
        for name, type_ in self._types.items():
            source = source_of(type_)
            arn_of = getattr(source, "arn_of", None)
            if arn_of is None:
                found.pop(name, None)
                continue
            place = self._place
            arn = arn_of(name, place.account, place.region, self._start.timestamp())
            more = getattr(source, "policy_arns", None)
            found[name] = (arn,) if more is None else more(arn)
        return found

    def identity_names(self) -> Iterator[Problem]:
        """The policies of identities name what is there."""
        for name, block in self._identities.items():
            yield from self._policy_names(("identities", name), block)

    def one_role(self, path: Path, block: dict[str, Any]) -> Iterator[Problem]:
        """A function has a role of the scenario, or one that is made of its policies."""
        yield from self._policy_names(path, block)
        role = block.get("Role")
        if not isinstance(role, str) or not role:
            return
        for key in _ROLE_KEYS[1:]:
            if key in block:
                text = "says something of a role that SAM makes only without Role; keep one of them"
                yield Problem((*path, key), f" {text}", at_key=True)
        if role_name(role) not in self._identities:
            known = meant(role_name(role), self._identities) or "; write it under identities"
            yield Problem(
                (*path, "Role"), f" is '{role}', which is no identity of the scenario{known}"
            )

    def permission_names(self, path: Path, block: dict[str, Any]) -> Iterator[Problem]:
        """The permissions on a function name what is there."""
        given = block.get("permissions")
        for index, each in enumerate(given if isinstance(given, list | tuple) else ()):
            if isinstance(each, dict):
                yield from self._whom((*path, "permissions", index), each)

    def step_names(self, path: Path, step: dict[str, Any]) -> Iterator[Problem]:
        """The caller of a step, what it grants, and the role that it gives, are there."""
        caller = step.get("caller")
        if isinstance(caller, str):
            yield from self._identity((*path, "caller"), caller)
        for where, block in ((path, step), ((*path, "caller"), caller)):
            if isinstance(block, dict):
                yield from self._whom(where, block)
        properties = step.get("Properties")
        if isinstance(properties, dict) and isinstance(properties.get("Role"), str):
            place = (*path, "Properties")
            yield from self.one_role(place, {"Role": properties["Role"]})
            with suppress(ValidationError, PolicyError):  # told where the policy is
                yield from self._trust(
                    place, ExecutionRole.model_validate({"Role": properties["Role"]})
                )

    def _whom(self, path: Path, block: dict[str, Any]) -> Iterator[Problem]:
        yield from self._identity((*path, "Principal"), block.get("Principal"))
        source = block.get("SourceArn")
        if is_name(source) and source not in self._known():
            yield self._nobody((*path, "SourceArn"), str(source))

    def _identity(self, path: Path, name: Any) -> Iterator[Problem]:
        if isinstance(name, str) and is_identity_name(name) and name not in self._identities:
            hint = meant(name, self._identities)
            yield Problem(path, f" is '{name}', which is no identity of the scenario{hint}")

    def _policy_names(self, path: Path, block: Any) -> Iterator[Problem]:
        given = block.get("Policies") if isinstance(block, dict) else None
        listed: list[tuple[Path, Any]] = [((*path, "Policies"), given)]
        if isinstance(given, list | tuple):
            listed = [((*path, "Policies", index), each) for index, each in enumerate(given)]
        for where, document in listed:
            for inside, name in bare_names(document):
                if name not in self._known():
                    yield self._nobody((*where, *inside), name)

    def _known(self) -> set[str]:
        return {*self._types, *(name for name, _ in items(self._root, "functions"))}

    def _nobody(self, path: Path, name: str) -> Problem:
        hint = meant(name, self._known())
        return Problem(path, f" is '{name}', which is no resource or function here{hint}")

    def role(self, path: Path, name: str, block: dict[str, Any]) -> Iterator[Problem]:
        """Lambda can assume the function's role, and the role may read what its mappings read."""
        try:
            execution = ExecutionRole.model_validate(
                {k: block[k] for k in _ROLE_KEYS if k in block}
            )
            yield from self._trust(path, execution)
            identity = self._role_identity(name, execution)
        except (ValidationError, PolicyError):
            return  # told where the policy is
        if identity is None or self._root.get("backend", "simulated") != "simulated":
            return
        for event, value in items(block, "Events"):
            properties = value.get("Properties") if isinstance(value, dict) else None
            if isinstance(properties, dict):
                yield from self._mapping(
                    (*path, "Events", event, "Properties"), properties, identity
                )

    def _named_role(self, execution: ExecutionRole) -> tuple[str, IdentityBlock] | None:
        if execution.role is None or role_name(execution.role) not in self._identities:
            return None
        name = role_name(execution.role)
        return name, IdentityBlock.model_validate(self._identities[name])

    def _trust(self, path: Path, execution: ExecutionRole) -> Iterator[Problem]:
        named = self._named_role(execution)
        key = "AssumeRolePolicyDocument"
        if named is not None and not named[1].trusts_lambda(self._place):
            yield Problem((*path, "Role"), f": {INVALID}: {CANNOT_BE_ASSUMED}")
        elif execution.is_made and not execution.trusts_lambda(self._place):
            yield Problem((*path, key), f": {INVALID}: {CANNOT_BE_ASSUMED}")

    def _role_identity(self, function: str, execution: ExecutionRole) -> Identity | None:
        named = self._named_role(execution)
        if named is not None:
            return named[1].identity(named[0], self._place, self._arns)
        if not execution.is_made:
            return None
        sources = (source_of(each) for each in self._types.values())
        policies = {getattr(source, "EXECUTION_POLICY", None) for source in sources}
        uses = Uses(sorted(each for each in policies if each))
        return execution.made(function, self._place, self._arns, uses)

    def _mapping(
        self, path: Path, properties: dict[str, Any], identity: Identity
    ) -> Iterator[Problem]:
        for key in ("Stream", "Queue"):
            text = properties.get(key)
            if not isinstance(text, str) or not text:
                continue
            found = target(text, self._types)
            source = source_of(self._types.get(found.resource))
            if source is None or found.resource not in self._arns:
                continue
            arn = self._arns[found.resource][-1]
            if found.part:
                arn = f"{arn}/consumer/{found.part}:{int(self._start.timestamp())}"
            refusal = role_refusal(source, arn, self._may(identity))
            if refusal is not None:
                yield Problem((*path, key), f": {refusal.text}")

    def _may(self, identity: Identity) -> Callable[[str, str], bool]:
        def may(action: str, resource: str) -> bool:
            return role_denial(identity, action, resource, self._start) is None

        return may
