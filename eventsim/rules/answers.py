"""
What a function's answer says of the batch it got: which records it took, and its window's state.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
(With ReportBatchItemFailures the lowest sequence number named is where the function stopped:
what stands before it is done. A name that is no record of the batch fails the whole batch. In a
tumbling window an answer without ``state`` is a failure.)

Where AWS is silent: an answer that is neither empty nor an object fails the whole batch, and so
does state that is nested deeper than an event with it could be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from eventsim.types import Record

STATE_BYTES_MAX = 1024 * 1024
_DIGITS_MAX = 1_000  # a text of any length may come back
_FRAMES = 16  # no event, document or checkpoint file holds a state deeper inside than this


class Verdict(NamedTuple):
    """The first *taken* records are done; ``because`` says why the others are not, if any are.

    ``outright`` is the failure of the whole batch, not of the records from one on. ``state`` is
    what the function returned for its window, ``oversized`` when it may not be kept.
    """

    taken: int
    because: str | None = None
    outright: bool = False
    state: Any = None
    oversized: bool = False


def read_answer(
    payload: bytes, records: Sequence[Record], *, reports: bool, windowed: bool
) -> Verdict:
    """Return what *payload*, the answer of a function that did not fail, says of *records*."""
    try:
        answer = orjson.loads(payload) if payload else None
    except ValueError:
        return _failed("the answer is not JSON")
    verdict = _reported(answer, records) if reports else Verdict(len(records))
    if not windowed or verdict.outright:
        return verdict
    if not isinstance(answer, dict) or "state" not in answer:
        return _failed("the answer has no state, which a tumbling window needs")
    state = answer["state"]
    size = _state_bytes(state)
    if size is None:
        return _failed("the state is nested too deep")
    return verdict._replace(state=state, oversized=size > STATE_BYTES_MAX)


def _state_bytes(state: Any) -> int | None:
    """How many bytes the state has as compact JSON; None when it could not be written later."""
    framed = state
    for _ in range(_FRAMES):
        framed = [framed]
    try:
        return len(orjson.dumps(framed)) - 2 * _FRAMES
    except orjson.JSONEncodeError:
        return None


def _reported(answer: Any, records: Sequence[Record]) -> Verdict:
    if answer in (None, "", [], {}):
        return Verdict(len(records))
    if not isinstance(answer, dict):
        return _failed("the answer is no object with batchItemFailures")
    failures = answer.get("batchItemFailures")
    if failures in (None, []):
        return Verdict(len(records))
    if not isinstance(failures, list):
        return _failed("batchItemFailures is no list")
    return _lowest(failures, records)


def _lowest(failures: list[Any], records: Sequence[Record]) -> Verdict:
    """Where the function stopped: at the lowest of the sequence numbers that it named."""
    places: dict[int, int] = {}
    for place, record in enumerate(records):
        places.setdefault(int(record.sequence_number), place)
    taken = len(records)
    for failure in failures:
        named = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        number = _number(named)
        if number not in places:
            return _failed("batchItemFailures names no record of the batch")
        taken = min(taken, places[number])
    return Verdict(taken, f"batchItemFailures from {records[taken].sequence_number} on")


def _number(named: Any) -> int:
    """What a sequence number is compared by; -1 for what is none."""
    digits = isinstance(named, str) and named.isascii() and named.isdecimal()
    return int(named) if digits and len(named) < _DIGITS_MAX else -1


def _failed(because: str) -> Verdict:
    return Verdict(0, because, outright=True)
