"""
The one door to chance: seeded streams, so that one seed gives one run.

A stream belongs to a purpose and an actor ("durations", "consumer"), so that drawing more for
one leaves what the others draw unchanged.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Stream = random.Random
_VERSION_4 = 0x00000000_0000_4000_8000_000000000000
_RANDOM_BITS = ~0x00000000_0000_F000_C000_000000000000 & (1 << 128) - 1


class Chance:
    """All the chance of a run: the same seed gives the same draws in every process."""

    __slots__ = ("_counts", "_streams", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[tuple[str, str], random.Random] = {}
        self._counts: dict[str, int] = {}

    def stream(self, purpose: str, actor: str = "") -> random.Random:
        """The stream of this purpose and actor, always the same object, seeded by their names."""
        stream = self._streams.get((purpose, actor))
        if stream is None:
            # A text seeds by its SHA-512, which no hash seed of the process changes.
            stream = random.Random(f"{self.seed}:{purpose}:{actor}")
            self._streams[purpose, actor] = stream
        return stream

    def uuid(self, purpose: str, actor: str = "") -> str:
        """The stream's next version 4 UUID, as RFC 4122 writes it."""
        return self.uuids(purpose, actor)()

    def uuids(self, purpose: str, actor: str = "") -> Callable[[], str]:
        """What draws them, for who needs many."""
        draw = self.stream(purpose, actor).getrandbits

        def uuid() -> str:
            text = (draw(128) & _RANDOM_BITS | _VERSION_4).to_bytes(16).hex()
            return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

        return uuid

    def hex(self, purpose: str, digits: int, actor: str = "") -> str:
        """The stream's next *digits* hexadecimal digits, in lower case."""
        return f"{self.stream(purpose, actor).getrandbits(4 * digits):0{digits}x}"

    def count(self, purpose: str) -> int:
        """How often this was asked before: 0, 1, 2 and so on. For ids that have to grow."""
        number = self._counts.get(purpose, 0)
        self._counts[purpose] = number + 1
        return number
