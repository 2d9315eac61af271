"""
The kinds of journal entry there are: what each says, and the fields it carries.

Kinds are past tense and stable: a name is never reused for another meaning, and a change of
meaning raises ``SCHEMA_VERSION``. Times are in seconds since the run began, durations in
seconds, records are named by shard and sequence number.
"""

from __future__ import annotations

from typing import NamedTuple

SCHEMA_FIRST = SCHEMA_VERSION = 1


class Kind(NamedTuple):
    """What an entry of this kind says, and the names of its fields."""

    meaning: str
    fields: tuple[str, ...]


_SPAN = ("first", "last", "records")
_BATCH = ("mapping", "source", "shard", *_SPAN)
_DOCUMENT = (
    *("mapping", "source", "shard", "records"),
    *("function", "request_id", "config", "destination", "condition"),
)

KINDS: dict[str, Kind] = {
    "run_started": Kind(
        "the run began, from this scenario, seed and start, or by this `command`",
        (
            "scenario",
            "file",
            "lesson",
            "changes",
            "seed",
            "clock",
            "speed",
            "backend",
            "start",
            "detail",
            "schema",
            "version",
            "command",
        ),
    ),
    "run_finished": Kind(
        "the run ended; the counts are those of `eventsim report --as json`",
        ("outcome", "seconds", "counts"),
    ),
    "expectation_checked": Kind(
        "one line of the scenario's `expect` was held against the run",
        ("name", "passed", "wanted", "found"),
    ),
    "records_put": Kind(
        "records arrived on a shard, between the run times `since` and `until`",
        ("source", "shard", *_SPAN, "since", "until"),
    ),
    "recording_cut_off": Kind(
        "a recording ends in the middle of a line; every whole line was put",
        ("source", "path", "line"),
    ),
    "shard_split": Kind("a shard was split in two", ("source", "shard", "children")),
    "shard_merged": Kind("two shards were merged", ("source", "shards", "child")),
    "mapping_changed": Kind(
        "an event source mapping entered a state", ("mapping", "state", "function", "source")
    ),
    "records_read": Kind(
        "a poller read records; `polls` counts the requests since the last read, empty ones too",
        (*_BATCH, "polls", "behind"),
    ),
    "records_filtered": Kind("records matched no filter and were skipped", _BATCH),
    "batch_formed": Kind("a batch was closed and is ready to be sent", _BATCH),
    "batch_delivered": Kind(
        "the function took a batch; `age` is the iterator age of its last record, `final` says "
        "that it closed a tumbling window",
        (
            "mapping",
            "source",
            "shard",
            "function",
            "request_id",
            *_SPAN,
            "attempt",
            "age",
            "final",
        ),
    ),
    "batch_failed": Kind(
        "the function did not take a batch, or only `delivered` records of it; `invoked` is false "
        "when it did not run",
        (
            "mapping",
            "source",
            "shard",
            "function",
            "request_id",
            *_SPAN,
            "delivered",
            "invoked",
            "error",
            "attempt",
        ),
    ),
    "shard_lost": Kind(
        "a shard cannot be read any more: its stream or table is gone",
        ("mapping", "source", "shard"),
    ),
    "checkpoint_advanced": Kind(
        "everything on the shard up to this sequence number is done",
        ("mapping", "source", "shard", "sequence_number"),
    ),
    "retry_scheduled": Kind(
        "a failed batch will be sent again after `wait` seconds, as attempt `attempt`",
        ("mapping", "source", "shard", "function", "request_id", *_SPAN, "attempt", "wait"),
    ),
    "batch_bisected": Kind(
        "a failed batch was split in two, after `middle`",
        ("mapping", "source", "shard", *_SPAN, "middle"),
    ),
    "batch_discarded": Kind(
        "a batch was given up, for this condition",
        (
            "mapping",
            "source",
            "shard",
            "function",
            "request_id",
            "first",
            "last",
            "batch_size",
            "condition",
            "approximate_invoke_count",
        ),
    ),
    "messages_deleted": Kind("a mapping deleted messages from its queue", _BATCH),
    "messages_returned": Kind(
        "messages stay in their queue, and can be received again in `visible_in` seconds",
        (*_BATCH, "visible_in"),
    ),
    "messages_redriven": Kind(
        "messages were received too often and moved to the dead-letter queue `target`",
        ("source", *_SPAN, "target"),
    ),
    "messages_expired": Kind("messages passed the retention of their queue", ("source", *_SPAN)),
    "records_expired": Kind("records passed the stream's retention before they were done", _BATCH),
    "invocation_requested": Kind(
        "the Invoke API was called", ("function", "request_id", "type", "payload")
    ),
    "invocation_denied": Kind(
        "the Invoke API refused the request", ("function", "request_id", "code")
    ),
    "invocation_throttled": Kind(
        "the Invoke API had no room for the request", ("function", "request_id", "code")
    ),
    "invocation_started": Kind(
        "an execution environment began with the request",
        ("function", "version", "request_id", "environment"),
    ),
    "invocation_finished": Kind(
        "an execution environment answered; `error` is set when the function failed",
        (
            "function",
            "version",
            "request_id",
            "environment",
            "duration",
            "billed",
            "init",
            "error",
            "error_type",
            "error_message",
            "answer",
        ),
    ),
    "environment_started": Kind(
        "a cold start: an execution environment was made and initialised in `init` seconds",
        (
            *("function", "version", "environment", "init", "waited", "log_stream"),
            *("memory_size", "architecture", "error", "error_type", "error_message"),
        ),
    ),
    "environment_reused": Kind(
        "a warm start, after `idle` seconds", ("function", "environment", "idle")
    ),
    "environment_reset": Kind(
        "the runtime of an environment was killed; its globals are gone, its /tmp stays",
        ("function", "environment"),
    ),
    "environment_stopped": Kind("an execution environment is gone", ("function", "environment")),
    "load_finished": Kind(
        "every request of a load was answered; with `entries: totals` nothing else tells of them",
        (
            "function",
            "entries",
            "requests",
            "cold_starts",
            "cold_part",
            "throttles",
            "refused",
            "errors",
            "timeouts",
            "environments",
            "running",
            "duration",
            "billed",
            "memory_size",
            "architecture",
            "latency",
        ),
    ),
    "load_measured": Kind(
        "what `eventsim load` asked for, measured and judged; `measured` has every count, "
        "histogram and point of the series",
        ("plan", "measured", "thresholds", "valid", "lost"),
    ),
    "function_logged": Kind(
        "a function wrote lines to its log", ("function", "request_id", "environment", "text")
    ),
    "function_changed": Kind(
        "a function was updated or published, or an alias or provisioned concurrency of it changed",
        ("function", "version", "alias", "provisioned", "qualifier", "status"),
    ),
    "log_lines_lost": Kind("`lines` that functions wrote are not in CloudWatch Logs", ("lines",)),
    "work_failed": Kind(
        "something that went on behind the API of a server ended by an error", ("error_type",)
    ),
    "permission_granted": Kind(
        "the policy of a function, version or alias got the statement `statement`",
        ("function", "qualifier", "statement"),
    ),
    "permission_revoked": Kind(
        "the policy of a function, version or alias lost the statement `statement`",
        ("function", "qualifier", "statement"),
    ),
    "service_call_denied": Kind(
        "the role of a function may not do what its handler asked a service for",
        ("function", "action", "resource_arn", "code"),
    ),
    "event_queued": Kind(
        "an asynchronous event was accepted", ("function", "request_id", "queued")
    ),
    "event_duplicated": Kind(
        "the queue will deliver an event a second time, `wait` seconds after it was accepted",
        ("function", "request_id", "wait"),
    ),
    "event_retried": Kind(
        "an asynchronous event will be tried again in `wait` seconds; `invoked` is false when the "
        "function did not run, which costs no retry",
        ("function", "request_id", "attempt", "invoked", "wait", "age"),
    ),
    "event_succeeded": Kind(
        "the function took an asynchronous event",
        ("function", "request_id", "approximate_invoke_count", "age"),
    ),
    "event_discarded": Kind(
        "an asynchronous event was given up, for this condition; what took it follows",
        ("function", "request_id", "condition", "approximate_invoke_count", "age"),
    ),
    "event_dropped": Kind(
        "an event that was given up is lost: no dead-letter queue and no destination took it",
        ("function", "request_id", "condition"),
    ),
    "destination_delivered": Kind(
        "a document was delivered: about discarded records of a `mapping`, or about the "
        "asynchronous event `request_id` of a function",
        _DOCUMENT,
    ),
    "destination_failed": Kind(
        "a destination or a dead-letter queue did not take a document; it is not sent again",
        (*_DOCUMENT, "code"),
    ),
    "event_pushed": Kind(
        "a service sent an event to a function", ("source", "function", "request_id", "type")
    ),
    "push_retried": Kind(
        "the function could not be invoked; the service tries again in `wait` seconds",
        ("source", "function", "request_id", "wait"),
    ),
    "push_failed": Kind(
        "the function could not be invoked, and the service gave the event up",
        ("source", "function", "request_id", "code"),
    ),
    "push_answered": Kind(
        "the service read the function's answer", ("source", "function", "request_id", "accepted")
    ),
    "object_put": Kind("an object was put into the bucket `source`", ("source", "key", "bytes")),
    "object_deleted": Kind(
        "an object of the bucket `source` was deleted", ("source", "key", "bytes")
    ),
    "message_published": Kind(
        "a message was published on the topic `source`", ("source", "message_id")
    ),
    "notification_filtered": Kind(
        "a subscription to a topic did not accept a message, or no notification of a bucket was "
        "for what happened to an object",
        ("source", "target", "message_id", "key"),
    ),
    "notification_failed": Kind(
        "a queue, topic or bus did not take what a bucket or topic sent, or SNS gave up invoking a "
        "function; the queue `destination` has the message",
        ("source", "target", "message_id", "key", "code", "destination"),
    ),
    "request_served": Kind(
        "a front answered an HTTP request, or a WebSocket connection to it ended",
        ("front", "method", "url_path", "http_status"),
    ),
    "event_put": Kind(
        "an event was put on the bus `source`", ("source", "event_id", "sender", "detail_type")
    ),
    "rule_matched": Kind("an event matched a rule of its bus", ("source", "rule", "event_id")),
    "schedule_fired": Kind("the schedule of a rule fired", ("source", "rule")),
    "target_told": Kind(
        "a target of a rule, which is no function, took an event",
        ("source", "rule", "target", "event_id"),
    ),
    "target_retried": Kind(
        "a target of a rule did not take an event; it is tried again in `wait` seconds",
        ("source", "rule", "target", "event_id", "wait"),
    ),
    "target_failed": Kind(
        "a target of a rule was given up for an event, which went to the queue `destination`",
        ("source", "rule", "target", "event_id", "code", "destination"),
    ),
    "alarm_changed": Kind("the alarm `source` entered a state", ("source", "state")),
    "action_taken": Kind(
        "an alarm published its change to the topic `target`", ("source", "target")
    ),
    "action_failed": Kind(
        "the topic `target` did not take the change of an alarm", ("source", "target", "code")
    ),
    "resource_answered": Kind(
        "the function of a custom resource answered at the ResponseURL; `accepted` says that it "
        "did as the service asks",
        ("source", "function", "resource", "request", "accepted"),
    ),
    "resource_changed": Kind(
        "a custom resource of a stack entered a state",
        ("source", "function", "resource", "physical_id", "state"),
    ),
    "payload_kept": Kind(
        "the content that other entries name by its hash, once", ("hash", "content")
    ),
}

# Written at every detail, even `off`: without them a journal says nothing at all.
FRAME = frozenset(
    {
        *("run_started", "run_finished", "expectation_checked", "recording_cut_off"),
        "load_measured",
    }
)
