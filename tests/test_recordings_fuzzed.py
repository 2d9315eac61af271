"""Files of any bytes: nothing crashes, and every line that is left out is told."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim import registry
from tests.recording_laws import FOREIGN, HEADERS, OWN, SEEDS, accounted_for, only_known_errors

SECONDS = 120


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Some of the seeds one after another, with noise put over some places."""
    content = b"".join(draw(st.lists(st.sampled_from(seeds), max_size=3)))
    for _ in range(draw(st.integers(0, 3))):
        at, cut = draw(st.integers(0, len(content))), draw(st.integers(0, 9))
        noise = draw(st.binary(max_size=6) | st.sampled_from(NOISE))
        content = content[:at] + noise + content[at + cut :]
    return content


NOISE = [
    b"1e999",
    b"-1",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"\\ud800",
    b"\xff",
    b"9" * 25,
    b"\n",
    b"\x00",
]


@pytest.mark.parametrize("source", list(HEADERS))
@given(data=st.data())
def test_every_line_of_a_recording_is_accounted_for(
    tmp_path: Path, source: str, data: st.DataObject
) -> None:
    content = data.draw(damaged(list(SEEDS.values())))

    accounted_for(tmp_path / "r.jsonl", source, content)


@pytest.mark.parametrize("name", list(FOREIGN))
@given(data=st.data())
def test_other_formats_give_records_bad_lines_or_an_error_of_ours(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    only_known_errors(tmp_path / "in", name, data.draw(damaged([FOREIGN[name]])))


def test_every_format_is_among_them() -> None:
    assert {*FOREIGN, OWN, "parquet"} == set(registry.names("recordings"))


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed here"
)
def test_atheris_finds_nothing(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, seed in {**SEEDS, **FOREIGN}.items():
        (corpus / name).write_bytes(seed)
    fuzzer = Path(__file__).with_name("recording_fuzzer.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])}
    done = subprocess.run(
        [sys.executable, fuzzer, f"-max_total_time={SECONDS}", "-max_len=2000", corpus],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4_000:]
