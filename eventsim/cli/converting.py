"""Converts for ``eventsim convert``: what is asked, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventsim.cli.files import refuse_to_lose_recording, same
from eventsim.cli.talk import Talk
from eventsim.errors import EventsimError
from eventsim.recordings import Asked, BadLines, Policy
from eventsim.simulation.converting import Conversion
from eventsim.simulation.converting import convert as make


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The words of the command line."""

    inputs: Sequence[str]
    output: str
    format: str | None
    key: str | None
    time: str | None
    data: str | None
    zone: str | None
    sort: bool
    on_bad_line: Policy


def perform(wanted: Wanted, talk: Talk) -> None:
    """Convert, and say what became of it. Raises EventsimError."""
    output = Path(wanted.output)
    saved = output.with_name(f"{output.name}.bad")
    _refuse_to_lose(wanted.inputs, output, saved if wanted.on_bad_line == "save" else None)
    bad = BadLines(wanted.on_bad_line, saved, talk.say)
    try:
        records = make(
            Conversion(
                inputs=[Path(each) for each in wanted.inputs],
                output=output,
                format=wanted.format,
                sort=wanted.sort,
                asked=Asked(
                    key=wanted.key,
                    time=wanted.time,
                    data=wanted.data,
                    zone=_zone(wanted.zone),
                    on_bad_line=bad,
                ),
            )
        )
    finally:
        bad.close()
    if summary := bad.summary():
        talk.say(summary)
    talk.note(f"{output} has {records:,} records")


def _refuse_to_lose(inputs: Sequence[str], output: Path, saved: Path | None) -> None:
    """Raise EventsimError when what is written is an input, or *output* is no recording."""
    for each in inputs:
        if same(each, output):
            raise EventsimError(f"{each} would be overwritten while it is read")
        if saved is not None and same(each, saved):
            raise EventsimError(
                f"{each} would be overwritten by the bad lines of {output}; write another name"
            )
        if Path(each).is_dir() and output.resolve().is_relative_to(Path(each).resolve()):
            raise EventsimError(f"{output} would be one of the files in {each}; write it elsewhere")
    refuse_to_lose_recording(output)


def _zone(name: str | None) -> tzinfo:
    try:
        return UTC if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise EventsimError(
            f"--zone {name} is not known; write one such as America/New_York"
        ) from None
