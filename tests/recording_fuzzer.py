"""The laws of recordings for atheris, which looks for bytes that break them.

    python tests/recording_fuzzer.py -max_total_time=60 CORPUS

https://github.com/google/atheris
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["eventsim"]):
    from tests.recording_laws import hold


def main() -> None:
    """Look until told to stop; exit 77 with the bytes at a law that does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.jsonl"
        atheris.Setup(sys.argv, lambda content: hold(path, content))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
