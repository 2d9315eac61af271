"""Ends a loop between two pieces of work, never inside one."""

from __future__ import annotations

import anyio


class Halt:
    """Whether a loop has been asked to end: at once where it waits, else after its work.

    The loop enters ``scope`` once, and is ``busy`` during each piece of work.
    """

    __slots__ = ("asked", "busy", "scope")

    def __init__(self) -> None:
        self.asked = self.busy = False
        self.scope = anyio.CancelScope()

    def ask(self) -> None:
        """End the loop: now if it waits, else when what it is busy with is done."""
        self.asked = True
        if not self.busy:
            self.scope.cancel()
