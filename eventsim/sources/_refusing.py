"""A resource that refuses on purpose, which only a simulated one can."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eventsim.backends import Backend
from eventsim.errors import BackendError

RefusalCode = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9.]{0,63}$", examples=["AccessDenied"])
]


def refuse_to_refuse(name: str, code: str | None, backend: Backend) -> None:
    """Raises BackendError for a resource with a code on a back end whose services decide."""
    if code is not None:
        raise BackendError(
            f"{name} is to refuse with {code}, which works on the simulated back end only; "
            f"on {backend.name} give it a policy that denies"
        )
