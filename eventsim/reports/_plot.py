"""
Which sentences an explanation tells, in order: what is alike is told a few times, then counted.

An invocation is kept back until the batch that it took is known, so that both are one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from eventsim.journal import Entry
from eventsim.reports._concepts import CONCEPTS
from eventsim.reports._page import plural, shown, span_of_time
from eventsim.reports._sentences import SENTENCES, Attempt, delivered, failed, invoked
from eventsim.reports._service_sentences import ASYNC
from eventsim.reports._story import grace
from eventsim.reports._told import Sentence

TOLD_MAX = 8
ONCE = frozenset({"warm start"})
SORTS_MAX = 512
ANSWERS_MAX = 1024
_ATTEMPTS = ("event_retried", "event_succeeded", "event_discarded")
_BATCHES = {"batch_delivered": delivered, "batch_failed": failed}
_WELL = frozenset({"taken", "invoked", "event done", "answered"})


class Told(NamedTuple):
    """A sentence with its rule, whole, and when it belongs."""

    time: float
    at: str
    text: str


class _Rest:
    """What was like other sentences about one source, and is only counted."""

    __slots__ = ("failures", "records", "taken", "until")

    def __init__(self) -> None:
        self.taken = self.records = self.failures = 0
        self.until = 0.0


class Plot:
    """Takes entries that were checked, in their order, and yields what is told of them."""

    def __init__(self) -> None:
        self._answers: dict[str, Entry] = {}
        self._answered = self._grace = 0.0
        self._counts: dict[tuple[str, str], int] = {}
        self._rests: dict[str, _Rest] = {}
        self._explained: set[str] = set()
        self._last = (0.0, "")
        self._now = (0.0, "")

    def add(self, entry: Entry) -> Iterator[Told]:
        """What is told now that *entry* is known."""
        kind, self._now = entry.kind, (entry.time, entry.at)
        request_id = str(entry.fields.get("request_id"))
        late = entry.time > self._answered + self._grace
        if self._answers and (late or len(self._answers) > ANSWERS_MAX):
            yield from self._tell_answers()
        if kind == "run_started":
            self._grace = grace(entry.fields)
        elif kind == "invocation_finished":
            self._answers[request_id], self._answered = entry, entry.time
        elif kind in _BATCHES:
            answer = self._answers.pop(request_id, None)
            yield from self._tell(entry, _BATCHES[kind](Attempt(entry, answer)))
        elif kind in SENTENCES:
            if kind in _ATTEMPTS:
                yield from self._tell_answer(request_id, ASYNC)
            elif kind == "push_answered":
                yield from self._tell_answer(request_id)
            yield from self._tell(entry, SENTENCES[kind](entry))

    def rest(self) -> Iterator[Told]:
        """What is told at the end of the journal."""
        yield from self._tell_answers()
        for source in list(self._rests):
            yield from self._count(source)

    def _tell_answers(self) -> Iterator[Told]:
        for request_id in list(self._answers):
            yield from self._tell_answer(request_id)

    def _tell_answer(self, request_id: str, rule: str | None = None) -> Iterator[Told]:
        answer = self._answers.pop(request_id, None)
        if answer is not None:
            sentence = invoked(answer)
            if rule:  # who waits for an answer is told of it, and nobody does here
                sentence = sentence._replace(rule=rule, concept="")
            yield from self._tell(answer, sentence)

    def _tell(self, entry: Entry, sentence: Sentence | None) -> Iterator[Told]:
        if sentence is None:
            return
        source = str(entry.fields.get("source") or entry.fields.get("function") or "")
        if sentence.sort and self._often(source, sentence.sort):
            self._keep(source, entry, sentence)
            return
        yield from self._count(source)
        text = sentence.text
        if sentence.again and self._last == (entry.time, text):
            text = sentence.again
        self._last = (entry.time, sentence.text)
        yield Told(entry.time, entry.at, f"{text} [{sentence.rule}].")
        concept = sentence.concept
        if concept and concept not in self._explained:
            self._explained.add(concept)
            yield Told(entry.time, entry.at, f"{CONCEPTS[concept]}.")

    def _often(self, source: str, sort: str) -> bool:
        """Whether enough was told of this sort at this source."""
        key = (source, sort)
        if key not in self._counts and len(self._counts) >= SORTS_MAX:
            key = ("", "")
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] > (1 if sort in ONCE else TOLD_MAX)

    def _keep(self, source: str, entry: Entry, sentence: Sentence) -> None:
        if source not in self._rests and len(self._rests) >= SORTS_MAX:
            source = ""
        rest = self._rests.setdefault(source, _Rest())
        if sentence.sort in _WELL:
            rest.taken += 1
            rest.records += entry.fields.get("records", 0)
        elif sentence.mood == "wrong":
            rest.failures += 1
        else:
            return
        rest.until = entry.time

    def _count(self, source: str) -> Iterator[Told]:
        """How often it went on alike at *source*, if it did."""
        rest = self._rests.pop(source, None)
        if rest is None or not (rest.taken or rest.failures):
            return
        parts = []
        if rest.taken and rest.records:
            records = plural(rest.records, "record")
            parts.append(f"{plural(rest.taken, 'more batch')} with {records} went well")
        elif rest.taken:
            parts.append(f"{plural(rest.taken, 'more invocation')} went well")
        if rest.failures:
            parts.append(f"{plural(rest.failures, 'more attempt')} failed")
        where = f" with {shown(source)}" if source else ""
        until = span_of_time(rest.until)
        text = f"So it went on{where} for a while: {', and '.join(parts)}, until {until}."
        yield Told(*self._now, text)
