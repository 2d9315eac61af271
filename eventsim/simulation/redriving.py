"""Batches and events that failed, given to a function that may be mended since."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from eventsim.errors import InvokeError
from eventsim.recordings import RecordedRecord
from eventsim.replay import Player
from eventsim.replay.batches import Found, find
from eventsim.replay.documents import FailedDocument
from eventsim.rules.arns import account_of, arn, region_of
from eventsim.simulation.running import Simulation
from eventsim.types import InvokeRequest, InvokeResult, Origin, Payload

ROLE = "eventsim"


class Redriven(NamedTuple):
    """What became of a document: how many records it had, and why it failed, if it did.

    ``missing`` says that the recording does not have what it names, so nothing was invoked.
    """

    document: FailedDocument
    records: int
    error: str | None = None
    missing: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None


def redriving(
    documents: Sequence[FailedDocument],
    player: Player | None,
    simulation: Simulation,
    function: str,
    told: Callable[[Redriven], None],
    *,
    partial_responses: bool = False,
) -> Callable[[], Awaitable[None]]:
    """What ``run`` of *simulation* is to do meanwhile: invoke *function* for each document.

    An event that a document carries is sent as it is; a batch is built anew of the records of
    *player*, which is read once, with their shard, sequence numbers and arrivals. *told* hears
    what became of each, one at a time; with *partial_responses* batchItemFailures count.
    """

    async def redrive() -> None:
        for document, event, records in _events(documents, player):
            if event is None:
                why = _missing(document, records, player)
                told(Redriven(document, records, why, missing=True))
                continue
            error = await _error(simulation, function, event, partial_responses)
            told(Redriven(document, records, error))

    return redrive


def _events(
    documents: Sequence[FailedDocument], player: Player | None
) -> Iterator[tuple[FailedDocument, Payload | None, int]]:
    """Each document with its event, if there is one, and how many records that has."""
    for each in documents:
        if each.event is not None:
            records = each.span.records if each.span else 1
            yield each, Payload.of_bytes(each.event), records or 0
    batches = []
    for each in (each for each in documents if each.event is None):
        if _is_of(each, player):
            batches.append(each)
        else:
            yield each, None, 0
    recorded: Iterator[RecordedRecord] = iter(())
    if player is not None and batches:
        recorded = (due.record for due in player.dues())
    for found in find(batches, recorded):
        event = _payload(found, player) if found.whole and player is not None else None
        yield found.document, event, len(found.records)


def _is_of(document: FailedDocument, player: Player | None) -> bool:
    """Whether a batch is of the recorded stream, as far as the recording says which that is.

    Streams have shards of the same names, and emulators the same sequence numbers.
    """
    origin = player.file.header.origin if player is not None else ""
    return not origin.startswith("arn:") or (
        document.span is not None and document.span.stream_arn == origin
    )


def _missing(document: FailedDocument, records: int, player: Player | None) -> str:
    span = document.span
    if span is not None and player is not None and not _is_of(document, player):
        return f"it is of {span.stream_arn}, the recording of {player.file.header.origin}"
    wanted = (span.records if span else None) or 0
    return f"{records:,} of its {wanted:,} records are in the recording"


def _payload(found: Found, player: Player) -> Payload:
    span, source = found.document.span, player.source
    assert span is not None  # only batches are looked for
    region, account = region_of(span.stream_arn), account_of(span.stream_arn)
    role = arn("iam", region, account, f"role/{ROLE}")
    origin = Origin(span.shard, span.stream_arn, region, role)
    records = [source.recorded.read(record) for record in found.records]
    return Payload(lambda: source.event(records, origin))


async def _error(
    simulation: Simulation, function: str, event: Payload, partial_responses: bool
) -> str | None:
    """Why the function did not take the event, or None."""
    request_id = simulation.setting.chance.uuid("requests")
    try:
        result = await simulation.invoker.invoke(InvokeRequest(function, event, request_id))
    except InvokeError as refused:
        return str(refused)
    if result.function_error is not None:
        return _said(result)
    return _reported(result) if partial_responses else None


def _said(result: InvokeResult) -> str:
    answer = _answer(result)
    if not isinstance(answer, dict):
        return str(result.function_error)
    said = [answer.get(name) for name in ("errorType", "errorMessage")]
    return ": ".join(str(each) for each in said if each) or str(result.function_error)


def _reported(result: InvokeResult) -> str | None:
    """What a partial batch response reports; one that is none means the whole batch failed."""
    answer = _answer(result)
    if answer in (None, "", [], {}):
        return None
    if not isinstance(answer, dict):
        return "the answer is no object with batchItemFailures"
    failures = answer.get("batchItemFailures")
    if failures in (None, []):
        return None
    if not isinstance(failures, list):
        return "batchItemFailures is no list"
    return f"{len(failures):,} batchItemFailures"


def _answer(result: InvokeResult) -> Any:
    """What the function answered; bytes where that is no JSON."""
    try:
        return orjson.loads(result.payload or b"null")
    except orjson.JSONDecodeError:
        return result.payload
