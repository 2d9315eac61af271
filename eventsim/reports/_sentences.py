"""
Each entry as a sentence for somebody who sees Lambda for the first time: what happened and why.

Pure: an entry comes in, a ``Sentence`` goes out. The reason is the journal's own ``because``, and
``rule`` names the setting or the rule of AWS's that is behind it.

https://docs.aws.amazon.com/lambda/latest/dg/concepts-event-driven-architectures.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from eventsim.journal import Entry
from eventsim.reports._page import plural, shown, span_of_time
from eventsim.reports._phrases import (
    Fields,
    because,
    error_of,
    function_of,
    number_of,
    place_of,
    setting_in,
    shard_name,
    them,
)
from eventsim.reports._service_sentences import SERVICES
from eventsim.reports._told import Sentence, Teller
from eventsim.reports._words import reason

PARTIAL, WHOLE = "ReportBatchItemFailures", "a batch is taken as a whole"
_TIMED_OUT = "Sandbox.Timedout"
_RETRY = re.compile(r"retry (\d+) of (\d+)$")
_USED_UP = re.compile(r"MaximumRetryAttempts (\d+) used up")
_USED = {"0": "no retries are allowed", "1": "its one retry is used up"}
_TOO_OLD = re.compile(r"MaximumRecordAgeInSeconds (\d+) reached")
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


class Attempt(NamedTuple):
    """An entry about a batch and, if the function ran for it, the invocation_finished of that."""

    entry: Entry
    answer: Entry | None = None


def ordinal(number: int) -> str:
    """``third`` for 3, ``12th`` for 12."""
    return _ORDINALS[number] if 0 < number < len(_ORDINALS) else f"{number:,}th"


def delivered(attempt: Attempt) -> Sentence:
    """The function took a batch."""
    fields = attempt.entry.fields
    function, place = function_of(fields), place_of(fields)
    time = f" in {span_of_time(attempt.answer.fields['duration'])}" if attempt.answer else ""
    if fields.get("final"):
        text = f"The function {function} closes its window{time}"
        return Sentence(text, "TumblingWindowInSeconds", "checkpoint", "taken")
    tried = fields["attempt"]
    late = f", at the {ordinal(tried)} attempt" if tried > 1 else ""
    text = f"The function {function} takes {the(fields)} of {place}{time}{late}"
    if not fields.get("shard"):
        return Sentence(text, "delete when done", "", "taken")
    return Sentence(text, "checkpoint", "checkpoint", "taken")


def failed(attempt: Attempt) -> Sentence:
    """The function did not take a batch, or only a part of it, or could not be invoked."""
    fields, answer = attempt.entry.fields, attempt.answer
    function, place = function_of(fields), place_of(fields)
    if not fields["invoked"]:
        code = shown(fields.get("error") or attempt.entry.because or "an error of the Invoke API")
        text = f"The function {function} cannot be invoked with {the(fields)} of {place}: {code}"
        return Sentence(text, "concurrency", "throttle", f"refused {code}", "wrong")
    if not (answer.fields.get("error") if answer else _failed_whole(attempt.entry)):
        taken = fields["delivered"]
        part = f"takes {taken:,} of " if taken else "does not take "
        text = f"The function {function} {part}{the(fields)} of {place} and names what failed"
        return Sentence(because(text, attempt.entry), PARTIAL, "", "partial", "wrong")
    error = error_of(answer.fields) if answer else reason(attempt.entry)
    tried = f" at the {ordinal(fields['attempt'])} attempt" if fields["attempt"] > 1 else ""
    text = f"The function {function} fails{tried} with {the(fields)} of {place}: {error}"
    error_type = answer.fields.get("error_type") if answer else None
    rule, concept = (WHOLE, "whole") if fields["records"] > 1 else ("function error", "")
    if error_type == _TIMED_OUT:
        rule, concept = "Timeout", "timeout"
    return Sentence(text, rule, concept, f"failed {error_type}", "wrong")


def _failed_whole(entry: Entry) -> bool:
    """Whether the function failed, and did not name what it could not take."""
    return not (entry.because or "").startswith("batchItemFailures")


def invoked(answer: Entry) -> Sentence:
    """An invocation that no batch asked for."""
    fields = answer.fields
    function, time = function_of(fields), span_of_time(fields["duration"])
    if not fields.get("error"):
        text = f"The function {function} is invoked and done in {time}"
        return Sentence(text, "Invoke", "", "invoked")
    timeout = fields.get("error_type") == _TIMED_OUT
    what = "is stopped" if timeout else "is invoked and fails"
    text = f"The function {function} {what} after {time}: {error_of(fields)}"
    rule, concept = ("Timeout", "timeout") if timeout else ("function error", "error")
    return Sentence(text, rule, concept, f"error {fields.get('error_type')}", "wrong")


def the(fields: Fields) -> str:
    """``the record``, ``the 2 records``; of a queue, messages."""
    word = "record" if fields.get("shard") else "message"
    count = fields["records"]
    return f"the {word}" if count == 1 else f"the {plural(count, word)}"


def _mapped(entry: Entry) -> Sentence | None:
    fields = entry.fields
    name, state = shown(fields["mapping"]), shown(fields.get("state"))
    if state == "Creating":
        return None
    if state == "Enabled":
        source, function = shown(fields["source"]), function_of(fields)
        text = f"The event source mapping {name} is enabled: from now on Lambda reads {source}"
        text += f" and invokes the function {function} with what it finds"
    else:
        text = f"The event source mapping {name} is now {state}"
    return Sentence(because(text, entry), "Enabled", "")


def _put(entry: Entry) -> Sentence:
    fields = entry.fields
    is_stream = bool(fields.get("shard"))
    verb = "is" if fields["records"] == 1 else "are"
    where = f"on {place_of(fields)}" if is_stream else f"into {place_of(fields)}"
    text = f"{number_of(fields)} {verb} put {where}"
    since, until = fields.get("since"), fields.get("until")
    if isinstance(since, int | float) and isinstance(until, int | float) and until > since:
        text += f", the last one {span_of_time(until - since)} after the first"
    if is_stream:
        return Sentence(text, "partition key", "shard", "put")
    return Sentence(text, "queue", "queue", "put")


def _read(entry: Entry) -> Sentence:
    fields = entry.fields
    place, polls = place_of(fields), fields["polls"]
    if not fields.get("shard"):
        text = f"Lambda receives {number_of(fields)} from {place}"
        return Sentence(text, "visibility timeout", "receive", "read")
    if polls < 1:
        text = f"{number_of(fields)} of {place} {'is' if fields['records'] == 1 else 'are'} pushed"
        return Sentence(f"{text} to Lambda at once", "enhanced fan-out", "", "read")
    empty = ""
    if polls > 1:
        vain = "one request" if polls == 2 else f"{polls - 1:,} requests"
        empty = f"After {vain} in vain, "
    return Sentence(
        f"{empty}Lambda reads {number_of(fields)} from {place}", "polling", "poll", "read"
    )


def _formed(entry: Entry) -> Sentence:
    fields, why = entry.fields, entry.because or ""
    function, place = shown(str(fields["mapping"]).partition(".")[0]), place_of(fields)
    if why.startswith("final invocation"):
        reason = shown(why.partition(": ")[2])
        text = f"A tumbling window of {place} is over ({reason}), so {function} is invoked with "
        text += "what it returned last, and no records"
        return Sentence(text, "TumblingWindowInSeconds", "window", "formed")
    batch = f"a batch of {number_of(fields)} from {place} goes to the function {function}"
    if why == "MaximumBatchingWindowInSeconds is 0":
        text, rule = f"{batch} without waiting for more", "MaximumBatchingWindowInSeconds"
    elif why.startswith("window of"):
        text, rule = f"the batching window is over, and {batch}", "MaximumBatchingWindowInSeconds"
    elif why.endswith("reached"):
        full = shown(why.removesuffix(" reached").replace("BatchSize ", "BatchSize is "))
        text, rule = f"{batch}; it is full, since {full}", setting_in(why, "payload limit")
    else:
        text, rule = because(batch, entry), setting_in(why, "BatchSize")
    return Sentence(text[:1].upper() + text[1:], rule, "batch", "formed")


def _again(entry: Entry) -> Sentence:
    fields, why = entry.fields, entry.because or ""
    one = fields["records"] == 1
    what = the(fields).removeprefix("the ") + (" is" if one else " are")
    text = f"The same {what} sent again in {span_of_time(fields['wait'])}"
    if found := _RETRY.search(why):
        number, limit = int(found[1]), int(found[2])
        text += (
            f", retry {number:,} of the {limit:,} allowed"
            if limit > 1
            else ", the one retry allowed"
        )
    elif why.endswith("until the records expire"):
        they = "it expires" if one else "they expire"
        text += f", and so on until {they}, since retries have no limit"
    elif why.startswith("batchItemFailures"):
        text += "; what is left of a batch has all its retries again"
        return Sentence(text, PARTIAL, "wait" if fields.get("shard") else "", "again")
    elif why.endswith("costs no retry"):
        return Sentence(
            f"{text}; it was not invoked, which costs no retry", "throttling", "", "again"
        )
    else:
        text = because(text, entry)
    concept = "wait" if fields.get("shard") else ""
    return Sentence(text, "MaximumRetryAttempts", concept, "again")


def _bisected(entry: Entry) -> Sentence:
    text = f"The {number_of(entry.fields)} are cut in two, and each half is sent by itself"
    return Sentence(text, "BisectBatchOnFunctionError", "bisect", "")


def _discarded(entry: Entry) -> Sentence:
    fields = entry.fields
    count, tries = fields["batch_size"], fields["approximate_invoke_count"]
    what = "the record" if count == 1 else f"the {plural(count, 'record')}"
    after = f" after {plural(tries, 'attempt')}" if tries else " without an attempt"
    text = f"Lambda gives up {what} of {place_of(fields)}{after}, since {_limit(entry)}"
    condition = shown(fields["condition"])
    rule = setting_in(entry.because, condition)
    return Sentence(f"{text} ({condition})", rule, "discard", "given up", "wrong")


def _limit(entry: Entry) -> str:
    """Which limit was reached, in words that name the setting and its value."""
    why = entry.because or "a limit was reached"
    if found := _USED_UP.fullmatch(why):
        return _USED.get(found[1], f"all {found[1]} retries are used up")
    if found := _TOO_OLD.fullmatch(why):
        return f"records may be {found[1]} s old and no older"
    return shown(why)


def _expired(entry: Entry) -> Sentence:
    they = "it was" if entry.fields["records"] == 1 else "they were"
    text = f"{number_of(entry.fields)} of {place_of(entry.fields)} expired before {they} done"
    return Sentence(because(text, entry), "retention", "", "", "wrong")


def _split(entry: Entry) -> Sentence:
    children = " and ".join(shard_name(child) for child in entry.fields.get("children") or ())
    text = f"{place_of(entry.fields)} is split into shards {children}".removeprefix("shard ")
    return Sentence(because(f"Shard {text}", entry), "resharding", "split", "")


def _merged(entry: Entry) -> Sentence:
    fields = entry.fields
    parents = " and ".join(shard_name(shard) for shard in fields.get("shards") or ())
    text = f"Shards {parents} of {shown(fields.get('source'))} are merged into shard "
    text += shard_name(fields.get("child", ""))
    return Sentence(because(text, entry), "resharding", "split", "")


def _returned(entry: Entry) -> Sentence:
    fields = entry.fields
    text = f"{them(fields)} in the queue, and can be received again in "
    return Sentence(text + span_of_time(fields["visible_in"]), "visibility timeout", "", "returned")


def _started(entry: Entry) -> Sentence:
    fields = entry.fields
    function, init = function_of(fields), span_of_time(fields["init"])
    if fields.get("error_type"):
        text = f"A new execution environment of {function} fails to come up within {init}: "
        return Sentence(text + error_of(fields), "init phase", "cold", "", "wrong")
    text = f"A new execution environment of {function} is ready after an init of {init}"
    if entry.because == "provisioned concurrency":
        return Sentence(f"{text}, before anybody asked", "ProvisionedConcurrencyConfig", "cold")
    text = because(text, entry, ", since")
    another = "Another one is ready at the same moment, for the same reason"
    return Sentence(text, "cold start", "cold", "cold start", again=another)


def _stopped(entry: Entry) -> Sentence | None:
    if entry.because == "the run ended":
        return None
    text = f"An execution environment of {function_of(entry.fields)} is stopped"
    return Sentence(because(text, entry), "idle environments", "", "stopped")


def _reused(entry: Entry) -> Sentence:
    seconds = entry.fields.get("idle")
    idle = span_of_time(seconds) if isinstance(seconds, int | float) and seconds else ""
    text = f"The function {function_of(entry.fields)} runs in an environment that is there already"
    text += f", idle for {idle}" if idle else ", just free again"
    return Sentence(text, "warm start", "warm", "warm start")


def _told(text: str, rule: str, concept: str = "", sort: str = "") -> Teller:
    """A sentence about records on a shard or in a queue; ``{n}`` and ``{place}`` are filled in."""

    def tell(entry: Entry) -> Sentence:
        fields = entry.fields
        filled = text.format(n=number_of(fields), place=place_of(fields))
        return Sentence(because(filled, entry), rule, concept, sort)

    return tell


def _lost(entry: Entry) -> Sentence:
    return Sentence(f"There is no {place_of(entry.fields)} any more", "shard", "", "", "wrong")


SENTENCES: dict[str, Callable[[Entry], Sentence | None]] = {
    "mapping_changed": _mapped,
    "records_put": _put,
    "records_read": _read,
    "records_filtered": _told("{n} of {place} never reach a function", "FilterCriteria", "filter"),
    "records_expired": _expired,
    "batch_formed": _formed,
    "retry_scheduled": _again,
    "batch_bisected": _bisected,
    "batch_discarded": _discarded,
    "shard_lost": _lost,
    "shard_split": _split,
    "shard_merged": _merged,
    "messages_deleted": _told("Lambda deletes {n} from {place}", "delete when done", "", "deleted"),
    "messages_returned": _returned,
    "environment_started": _started,
    "environment_reused": _reused,
    "environment_stopped": _stopped,
    **SERVICES,
}
