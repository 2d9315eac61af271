"""
What a checkpoint file says, as values and as JSON for people to read::

    {
      "kind": "eventsim checkpoints",
      "schema": 1,
      "mappings": {
        "app.orders": {
          "source": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
          "function": "app",
          "created": "2026-01-01T00:00:00Z",
          "began": "2026-01-01T05:00:00.250000Z",
          "shards": {
            "shardId-000000000000": {"sequence_number": "4957…", "window": null}
          }
        }
      }
    }

A tumbling window has its start and end in seconds since the epoch, and its state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from eventsim.types import Checkpoint, TumblingWindow

KIND = "eventsim checkpoints"
SCHEMA_VERSION = 1
_PRECISION_SECONDS = 0.001


class Identity(NamedTuple):
    """Which mapping checkpoints are of: its name, the source's ARN, the function.

    ``created`` tells a stream from one of the same name that was there before it, in epoch
    seconds; None where the ARN says it, or nobody knows.
    """

    name: str
    source_arn: str
    function: str
    created: float | None = None

    def another_creation(self, other: Identity) -> bool:
        """Whether the two streams of one ARN were created at different times."""
        if self.created is None or other.created is None:
            return False
        return abs(self.created - other.created) > _PRECISION_SECONDS

    def __str__(self) -> str:
        return f"{self.name} ({self.source_arn} to function {self.function})"


@dataclass(slots=True)
class Standing:
    """Where one mapping stands. ``began`` is in epoch seconds, None when it has not yet."""

    identity: Identity
    began: float | None = None
    shards: dict[str, Checkpoint] = field(default_factory=dict)


class Unusable(ValueError):
    """The content is no checkpoint file that this eventsim can go on from; says why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Window(_Part):
    start: float
    end: float
    state: Any
    final: bool
    terminated_early: bool


class _Shard(_Part):
    sequence_number: Annotated[str, Field(pattern=r"^\d+$")]
    window: _Window | None


class _Mapping(_Part):
    source: str
    function: str
    created: Annotated[AwareDatetime | None, Field(strict=False)]
    began: Annotated[AwareDatetime | None, Field(strict=False)]
    shards: dict[str, _Shard]


class _Document(_Part):
    kind: str
    schema_: Annotated[int, Field(alias="schema")]
    mappings: dict[str, _Mapping]


def encode(standings: Iterable[Standing]) -> bytes:
    """The content of the file."""
    document = {
        "kind": KIND,
        "schema": SCHEMA_VERSION,
        "mappings": {standing.identity.name: _mapping(standing) for standing in standings},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode(content: bytes) -> list[Standing]:
    """What ``encode`` was given; times of it to the microsecond. Raises Unusable."""
    try:
        document = orjson.loads(content)
    except ValueError as error:
        raise Unusable(f"it is damaged: {error}" if content else "it is empty") from None
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise Unusable("it is not one of eventsim's")
    schema = document.get("schema")
    if isinstance(schema, int) and schema > SCHEMA_VERSION:
        raise Unusable(
            f"a newer eventsim wrote it (schema {schema}, and this one reads {SCHEMA_VERSION})"
        )
    try:
        mappings = _Document.model_validate(document).mappings
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Unusable(f"it is damaged: {place}: {first['msg']}") from None
    return [_standing(name, mapping) for name, mapping in mappings.items()]


def _mapping(standing: Standing) -> dict[str, Any]:
    identity = standing.identity
    return {
        "source": identity.source_arn,
        "function": identity.function,
        "created": _date(identity.created),
        "began": _date(standing.began),
        "shards": {shard_id: _shard(done) for shard_id, done in standing.shards.items()},
    }


def _shard(checkpoint: Checkpoint) -> dict[str, Any]:
    number, window = checkpoint
    return {"sequence_number": number, "window": None if window is None else asdict(window)}


def _standing(name: str, mapping: _Mapping) -> Standing:
    created = None if mapping.created is None else mapping.created.timestamp()
    return Standing(
        Identity(name, mapping.source, mapping.function, created),
        None if mapping.began is None else mapping.began.timestamp(),
        {shard_id: _checkpoint(shard) for shard_id, shard in mapping.shards.items()},
    )


def _checkpoint(shard: _Shard) -> Checkpoint:
    window = shard.window
    return Checkpoint(
        shard.sequence_number, None if window is None else TumblingWindow(**window.model_dump())
    )


def _date(timestamp: float | None) -> str | None:
    """The date of a time in microseconds, never later than it."""
    if timestamp is None:
        return None
    whole, part = divmod(timestamp, 1)
    date = datetime.fromtimestamp(whole, UTC).replace(microsecond=int(part * 1_000_000))
    return date.isoformat(timespec="microseconds").replace("+00:00", "Z")
