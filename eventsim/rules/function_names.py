"""
The forms in which a caller may name a function.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters
"""

from __future__ import annotations

import re
from typing import NamedTuple

from eventsim.errors import InvalidParameterValue, ResourceNotFound, ValidationFailed
from eventsim.rules.arns import ACCOUNT, REGION, arn

LATEST = "$LATEST"
NAME_LENGTH_MAX = 64

# AWS's own, with groups: its text stands in the error, so it is kept to the letter.
PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_FORM = re.compile(PATTERN)
_REGION, _ACCOUNT, _NAME, _QUALIFIER = 3, 9, 11, 13


class Place(NamedTuple):
    """The region and the account that functions live in."""

    region: str = REGION
    account: str = ACCOUNT

    def arn(self, name: str, qualifier: str | None = None) -> str:
        """The ARN of a function there, with its qualifier if it has one."""
        resource = f"function:{name}:{qualifier}" if qualifier else f"function:{name}"
        return arn("lambda", self.region, self.account, resource)


class FunctionName(NamedTuple):
    """A function's name, and the version or alias that was asked for, if one was."""

    name: str
    qualifier: str | None


def parse(function_name: str, qualifier: str | None, place: Place) -> FunctionName:
    """What the two parameters of Invoke mean together.

    Raises ValidationFailed, InvalidParameterValue and ResourceNotFound, with AWS's texts.
    """
    form = _FORM.fullmatch(function_name)
    if form is None or len(form[_NAME]) > NAME_LENGTH_MAX:
        raise ValidationFailed(
            f"1 validation error detected: Value '{function_name}' at 'functionName' failed to "
            f"satisfy constraint: Member must satisfy regular expression pattern: {PATTERN}"
        )
    name, own = form[_NAME], form[_QUALIFIER]
    if own and qualifier and own != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier.",
            Type="User",
        )
    region = (form[_REGION] or f"{place.region}:")[:-1]
    if region != place.region:
        raise ResourceNotFound(
            f"Functions from '{region}' are not reachable in this region ('{place.region}')",
            Type="User",
        )
    account = (form[_ACCOUNT] or f"{place.account}:")[:-1]
    if account != place.account:
        raise not_found(Place(region, account).arn(name, own or qualifier or LATEST))
    return FunctionName(name, own or qualifier)


def not_found(arn: str) -> ResourceNotFound:
    return ResourceNotFound(f"Function not found: {arn}", Type="User")
