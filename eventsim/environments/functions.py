"""
The functions of a run, their published versions and their aliases.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

from collections.abc import Iterable

from eventsim.rules.function_names import LATEST, Place, not_found, parse
from eventsim.runtimes import FunctionVersion
from eventsim.types import Function


class Functions:
    """What callers may invoke, by every name that they may use for it."""

    def __init__(self, functions: Iterable[Function], place: Place) -> None:
        self._place = place
        self._latest = {function.name: function for function in functions}
        self._found: dict[tuple[str, str | None], FunctionVersion] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._latest

    def find(self, function_name: str, qualifier: str | None = None) -> FunctionVersion:
        """The function that a caller means by a name, a partial or a full ARN, and a qualifier.

        Raises ResourceNotFound, InvalidParameterValue or ValidationFailed, with AWS's texts.
        """
        asked = (function_name, qualifier)
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = self._look_up(function_name, qualifier)
        return found

    def _look_up(self, function_name: str, qualifier: str | None) -> FunctionVersion:
        name, version = parse(function_name, qualifier, self._place)
        function = self._latest.get(name)
        if function is None or version not in {None, LATEST}:
            raise not_found(self._place.arn(name, version or LATEST))
        return FunctionVersion(function, LATEST, self._place.arn(name, version))
