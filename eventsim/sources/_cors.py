"""Cross-origin settings as they are written, in AWS's own words."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from eventsim.rules.cors import Cors


class CorsBlock(BaseModel):
    """Who may ask from a page of another origin."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: Annotated[bool, Field(strict=True)] = False
    max_age: Annotated[int, Field(strict=True, ge=-1, le=86_400)] | None = None

    def cors(self) -> Cors:
        """The same, to decide by."""
        return Cors(**{name: getattr(self, name) for name in type(self).model_fields})
