"""W3C trace context: a request's trace, whether it is recorded, and the header for its engine.

Implements the header `traceparent`, version 00. Pure: random bits come from an argument.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

RandomBits = Callable[[int], int]
"""Draws this many random bits, like `random.Random.getrandbits`."""

_WRITTEN: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = b"0" * 32
_NO_SPAN: Final = b"0" * 16
SAMPLED: Final = 1


class TraceParent(NamedTuple):
    """The content of a client's `traceparent`."""

    trace_id: str
    span_id: str
    sampled: bool


def parent(header: bytes | None) -> TraceParent | None:
    """Parse the header; None if it is invalid."""
    written = _WRITTEN.fullmatch(header) if header else None
    if written is None:
        return None
    version, trace_id, span_id, flags, more = written.groups()
    # Later versions may append fields; this one has none, and ff is not a version.
    if version == b"ff" or (more is not None and version == b"00") or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceParent(trace_id.decode(), span_id.decode(), bool(int(flags, 16) & SAMPLED))


def trace_id(header: bytes | None) -> str:
    """Return only the trace's id, for the access log; empty if there is none."""
    context = parent(header)
    return context.trace_id if context else ""


def fresh_id(bits: RandomBits) -> str:
    """Return an id for a new trace. All zeros means "no id"; setting the lowest bit costs one bit, not a redraw."""
    return f"{bits(128) | 1:032x}"


def written(trace_id: str, span_id: str) -> bytes:
    """Format the header for the next hop of a recorded trace."""
    return f"00-{trace_id}-{span_id}-01".encode()


def undecided(bits: RandomBits) -> bytes:
    """Create the header of a new trace that is not sampled, so that engines do not decide to record it themselves."""
    return f"00-{bits(128) | 1:032x}-{bits(64) | 1:016x}-00".encode()
