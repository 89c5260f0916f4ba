"""Encodes records as JSON lines, exactly, so that a decision can be repeated from its line; touches no files.

Floats are written with the fewest digits that read back as the same bits. Unknown fields are ignored and missing ones
take their defaults, so that neighbouring versions read each other's lines. Lines with former names are read too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from fairlead.scaling import former_names
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.decision_summary import DecisionSummary, summarize

LATEST: Final = 1e11
"""Seconds since 1970; later times have no date."""
_LONGEST_EXCERPT: Final = 80
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(DecisionRecord)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_AUTHOR: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable:
    """Summaries of the last decisions of one process."""

    decisions: tuple[DecisionSummary, ...] = ()


_TABLE: Final = msgspec.json.Decoder(DecisionTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRecord:
    """A line that is not a record."""

    because: str
    excerpt: str
    """The first characters of the line."""


def encode(record: DecisionRecord) -> bytes:
    """Encode as one line, without its line break."""
    return _ENCODER.encode(record)


def decode(line: bytes | str) -> DecisionRecord | BrokenRecord:
    """Decode one line; anything invalid is returned as a `BrokenRecord`, never raised."""
    raw = line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line
    try:
        record = _record(raw)
    except _UNREADABLE as problem:
        return BrokenRecord(because=f"{problem}{_author(raw)}", excerpt=_excerpt(raw))
    if not 0 <= record.now <= LATEST:
        because = f"now is {record.now:g}, and must be seconds since 1970, at most {LATEST:g}"
        return BrokenRecord(because=because, excerpt=_excerpt(raw))
    return record


def encode_table(records: Iterable[DecisionRecord]) -> bytes:
    """Encode summaries of the last decisions of several deployments as one JSON object."""
    return _ENCODER.encode(DecisionTable(decisions=tuple(summarize(record) for record in records)))


def decode_table(page: bytes) -> tuple[DecisionSummary, ...] | BrokenRecord:
    """Decode what `encode_table` wrote."""
    try:
        return _TABLE.decode(page).decisions
    except _UNREADABLE as problem:
        return BrokenRecord(because=str(problem), excerpt=_excerpt(page))


def _record(raw: bytes) -> DecisionRecord:
    if former_names.MARK.search(raw) is None:
        return _DECODER.decode(raw)
    return msgspec.convert(former_names.present_record(msgspec.json.decode(raw)), DecisionRecord)


def _author(raw: bytes) -> str:
    """Return the version that wrote the line, if it can be read: a later one may use another format."""
    try:
        return f", written by version {msgspec.json.decode(_AUTHOR.decode(raw)['version'], type=str)}"
    except (*_UNREADABLE, KeyError):
        return ""


def _excerpt(raw: bytes) -> str:
    return raw[:_LONGEST_EXCERPT].decode("utf-8", "replace").strip()
