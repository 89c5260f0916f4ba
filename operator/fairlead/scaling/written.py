"""Records as JSON lines: exact, so that a line decides again what it decided; never a file or a stream.

Floats are written with the fewest digits that read back as the same bits. Fields that are not known are passed over and
fields that are missing take their defaults, so that neighbouring versions read each other's lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from fairlead.scaling.glance import Glance, glance
from fairlead.scaling.record import Record

_LONGEST_EXCERPT: Final = 80
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Record)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_AUTHOR: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The last decisions of one process at a glance."""

    decisions: tuple[Glance, ...] = ()


_TABLE: Final = msgspec.json.Decoder(Table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A line that is no record."""

    because: str
    excerpt: str
    """How the line begins."""


def encode(record: Record) -> bytes:
    """One line, without its end."""
    return _ENCODER.encode(record)


def decode(line: bytes | str) -> Record | Broken:
    """The record of one line; whatever else it may be is told, not raised."""
    raw = line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line
    try:
        return _DECODER.decode(raw)
    except _UNREADABLE as problem:
        return Broken(because=f"{problem}{_author(raw)}", excerpt=_excerpt(raw))


def encode_table(records: Iterable[Record]) -> bytes:
    """The last decisions of several deployments at a glance, as one JSON object."""
    return _ENCODER.encode(Table(decisions=tuple(glance(record) for record in records)))


def decode_table(page: bytes) -> tuple[Glance, ...] | Broken:
    """What `encode_table` wrote."""
    try:
        return _TABLE.decode(page).decisions
    except _UNREADABLE as problem:
        return Broken(because=str(problem), excerpt=_excerpt(page))


def _author(raw: bytes) -> str:
    """Which version wrote it, where that much can be read: a later one may have another form."""
    try:
        return f", written by version {msgspec.json.decode(_AUTHOR.decode(raw)['version'], type=str)}"
    except (*_UNREADABLE, KeyError):
        return ""


def _excerpt(raw: bytes) -> str:
    return raw[:_LONGEST_EXCERPT].decode("utf-8", "replace").strip()
