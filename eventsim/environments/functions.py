"""
The functions of a run, their published versions and their aliases.

A published version never changes, in configuration or environment variables; $LATEST does, and
what is running goes on with what it began with.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from eventsim.ids import Chance
from eventsim.rules import aliases as rules
from eventsim.rules.aliases import Alias
from eventsim.rules.function_names import LATEST, Place, not_found, parse
from eventsim.runtimes import FunctionVersion
from eventsim.types import Function

WHOLE = frozenset(
    {"event_invoke", "further_event_invokes", "recursive_loop", "duplicate_deliveries"}
)


@dataclass(slots=True)
class _Family:
    """A function with all its versions, and its aliases by name."""

    versions: dict[str, Function]
    aliases: dict[str, Alias] = field(default_factory=dict)
    published: int = 0
    published_from: Function | None = None


class Functions:
    """What callers may invoke, by every name that they may use for it."""

    def __init__(self, functions: Iterable[Function], place: Place, chance: Chance) -> None:
        self._place, self._chance = place, chance
        self._families = {function.name: _Family({LATEST: function}) for function in functions}
        self._found: dict[tuple[str, str | None], FunctionVersion] = {}

    def __contains__(self, name: object) -> bool:
        """Whether there is a function of that name, without a qualifier."""
        return name in self._families

    def add(self, function: Function) -> None:
        """Have one more, as $LATEST. A name that is taken is the caller's mistake: ValueError."""
        if function.name in self._families:
            raise ValueError(f"there is a function {function.name} already")
        self._families[function.name] = _Family({LATEST: function})
        self._found.clear()

    def remove(self, name: str, version: str | None = None) -> None:
        """Have a function no longer, or a published version. Raises ResourceNotFound."""
        family = self._family(name)
        if version is None:
            del self._families[name]
        elif version == LATEST or family.versions.pop(version, None) is None:
            raise not_found(self._place.arn(name, version))
        self._found.clear()

    def names(self) -> list[str]:
        """The functions by name, in the order in which they were made."""
        return list(self._families)

    def versions(self, name: str) -> dict[str, Function]:
        """$LATEST and the published versions, oldest first. Raises ResourceNotFound."""
        return dict(self._family(name).versions)

    def aliases(self, name: str) -> dict[str, Alias]:
        """The aliases by name. Raises ResourceNotFound."""
        return dict(self._family(name).aliases)

    def remove_alias(self, name: str, alias: str) -> None:
        """Have an alias no longer; nothing happens where there is none. Raises ResourceNotFound."""
        self._family(name).aliases.pop(alias, None)
        self._found.clear()

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion:
        """The function that a caller means by a name, a partial or a full ARN, and a qualifier.

        An alias with weights is drawn anew at every call. Raises ResourceNotFound,
        InvalidParameterValue or ValidationFailed, with AWS's texts.
        """
        asked = (function_name, qualifier)
        found = self._found.get(asked)
        if found is None:
            found, lasting = self._look_up(function_name, qualifier)
            if lasting:
                self._found[asked] = found
        return found

    def latest(self, name: str) -> Function:
        """The function as $LATEST has it. Raises ResourceNotFound."""
        return self._family(name).versions[LATEST]

    def version(self, name: str, version: str) -> FunctionVersion:
        """A version as one that nobody called. Raises ResourceNotFound."""
        family = self._family(name)
        if version not in family.versions:
            raise not_found(self._place.arn(name, version))
        return FunctionVersion(family.versions[version], version, self._place.arn(name, version))

    def resolve(self, name: str, qualifier: str | None) -> str:
        """The version behind a version or an alias, the first of one with weights."""
        family = self._family(name)
        alias = family.aliases.get(qualifier or LATEST)
        version = alias.version if alias is not None else qualifier or LATEST
        if version not in family.versions:
            raise not_found(self._place.arn(name, version))
        return version

    def update(self, name: str, **changes: Any) -> Function:
        """Change $LATEST, and return it. Raises ResourceNotFound."""
        family = self._family(name)
        family.versions[LATEST] = replace(family.versions[LATEST], **changes)
        self._found.clear()
        return family.versions[LATEST]

    def configure(self, name: str, **changes: Any) -> None:
        """Change what is of a function and of no version (``WHOLE``): published ones too.

        An EventInvokeConfig stays that of its qualifier. Raises ResourceNotFound.
        """
        family = self._family(name)
        if "event_invoke" in changes:
            qualifier = family.versions[LATEST].event_invoke.qualifier
            changes["event_invoke"] = replace(changes["event_invoke"], qualifier=qualifier)
        for version, function in family.versions.items():
            family.versions[version] = replace(function, **changes)
        if family.published_from is not None:
            family.published_from = replace(family.published_from, **changes)
        self._found.clear()

    def publish(self, name: str, description: str | None = None) -> tuple[str, bool]:
        """The version that $LATEST is published as, and whether it is a new one.

        It is the last one again when nothing has changed since. Raises ResourceNotFound.
        """
        family = self._family(name)
        latest = family.versions[LATEST]
        if family.published_from == latest:
            return str(family.published), False
        family.published_from = latest
        family.published += 1
        version = str(family.published)
        if description is not None:
            latest = replace(latest, description=description)
        family.versions[version] = latest
        return version, True

    def put_alias(
        self, name: str, alias: str, version: str, weights: Mapping[str, float] | None = None
    ) -> Alias:
        """Point *alias* at a version, and at another for the share of calls in *weights*.

        Raises ValidationFailed for what is no alias name, InvalidParameterValue for weights that
        cannot be, ResourceNotFound for a version that is not there.
        """
        family, weights = self._family(name), dict(weights or {})
        rules.check_name(alias)
        rules.check_weights(version, weights)
        for target in (version, *weights):
            if target not in family.versions:
                raise not_found(self._place.arn(name, target))
        for other in weights:
            rules.check_alike(family.versions[version], family.versions[other], version, other)
        made = family.aliases[alias] = Alias(version, tuple(weights.items()))
        self._found.clear()
        return made

    def alias(self, name: str, alias: str) -> Alias | None:
        """The alias as it is now. Raises ResourceNotFound for a function that is not there."""
        return self._family(name).aliases.get(alias)

    def _family(self, name: str) -> _Family:
        if name not in self._families:
            raise not_found(self._place.arn(name, LATEST))
        return self._families[name]

    def _look_up(self, function_name: str, qualifier: str | None) -> tuple[FunctionVersion, bool]:
        name, asked = parse(function_name, qualifier, self._place)
        family = self._families.get(name)
        wanted, lasting = asked or LATEST, True
        if family is not None and wanted in family.aliases:
            alias = family.aliases[wanted]
            lasting = not alias.weights
            wanted = alias.version if lasting else alias.draw(self._draw(name, wanted))
        if family is None or wanted not in family.versions:
            raise not_found(self._place.arn(name, wanted))
        arn = self._place.arn(name, asked)
        return FunctionVersion(family.versions[wanted], wanted, arn), lasting

    def _draw(self, name: str, alias: str) -> float:
        return self._chance.stream("aliases", f"{name}:{alias}").random()
