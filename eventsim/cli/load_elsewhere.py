"""Has a load sent by other processes for ``eventsim load --workers`` and ``--on``."""

from __future__ import annotations

from datetime import datetime
from signal import Signals

import anyio

from eventsim import clock
from eventsim.cli.load_view import View
from eventsim.cli.signals import until_signal
from eventsim.cli.talk import Talk
from eventsim.errors import EventsimError
from eventsim.simulation.load_part import Origin
from eventsim.simulation.load_parts import Parts, Whole
from eventsim.simulation.load_plan import check_cut
from eventsim.simulation.loading import Loading
from eventsim.workers import Opening
from eventsim.workers.local import cores
from eventsim.workers.opening import LOCAL, check, opening

ENDING = "nothing more is sent; Ctrl-C again ends without what is on its way"


class Elsewhere:
    """A load in so many processes, here or *on* a cluster. Raises EventsimError if it cannot be."""

    def __init__(self, loading: Loading, origin: Origin, workers: int | None, on: str) -> None:
        self._loading, self._origin, self._workers, self._on = loading, origin, workers, on
        self._virtual = loading.options.virtual(loading.scenario)
        self._work: Parts | Whole | None = None
        check(on)
        if not self._virtual:
            check_cut(loading.scenario, loading.block)
            self._check_cores()

    @property
    def ok(self) -> bool:
        """Whether it ended as it should."""
        return self._work is not None and self._work.ok

    def run(self, view: View, talk: Talk) -> bool:
        """Load to the end; whether a signal was it. Raises what ended it otherwise."""
        interrupted = clock.run(lambda: self._until_signal(view, talk), virtual=False)
        if isinstance(self._work, Whole) and self._work.lost is not None and not interrupted:
            talk.say(f"the load has no figures: {self._work.lost}")
        return interrupted

    async def _until_signal(self, view: View, talk: Talk) -> bool:
        scope = anyio.CancelScope()

        async def work() -> None:
            with scope:
                there = opening(self._on, self._workers, at_once=not self._virtual)
                async with there as (open_worker, count):
                    self._work = self._made(open_worker, count, view, talk)
                    await self._work.main()

        def stop(number: Signals) -> None:
            if self._work is None:
                scope.cancel()
                return
            talk.note(ENDING)
            self._work.interrupt(f"{number.name} was sent")

        return await until_signal(work, stop)

    def _made(self, open_worker: Opening, count: int, view: View, talk: Talk) -> Parts | Whole:
        work: Parts | Whole
        if self._virtual:
            if count > 1:
                talk.note("note: virtual time is one simulation, so one worker has all of the load")
            work = Whole(self._loading, self._origin, open_worker)
        else:
            work = Parts(self._loading, self._origin, open_worker, count)
            work.on_begin = lambda at: talk.note(_begin(at, count))
        work.on_shown = view.tick
        return work

    def _check_cores(self) -> None:
        """Whoever waits awake has a core for himself, or measures who does not let him."""
        count = self._workers or cores()
        if self._loading.block.precise and self._on == LOCAL and count > cores():
            raise EventsimError(
                f"--precise keeps a core awake for each of {count} workers, and here are "
                f"{cores()}; write --workers {cores()}, or leave --precise out"
            )


def _begin(at: datetime, count: int) -> str:
    workers = "1 worker begins" if count == 1 else f"{count} workers begin"
    return f"{workers} at {at.isoformat(timespec='milliseconds')[:-6]}Z"
