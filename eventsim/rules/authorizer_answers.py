"""
What API Gateway makes of a Lambda authorizer's answer: who may go on, and what is told of them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from eventsim.errors import PolicyError
from eventsim.rules.policies import Policy, Request, parse_policy
from eventsim.rules.principals import Asker
from eventsim.types.invocations import InvokeResult

ACTION = "execute-api:Invoke"
UNAUTHORIZED = "Unauthorized"


class NotAuthorized(Exception):
    """The authorizer refuses who asks, whoever it is: it failed with the text Unauthorized."""


class BrokenAuthorizer(Exception):
    """The authorizer failed, or its answer is none; the text says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an authorizer says that somebody is. Without a ``policy``, ``allowed`` says all."""

    principal: str | None
    allowed: bool = True
    policy: Policy | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    usage_key: str | None = None

    def denial(self, arn: str) -> str | None:
        """Why a request called so is not let through; None if it is."""
        if self.policy is None:
            return None if self.allowed else "the authorizer says that it is not authorized"
        request = Request(ACTION, arn, Asker("authorizer"), {})
        if self.policy.denies(request):
            return "with an explicit deny"
        return None if self.policy.allows(request) else "because no statement allows it"


def policy_identity(result: InvokeResult, *, flat: bool) -> Identity:
    """Who an answer with an IAM policy is about.

    A *flat* context has plain values alone, handed on as texts, as a REST API does. Raises
    NotAuthorized or BrokenAuthorizer.
    """
    answer = _answer(result)
    principal = answer.get("principalId")
    if not isinstance(principal, str) or not principal:
        raise BrokenAuthorizer("its answer has no principalId")
    try:
        policy = parse_policy(answer.get("policyDocument"))
    except PolicyError as error:
        raise BrokenAuthorizer(f"its policyDocument {error}") from None
    usage = answer.get("usageIdentifierKey")
    return Identity(principal, True, policy, _context(answer, flat), usage)


def simple_identity(result: InvokeResult) -> Identity:
    """Who an answer with ``isAuthorized`` is about. Raises NotAuthorized or BrokenAuthorizer."""
    answer = _answer(result)
    allowed = answer.get("isAuthorized")
    if not isinstance(allowed, bool):
        raise BrokenAuthorizer("its answer has no isAuthorized that is true or false")
    return Identity(None, allowed, None, _context(answer, False))


def _answer(result: InvokeResult) -> dict[str, Any]:
    try:
        answer = orjson.loads(result.payload)
    except ValueError:
        raise BrokenAuthorizer("its answer is not JSON") from None
    if result.function_error is not None:
        message = answer.get("errorMessage") if isinstance(answer, dict) else None
        if message == UNAUTHORIZED:
            raise NotAuthorized("it failed with Unauthorized")
        raise BrokenAuthorizer(f"it failed: {message}")
    if not isinstance(answer, dict):
        raise BrokenAuthorizer("its answer is not an object")
    return answer


def _context(answer: Mapping[str, Any], flat: bool) -> dict[str, Any]:
    context = answer.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise BrokenAuthorizer("its context is not an object")
    if not flat:
        return context
    texts = {}
    for name, value in context.items():
        if isinstance(value, dict | list):
            raise BrokenAuthorizer(f"its context has an object or a list at {name}")
        texts[name] = str(value).lower() if isinstance(value, bool) else _text(value)
    return texts


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
