"""
Where documents are delivered: one file each, named as the service is in ARNs.

A file has ``open_destination(resource, chance)``, which gives a ``Destination`` that writes to
that queue, topic, bucket or bus, whichever back end it is on, or that invokes that function. It
delivers a document once: what is refused is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from eventsim import registry
from eventsim.destinations._refusal import not_valid
from eventsim.errors import EventsimError
from eventsim.ids import Chance
from eventsim.rules.arns import service_of
from eventsim.rules.mapping_settings import DESTINATION_SERVICES
from eventsim.rules.sns import FIFO_SUFFIX
from eventsim.types import Bucket, Bus, Destination, FunctionTarget, Queue, Topic

Resource = Queue | Topic | Bucket | Bus | FunctionTarget


def open_destination(arn: str, resources: Mapping[str, Resource], chance: Chance) -> Destination:
    """The destination that *arn* names; *resources* are the run's, by their ARNs.

    Raises ServiceError, as Lambda refuses it, for what no destination can be; EventsimError when
    the run has no such resource.
    """
    service = service_of(arn)
    if service not in registry.names("destinations"):
        raise not_valid(arn)
    module = registry.load("destinations", service, wants=["open_destination"])
    if arn not in resources:
        known = ", ".join(sorted(resources)) or "none"
        raise EventsimError(f"{arn} is no resource of the run; there are: {known}")
    destination: Destination = module.open_destination(resources[arn], chance)
    return destination


def open_on_failure(arn: str, resources: Mapping[str, Resource], chance: Chance) -> Destination:
    """The on-failure destination of a mapping: a queue, topic or bucket, none of them FIFO.

    Raises ServiceError, as Lambda refuses it, for anything else; EventsimError when the run has
    no such resource.
    """
    if service_of(arn) not in DESTINATION_SERVICES:
        raise not_valid(arn)
    if service_of(arn) != "s3" and arn.endswith(FIFO_SUFFIX):
        raise not_valid(arn)
    return open_destination(arn, resources, chance)
