"""Records as JSON lines: exact, so that a line decides again what it decided; never a file or a stream.

Floats are written with the fewest digits that read back as the same bits. Fields that are not known are passed over and
fields that are missing take their defaults, so that neighbouring versions read each other's lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from fairlead.scaling.decision_record import DecisionRecord
from fairlead.scaling.decision_summary import DecisionSummary, summarize

_LONGEST_EXCERPT: Final = 80
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(DecisionRecord)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_AUTHOR: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable:
    """The last decisions of one process at a glance."""

    decisions: tuple[DecisionSummary, ...] = ()


_TABLE: Final = msgspec.json.Decoder(DecisionTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRecord:
    """A line that is no record."""

    because: str
    excerpt: str
    """How the line begins."""


def encode(record: DecisionRecord) -> bytes:
    """One line, without its end."""
    return _ENCODER.encode(record)


def decode(line: bytes | str) -> DecisionRecord | BrokenRecord:
    """The record of one line; whatever else it may be is told, not raised."""
    raw = line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line
    try:
        return _DECODER.decode(raw)
    except _UNREADABLE as problem:
        return BrokenRecord(because=f"{problem}{_author(raw)}", excerpt=_excerpt(raw))


def encode_table(records: Iterable[DecisionRecord]) -> bytes:
    """The last decisions of several deployments at a glance, as one JSON object."""
    return _ENCODER.encode(DecisionTable(decisions=tuple(summarize(record) for record in records)))


def decode_table(page: bytes) -> tuple[DecisionSummary, ...] | BrokenRecord:
    """What `encode_table` wrote."""
    try:
        return _TABLE.decode(page).decisions
    except _UNREADABLE as problem:
        return BrokenRecord(because=str(problem), excerpt=_excerpt(page))


def _author(raw: bytes) -> str:
    """Which version wrote it, where that much can be read: a later one may have another form."""
    try:
        return f", written by version {msgspec.json.decode(_AUTHOR.decode(raw)['version'], type=str)}"
    except (*_UNREADABLE, KeyError):
        return ""


def _excerpt(raw: bytes) -> str:
    return raw[:_LONGEST_EXCERPT].decode("utf-8", "replace").strip()
