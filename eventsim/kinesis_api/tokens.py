"""
What clients carry from one request to the next without knowing what is in it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Any

import orjson

_DIGEST_BYTES = 8
_HEAD = bytes(3)  # AWS's begin with AAAA, too


class Tokens:
    """Makes texts of values, and reads no others than those that it made."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def make(self, *values: Any) -> str:
        """A token that holds *values*, which are those of JSON."""
        content = orjson.dumps(values)
        return base64.b64encode(_HEAD + self._digest(content) + content).decode()

    def read(self, token: str, kind: str) -> Sequence[Any] | None:
        """What a token of a kind, its first value, holds besides; None for what is none."""
        try:
            raw = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            return None
        end = len(_HEAD) + _DIGEST_BYTES
        digest, content = raw[len(_HEAD) : end], raw[end:]
        if not raw.startswith(_HEAD) or not compare_digest(digest, self._digest(content)):
            return None
        found, *values = orjson.loads(content)
        return values if found == kind else None

    def _digest(self, content: bytes) -> bytes:
        return blake2b(content, digest_size=_DIGEST_BYTES, key=self._key).digest()
