"""How Lambda refuses an ARN that no on-failure destination can have."""

from __future__ import annotations

from eventsim.errors import ServiceError


def not_valid(arn: str) -> ServiceError:
    """The error, in the words recorded for another service's ARN; FIFO's own are not known."""
    config = f"DestinationConfig(onSuccess=null, onFailure=OnFailure(destination={arn}))"
    text = f"The provided destination config {config} is invalid."
    return ServiceError("InvalidParameterValueException", text)
