"""Checkpoints in a file, which outlive the process whatever ends it."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import anyio
import anyio.to_thread

from eventsim.checkpoints.replacing import Lock, replace_file
from eventsim.checkpoints.standing import Identity, Standing, Unusable, decode, encode
from eventsim.clock import Clock
from eventsim.errors import CheckpointError
from eventsim.types import Checkpoint


class FileCheckpoints:
    """Checkpoints of some mappings, kept in a file of their own.

    When ``begin`` or ``set`` returns, what it was given is on the disk; whatever was set while
    a write was under way goes into the next one together. A file that is not there yet is made
    by the first ``begin``. It is for one process at a time, until ``close`` or its end.
    """

    def __init__(self, path: Path | str, mappings: Sequence[Identity], clock: Clock) -> None:
        """Read the file for *mappings*, or begin anew where there is none.

        Raises CheckpointError, and leaves the file as it is, when it is of another mapping,
        damaged, foreign, of a newer schema, in use by another process, or out of reach.
        """
        self._path = Path(os.path.realpath(path))
        self._told = str(path)
        self._clock = clock
        self._changes = self._saved = 0
        self._writing = anyio.Lock()
        self._lock = self._take()
        try:
            found = self._read(mappings)
        except BaseException:
            self._lock.release()
            raise
        self._standings = {each.name: found.get(each.name) or Standing(each) for each in mappings}

    async def begin(self, mapping: str, timestamp: float) -> float | None:
        standing = self._standings[mapping]
        before = standing.began
        if before is None:
            standing.began = timestamp
            await self._save()
        return before

    def get(self, mapping: str, shard_id: str) -> Checkpoint | None:
        return self._standings[mapping].shards.get(shard_id)

    async def set(self, mapping: str, shard_id: str, checkpoint: Checkpoint) -> None:
        """Keep it. Raises CheckpointError when the disk does not take it."""
        self._standings[mapping].shards[shard_id] = checkpoint
        await self._save()

    def keep_only(self, mapping: str, shard_ids: Collection[str]) -> None:
        """Forget, with the next write, the shards that the stream does not have any more."""
        shards = self._standings[mapping].shards
        for shard_id in shards.keys() - set(shard_ids):
            del shards[shard_id]

    def close(self) -> None:
        """Let another process use the file."""
        self._lock.release()

    def _take(self) -> Lock:
        try:
            if self._path.exists() and not self._path.is_file():
                raise CheckpointError(f"{self._told} is no file; write the name of one")
            return Lock(self._path)
        except BlockingIOError:
            raise CheckpointError(
                f"{self._told} is in use: another process keeps its checkpoints there; "
                "give each its own file"
            ) from None
        except OSError as error:
            raise CheckpointError(f"cannot use {self._told}: {error.strerror}") from None

    def _read(self, mappings: Sequence[Identity]) -> dict[str, Standing]:
        try:
            standings = decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CheckpointError(f"cannot read {self._told}: {error.strerror}") from None
        except Unusable as error:
            raise CheckpointError(
                f"cannot go on from the checkpoints in {self._told}: {error}; "
                "write another name, or remove it to begin anew"
            ) from None
        self._check(standings, {each.name: each for each in mappings})
        return {standing.identity.name: standing for standing in standings}

    def _check(self, standings: Sequence[Standing], mappings: dict[str, Identity]) -> None:
        for standing in standings:
            kept = standing.identity
            wanted = mappings.get(kept.name)
            if wanted is None or wanted[:3] != kept[:3]:
                names = ", ".join(str(each) for each in mappings.values())
                raise CheckpointError(f"{self._told} has the checkpoints of {kept}, not of {names}")
            if kept.another_creation(wanted):
                raise CheckpointError(
                    f"{self._told} has the checkpoints of an earlier {kept.source_arn}, which was "
                    "deleted and created again; remove the file to begin anew"
                )

    async def _save(self) -> None:
        """Return when everything set by now is on the disk: one write serves all who wait."""
        self._changes = mine = self._changes + 1
        async with self._writing:
            if self._saved >= mine:
                return
            changes, content = self._changes, encode(self._standings.values())
            async with self._clock.hold():
                try:
                    await anyio.to_thread.run_sync(replace_file, self._path, content)
                except OSError as error:
                    raise CheckpointError(
                        f"cannot write the checkpoints {self._told}: {error.strerror}; "
                        "what stands there is whole"
                    ) from error
            self._saved = changes
