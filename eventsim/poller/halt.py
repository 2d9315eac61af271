"""Ends a loop between two pieces of work, never inside one."""

from __future__ import annotations

from types import TracebackType

import anyio


class Halt:
    """Whether a loop has been asked to end: at once where it waits, else after its work.

    The loop enters ``scope`` once, and the halt itself around each piece of work.
    """

    __slots__ = ("_busy", "asked", "scope")

    def __init__(self) -> None:
        self.asked = False
        self._busy = False
        self.scope = anyio.CancelScope()

    def ask(self) -> None:
        """End the loop: now if it waits, else when what it is busy with is done."""
        self.asked = True
        if not self._busy:
            self.scope.cancel()

    def __enter__(self) -> None:
        self._busy = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._busy = False
