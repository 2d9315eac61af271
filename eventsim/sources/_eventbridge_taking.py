"""
What a rule of a back end's EventBridge sends a function, as our own rules would.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from eventsim.errors import EventsimError
from eventsim.rules.patterns import compile_pattern
from eventsim.rules.target_inputs import Origin
from eventsim.sources._sam import Delivered
from eventsim.types import Scene, Sent

_DELIVERED = ("Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig")


def taken(scene: Scene, told: Mapping[str, Any]) -> Sent:
    """The event for the target, if the rule's pattern matches.

    Raises EventsimError for a pattern, or an input of a target, that is none.
    """
    event, pattern = told["event"], told["pattern"]
    if pattern and not compile_pattern(orjson.dumps(pattern).decode()).matches(event):
        return Sent(None, {})
    target = {key: told["target"][key] for key in _DELIVERED if told["target"].get(key)}
    try:
        given = Delivered.model_validate(target)
    except ValidationError as error:
        text = f"rule {told['rule']}: its target cannot be told: {error.errors()[0]['msg']}"
        raise EventsimError(text) from None
    origin = Origin(told["rule_arn"], told["rule"], scene.at)
    payload = given.target_input().of(event, origin)
    dead = given.dead_letter_config
    return Sent(
        orjson.loads(payload),
        {"message_id": event["id"]},
        None if dead is None else str(dead.arn),
        payload,
        told["rule_arn"],
        tuple(given.retry_policy.policy().waits()),
    )
