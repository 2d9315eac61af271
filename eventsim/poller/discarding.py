"""Tells the on-failure destination what a lane gives up."""

from __future__ import annotations

from typing import Any

from eventsim.errors import InvokeError, ServiceError, Unreachable
from eventsim.poller.ports import Ports, Words
from eventsim.rules.arns import account_of, region_of
from eventsim.rules.failure_documents import Discarded, DocumentWords, failure_document
from eventsim.rules.failures import Discard
from eventsim.rules.function_names import Place, parse
from eventsim.types import EventSourceMapping, InvokeResult, Payload, ResponseContext


class Discarding:
    """Sends a document for each batch that is given up, once.

    A destination that refuses it, or does not answer, is told of in the journal, and the shard
    goes on: the records are dropped, as on AWS.
    """

    def __init__(self, mapping: EventSourceMapping, words: Words, ports: Ports) -> None:
        self._ports, self._words = ports, words
        self._place: dict[str, Any] = {
            "mapping": mapping.name,
            "source": mapping.source,
            "shard": words.origin.shard_id,
        }
        self._said = DocumentWords(
            function_arn=_function_arn(mapping, words),
            mapping_uuid=mapping.uuid,
            origin=words.origin,
            batch_info=words.source.BATCH_INFO,
            arrival_timespec=words.source.ARRIVAL_TIMESPEC,
        )

    async def send(
        self, discard: Discard, request_id: str, answer: InvokeResult | InvokeError | None
    ) -> None:
        """Return when the destination, if there is one, has taken or refused the document."""
        destination = self._ports.destination
        if destination is None:
            return
        batch = discard.batch
        about = Discarded(
            batch, discard.condition, request_id, discard.invoke_count, _response(answer)
        )
        event = Payload(lambda: self._words.event(batch))
        document = failure_document(self._said, about, self._ports.clock.timestamp(), event)
        try:
            await destination.send(document)
        except ServiceError as refused:
            self._tell("destination_failed", discard, refused.message, code=refused.code)
        except Unreachable as silent:
            because = f"no answer: {type(silent).__name__}"
            self._tell("destination_failed", discard, because, code=silent.code)
        else:
            self._tell("destination_delivered", discard, discard.because)

    def _tell(self, kind: str, discard: Discard, because: str, **fields: Any) -> None:
        arn = "" if self._ports.destination is None else self._ports.destination.arn
        self._ports.journal.write(
            kind,
            because,
            **self._place,
            destination=arn,
            condition=discard.condition,
            records=len(discard.batch.records),
            **fields,
        )


def _function_arn(mapping: EventSourceMapping, words: Words) -> str:
    arn = words.origin.arn
    place = Place(region_of(arn), account_of(arn))
    return place.arn(*parse(mapping.function_name, None, place))


def _response(answer: InvokeResult | InvokeError | None) -> ResponseContext | None:
    if not isinstance(answer, InvokeResult):
        return None
    return ResponseContext(answer.status_code, answer.executed_version, answer.function_error)
