"""The event loop that asyncio gives a handler which asks for "the current" one.

On Lambda a handler runs in the main thread of a process of its own: ``get_event_loop`` makes a
loop at the first call and keeps it, until ``asyncio.run`` leaves none.
"""

from __future__ import annotations

import asyncio
import threading


class LoopPolicy(asyncio.DefaultEventLoopPolicy):
    """One environment's policy. The thread in ``thread`` is what the main thread is on Lambda."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = 0
        self._set = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: asyncio.AbstractEventLoop | None = None

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        if threading.get_ident() != self.thread:
            return super().get_event_loop()
        if not self._set:
            self._made = self.new_event_loop()
            self.set_event_loop(self._made)
        if self._loop is None:
            raise RuntimeError("There is no current event loop in thread 'MainThread'.")
        return self._loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        if threading.get_ident() != self.thread:
            super().set_event_loop(loop)
            return
        self._set, self._loop = True, loop

    def close(self) -> None:
        """Close the loop that was made for the handler, unless it runs in a thread left behind."""
        made, self._made = self._made, None
        if made is not None and not made.is_running():
            made.close()
