"""``eventsim replay --redrive``: what failed, into a handler, and what failed again."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from eventsim import clock
from eventsim.cli.exits import FAILED, OK
from eventsim.cli.files import STREAM, same, writing
from eventsim.cli.polling import properties_of
from eventsim.cli.replay_asked import Asked
from eventsim.cli.sinks import StdoutSink
from eventsim.cli.talk import Talk
from eventsim.journal import Sink
from eventsim.journal.sinks import JsonLinesSink
from eventsim.recordings import Header
from eventsim.replay import Player, Recording
from eventsim.replay.changing import Changes
from eventsim.replay.documents import read_documents
from eventsim.replay.files import Events
from eventsim.simulation import Simulation
from eventsim.simulation.redriving import Redriven, redriving


def redrive(asked: Asked, talk: Talk) -> int:
    """Give each failed batch and event to the handler; the exit code.

    Raises EventsimError for what cannot begin or go on.
    """
    documents = read_documents(Path(str(asked.redrive)))
    player = None if same(str(asked.redrive), asked.file) else _player(asked)
    events = Player(Events(Path(asked.file), Header("lambda", start=0.0)))
    what = replace(asked, into="invocations").replay(player or events, str(asked.handler), {})
    scenario = replace(what, into="invocations").scenario()
    partial = "FunctionResponseTypes" in properties_of(asked.settings)
    options = replace(
        asked.options([what.function_name]),
        sinks=_sinks(asked),
        on_log=None if talk.quiet or asked.debug else talk.log,
    )
    outcomes: list[Redriven] = []

    def told(outcome: Redriven) -> None:
        outcomes.append(outcome)
        if not outcome.ok:
            talk.note(f"document {outcome.document.number}: {outcome.error}")

    async def main() -> None:
        async with Simulation(scenario, options) as simulation:
            name = what.function_name
            feed = redriving(documents, player, simulation, name, told, partial_responses=partial)
            await simulation.run(feed)

    clock.run(main, virtual=options.virtual(scenario))
    _tell(asked, outcomes, talk)
    return OK if all(outcome.ok for outcome in outcomes) else FAILED


def _player(asked: Asked) -> Player:
    return Player(Recording.of(Path(asked.file)), changes=Changes())


def _sinks(asked: Asked) -> list[Sink]:
    if asked.journal == STREAM:
        return [StdoutSink(sys.stdout.buffer, eager=False)]
    return [] if asked.journal is None else [JsonLinesSink(Path(asked.journal), eager=False)]


def _tell(asked: Asked, outcomes: list[Redriven], talk: Talk) -> None:
    """What succeeded and what did not; documents of the latter can be redriven again."""
    failed = [each for each in outcomes if not each.ok]
    missing = sum(each.missing for each in failed)
    taken = [each for each in outcomes if each.ok]
    if asked.failed is not None:
        with writing(asked.failed) as out:
            for each in sorted(failed, key=lambda each: each.document.number):
                out.write(each.document.line.decode("utf-8", "replace") + "\n")
    out = talk.out if asked.journal == STREAM else sys.stdout
    if asked.json:
        out.write(orjson.dumps([_plain(each) for each in outcomes]).decode() + "\n")
        return
    records = sum(each.records for each in taken)
    out.write(f"{len(outcomes):,} documents: {len(taken):,} succeeded, {records:,} records\n")
    if failed:
        out.write(f"{len(failed) - missing:,} failed again, {missing:,} not in the recording\n")


def _plain(outcome: Redriven) -> dict[str, Any]:
    return {
        "document": outcome.document.number,
        "records": outcome.records,
        "ok": outcome.ok,
        "error": outcome.error,
        "missing": outcome.missing,
    }
