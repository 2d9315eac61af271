"""Ids that belong to a name: a broker, a cluster, a subscription has the same each time."""

from __future__ import annotations

from hashlib import sha256


def hex_of(name: str, digits: int) -> str:
    """So many hexadecimal digits, at most 64."""
    return sha256(name.encode()).hexdigest()[:digits]


def uuid_of(name: str) -> str:
    """A version 4 UUID."""
    digits = hex_of(name, 32)
    third, fourth = f"4{digits[13:16]}", f"a{digits[17:20]}"
    return f"{digits[:8]}-{digits[8:12]}-{third}-{fourth}-{digits[20:]}"
