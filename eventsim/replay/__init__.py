"""
A recording played again: which of its records, changed how, and when each of them is due.

Recordings are streamed: whatever their length, what is held is what is in flight.
"""

from __future__ import annotations

from eventsim.replay.changing import Changes
from eventsim.replay.cutting import Bound, Cut
from eventsim.replay.files import Readable, Recording, open_events, open_recording
from eventsim.replay.playing import Due, Player, Survey

__all__ = [
    "Bound",
    "Changes",
    "Cut",
    "Due",
    "Player",
    "Readable",
    "Recording",
    "Survey",
    "open_events",
    "open_recording",
]
