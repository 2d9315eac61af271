"""What a load sends, one after the other: drawn, built, or read from a recording, without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import orjson

from eventsim.errors import EventsimError
from eventsim.ids import Stream as Draws
from eventsim.push import invocation_types, request_of
from eventsim.push.builders import builder, module_of
from eventsim.recordings import jsonl
from eventsim.rules.arrivals import Share
from eventsim.rules.paths import Path, changed, parse_path, place_of, value_at
from eventsim.scenario import Scenario
from eventsim.scenario.loads import LoadBlock, RangeBlock
from eventsim.scenario.records import put_record
from eventsim.scenario.values import encoded
from eventsim.steps.put import RecordBlock
from eventsim.types import Delivery, InvocationType, InvokeRequest, Payload, PutRecord

if TYPE_CHECKING:
    from eventsim.simulation.setting import Setting

Documents = Iterator[Any]


class Varied:
    """Draws the values of some fields of a document anew, each by itself, in their order.

    A number that takes the place of text becomes text. Raises EventsimError for a field that is
    nowhere, or in several places.
    """

    def __init__(self, block: LoadBlock, draws: Draws) -> None:
        self._fields = [(parse_path(path), values) for path, values in block.vary.items()]
        self._draws, self._create = draws, block.create

    def __bool__(self) -> bool:
        """Whether anything varies."""
        return bool(self._fields)

    def __call__(self, document: Any) -> Any:
        """A copy of the document with what was drawn."""
        for path, values in self._fields:
            document = self._with(document, path, self._drawn(values))
        return document

    def _drawn(self, values: Any) -> Any:
        if isinstance(values, RangeBlock):
            return self._draws.randint(values.least, values.most)
        return self._draws.choice(values)

    def _with(self, document: Any, path: Path, value: Any) -> Any:
        place = place_of(document, path)
        if place is not None and isinstance(value_at(document, place), str):
            value = value if isinstance(value, str) else str(value)
        return changed(document, path, value, create=self._create)


def invocation_type(scenario: Scenario, block: LoadBlock) -> InvocationType:
    """How the function is invoked: as is said, as the source does it, or for its answer."""
    if block.type is not None or block.push is None:
        return block.type or "RequestResponse"
    return invocation_types(module_of(block.push), scenario.profile)[0]


def requests(
    setting: Setting, block: LoadBlock, function: str, share: Share
) -> Callable[[], InvokeRequest]:
    """What draws the next request to a *function*; each share has streams of chance of its own."""
    actor = actor_of(share)
    kind = invocation_type(setting.scenario, block)
    request_id = setting.chance.uuids("load requests", actor)
    if block.push is not None:
        return _pushed(setting, block, function, actor, kind)
    bodies = payloads(setting, block, share)
    elsewhere = setting.scenario.functions[function.partition(":")[0]].invoke_at
    tail = elsewhere is not None and elsewhere.aws is not None  # whose log tells what it took

    def draw() -> InvokeRequest:
        payload = Payload.of_bytes(next(bodies))
        return InvokeRequest(function, payload, request_id(), kind, "Tail" if tail else "None")

    return draw


def actor_of(share: Share) -> str:
    """Whose streams of chance a share of a load draws from."""
    return "" if share.parts == 1 else f"{share.part} of {share.parts}"


def payloads(setting: Setting, block: LoadBlock, share: Share) -> Iterator[bytes]:
    """The bytes that are sent, one after the other; a recording is dealt out to the shares."""
    varied = Varied(block, setting.chance.stream("load values", actor_of(share)))
    if block.recording is not None:
        dealt = islice(_recorded(setting, block.recording), share.part, None, share.parts)
        recorded = (each.data for each in dealt)
        if not varied:
            yield from recorded
        for data in recorded:
            yield orjson.dumps(varied(orjson.loads(data)))
    if block.push is not None:
        for event in _events(setting, block, varied):
            yield orjson.dumps(event)
    payload = {} if block.payload is None else block.payload
    if not varied:
        yield from cycle([encoded(payload)])
    while True:
        yield encoded(varied(payload))


def records(setting: Setting, block: LoadBlock, stream: str, share: Share) -> Iterator[PutRecord]:
    """The records that are put on a *stream*, one after the other."""
    varied = Varied(block, setting.chance.stream("load values", actor_of(share)))
    if block.recording is not None:
        for each in _recorded(setting, block.recording):
            yield PutRecord(each.key, each.data, each.explicit_hash_key)
    kind = setting.resource_type(stream)
    given = block.records or ()
    if not varied:
        yield from cycle([put_record(kind, each, RecordBlock) for each in given])
    for each in cycle(given):
        yield put_record(kind, varied(each), RecordBlock)


def _pushed(
    setting: Setting, block: LoadBlock, function: str, actor: str, kind: InvocationType
) -> Callable[[], InvokeRequest]:
    source = block.push or ""
    varied = Varied(block, setting.chance.stream("load values", actor))
    events, module = _events(setting, block, varied), module_of(source)
    request_id = setting.chance.uuids("load requests", actor)

    def draw() -> InvokeRequest:
        delivery = Delivery(source, module, next(events), function, kind)
        return request_of(delivery, kind, setting.scene(), request_id())

    return draw


def _events(setting: Setting, block: LoadBlock, varied: Varied) -> Documents:
    """Events of a source, each at its time and with ids of its own."""
    build = builder(block.push or "", block.event)
    changes = [(parse_path(path), value) for path, value in block.changes.items()]
    while True:
        event = build.event(setting.scene(), block.parameters)
        for path, value in changes:
            event = changed(event, path, value, create=block.create)
        yield varied(event)


def _recorded(setting: Setting, name: str) -> Iterator[Any]:
    """The records of a recording, and then again from its beginning."""
    path = setting.file(name)
    while True:
        found = False
        for record in jsonl.read(path):
            found = True
            yield record
        if not found:
            raise EventsimError(f"{name} has no records, so there is nothing to send")
