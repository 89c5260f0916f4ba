"""The custom_ids of a file, what was requested by each, and which of them are answered, in 16 bytes a slot.

Names are kept as 64 bits of their hash, so ten million lines take 256 MiB and not two gigabytes. Two of ten million
names are taken for the same one with a chance of 3 in a million: the second is then refused as a duplicate.
"""

from array import array
from enum import Enum, auto
from hashlib import blake2b
from typing import Final

from fairlead.batching.batch_requests import BatchRequest

UNKNOWN: Final = 2**63 - 1
"""The digest of an answer that another program wrote."""
_LINE: Final = 1
"""The bit of a name that the input has; the request's digest is above both bits, without its own highest one."""
_ANSWERED: Final = 2
_BITS: Final = 2
_DIGEST: Final = 2 ** (64 - _BITS) - 1
_FIRST_SLOTS: Final = 1024
_QUARTERS: Final = 3
"""Quarters of the slots that may be used before there are twice as many."""


class LineState(Enum):
    """What a line of the input is to this run."""

    NEW = auto()
    ANSWERED = auto()
    CHANGED = auto()
    """Its custom_id was answered when the line was another one."""
    DUPLICATE = auto()


class CustomIds:
    """An open-addressed table: hash of a name → digest of its request, whether the input has it, and an answer."""

    def __init__(self) -> None:
        self._allocate(_FIRST_SLOTS)

    def _allocate(self, slots: int) -> None:
        self._mask = slots - 1
        self._names = array("Q", bytes(8 * slots))
        self._values = array("Q", bytes(8 * slots))
        self._used = 0

    def __len__(self) -> int:
        """Return how many names there are."""
        return self._used

    def add_answer(self, custom_id: str, digest: int) -> None:
        """Record that the output has an answer; `UNKNOWN` if its line does not say to what."""
        slot = self._slot(_hashed(custom_id))
        self._values[slot] = (0 if digest == UNKNOWN else _shifted(digest)) | _ANSWERED

    def add_line(self, request: BatchRequest) -> LineState:
        """Record a line of the input, and return what it is."""
        slot = self._slot(_hashed(request.custom_id))
        value, requested = self._values[slot], _shifted(request.digest)
        if value & _LINE:
            return LineState.DUPLICATE
        self._values[slot] = requested | value & _ANSWERED | _LINE
        if not value & _ANSWERED:
            return LineState.NEW
        return LineState.ANSWERED if value - _ANSWERED in (0, requested) else LineState.CHANGED

    def is_line(self, custom_id: str) -> bool:
        """Return whether the input had a line of this name when it was checked."""
        return bool(self._values[self._find(_hashed(custom_id))] & _LINE)

    def is_answered(self, custom_id: str) -> bool:
        """Return whether the output had an answer when the run began."""
        return bool(self._values[self._find(_hashed(custom_id))] & _ANSWERED)

    def is_unchanged(self, request: BatchRequest) -> bool:
        """Return whether the line of this name requested the same when it was checked."""
        value = self._values[self._find(_hashed(request.custom_id))]
        return value & ~_ANSWERED == _shifted(request.digest) | _LINE

    def _slot(self, name: int) -> int:
        """Return the slot of this name, which is new if no name was there."""
        slot = self._find(name)
        if self._names[slot]:
            return slot
        if (self._used + 1) * 4 > (self._mask + 1) * _QUARTERS:
            self._grow()
            slot = self._find(name)
        self._names[slot] = name
        self._used += 1
        return slot

    def _find(self, name: int) -> int:
        names, mask = self._names, self._mask
        slot = name & mask
        while names[slot] not in (0, name):
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        names, values = self._names, self._values
        self._allocate(2 * len(names))
        for name, value in zip(names, values, strict=True):
            if name:
                slot = self._find(name)
                self._names[slot], self._values[slot] = name, value
                self._used += 1


def _shifted(digest: int) -> int:
    return (digest & _DIGEST) << _BITS


def _hashed(custom_id: str) -> int:
    return int.from_bytes(blake2b(custom_id.encode(errors="replace"), digest_size=8).digest()) or 1
