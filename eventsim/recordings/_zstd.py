"""
Zstandard, where it is installed: Python's own from 3.14 on, or its backport.

https://docs.python.org/3.14/library/compression.zstd.html
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, BinaryIO

from eventsim.errors import RecordingError

MAGIC = b"\x28\xb5\x2f\xfd"

_HOMES = ("compression.zstd", "backports.zstd")
_loaded: Any = None


def reading(path: Path, raw: BinaryIO) -> Any:
    """The decompressed bytes of *raw*. Raises RecordingError where there is no zstd."""
    return library(path).ZstdFile(raw)


def writing(path: Path, file: BinaryIO) -> Any:
    """A file that compresses what is written, with a checksum. Raises RecordingError."""
    zstd = library(path)
    return zstd.ZstdFile(file, "wb", options=_checked(zstd))


def packed(path: Path, content: bytes) -> bytes:
    """*content* as a frame with a checksum. Raises RecordingError where there is no zstd."""
    zstd = library(path)
    frame: bytes = zstd.compress(content, options=_checked(zstd))
    return frame


def _checked(zstd: Any) -> dict[Any, int]:
    return {zstd.CompressionParameter.checksum_flag: 1}


def library(path: Path) -> Any:
    """The module. Raises RecordingError where there is none."""
    global _loaded
    for name in _HOMES:
        if _loaded is None:
            try:
                _loaded = importlib.import_module(name)
            except ImportError:
                continue
    if _loaded is None:
        message = "zstd is not installed; pip install 'eventsim[zstd]', or use .jsonl.gz"
        raise RecordingError(path, 0, message)
    return _loaded


def damages() -> tuple[type[Exception], ...]:
    """What reading raises for bytes that are no zstd, or damaged."""
    return () if _loaded is None else (_loaded.ZstdError,)
