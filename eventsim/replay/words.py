"""A comparison in words: what differs, where first, and the timeline around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventsim.journal import Entry
from eventsim.replay.comparing import Comparison, Difference, Side
from eventsim.replay.fates import Respect
from eventsim.reports import TELLINGS

_MEANING: dict[Respect, str] = {
    "delivered": "what became of the records",
    "results": "what the function answered",
    "retries": "what was sent again",
    "batches": "how records were cut into batches",
    "time": "when it happened",
}
_COUNTED = ("put", "filtered", "delivered", "discarded", "expired", "redriven")
_ALSO = ("batches", "retries", "invocations", "errors", "throttles")
_EVENTS = ("queued", "retried", "succeeded", "discarded", "dropped")
LANES_MAX = 5


def lines(comparison: Comparison) -> Iterator[str]:
    """The comparison for a person, the first difference that matters at its end."""
    one, other = comparison.paths
    yield f"a: {one}"
    yield f"b: {other}"
    for note in comparison.notes:
        yield f"not alike to begin with: {note}"
    yield from _counts(comparison)
    for each in comparison.differences:
        ignored = "" if each.respect in comparison.matters else ", which is ignored"
        yield f"{each.respect}: {_MEANING[each.respect]} differs{_where(each)}{ignored}"
    first = comparison.first
    if first is None:
        yield "the same" if not comparison.differences else "nothing that matters differs"
        return
    yield ""
    yield from explained(first)


def sentences(comparison: Comparison, one: str, other: str) -> Iterator[str]:
    """What changed between two runs that are called *one* and *other*, in a few sentences."""
    rows = [row for row in _rows(comparison) if row[1] != row[2]]
    if rows:
        changed = ", ".join(f"{name} {theirs:,} instead of {mine:,}" for name, mine, theirs in rows)
        yield f"What changed: {changed}."
    inside = [each for each in comparison.differences if not _is_the_end(each)]
    if not inside:
        yield "Nothing else changed." if rows else "Nothing changed."
        return
    first = inside[0]
    yield f"Different are: {', '.join(_MEANING[each.respect] for each in inside)}."
    yield f"They part in {_MEANING[first.respect]}, on {first.place.lane}:"
    for name, side in zip((one, other), first.sides, strict=True):
        entry = side.entry
        told = "nothing more" if entry is None else f"at {entry.time:g} s, {said(entry)}"
        yield f"  {name}: {told}"


def _is_the_end(difference: Difference) -> bool:
    """Whether it is only that one of the runs ended earlier, or otherwise."""
    kinds = {side.entry.kind for side in difference.sides if side.entry is not None}
    return kinds <= {"run_finished"}


def explained(difference: Difference) -> Iterator[str]:
    """The first entry that differs, and what stands around it in each journal."""
    yield _headline(difference)
    for letter, side in zip("ab", difference.sides, strict=True):
        yield from _side(letter, side)


def brief(comparison: Comparison) -> Iterator[str]:
    """The first difference that matters, in three lines."""
    first = comparison.first
    if first is None:
        return
    yield _headline(first)
    for letter, side in zip("ab", first.sides, strict=True):
        entry = side.entry
        told = "nothing more there" if entry is None else f"entry {entry.seq}: {said(entry)}"
        yield f"  {letter}, {told}{_answered(entry, side)}"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values."""
    first = comparison.first
    return {
        "same": comparison.same,
        "paths": list(comparison.paths),
        "notes": list(comparison.notes),
        "counts": list(comparison.counts),
        "differences": [_plain(each, comparison) for each in comparison.differences],
        "first": None if first is None else _plain(first, comparison),
    }


def _headline(difference: Difference) -> str:
    place = difference.place
    what = _MEANING[place.respect]
    return f"first difference, in {what}: {place.lane}, after {place.after:,} the same"


def _plain(difference: Difference, comparison: Comparison) -> dict[str, Any]:
    place = difference.place
    entries = [None if side.entry is None else _flat(side.entry) for side in difference.sides]
    return {
        "respect": place.respect,
        "matters": place.respect in comparison.matters,
        "lane": str(place.lane),
        "lanes": len(difference.lanes),
        "after": place.after,
        "entries": entries,
    }


def _flat(entry: Entry) -> dict[str, Any]:
    head = {"seq": entry.seq, "time": entry.time, "at": entry.at, "kind": entry.kind}
    return {**head, "because": entry.because, **entry.fields}


def _side(letter: str, side: Side) -> Iterator[str]:
    if side.entry is None:
        yield f"  {letter} has nothing more there; its last were"
    else:
        yield f"  {letter}, entry {side.entry.seq} at {side.entry.time:g}s"
    told = None
    for entry in side.around:
        if entry is told:
            continue
        told = entry
        mark = ">" if entry is side.entry else " "
        yield f"  {mark} {entry.time:>12.3f}s  {said(entry)}{_answered(entry, side)}"


def _answered(entry: Entry | None, side: Side) -> str:
    """What a function answered, where that is known; its error is told already."""
    if entry is None or entry.fields.get("error"):
        return ""
    text = side.answers.get(str(entry.fields.get("answer")))
    return "" if text is None else f", answered {text}"


def said(entry: Entry) -> str:
    """An entry in the words of the timeline."""
    telling = TELLINGS.get(entry.kind)
    if telling is None:
        return f"{entry.kind}: {entry.because}" if entry.because else entry.kind
    return f"{telling.place(entry.fields)}  {telling.text(entry)}"


def _where(difference: Difference) -> str:
    lanes = difference.lanes
    shown = ", ".join(map(str, lanes[:LANES_MAX]))
    return f", on {shown}" + (
        f" and {len(lanes) - LANES_MAX} more" if len(lanes) > LANES_MAX else ""
    )


def _counts(comparison: Comparison) -> Iterator[str]:
    """A row for each count, both journals beside each other."""
    for name, mine, theirs in _rows(comparison):
        if mine or theirs:
            differs = "" if mine == theirs else "  differs"
            yield f"  {name:<18}{mine:>12,}{theirs:>12,}{differs}"


def _rows(comparison: Comparison) -> list[tuple[str, int, int]]:
    """What was counted, in the one run and in the other."""
    one, other = comparison.counts
    rows = [(name, one["records"][name], other["records"][name]) for name in _COUNTED]
    rows += [(name, one[name], other[name]) for name in _ALSO]
    events = [(f"events {name}", one["events"][name], other["events"][name]) for name in _EVENTS]
    return rows + events
