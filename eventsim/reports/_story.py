"""
A run in words: whole when it is short, else its beginning, what went wrong, and its end.

Nothing here grows with the run: a fixed number of lines is kept, and quiet stretches of a shard
or a function are one line that counts.
"""

from __future__ import annotations

from eventsim.journal import Entry
from eventsim.reports._lines import Line, Lines, write_lines
from eventsim.reports._page import Page, plural, shown
from eventsim.reports._words import TELLINGS, Fields, Mood, invoked

WHOLE_MAX = 40
HEAD = 12
OPEN_MAX = 256
ANSWERS_MAX = 1024
READERS_MAX = 2  # whether there are several is all that is asked

# What follows at once from an attempt at an asynchronous event.
ATTEMPTED = ("event_retried", "event_succeeded", "event_discarded")

# In real time a batch is seen to be done a moment after the function answered.
GRACE_SECONDS = 0.05


class Story:
    """Takes entries that were checked, in their order, and tells them."""

    def __init__(self) -> None:
        self._grace = 0.0
        self._answers: dict[str, Entry] = {}
        self._answered = 0.0
        self._failed: dict[str, None] = {}
        self._count = 0
        self._whole: list[Line] = []
        self._lines = Lines()
        self._open: dict[str, Line] = {}
        self._readers: dict[str, set[str]] = {}

    def add(self, entry: Entry) -> None:
        """Tell one entry; an invocation's is kept until the batch that it took is told."""
        _, time, _, kind, _, fields = entry
        if self._answers and time > self._answered + self._grace:
            self._tell_answers()
        if kind == "invocation_finished":
            self._keep(entry)
        elif kind == "batch_delivered":
            self._tell_delivered(entry)
        elif kind == "batch_failed":
            self._tell_failed(entry)
        elif kind == "push_answered":
            self._tell_service(entry)
        elif kind in ATTEMPTED:
            self._tell_attempt(entry)
        elif kind in ("retry_scheduled", "batch_discarded"):
            self._tell_what_follows(entry)
        elif kind == "environment_stopped":
            self._tell_answers()  # what it ran is over
            self._tell(entry)
        elif kind == "run_started":
            self._grace = grace(fields)
        elif kind == "mapping_changed":
            self._tell_mapping(entry)
        elif kind == "invocation_requested":
            if fields.get("type") == "DryRun":  # of any other, what comes of it is told
                self._tell(entry)
        elif kind in TELLINGS and not (kind == "expectation_checked" and fields["passed"]):
            self._tell(entry)

    def write(self, page: Page, clock: bool) -> None:
        """Write the lines, at times of the clock or in seconds since the run began."""
        self._tell_answers()
        if self._count <= WHOLE_MAX:
            write_lines(page, self._whole, clock)
        else:
            write_lines(page, [*self._whole[:HEAD], *self._lines.kept()], clock)

    @property
    def told(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._count or self._answers)

    def _keep(self, answer: Entry) -> None:
        if len(self._answers) >= ANSWERS_MAX:
            self._tell_answers()
        self._answers[str(answer.fields.get("request_id"))] = answer
        self._answered = answer.time

    def _tell_answers(self) -> None:
        """Tell the invocations that no batch asked for."""
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            failed = bool(answer.fields.get("error"))
            self._tell(answer, mood="wrong" if failed else "quiet")

    def _tell_delivered(self, entry: Entry) -> None:
        fields = entry.fields
        attempt = fields["attempt"]
        mood: Mood = "quiet" if attempt == 1 else "event"
        text = None
        answer = self._answers.pop(str(fields.get("request_id")), None)
        if answer is not None and self._is_read(mood):
            text = invoked(attempt, plural(fields["records"], "record"), answer)
        self._tell(entry, text=text, mood=mood)

    def _tell_failed(self, entry: Entry) -> None:
        """Tell how the invocation went; one that never ran is told by what follows from it."""
        request_id = str(entry.fields.get("request_id"))
        answer = self._answers.pop(request_id, None)
        if answer is None:
            return
        if len(self._failed) >= ANSWERS_MAX:
            self._failed.clear()
        self._failed[request_id] = None
        fields = entry.fields
        text = invoked(fields["attempt"], plural(fields["records"], "record"), answer)
        if not answer.fields.get("error"):
            text += f", {TELLINGS[entry.kind].text(entry)}"
        sort = str(answer.fields.get("error_type"))
        self._tell(entry, text=text, mood="wrong", sort=sort)

    def _tell_attempt(self, entry: Entry) -> None:
        """Tell how an attempt at an event went before what follows from it."""
        answer = self._answers.pop(str(entry.fields.get("request_id")), None)
        if answer is not None:
            failed = bool(answer.fields.get("error"))
            sort = str(answer.fields.get("error_type"))
            self._tell(answer, mood="wrong" if failed else "quiet", sort=sort)
        quiet = entry.kind == "event_retried" and answer is not None
        self._tell(entry, mood="quiet" if quiet else None)

    def _tell_service(self, entry: Entry) -> None:
        """Tell of an answer that the service cannot take, behind the invocation that gave it."""
        answer = self._answers.pop(str(entry.fields.get("request_id")), None)
        if answer is not None:
            failed = bool(answer.fields.get("error"))
            self._tell(answer, mood="wrong" if failed else "quiet")
        if not entry.fields.get("accepted"):
            self._tell(entry, mood="wrong")

    def _tell_what_follows(self, entry: Entry) -> None:
        retried = entry.kind == "retry_scheduled"
        told = str(entry.fields.get("request_id")) in self._failed
        if told and not retried:
            del self._failed[str(entry.fields["request_id"])]
        self._tell(entry, mood="quiet" if told and retried else "wrong")

    def _tell_mapping(self, entry: Entry) -> None:
        """Tell a mapping's state; that it is being created is over at once and no news."""
        fields = entry.fields
        if len(self._readers) < OPEN_MAX or fields["source"] in self._readers:
            readers = self._readers.setdefault(fields["source"], set())
            if len(readers) < READERS_MAX:
                readers.add(fields["mapping"])
        if fields.get("state") != "Creating":
            self._tell(entry)

    def _whose(self, entry: Entry, text: str) -> str:
        """*text*, beginning with the mapping where several read the same source."""
        fields = entry.fields
        if entry.kind == "mapping_changed" or "mapping" not in fields:
            return text
        several = len(self._readers.get(str(fields.get("source")), ())) > 1
        return f"{shown(fields['mapping'])}: {text}" if several and text else text

    def _is_read(self, mood: Mood) -> bool:
        """Whether the text of a line of this mood, told now, can ever be shown."""
        return mood != "quiet" or self._count < WHOLE_MAX

    def _tell(
        self, entry: Entry, *, text: str | None = None, mood: Mood | None = None, sort: str = ""
    ) -> None:
        told = TELLINGS[entry.kind]
        mood = mood or told.mood
        place = told.place(entry.fields)
        if text is None:
            text = told.text(entry) if self._is_read(mood) else ""
        text = self._whose(entry, text)
        self._count += 1
        if self._count <= WHOLE_MAX:
            self._whole.append(Line(entry.time, entry.at, place, text, mood))
        if self._count <= HEAD:
            return
        if mood == "quiet":
            self._fold(entry, place, told.counts(entry.fields))
            return
        self._open.pop(place, None)
        line = Line(entry.time, entry.at, place, text, mood)
        if mood == "wrong":
            self._lines.add_failure(line, (entry.kind, sort or _sort(entry.fields)))
        else:
            self._lines.add(line)

    def _fold(self, entry: Entry, place: str, amounts: dict[str, int]) -> None:
        """Count a quiet entry with the quiet stretch of its place."""
        if not amounts:
            return
        fold = self._open.get(place)
        if fold is None:
            if len(self._open) >= OPEN_MAX:
                self._open.clear()
            fold = self._open[place] = Line(entry.time, entry.at, place, "", "quiet")
            self._lines.add(fold)
        fold.count(amounts, entry.time, entry.at)


def _sort(fields: Fields) -> str:
    """What makes two failures of a kind alike, wherever they happened."""
    names = ("condition", "code", "error_type", "name")
    return next((str(fields[name]) for name in names if fields.get(name)), "")


def grace(started: Fields) -> float:
    """How long after an answer, in simulated seconds, the batch that it took may be told of."""
    speed = started.get("speed", 1)
    if started.get("clock") != "real" or not isinstance(speed, int | float):
        return 0.0
    return GRACE_SECONDS * speed
