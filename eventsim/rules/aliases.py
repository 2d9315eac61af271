"""
Aliases: names for versions, and the share of calls that goes to a second one.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from eventsim.errors import InvalidParameterValue, ValidationFailed
from eventsim.rules.function_names import LATEST
from eventsim.types import Function

PATTERN = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
NAME_LENGTH_MAX = 128
_NAME = re.compile(PATTERN)


class Alias(NamedTuple):
    """Where an alias leads: to ``version``, but for the shares in ``weights``."""

    version: str
    weights: tuple[tuple[str, float], ...] = ()

    def draw(self, chance: float) -> str:
        """The version of one call, whose *chance* is from 0 to below 1."""
        for version, weight in self.weights:
            if chance < weight:
                return version
            chance -= weight
        return self.version


def check_name(name: str) -> None:
    """Raises ValidationFailed for what cannot be the name of an alias, a number among others."""
    if len(name) > NAME_LENGTH_MAX:
        constraint = f"Member must have length less than or equal to {NAME_LENGTH_MAX}"
    elif not _NAME.fullmatch(name):
        constraint = f"Member must satisfy regular expression pattern: {PATTERN}"
    else:
        return
    raise ValidationFailed(
        f"1 validation error detected: Value '{name}' at 'name' failed to satisfy "
        f"constraint: {constraint}"
    )


def check_weights(version: str, weights: Mapping[str, float]) -> None:
    """Raises InvalidParameterValue or ValidationFailed for weights that Lambda refuses."""
    if len(weights) > 1:
        raise InvalidParameterValue(
            "Number of items in AdditionalVersionWeights cannot be greater than 1", Type="User"
        )
    for other, weight in weights.items():
        if not 0.0 <= weight <= 1.0:
            bound = "greater than or equal to 0.0" if weight < 0 else "less than or equal to 1.0"
            raise ValidationFailed(
                f"1 validation error detected: Value '{weight:g}' at "
                f"'routingConfig.additionalVersionWeights.{other}.member' failed to satisfy "
                f"constraint: Member must have value {bound}"
            )
        if LATEST in (version, other):
            raise InvalidParameterValue(
                "$LATEST is not supported for an alias pointing to more than 1 version"
            )
        if other == version:
            raise InvalidParameterValue(
                f"Invalid function version {version}. Function version {version} is already "
                "included in routing configuration."
            )


def check_alike(one: Function, other: Function, version: str, other_version: str) -> None:
    """Raises InvalidParameterValue for two versions that one alias cannot lead to.

    They must have the same execution role and the same dead-letter queue, or none. Nobody has
    recorded what Lambda says: the text is ours.
    """
    for what, same in (
        ("execution role", one.role == other.role),
        ("dead-letter queue configuration", one.dead_letter == other.dead_letter),
    ):
        if not same:
            raise InvalidParameterValue(
                f"Function versions {version} and {other_version} must have the same {what} "
                "for an alias pointing to more than 1 version"
            )
