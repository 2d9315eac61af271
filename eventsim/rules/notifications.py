"""
Which notifications of a bucket an event goes to: by the names of events, and by the object's key.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
(``*`` stands for all events of a kind and nothing else. Two notifications for the same event must
not both match a key, or S3 refuses the configuration.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from eventsim.rules.refusals import Refusal

EVENT_NAMES = (
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAcl:Put",
    "s3:ObjectRetention:Put",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectAnnotation:Delete",
)
EVENT_PATTERNS = (
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:*",
    "s3:ObjectRestore:*",
    "s3:Replication:*",
    "s3:LifecycleExpiration:*",
    "s3:ObjectTagging:*",
    "s3:ObjectAnnotation:*",
)
NOTIFICATIONS_MAX = 100


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification of a bucket's configuration: for which events, of which keys, to whom."""

    id: str
    target: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def matches(self, event_name: str, key: str) -> bool:
        """Whether an event of that name (with or without ``s3:``) about *key* is for this one."""
        named = any(_names(pattern, event_name) for pattern in self.events)
        return named and key.startswith(self.prefix) and key.endswith(self.suffix)


def matching(
    notifications: Iterable[Notification], event_name: str, key: str
) -> list[Notification]:
    """Return the notifications that an event goes to; one for each, if S3 took them."""
    return [each for each in notifications if each.matches(event_name, key)]


def refuse(notifications: Sequence[Notification]) -> Refusal | None:
    """Return why S3 refuses a bucket's configuration, or None when it is all right."""
    if len(notifications) > NOTIFICATIONS_MAX:
        return _invalid(f"{len(notifications)} notifications, over {NOTIFICATIONS_MAX}")
    for each in notifications:
        unknown = [name for name in each.events if name not in (*EVENT_NAMES, *EVENT_PATTERNS)]
        if unknown:
            return _malformed(f"{each.id}: S3 has no event called '{unknown[0]}'")
        if not each.events:
            return _malformed(f"{each.id}: a notification needs an event")
    for one, other in combinations(notifications, 2):
        shared = _shared_event(one, other)
        if shared and _overlap(one, other):
            return _invalid(
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two "
                "rules if the prefixes are overlapping for the same event type. "
                f"({one.id} and {other.id} both match keys of {shared})"
            )
    return None


def _names(pattern: str, event_name: str) -> bool:
    wanted, name = pattern.removeprefix("s3:"), event_name.removeprefix("s3:")
    return name.startswith(wanted[:-1]) if wanted.endswith(":*") else name == wanted


def _shared_event(one: Notification, other: Notification) -> str | None:
    """An event that both are for."""
    for name in EVENT_NAMES:
        if all(any(_names(pattern, name) for pattern in each.events) for each in (one, other)):
            return name
    return None


def _overlap(one: Notification, other: Notification) -> bool:
    """Whether there are keys that both filters match."""
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    suffixes = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    return prefixes and suffixes


def _invalid(text: str) -> Refusal:
    return Refusal("InvalidArgument", text)


def _malformed(text: str) -> Refusal:
    return Refusal("MalformedXML", text)
