"""What is changed of a record before it is replayed: its key, its time, what must not leave."""

from __future__ import annotations

from dataclasses import dataclass, field

from eventsim.errors import EventsimError
from eventsim.recordings import RecordedRecord
from eventsim.replay.opened import opened
from eventsim.rules.masking import NotMasked, key_in, masked
from eventsim.rules.paths import Path, write

KEY_CHARACTERS_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """``rekey`` leads to the new partition key in the data, ``mask`` to what is masked there.

    ``shift`` is added to every arrival, in seconds.
    """

    rekey: Path | None = None
    mask: tuple[Path, ...] = ()
    shift: float = 0.0
    unmasked: set[Path] = field(default_factory=set, init=False, compare=False)

    def __post_init__(self) -> None:
        self.unmasked.update(self.mask)

    def of(self, record: RecordedRecord, number: int) -> RecordedRecord:
        """The record as it is replayed; *number* counts those replayed from 1.

        Raises EventsimError for data that cannot be masked, or that has no such key. A path that
        masked something leaves ``unmasked``.
        """
        if self.shift:
            record = record._replace(arrival=record.arrival + self.shift)
        if self.rekey is None and not self.mask:
            return record
        try:
            return self._changed(record)
        except (NotMasked, ValueError) as error:
            wanted = "--mask" if isinstance(error, NotMasked) and self.mask else "--rekey"
            raise EventsimError(
                f"record {number} of those replayed: its data {error}, so {wanted} cannot be done; "
                "choose its records with --pattern, or another path"
            ) from None

    def _changed(self, record: RecordedRecord) -> RecordedRecord:
        document, put_back, blanked = opened(record)
        key = None if self.rekey is None else key_in(document, self.rekey)[:KEY_CHARACTERS_MAX]
        document, found = masked(document, self.mask, blanked)
        if found:
            self.unmasked.difference_update(found)
            record = put_back(document)
        if key is None:
            return record
        return record._replace(key=key, shard=None, explicit_hash_key=None)

    def complaint(self) -> str | None:
        """What to say at the end of paths that masked nothing at all."""
        if not self.unmasked:
            return None
        listed = ", ".join(sorted(write(path) for path in self.unmasked))
        return f"--mask {listed} masked nothing: no record has it"
