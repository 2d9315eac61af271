"""Each entry as a line of words: where it happened, what happened, and because of what."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from eventsim.journal import Entry
from eventsim.reports._lanes import short_shard
from eventsim.reports._page import plural, shown, span_of_time

Fields = dict[str, Any]
Mood = Literal["quiet", "event", "wrong"]

DIGITS_SHOWN = 6
_LONG_NUMBER = re.compile(r"\d{21,}")


class Telling(NamedTuple):
    """How entries of a kind are told; ``counts`` says what a folded stretch adds up."""

    mood: Mood
    place: Callable[[Fields], str]
    text: Callable[[Entry], str]
    counts: Callable[[Fields], dict[str, int]] = lambda _: {}


@lru_cache(4096)
def _short(source: str, shard: str) -> str:
    return shown(source + short_shard(shard))


def _shard(fields: Fields) -> str:
    return _short(str(fields.get("source", "")), str(fields.get("shard") or ""))


def _function(fields: Fields) -> str:
    return _short(str(fields.get("function", "")), "")


def _field(name: str) -> Callable[[Fields], str]:
    return lambda fields: _short(str(fields.get(name, "")), "")


def _number(fields: Fields) -> str:
    return plural(fields.get("records", 0), "record")


def invoked(attempt: int, records: str, answer: Entry | None) -> str:
    """How one attempt at a batch went; *answer* is its invocation_finished."""
    head = f"invoked, attempt {attempt}, {records}"
    return f"{head}: {outcome(answer)}" if answer else head


def outcome(answer: Entry) -> str:
    """What an invocation came to: how long it took, or its error."""
    fields = answer.fields
    if not fields.get("error"):
        return f"done in {span_of_time(fields['duration'])}"
    error = [fields.get("error_type"), fields.get("error_message")]
    what = ": ".join(shown(part) for part in error if part) or shown(fields["error"])
    return f"function error {what}"


def _answered(entry: Entry) -> str:
    return f"invoked: {outcome(entry)}"


def _read(entry: Entry) -> str:
    polls = entry.fields["polls"]
    return f"read {_number(entry.fields)}" + (f", after {polls:,} polls" if polls > 1 else "")


def _because(text: str, entry: Entry) -> str:
    return f"{text}: {reason(entry)}" if entry.because else text


def reason(entry: Entry) -> str:
    """Why, with only the end of a sequence number: its 56 digits say little, and fill a line."""
    return _LONG_NUMBER.sub(lambda found: f"…{found[0][-DIGITS_SHOWN:]}", shown(entry.because))


def _formed(entry: Entry) -> str:
    if not entry.fields["records"] and entry.because:
        return reason(entry)
    return _because(f"batch of {entry.fields['records']:,} formed", entry)


def _delivered(entry: Entry) -> str:
    fields = entry.fields
    return f"{_number(fields)} delivered, attempt {fields['attempt']}"


def _failed(entry: Entry) -> str:
    fields = entry.fields
    taken = f"{fields['delivered']:,} of {_number(fields)} taken"
    return _because(taken if fields["delivered"] else f"{_number(fields)} not taken", entry)


def _returned(entry: Entry) -> str:
    fields = entry.fields
    again = span_of_time(fields["visible_in"])
    stay = "stays" if fields["records"] == 1 else "stay"
    return _because(f"{_number(fields)} {stay} in the queue, visible in {again}", entry)


def _redriven(entry: Entry) -> str:
    target = shown(entry.fields.get("target"))
    return _because(f"{_number(entry.fields)} moved to {target}", entry)


def _retried(entry: Entry) -> str:
    fields = entry.fields
    again = f"{_number(fields)} again in {span_of_time(fields['wait'])}"
    return _because(f"{again}, attempt {fields['attempt']}", entry)


def _discarded(entry: Entry) -> str:
    fields = entry.fields
    text = f"{plural(fields['batch_size'], 'record')} discarded, {shown(fields['condition'])}"
    return _because(text, entry)


def _sent(entry: Entry) -> str:
    fields = entry.fields
    return f"{_document(fields)} delivered to {_destination(fields)}"


def _unsent(entry: Entry) -> str:
    fields = entry.fields
    destination, code = _destination(fields), shown(fields["code"])
    return f"{_document(fields)} not taken by {destination}: {code}"


def _destination(fields: Fields) -> str:
    return end(fields["destination"])


def _document(fields: Fields) -> str:
    """What was to be delivered: the event itself, or a document about it or about records."""
    if fields.get("config") == "DeadLetterQueue":
        return "event"
    about = "record of the event" if "config" in fields else f"document about {_number(fields)}"
    return f"{fields['config']}: {about}" if "config" in fields else about


def _sent_from(fields: Fields) -> str:
    return _function(fields) if "config" in fields else _shard(fields)


def _event_retried(entry: Entry) -> str:
    fields = entry.fields
    verb = "again" if fields.get("invoked") else "back in the queue"
    return _because(f"event {verb}, tried in {span_of_time(fields['wait'])}", entry)


def _event_taken(entry: Entry) -> str:
    return f"event done, attempt {entry.fields['approximate_invoke_count']}"


def _event_discarded(entry: Entry) -> str:
    fields = entry.fields
    runs = plural(fields["approximate_invoke_count"], "run")
    return _because(f"event given up after {runs}, {shown(fields['condition'])}", entry)


def _asked(entry: Entry) -> str:
    dry = entry.fields.get("type") == "DryRun"
    return "dry run: checked, and nothing runs" if dry else "asked for"


def _refused(entry: Entry) -> str:
    return f"Invoke refused: {shown(entry.fields.get('code', entry.kind))}"


def _loaded(entry: Entry) -> str:
    fields = entry.fields
    parts = [
        plural(fields["requests"], "request"),
        plural(fields["cold_starts"], "cold start"),
        f"{fields['environments']:,.3g} environments on average",
        *(f"{fields[name]:,} {name}" for name in ("errors", "throttles") if fields[name]),
    ]
    return f"load ended: {', '.join(parts)}"


def _on(fields: dict[str, Any]) -> str:
    return str(fields["plan"]["on"])


def _measured(entry: Entry) -> str:
    kept = sum(1 for each in entry.fields["thresholds"] if each["passed"])
    of = len(entry.fields["thresholds"])
    late = "" if entry.fields["valid"] else ", not valid: the generator was late"
    return f"load measured, {kept} of {plural(of, 'threshold')} kept{late}"


def _split(entry: Entry) -> str:
    children = entry.fields.get("children") or ()
    into = " and ".join(short_shard(str(child)) for child in children)
    return _because(shown(f"split into {into}" if into else "split"), entry)


def _merged(entry: Entry) -> str:
    shards = entry.fields.get("shards") or ()
    parents = " and ".join(short_shard(str(shard)) for shard in shards)
    child = short_shard(str(entry.fields.get("child", "")))
    return _because(shown(f"{parents} merged into {child}"), entry)


def _mapped(entry: Entry) -> str:
    name, state = shown(entry.fields["mapping"]), shown(entry.fields.get("state"))
    return _because(f"mapping {name} {state}", entry)


def _checked(entry: Entry) -> str:
    fields = entry.fields
    return f"{shown(fields['name'])}: wanted {shown(fields['wanted'])}, found {fields['found']:,g}"


def _cut_off(entry: Entry) -> str:
    path, line = shown(entry.fields.get("path")), shown(entry.fields.get("line"))
    return f"recording {path} ends inside line {line}; every whole line was put"


def _push_retried(entry: Entry) -> str:
    fields = entry.fields
    again = f"event of {shown(fields['source'])} again in {span_of_time(fields['wait'])}"
    return _because(again, entry)


def _push_failed(entry: Entry) -> str:
    return _because(f"event of {shown(entry.fields['source'])} not taken", entry)


def _heard(entry: Entry) -> str:
    taken = "takes the answer" if entry.fields.get("accepted") else "has no answer to take"
    return _because(f"{shown(entry.fields['source'])} {taken}", entry)


def _untold(entry: Entry) -> str:
    target = entry.fields.get("target")
    return _because(f"{end(target)} not told" if target else "nobody told", entry)


def _not_taken(entry: Entry) -> str:
    fields = entry.fields
    kept = fields.get("destination")
    text = f"not taken by {end(fields['target'])}: {shown(fields['code'])}"
    return f"{text}, kept in {end(kept)}" if kept else text


def end(arn: Any) -> str:
    """The name at the end of an ARN."""
    return shown(str(arn).rpartition(":")[2].rpartition("/")[2])


def _plain(text: str) -> Callable[[Entry], str]:
    return lambda entry: _because(text, entry)


def _with(text: str, name: str) -> Callable[[Entry], str]:
    return lambda entry: _because(f"{text} {shown(entry.fields.get(name))}", entry)


def _counted(what: str, text: str) -> Callable[[Entry], str]:
    return lambda entry: f"{text} {_number(entry.fields)}{what}"


def _records(word: str) -> Callable[[Fields], dict[str, int]]:
    return lambda fields: {word: fields["records"]}


TELLINGS: dict[str, Telling] = {
    "records_put": Telling("quiet", _shard, _counted("", "put"), _records("put")),
    "recording_cut_off": Telling("wrong", _field("source"), _cut_off),
    "shard_split": Telling("event", _shard, _split),
    "shard_merged": Telling("event", _shard, _merged),
    "mapping_changed": Telling("event", _field("source"), _mapped),
    "records_read": Telling("quiet", _shard, _read, _records("read")),
    "records_filtered": Telling(
        "quiet", _shard, _counted("", "filtered out"), _records("filtered")
    ),
    "batch_formed": Telling("quiet", _shard, _formed),
    "batch_delivered": Telling(
        "quiet", _shard, _delivered, lambda fields: {"batch": 1, "delivered": fields["records"]}
    ),
    "batch_failed": Telling("quiet", _shard, _failed),
    "shard_lost": Telling("wrong", _shard, _plain("shard lost")),
    "retry_scheduled": Telling("wrong", _shard, _retried),
    "batch_bisected": Telling(
        "event", _shard, lambda e: _because(f"batch of {_number(e.fields)} split in two", e)
    ),
    "batch_discarded": Telling("wrong", _shard, _discarded),
    "messages_deleted": Telling(
        "quiet", _shard, _counted("", "deleted"), lambda fields: {"deleted": fields["records"]}
    ),
    "messages_returned": Telling("quiet", _shard, _returned),
    "messages_redriven": Telling("wrong", _field("source"), _redriven),
    "messages_expired": Telling(
        "wrong", _field("source"), lambda e: f"{_number(e.fields)} passed the queue's retention"
    ),
    "records_expired": Telling(
        "wrong", _shard, lambda e: _because(f"{_number(e.fields)} expired", e)
    ),
    "invocation_requested": Telling("quiet", _function, _asked, lambda _: {"request": 1}),
    "invocation_denied": Telling("wrong", _function, _refused),
    "invocation_throttled": Telling("wrong", _function, _refused),
    "invocation_finished": Telling("quiet", _function, _answered, lambda _: {"invocation": 1}),
    "environment_started": Telling(
        "quiet",
        _function,
        lambda e: f"cold start, init {span_of_time(e.fields['init'])}",
        lambda _: {"cold start": 1},
    ),
    "environment_reset": Telling("event", _function, _plain("environment reset")),
    "environment_stopped": Telling("quiet", _function, _plain("environment stopped")),
    "load_finished": Telling("event", _function, _loaded),
    "load_measured": Telling("event", _on, _measured),
    "function_logged": Telling("quiet", _function, _with("logged:", "text")),
    "function_changed": Telling("event", _function, _with("changed, version", "version")),
    "log_lines_lost": Telling("wrong", lambda _: "logs", _with("lines lost:", "lines")),
    "work_failed": Telling("wrong", _field("error_type"), _plain("failed")),
    "permission_granted": Telling("event", _function, _with("policy got statement", "statement")),
    "permission_revoked": Telling("event", _function, _with("policy lost statement", "statement")),
    "service_call_denied": Telling("wrong", _function, _with("denied", "action")),
    "event_queued": Telling("quiet", _function, _plain("event queued"), lambda _: {"event": 1}),
    "event_duplicated": Telling(
        "event", _function, lambda e: f"event comes again in {span_of_time(e.fields['wait'])}"
    ),
    "event_retried": Telling("wrong", _function, _event_retried),
    "event_succeeded": Telling("quiet", _function, _event_taken, lambda _: {"event done": 1}),
    "event_discarded": Telling("wrong", _function, _event_discarded),
    "event_dropped": Telling("wrong", _function, _plain("event lost")),
    "destination_delivered": Telling("event", _sent_from, _sent),
    "destination_failed": Telling("wrong", _sent_from, _unsent),
    "push_retried": Telling("wrong", _function, _push_retried),
    "push_answered": Telling("quiet", _function, _heard, lambda _: {"answer": 1}),
    "push_failed": Telling("wrong", _function, _push_failed),
    "object_put": Telling("quiet", _field("source"), _with("put", "key"), lambda _: {"object": 1}),
    "object_deleted": Telling("quiet", _field("source"), _with("deleted", "key")),
    "message_published": Telling(
        "quiet", _field("source"), _plain("message published"), lambda _: {"message": 1}
    ),
    "notification_filtered": Telling("quiet", _field("source"), _untold),
    "notification_failed": Telling("wrong", _field("source"), _not_taken),
    "schedule_fired": Telling("quiet", _field("rule"), _plain("schedule fired")),
    "rule_matched": Telling("quiet", _field("source"), _with("event matched", "rule")),
    "target_told": Telling("quiet", _field("rule"), _with("told", "target")),
    "target_retried": Telling("wrong", _field("rule"), _with("tells again", "target")),
    "target_failed": Telling("wrong", _field("rule"), _with("gave up", "target")),
    "alarm_changed": Telling("event", _field("source"), _with("is now", "state")),
    "action_taken": Telling("quiet", _field("source"), _with("told", "target")),
    "action_failed": Telling("wrong", _field("source"), _with("could not tell", "target")),
    "resource_answered": Telling("quiet", _field("resource"), _with("answered to", "request")),
    "resource_changed": Telling("event", _field("resource"), _with("is now", "state")),
    "expectation_checked": Telling("wrong", lambda _: "expected", _checked),
}
