from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

from eventsim.ids import Chance

ROOT = Path(__file__).parents[1]

DRAW = """
from eventsim.ids import Chance
chance = Chance(7)
print(chance.uuid("requests"), chance.hex("environments", 32), chance.stream("a", "b").random())
"""


def test_one_pair_has_one_stream() -> None:
    chance = Chance(7)

    assert chance.stream("durations", "consumer") is chance.stream("durations", "consumer")
    assert chance.stream("durations", "a") is not chance.stream("durations", "b")


def test_streams_are_independent_of_each_other() -> None:
    alone, beside = Chance(7), Chance(7)
    for _ in range(10):
        beside.stream("errors", "consumer").random()

    assert alone.stream("durations").random() == beside.stream("durations").random()


def test_another_seed_draws_otherwise() -> None:
    assert Chance(7).uuid("requests") != Chance(8).uuid("requests")


def test_a_uuid_is_version_4_of_rfc_4122() -> None:
    chance = Chance(7)
    drawn = [uuid.UUID(chance.uuid("requests")) for _ in range(500)]

    assert {(u.version, u.variant) for u in drawn} == {(4, uuid.RFC_4122)}
    assert len(set(drawn)) == 500
    ones = [sum(u.int >> bit & 1 for u in drawn) for bit in range(128)]
    fixed = {bit for bit, count in enumerate(ones) if count in (0, 500)}
    assert fixed == {76, 77, 78, 79, 62, 63}


def test_a_uuid_is_written_as_uuids_are() -> None:
    text = Chance(7).uuid("requests")

    assert str(uuid.UUID(text)) == text


def test_hex_has_as_many_digits_as_asked_for() -> None:
    chance = Chance(7)

    for digits in (1, 8, 16, 32):
        text = chance.hex("trace", digits)
        assert (len(text), set(text) <= set("0123456789abcdef")) == (digits, True)


def test_processes_with_other_hash_seeds_draw_the_same() -> None:
    drawn = {
        subprocess.run(
            [sys.executable, "-c", DRAW],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }

    assert len(drawn) == 1
