"""What one sentence of an explanation is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from eventsim.journal import Entry
from eventsim.reports._words import Mood


class Sentence(NamedTuple):
    """What happened and why, without a full stop; ``rule`` names the setting or rule behind it.

    ``concept`` is explained after its first sentence. Sentences of one ``sort`` at one source are
    alike: after a few of them the others are counted; one without a sort is always told. ``again``
    is told in place of a text that was told just now.
    """

    text: str
    rule: str
    concept: str = ""
    sort: str = ""
    mood: Mood = "event"
    again: str = ""


Teller = Callable[[Entry], Sentence | None]
