"""What a setting of an event source mapping is when nobody sets it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from eventsim.types import EventSourceMapping

DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(EventSourceMapping)}
