"""
Where moto's services invoke functions: those of the run are given to the run instead.

Every service of moto that invokes a function asks ``moto.awslambda.utils.get_backend`` for
somebody who can, each time anew. Here that somebody knows the run's functions, and asks moto's
own for all others. What moto makes of an object, and what SNS leaves out on its way there, is
taken a step earlier.

https://docs.getmoto.org/en/latest/docs/services/lambda.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from eventsim.backends._moto_events import sending
from eventsim.backends._taking import Taker
from eventsim.errors import EventsimError

Undo = Callable[[], None]
NOT_VALIDATED = "Unable to validate the following destination configurations"


class RunsFunctions:
    """Stands where moto's Lambda of one account and region does."""

    def __init__(self, taker: Taker, others: Any) -> None:
        self._taker, self._others = taker, others

    def __getattr__(self, name: str) -> Any:
        return getattr(self._others, name)

    def get_function(self, arn: str, *given: Any, **more: Any) -> Any:
        """What S3 invokes, and whom others ask whether it is there."""
        if self._taker.knows(arn):
            return RunsFunction(self._taker, arn)
        return self._others.get_function(arn, *given, **more)

    def send_log_event(
        self, function_arn: str, filter_name: str, group: str, stream: str, events: Any
    ) -> None:
        """Lines of a log stream for a subscription filter, of which moto ignores the pattern."""
        if not self._taker.knows(function_arn):
            self._others.send_log_event(function_arn, filter_name, group, stream, events)
            return
        told = {
            "group": group,
            "stream": stream,
            "filter": filter_name,
            "pattern": self._pattern(group, filter_name),
            "events": events,
        }
        self._taker.take("logs", told, function_arn)

    def _pattern(self, group: str, filter_name: str) -> str:
        from moto.logs.models import logs_backends

        groups = logs_backends[self._others.account_id][self._others.region_name].groups
        return str(groups[group].subscription_filters[filter_name].filter_pattern or "")


class RunsFunction:
    """A function of the run, as S3 invokes it with an event that was made by ``event``."""

    def __init__(self, taker: Taker, arn: str) -> None:
        self._taker, self._arn = taker, arn

    def invoke(self, body: str, *headers: Any) -> None:
        """Raises EventsimError for what is no event of S3: nobody waits for an answer here."""
        event = orjson.loads(body)
        records = event.get("Records") if isinstance(event, dict) else None
        if not records or records[0].get("eventSource") != "aws:s3":
            raise EventsimError(f"moto's services can only tell {self._arn} of what happened")
        self._taker.push("s3", event, self._arn)


def install(taker: Taker) -> Undo:
    """Have *taker* take what is for the functions of its run; returns what ends that."""
    from moto.awslambda import utils
    from moto.events.models import Rule
    from moto.s3 import notifications
    from moto.s3.models import FakeBucket
    from moto.sns.models import Subscription

    ours: dict[tuple[Any, str], Callable[[Taker, Any], Any]] = {
        (utils, "get_backend"): _running,
        (notifications, "_get_s3_event"): _making,
        (FakeBucket, "set_notification_configuration"): _asking,
        (Subscription, "publish"): _publishing,
        (Rule, "send_to_targets"): sending,
    }
    theirs = {(place, name): getattr(place, name) for place, name in ours}
    for (place, name), replacing in ours.items():
        setattr(place, name, replacing(taker, theirs[place, name]))

    def undo() -> None:
        for (place, name), before in theirs.items():
            setattr(place, name, before)

    return undo


def _running(taker: Taker, theirs: Any) -> Any:
    def get_backend(account_id: str, region: str) -> Any:
        return RunsFunctions(taker, theirs(account_id, region))

    return get_backend


def _making(taker: Taker, theirs: Any) -> Any:
    """What makes the event of an object."""

    def get_s3_event(event_name: Any, bucket: Any, key: Any, notification_id: str) -> Any:
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        told = {
            "event_name": name,
            "bucket": bucket.name,
            "region": bucket.region_name,
            "key": key.name,
            "size": key.size,
            "etag": key.etag.strip('"'),
            "version_id": key.version_id if bucket.is_versioned else None,
            "configuration_id": notification_id,
        }
        made = taker.event("s3", told)
        return theirs(event_name, bucket, key, notification_id) if made is None else made

    return get_s3_event


def _publishing(taker: Taker, theirs: Any) -> Any:
    """What sends a message to one subscriber."""

    def publish_to(self: Any, message: str, message_id: str, **more: Any) -> None:
        if self.protocol != "lambda" or not taker.knows(self.endpoint):
            theirs(self, message, message_id, **more)
            return
        if more.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        told = {
            "topic_arn": self.topic.arn,
            "subscription_arn": self.arn,
            "message_id": message_id,
            "message": message,
            "subject": more.get("subject"),
            "attributes": more.get("message_attributes") or {},
            "settings": dict(self.attributes),
        }
        taker.take("sns", told, self.endpoint)

    return publish_to


def _asking(taker: Taker, configure: Any) -> Any:
    """As *configure*, which names whom a bucket tells, once each function may be invoked."""
    from moto.s3.exceptions import S3ClientError

    def set_notification_configuration(self: Any, configuration: Any) -> None:
        for function_arn in _functions(configuration):
            if not taker.may("s3", self.arn, function_arn):
                raise S3ClientError("InvalidArgument", NOT_VALIDATED)
        configure(self, configuration)

    return set_notification_configuration


def _functions(configuration: Any) -> list[str]:
    """The ARNs of the functions that a bucket is to tell, in moto's reading of its XML."""
    given = (configuration or {}).get("CloudFunctionConfiguration") or []
    each = given if isinstance(given, list) else [given]
    return [str(one["CloudFunction"]) for one in each if "CloudFunction" in one]
