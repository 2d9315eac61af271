"""
Sentences about asynchronous events, services that push, and functions that are changed.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

from eventsim.journal import Entry
from eventsim.reports._page import plural, shown, span_of_time
from eventsim.reports._phrases import Fields, because, function_of, place_of
from eventsim.reports._told import Sentence, Teller
from eventsim.reports._words import Mood, end

ASYNC = "asynchronous invocation"


def _filled(text: str, fields: Fields) -> str:
    """*text* with fields put in, each as it may be shown."""
    return text.format_map({name: shown(value) for name, value in fields.items()})


def _told(
    text: str, rule: str, concept: str = "", sort: str = "", *, wrong: bool = False
) -> Teller:
    def tell(entry: Entry) -> Sentence:
        fields = entry.fields
        names = {"function": function_of(fields), "target": end(fields.get("target", ""))}
        missing = dict.fromkeys(
            ("source", "key", "rule", "state", "resource", "request", "code"), ""
        )
        filled = _filled(text, {**missing, **fields, **names})
        mood: Mood = "wrong" if wrong else "event"
        return Sentence(because(filled, entry), rule, concept, sort, mood)

    return tell


def _requested(entry: Entry) -> Sentence | None:
    """A dry run; of any other request, what comes of it is told."""
    if entry.fields.get("type") != "DryRun":
        return None
    text = f"A dry run of {function_of(entry.fields)} is asked for: is it there, and allowed?"
    return Sentence(text.rstrip("?"), "DryRun", "dry run", "dry run")


def _pushed(entry: Entry) -> Sentence:
    fields = entry.fields
    waits = fields.get("type") != "Event"
    how = "and waits for its answer" if waits else "and does not wait"
    text = (
        f"The service {shown(fields.get('source'))} sends an event to {function_of(fields)} {how}"
    )
    kind = shown(fields.get("type"))
    return Sentence(text, f"InvocationType {kind}", "push", "pushed")


def _answered(entry: Entry) -> Sentence:
    fields = entry.fields
    service = f"The service {shown(fields.get('source'))}"
    if fields.get("accepted"):
        return Sentence(because(f"{service} accepts the answer", entry), "answer", "", "answered")
    text = because(f"{service} has no answer that it can take", entry)
    return Sentence(text, "answer", "synchronous", "", "wrong")


def _push_failed(entry: Entry) -> Sentence:
    """The Invoke API has said why, just before."""
    text = f"So the service {shown(entry.fields.get('source'))} gives the event up"
    return Sentence(text, "function policy", "policy", "", "wrong")


def _event_again(entry: Entry) -> Sentence:
    fields = entry.fields
    wait = span_of_time(fields["wait"])
    if not fields.get("invoked"):
        text = because(f"The event waits in its queue for {wait} more", entry)
        return Sentence(text, "throttling", "async throttle", "again")
    text = because(f"The same event is tried again in {wait}", entry)
    return Sentence(text, "MaximumRetryAttempts", "async retry", "again")


def _event_done(entry: Entry) -> Sentence:
    tries = entry.fields["approximate_invoke_count"]
    text = f"So the event of {function_of(entry.fields)} is done"
    return Sentence(text + (f", after {tries} runs" if tries > 1 else ""), ASYNC, "", "event done")


def _event_given_up(entry: Entry) -> Sentence:
    fields = entry.fields
    runs = plural(fields["approximate_invoke_count"], "run")
    text = f"Lambda gives the event up after {runs}, since {shown(entry.because)}"
    return Sentence(f"{text} ({shown(fields['condition'])})", ASYNC, "", "", "wrong")


def _sent(entry: Entry) -> Sentence:
    fields = entry.fields
    to, config = end(fields["destination"]), str(fields.get("config", ""))
    if config == "DeadLetterQueue":
        text = f"The event goes to the dead-letter queue {to}, as it was sent"
        return Sentence(text, "DeadLetterQueue", "dead letter")
    if config:
        text = f"A record of it goes to {to}: the event, and how it ended"
        return Sentence(text, shown(config), "destination")
    text = f"A document about what was given up on {place_of(fields)} goes to {to}"
    return Sentence(text, "OnFailure", "on failure")


def _unsent(entry: Entry) -> Sentence:
    fields = entry.fields
    text = (
        f"The destination {end(fields['destination'])} does not take it ({shown(fields['code'])})"
    )
    return Sentence(
        because(text, entry), shown(fields.get("config") or "OnFailure"), "", "", "wrong"
    )


def _redriven(entry: Entry) -> Sentence:
    fields = entry.fields
    verb = "message moves" if fields["records"] == 1 else "messages move"
    text = (
        f"{fields['records']:,} {verb} from the queue {shown(fields.get('source'))} to the queue "
    )
    text += f"{shown(fields.get('target'))}"
    return Sentence(because(text, entry), "RedrivePolicy", "redrive", "", "wrong")


def _loaded(entry: Entry) -> Sentence:
    fields = entry.fields
    text = f"A load on {function_of(fields)} is over: {plural(fields['requests'], 'request')}, "
    text += f"{plural(fields['cold_starts'], 'cold start')}, {plural(fields['errors'], 'error')}"
    return Sentence(text, "load", "")


def _changed(entry: Entry) -> Sentence:
    fields = entry.fields
    version = shown(fields.get("version") or "")
    text = f"The function {function_of(fields)} is changed" + (
        f", in version {version}" if version else ""
    )
    return Sentence(because(text, entry), "versions and aliases", "version")


# What is behind a refusal, by its code; any other is called by its code.
_REFUSALS = {
    "AccessDeniedException": "permissions",
    "ResourceNotFoundException": "functions and qualifiers",
    "InvalidRequestContentException": "payload",
    "RequestEntityTooLargeException": "payload limit",
    "RecursiveInvocationException": "RecursiveLoop",
}


def _denied(entry: Entry) -> Sentence:
    """Why nothing ran: who asked may not, or what was asked for is not there, or is no request."""
    code = shown(entry.fields.get("code") or "")
    text = f"The Invoke API refuses a request for {function_of(entry.fields)} ({code})"
    rule = _REFUSALS.get(code, code or "Invoke")
    return Sentence(because(text, entry), rule, "denied", f"denied {code}", "wrong")


SERVICES: dict[str, Teller] = {
    "messages_redriven": _redriven,
    "messages_expired": _told("Messages of {source} passed their retention", "retention"),
    "invocation_requested": _requested,
    "invocation_denied": _denied,
    "invocation_throttled": _told(
        "The Invoke API has no room for a request for {function}",
        "concurrency",
        "throttle",
        "throttled",
        wrong=True,
    ),
    "environment_reset": _told("The environment of {function} is reset", "Timeout", "reset"),
    "load_finished": _loaded,
    "function_changed": _changed,
    "permission_granted": _told(
        "The policy of {function} gets another statement", "AddPermission", "policy"
    ),
    "permission_revoked": _told(
        "The policy of {function} loses a statement", "RemovePermission", "policy"
    ),
    "event_queued": _told(
        "An event waits in the queue of {function}, and its sender has its answer",
        ASYNC,
        "async",
        "queued",
    ),
    "event_duplicated": _told(
        "The queue of {function} will deliver an event a second time", "at least once"
    ),
    "event_retried": _event_again,
    "event_succeeded": _event_done,
    "event_discarded": _event_given_up,
    "event_dropped": _told("The event is lost", ASYNC, "", "", wrong=True),
    "destination_delivered": _sent,
    "destination_failed": _unsent,
    "event_pushed": _pushed,
    "push_answered": _answered,
    "push_retried": _told(
        "The service {source} could not invoke {function} and tries again", "push retry"
    ),
    "push_failed": _push_failed,
    "object_put": _told("An object is put into the bucket {source}: {key}", "S3", "", "object"),
    "object_deleted": _told("An object of the bucket {source} is deleted: {key}", "S3"),
    "message_published": _told(
        "A message is published on the topic {source}", "SNS", "topic", "published"
    ),
    "notification_filtered": _told("Nobody is told by {source}", "filter", "", "unheard"),
    "notification_failed": _told(
        "What {source} sends is not taken by {target}", "subscription", "", "", wrong=True
    ),
    "event_put": _told("An event is put on the bus {source}", "EventBridge", "bus", "bus"),
    "schedule_fired": _told("The schedule {rule} fires", "ScheduleExpression", "", "fired"),
    "rule_matched": _told("The event matches the rule {rule}", "EventPattern", "", "matched"),
    "target_told": _told("The rule {rule} tells {target}", "target", "", "told"),
    "target_retried": _told("The rule {rule} will tell {target} again", "RetryPolicy"),
    "target_failed": _told(
        "The rule {rule} gives up telling {target}", "RetryPolicy", "", "", wrong=True
    ),
    "alarm_changed": _told("The alarm {source} is now {state}", "DatapointsToAlarm", "alarm"),
    "action_taken": _told("The alarm {source} tells {target}", "AlarmActions", "", "alarmed"),
    "action_failed": _told(
        "The alarm {source} could not tell {target}", "AlarmActions", "", "", wrong=True
    ),
    "resource_answered": _told(
        "The function of {resource} answers the {request} request at the ResponseURL",
        "ResponseURL",
        "custom resource",
    ),
    "resource_changed": _told(
        "The custom resource {resource} is now {state}", "PhysicalResourceId"
    ),
}
