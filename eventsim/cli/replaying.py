"""Replays for ``eventsim replay``: what is shown meanwhile, what came of it, how it ends."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from eventsim import clock
from eventsim.cli.compare import show
from eventsim.cli.exits import FAILED, OK
from eventsim.cli.files import STREAM, writing
from eventsim.cli.polling import ShownSink
from eventsim.cli.replay_asked import Asked
from eventsim.cli.report import Report
from eventsim.cli.signals import ENDINGS
from eventsim.cli.sinks import FrameSink, StdoutSink
from eventsim.cli.stats import Stats
from eventsim.cli.talk import Talk
from eventsim.journal import Sink
from eventsim.journal.sinks import JsonLinesSink
from eventsim.recordings import BadLine, BadLines, OnBadLine
from eventsim.replay import Player
from eventsim.replay.comparing import compare
from eventsim.replay.sending import Sender
from eventsim.simulation import Options, Simulation
from eventsim.simulation.replaying import Replay, feeding
from eventsim.simulation.sending import open_sender

__all__ = ["Asked", "perform"]


def perform(asked: Asked, talk: Talk) -> int:
    """Replay what was asked for; the exit code.

    Raises EventsimError for what cannot begin or go on, HandlerStuck, KeyboardInterrupt.
    """
    asked.check()
    if asked.redrive is not None:
        from eventsim.cli.redriving import redrive

        return redrive(asked, talk)
    bad = BadLines(asked.on_bad_line, Path(f"{asked.file}.bad"), talk.say)
    player = asked.player(None if asked.on_bad_line == "stop" else Once(bad))
    player.on_cut_off = lambda line: talk.say(
        f"{player.file.path.name}:{line}: the recording is cut off in this line"
    )
    if asked.to is not None:
        code = _send(asked, player, talk)
    elif asked.compares:
        code = _compare(asked, player, talk)
    else:
        code = _into_handler(asked, player, talk)
    bad.close()
    if (summary := bad.summary()) is not None:
        talk.say(summary)
    complaints = [each for each in _complaints(player) if each is not None]
    for complaint in complaints:
        talk.say(complaint)
    return FAILED if complaints else code


def _complaints(player: Player) -> Iterator[str | None]:
    """What was asked for and did nothing, which nobody would see otherwise."""
    if not player.cut.everything and player.first() is None:
        yield f"no record of {player.file.path.name} is one of those that were asked for"
        return
    yield player.changes.complaint()


class Once:
    """Passes each bad line on once, however often the recording is read."""

    def __init__(self, told: OnBadLine) -> None:
        self._told, self._done = told, 0

    def __call__(self, bad: BadLine) -> None:
        if bad.number > self._done:
            self._told(bad)
            self._done = self._done if bad.more else bad.number


def _into_handler(asked: Asked, player: Player, talk: Talk) -> int:
    what = asked.replay(player, str(asked.handler), asked.own_settings())
    frame, age, stats = FrameSink(), Age(), Stats()
    sinks: list[Sink] = [frame]
    eager = asked.time == "real"
    if eager:
        sinks.append(ShownSink(talk))
    if asked.journal == STREAM:
        sinks.append(StdoutSink(sys.stdout.buffer, eager=eager))
    elif asked.journal is not None:
        sinks.append(JsonLinesSink(Path(asked.journal), eager=eager))
    options = replace(
        asked.options([what.function_name]),
        sinks=sinks,
        detail=asked.detail if len(sinks) > 1 else "off",
        on_log=None if talk.quiet or asked.debug else talk.log,
    )
    failure = _drive(what, options, stats, age)
    if frame.entries:
        report = Report("json" if asked.json else "summary")
        report.write(frame.entries, talk.out if asked.journal == STREAM else sys.stdout)
        sys.stdout.flush()
        figures = stats.figures(frame.entries[-1])
        if asked.stats:
            with writing(asked.stats) as out:
                out.write(figures.json())
        if eager and age.records:
            talk.note(age.line())
        talk.note(figures.line())
    if failure is not None:
        raise failure
    counts = frame.entries[-1].fields["counts"]
    lost = counts["records"]["discarded"] + counts["records"]["expired"]
    failed = (
        counts["errors"] if what.into == "invocations" else lost + counts["records"]["redriven"]
    )
    return FAILED if failed else OK


def _drive(what: Replay, options: Options, stats: Stats, age: Age) -> BaseException | None:
    """Replay; what it did not survive, if anything."""
    scenario = what.scenario()
    options.check(scenario)

    async def main() -> None:
        async with Simulation(scenario, options) as simulation:
            stats.start(simulation.clock.stopwatch())
            simulation.journal.watch(["batch_delivered"], age.watch)
            await simulation.run(feeding(what, simulation))

    try:
        clock.run(main, virtual=options.virtual(scenario))
    except ENDINGS as error:
        return error
    finally:
        stats.stop()
    return None


class Age:
    """How old the records were that were delivered: how late a replay in real time is."""

    def __init__(self) -> None:
        self.records, self._worst, self._total = 0, 0.0, 0.0

    def watch(self, kind: str, fields: dict[str, Any]) -> None:
        age = fields.get("age", 0.0)
        self.records += fields["records"]
        self._worst = max(self._worst, age)
        self._total += age * fields["records"]

    def line(self) -> str:
        """The lateness as a person reads it."""
        mean = self._total / self.records
        return (
            f"delivered {mean:.3f} s after arrival on average, {self._worst:.3f} s at most, "
            "in seconds of the recording"
        )


def _compare(asked: Asked, player: Player, talk: Talk) -> int:
    sides: Sequence[tuple[str, dict[str, Any]]] = (
        (str(asked.handler), asked.own_settings()),
        (asked.versus or str(asked.handler), asked.other_settings()),
    )
    with tempfile.TemporaryDirectory(prefix="eventsim-") as folder:
        paths = []
        for letter, (handler, settings) in zip("ab", sides, strict=True):
            what = asked.replay(player, handler, settings)
            what = replace(what, function_name="function")
            path = Path(folder, f"{letter}.jsonl")
            talk.note(f"{letter}: {handler} {orjson.dumps(settings).decode()}")
            options = replace(
                asked.options(["function"]),
                sinks=[JsonLinesSink(path, eager=False)],
                detail="payload",
                on_log=None if talk.quiet or asked.debug else talk.log,
            )
            failure = _drive(what, options, Stats(), Age())
            if failure is not None:
                raise failure
            paths.append(path)
        found = compare(*paths)
        names = tuple(f"{handler} {orjson.dumps(own).decode()}" for handler, own in sides)
        found = replace(found, paths=(names[0], names[1]))
        show(found, json=asked.json)
    return OK if found.same else FAILED


def _send(asked: Asked, player: Player, talk: Talk) -> int:
    target = asked.target()

    async def main() -> Sender:
        async with open_sender(player, target, talk.say) as sender:
            begun = 0 if sender.resume is None else sender.resume.sent
            if begun:
                talk.note(f"going on after {begun:,} records that were sent before")
            await sender.run()
            return sender

    sender = clock.run(main, virtual=False)
    late = sender.lateness
    figures = {
        "sent": late.records,
        "target": asked.to,
        "late_seconds_mean": round(late.mean, 6),
        "late_seconds_max": round(late.worst, 6),
    }
    if asked.json:
        print(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    else:
        print(f"{late.records:,} records sent to {asked.to}")
        if sender.gaps:
            print(
                f"{late.mean:.3f} s late on average, {late.worst:.3f} s at most, in seconds of "
                "the recording"
            )
    return OK
