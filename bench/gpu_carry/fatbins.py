"""Machine code for several GPUs in one library, and how to blank out all but one GPU's.

A fatbin is a header and entries, each with its own header: its kind, its size, and its GPU's compute capability. The
driver selects an entry by its header, so the bytes of the others do not matter, and zeros compress to nothing.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAGIC: Final = struct.pack("<I", 0xBA55ED50)
_HEAD: Final = struct.Struct("<4sHHQ")
_ENTRY: Final = struct.Struct("<HHIQ")
_CAPABILITY: Final = 28
"""Offset within an entry's header."""
_MIN_HEADER: Final = 32
PTX, MACHINE_CODE = 1, 2


@dataclass(frozen=True, slots=True)
class FatbinEntry:
    """Code for one GPU."""

    kind: int
    capability: int
    """90 for an H100."""
    at: int
    size: int


def blank(library: bytearray, capability: int) -> int:
    """Zero what this GPU does not run; return the number of bytes."""
    blanked = 0
    for entries in _fatbins(library):
        for one in _unused(entries, capability):
            library[one.at : one.at + one.size] = bytes(one.size)
            blanked += one.size
    return blanked


def _unused(entries: list[FatbinEntry], capability: int) -> Iterator[FatbinEntry]:
    """All but its own machine code; without any, all but the newest PTX that it can compile."""
    own = any(one.kind == MACHINE_CODE and one.capability == capability for one in entries)
    older = [one.capability for one in entries if one.kind == PTX and one.capability <= capability]
    kept = (MACHINE_CODE, capability) if own else (PTX, max(older, default=0))
    return (one for one in entries if one.kind in (PTX, MACHINE_CODE) and (one.kind, one.capability) != kept)


def _fatbins(library: bytearray) -> Iterator[list[FatbinEntry]]:
    at = library.find(MAGIC)
    while at >= 0:
        end = at + len(MAGIC)
        if at + _HEAD.size <= len(library):
            _, version, header, size = _HEAD.unpack_from(library, at)
            if version == 1 and header == _HEAD.size and at + header + size <= len(library):
                end = at + header + size
                yield list(_entries(library, at + header, end))
        at = library.find(MAGIC, end)


def _entries(library: bytearray, at: int, end: int) -> Iterator[FatbinEntry]:
    """Yield entries up to the first malformed one."""
    while at + _MIN_HEADER <= end:
        kind, _, header, size = _ENTRY.unpack_from(library, at)
        if header < _MIN_HEADER or at + header + size > end:
            return
        (capability,) = struct.unpack_from("<I", library, at + _CAPABILITY)
        yield FatbinEntry(kind, capability, at + header, size)
        at += header + size
