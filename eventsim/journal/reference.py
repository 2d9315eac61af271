"""
The reference page of the journal, made from its kinds.

    python -m eventsim.journal.reference > docs/journal.md
"""

from __future__ import annotations

import sys

from eventsim.journal.kinds import FRAME, KINDS, SCHEMA_VERSION

FRAME_FIELDS = {
    "seq": "the entry's number, from 1 on without a gap",
    "time": "seconds since the run began, in simulated time",
    "at": "the simulated date and time, UTC, in milliseconds",
    "kind": "what happened, one of the kinds below",
    "because": "the reason in words; absent where there is none to give",
}

FIELDS = {
    "action": "what the role may not do, as in `s3:PutObject`",
    "age": "seconds from the arrival of the batch's last record to its delivery, or of an "
    "asynchronous event to the attempt at it",
    "answer": "hash of the answer, at detail `payload`",
    "approximate_invoke_count": "how often the batch was tried, or the function ran for the event",
    "attempt": "which attempt at the batch or event this is, from 1 on",
    "backend": "where the AWS services came from: `simulated`, `moto` or `endpoint`",
    "batch_size": "how many records the batch holds",
    "behind": "MillisBehindLatest of the last read, in seconds",
    "billed": "seconds billed for the invocation, or for all of a load",
    "bytes": "the size of the object",
    "changes": "what `--set` changed of the scenario",
    "child": "the new shard",
    "children": "the new shards",
    "clock": "`virtual` or `real`",
    "code": "AWS's error code, or `Unreachable` where there was no answer",
    "cold_part": "the part of the served requests that met a cold start, from 0 to 1",
    "cold_starts": "how many requests met a cold start",
    "command": "what was typed, without files and addresses; of `eventsim poll` only",
    "accepted": "whether the answer kept the service's contract",
    "alias": "the alias of the function",
    "architecture": "`x86_64` or `arm64`, which have different prices",
    "condition": "AWS's name for why: `RetryAttemptsExhausted`, `RetriesExhausted`, `Success`, …",
    "config": "what named the destination: `DeadLetterQueue`, `OnSuccess` or `OnFailure`; absent "
    "for a mapping's",
    "content": "the content as text",
    "counts": "what the run counted, by mapping, function and source",
    "delivered": "how many of its records the function took all the same",
    "destination": "ARN of the queue, topic, bucket, bus or function that the document is for",
    "detail": "how much the journal tells: `off`, `batch` or `payload`",
    "detail_type": "what kind of event it is, in its sender's words",
    "duration": "seconds that the function ran, for all of a load together",
    "environment": "the execution environment",
    "entries": "`each` when every request has entries of its own, `totals` when none has",
    "environments": "how many execution environments there were, on average",
    "error": "AWS's word for a function error, absent when the function succeeded",
    "error_message": "the function's own message",
    "error_type": "the function's own type of error",
    "event_id": "the event's id",
    "errors": "how many function errors there were, timeouts among them",
    "file": "the scenario's file, relative to its project folder",
    "final": "true when the batch was the final invocation of its tumbling window",
    "first": "sequence number of the first record, id of a queue's first message",
    "found": "what the run gave",
    "front": "the API, load balancer or function URL",
    "function": "the function",
    "hash": "SHA-256 of the content",
    "http_status": "of the response; 101 for a connection that was let in",
    "idle": "seconds since the environment's last invocation",
    "init": "seconds that the init of a cold start took",
    "invoked": "whether the function ran",
    "key": "the object's key",
    "last": "sequence number of the last record, id of a queue's last message",
    "latency": (
        "from the arrival of a request to its answer: mean, percentiles and maximum in seconds, "
        "null where none was served"
    ),
    "lesson": "the first sentence of the scenario",
    "line": "number of the line that is not whole",
    "lines": "how many lines they are",
    "log_stream": "the environment's log stream",
    "lost": "the parts of a load whose workers were lost: what each was to send, and had told of",
    "mapping": "the event source mapping, as function.EventName",
    "measured": "every count, histogram and point of the series of a load",
    "memory_size": "MB of the function, which have their price",
    "message_id": "the message's id",
    "method": "of the request",
    "middle": "sequence number of the last record of the first half",
    "name": "the expectation in words",
    "outcome": "`ok`, `failed` or `interrupted`",
    "passed": "whether it held",
    "path": "the recording, as the scenario names it",
    "physical_id": "the function's own id for the resource",
    "payload": "hash of the event, at detail `payload`",
    "plan": "what a load was asked to be",
    "polls": "requests since the last read, empty ones and this one included",
    "provisioned": "how many environments are to be ready at all times",
    "qualifier": "the version or alias that was named",
    "queued": "how many events are in the queue, this one included",
    "records": "how many records",
    "refused": "how many requests were refused for another reason than throttling",
    "requests": "how many requests arrived",
    "request": "`Create`, `Update` or `Delete`",
    "resource_arn": "ARN of what the action is on, or `*`",
    "resource": "the resource, as stack/LogicalResourceId",
    "rule": "the rule, or the schedule",
    "request_id": "the invocation's request id, the same for a batch sent again unchanged",
    "scenario": "the scenario's name",
    "running": "how many of the environments were busy, on average",
    "schema": "version of this format",
    "seconds": "how long the run took, in simulated time",
    "seed": "the seed of every chance in the run",
    "sender": "who the event is from, its `source`",
    "sequence_number": "the checkpoint",
    "shard": "the shard's id, empty for a queue",
    "shards": "the shards' ids",
    "since": "run time of the first arrival",
    "source": "the event source, by its resource name",
    "speed": "simulated seconds per real second; 1 in virtual time",
    "start": "the simulated date and time of the start",
    "state": "the mapping's, the resource's or the alarm's state in AWS's words",
    "statement": "the id of the statement",
    "status": "IN_PROGRESS, READY or FAILED",
    "target": "the other queue; of a rule or a notification, ARN of who is told",
    "text": "the lines",
    "thresholds": "each threshold of a load, whether it was kept, and what was found",
    "throttles": "how many requests were throttled",
    "timeouts": "how many invocations were ended at the function's Timeout",
    "type": "`RequestResponse`, `Event` or `DryRun`",
    "until": "run time of the last arrival",
    "url_path": "of the request, as it came, without its query",
    "valid": "whether the generator was late by no more than its bound, and no part is lost",
    "version": "the function's version; in `run_started`, eventsim's",
    "visible_in": "seconds until then",
    "wait": "seconds until then",
    "waited": "seconds that a new environment waited for before its init, absent for none",
    "wanted": "what the scenario asks for",
}


def markdown() -> str:
    """Return docs/journal.md: every kind with its meaning, every field with its own."""
    frame = ", ".join(f"`{kind}`" for kind in KINDS if kind in FRAME)
    return "\n".join(
        [
            "# The journal",
            "",
            "Everything a run did, one JSON object a line, and all that reports and",
            "expectations know of it. `eventsim run scenario.yaml --journal run.jsonl` writes",
            "it (gzip by a name that ends in `.gz`), `eventsim report run.jsonl` reads it,",
            "while it grows too.",
            "",
            f"This is schema {SCHEMA_VERSION}. Kinds are past tense and stable, times and",
            "durations are in simulated seconds, records are named by shard and sequence",
            "number. Real elapsed time, host names and absolute paths are never in it: the",
            "same scenario, seed and versions give the same bytes.",
            "",
            f"At detail `off` only the frame is written: {frame}.",
            "`batch` writes every kind below but `function_logged` and `payload_kept`;",
            "`payload` adds those two, with events, answers and log lines.",
            "",
            "## Every entry",
            "",
            *_table("field", FRAME_FIELDS),
            "",
            "## Kinds",
            "",
            "| kind | says | fields |",
            "|---|---|---|",
            *(
                f"| `{name}` | {kind.meaning} | {' '.join(f'`{field}`' for field in kind.fields)} |"
                for name, kind in KINDS.items()
            ),
            "",
            "## Fields",
            "",
            *_table("field", FIELDS),
            "",
        ]
    )


def _table(title: str, rows: dict[str, str]) -> list[str]:
    head = [f"| {title} | meaning |", "|---|---|"]
    return [*head, *(f"| `{name}` | {meaning} |" for name, meaning in rows.items())]


if __name__ == "__main__":
    sys.stdout.write(markdown())
