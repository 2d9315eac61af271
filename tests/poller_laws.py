"""
The laws of a mapping, held against a history: nothing lost, nothing repeated, order, budgets.

A record is *dealt with* once it was delivered, discarded, filtered out or has expired, each as
the function or an entry of the journal says. A *group* is what has to stay in order: a shard, or
a partition key of a shard where there are lanes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from eventsim.journal import Entry
from eventsim.poller.routing import lane_of
from eventsim.types import EventSourceMapping
from tests.poller_history import Began, Ended, Happening, Life, Sent, Stored, Told

NOISE = 0.000_002


class Final(NamedTuple):
    """What the final invocation of a window was told."""

    numbers: list[str]
    early: bool


class Laws:
    """Reads a history from its beginning, and fails at the first happening that breaks a law."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        parents: Mapping[str, Sequence[str]],
        closed: Mapping[str, float],
        retention_seconds: float,
        epoch: float,
        is_wanted: Callable[[Told], bool | None],
    ) -> None:
        """*epoch* is when the run began; *closed* says when shards were split or merged.

        *is_wanted* says whether the mapping is to get a record; None where it may or may not.
        """
        self.mapping, self.retention = mapping, retention_seconds
        self.parents, self.closed = parents, closed
        self.epoch, self.is_wanted = epoch, is_wanted
        self.records: dict[int, Told] = {}
        self.shards: dict[str, list[Told]] = defaultdict(list)
        self.groups: dict[tuple[str, str], list[Told]] = defaultdict(list)
        self.ever: dict[int, str] = {}  # what became of each record, in any life
        self.done: set[int] = set()  # what is dealt with as this life sees it
        self.heads: Counter[tuple[str, str]] = Counter()  # of each group, how many are done
        self.kept: dict[str, int] = {}
        self.checkpoints: dict[str, int] = {}
        self.flying: list[Began] = []
        self.answered: dict[str, Ended] = {}
        self.runs: Counter[Any] = Counter()
        self.stopping = False
        self.crashes = 0
        self.discarded: Counter[Any] = Counter()
        self.documents: Counter[Any] = Counter()
        self.finals: dict[tuple[str, str], list[Final]] = defaultdict(list)
        self.last_final: dict[str, tuple[str, str]] = {}
        self.given_up: set[tuple[str, str]] = set()
        self.unlisted: set[str] = set()  # shards that were gone when a poller started

    def hold(self, history: Iterable[Happening]) -> None:
        """Raises AssertionError where the history breaks a law."""
        for happening in history:
            match happening:
                case Told():
                    self.put(happening)
                case Began():
                    self.began(happening)
                case Ended():
                    self.ended(happening)
                case Life():
                    self.lived(happening)
                case Stored():
                    self.stored(happening)
                case Sent():
                    self.sent(happening)
                case Entry():
                    self.entry(happening)

    def put(self, told: Told) -> None:
        self.records[told.number] = told
        self.shards[told.shard].append(told)
        if told.fate != "skip" or not self.mapping.filters:
            self.groups[self.group(told)].append(told)

    def group(self, told: Told) -> tuple[str, str]:
        return told.shard, told.key if self.mapping.parallelization_factor > 1 else ""

    def began(self, call: Began) -> None:
        """Order, and nothing twice."""
        assert not self.stopping, "it was sent after the mapping was disabled"
        same = [flying for flying in self.flying if flying.shard == call.shard]
        assert len(same) < self.mapping.parallelization_factor, "too many batches at once"
        self.flying.append(call)
        if call.ran:
            self.runs[_batch(call)] += 1
        self.parents_are_drained(call.shard)
        by_group: dict[tuple[str, str], list[Told]] = defaultdict(list)
        for number in call.numbers:
            told = self.records[number]
            assert told.shard == call.shard
            assert told.fate != "skip" or not self.mapping.filters, "a filter let it in"
            assert self.is_wanted(told) is not False, "it is from before the starting position"
            assert number > self.kept.get(call.shard, -1), "it was sent again after its checkpoint"
            assert number not in self.done, "it was sent again after it was dealt with"
            by_group[self.group(told)].append(told)
        for group, sent in by_group.items():
            assert not any(self.group(self.records[n]) == group for f in same for n in f.numbers), (
                "two batches of one order at once"
            )
            coming = self.coming(group)
            if self.is_wanted(sent[0]):
                coming = [told for told in coming if told in sent or self.is_wanted(told)]
            assert coming[: len(sent)] == sent, "something came before what is earlier"
        assert 0 < len(call.numbers) <= self.mapping.batch_size or _final(call)

    def coming(self, group: tuple[str, str]) -> list[Told]:
        """What the group still has to deal with, in order."""
        records, head = self.groups[group], self.heads[group]
        while head < len(records) and (
            records[head].number in self.done or self.is_wanted(records[head]) is False
        ):
            head += 1
        self.heads[group] = head
        return [told for told in records[head:] if told.number not in self.done]

    def parents_are_drained(self, shard: str) -> None:
        for parent in self.parents.get(shard, ()):
            left = [told for told in self.shards[parent] if not self.is_over(told)]
            assert not left, f"{shard} is read before its parent {parent} is drained"

    def is_over(self, told: Told) -> bool:
        return told.number in self.done or not self.is_wanted(told)

    def ended(self, end: Ended) -> None:
        call = end.call
        self.flying.remove(call)
        taken = end.taken or 0
        self.answered[call.request_id] = end
        for number in call.numbers[:taken]:
            self.deal("delivered", number)
        if call.window is not None and _final(call):
            state, early = call.window["state"], call.window["isWindowTerminatedEarly"]
            window = call.shard, call.window["window"]["start"]
            self.last_final[call.shard] = window
            if end.taken is not None:
                self.finals[window].append(Final(state.get("numbers", []), early))

    def deal(self, how: str, number: int) -> None:
        assert number not in self.done, f"{how} though it was dealt with"
        self.done.add(number)
        self.ever[number] = how

    def lived(self, life: Life) -> None:
        match life.what:
            case "started":
                self.done = {
                    told.number
                    for shard, records in self.shards.items()
                    for told in records
                    if told.number <= self.kept.get(shard, -1)
                }
                self.expire_unseen(life.time)
                self.heads.clear()
                self.runs.clear()
                self.answered.clear()
            case "stopping":
                self.stopping = True
            case "over":
                assert not self.flying, "it ended with a batch in flight"
                if self.stopping and self.mapping.parallelization_factor == 1:
                    ahead = [n for n in self.done if self.is_ahead(self.records[n])]
                    assert not ahead, "it was disabled, and is to send again what was dealt with"
                self.stopping = False
            case "crashed":
                self.flying.clear()
                self.crashes += 1

    def is_ahead(self, told: Told) -> bool:
        """Whether it was sent, and is to be sent again by the next poller."""
        sent = self.ever.get(told.number) in ("delivered", "discarded")
        return sent and told.number > self.kept.get(told.shard, -1)

    def expire_unseen(self, now: float) -> None:
        """What nobody can tell of: it was gone before there was a place to go on from."""
        self.unlisted = {s for s, time in self.closed.items() if time + self.retention <= now}
        for told in self.records.values():
            lost = told.shard in self.unlisted or told.shard not in self.kept
            gone = told.arrival + self.retention <= now + self.epoch
            if lost and gone and told.number not in self.done:
                self.deal("expired", told.number)

    def stored(self, stored: Stored) -> None:
        number = int(stored.checkpoint.sequence_number)
        before = self.kept.get(stored.shard, -1)
        assert number >= before, "a checkpoint went back"
        self.kept[stored.shard] = number
        assert number in self.records, "a checkpoint is no record's number"
        for told in self.shards[stored.shard]:
            if before < told.number <= number:
                assert self.is_over(told), "a checkpoint passed what is still to be dealt with"

    def sent(self, sent: Sent) -> None:
        info = sent.document.body["KinesisBatchInfo"]
        span = (info.get("startSequenceNumber"), info.get("endSequenceNumber"))
        condition = sent.document.body["requestContext"]["condition"]
        self.documents[info["shardId"], *span, info.get("batchSize", 0), condition] += 1

    def entry(self, entry: Entry) -> None:
        told = entry.fields
        match entry.kind:
            case "batch_delivered":
                taken = self.answered.pop(told["request_id"]).taken
                assert taken == told["records"], "it was delivered otherwise than was answered"
            case "checkpoint_advanced":
                number = int(told["sequence_number"])
                assert number > self.checkpoints.get(told["shard"], -1), "a checkpoint went back"
                self.checkpoints[told["shard"]] = number
            case "records_filtered":
                self.told_filtered(told)
            case "records_expired":
                self.told_expired(entry)
            case "batch_discarded":
                self.told_discarded(entry)

    def told_filtered(self, told: dict[str, Any]) -> None:
        skipped = [each for each in self.span(told) if each.fate == "skip"]
        assert len(skipped) == told["records"]
        for each in skipped:
            self.deal("filtered", each.number)

    def told_expired(self, entry: Entry) -> None:
        told = entry.fields
        if told["first"] is None:
            self.given_up.add(self.last_final[told["shard"]])
            return
        now = entry.time + self.epoch
        gone = self.span(told)
        if len(gone) != told["records"]:
            gone = self.in_lane(told)
        assert len(gone) == told["records"]
        for each in gone:
            assert each.arrival + self.retention <= now + NOISE, "it has not expired yet"
            self.deal("expired", each.number)

    def told_discarded(self, entry: Entry) -> None:
        told, limit = entry.fields, self.mapping.maximum_retry_attempts
        age = self.mapping.maximum_record_age_in_seconds
        span = (told["first"], told["last"], told["batch_size"], told["condition"])
        self.discarded[(told["shard"], *span)] += 1
        count = told["approximate_invoke_count"]
        if told["first"] is None:
            self.given_up.add(self.last_final[told["shard"]])
            return
        gone = self.in_lane(told)
        assert len(gone) == told["batch_size"], "a batch was discarded of other records"
        if told["condition"] == "RetryAttemptsExhausted":
            runs = self.runs[told["shard"], tuple(each.number for each in gone)]
            assert limit >= 0
            assert count == limit + 1, "the budget was another one"
            assert runs == count or age > 0, "it was not tried as often as it may be"
        else:
            assert age > 0
            newest = gone[-1].arrival
            assert newest + age <= entry.time + self.epoch + NOISE, "it is not so old yet"
        for each in gone:
            self.deal("discarded", each.number)

    def span(self, told: dict[str, Any]) -> list[Told]:
        first, last = int(told["first"]), int(told["last"])
        return [each for each in self.shards[told["shard"]] if first <= each.number <= last]

    def in_lane(self, told: dict[str, Any]) -> list[Told]:
        """What is to be dealt with in the span of an entry, and in the lane of its first record."""
        lanes = self.mapping.parallelization_factor
        lane = lane_of(self.records[int(told["first"])].key, lanes)
        return [
            each
            for each in self.span(told)
            if lane_of(each.key, lanes) == lane
            and (each.fate != "skip" or not self.mapping.filters)
        ]

    def at_the_end(self) -> None:
        """Everything is dealt with, and every window added up."""
        assert not self.flying
        lost = [told for told in self.records.values() if self.is_lost(told)]
        assert not lost, f"lost: {lost}"
        more = self.documents - self.discarded
        fewer = self.discarded - self.documents
        assert not more, "a document of nothing that was discarded"
        lanes = self.mapping.parallelization_factor * len(self.shards)
        assert fewer.total() <= self.crashes * lanes, "something was discarded without a document"
        if self.mapping.tumbling_window_in_seconds:
            self.windows_add_up()

    def is_lost(self, told: Told) -> bool:
        return bool(self.is_wanted(told)) and told.number not in self.ever

    def windows_add_up(self) -> None:
        seconds = self.mapping.tumbling_window_in_seconds
        wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
        for number, told in sorted(self.records.items()):
            if self.ever.get(number) == "delivered":
                start = datetime.fromtimestamp(told.arrival // seconds * seconds, UTC)
                wanted[told.shard, start.strftime("%Y-%m-%dT%H:%M:%SZ")].append(str(number))
        for window, numbers in wanted.items():
            finals = self.finals[window]
            told_of = [number for final in finals for number in final.numbers]
            if self.crashes:
                assert set(told_of) <= set(numbers), "a window counts what is another's"
            elif window not in self.given_up and window[0] not in self.unlisted:
                assert told_of == numbers, "a window does not add up"
                assert sum(not final.early for final in finals) <= 1, "a window was closed twice"


def _final(call: Began) -> bool:
    return call.window is not None and call.window["isFinalInvokeForWindow"]


def _batch(call: Began) -> Any:
    return call.shard, call.numbers
