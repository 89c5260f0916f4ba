"""Ways to cut bytes, and readers fed with the pieces."""

from collections.abc import Sequence

from hypothesis import strategies as st

from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import ClientRequest, RequestReader

LIMITS = RequestLimits(body_bytes=4096)


def at(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut at these places; empty pieces are left out, since no read is empty."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    starts = [0, *ends]
    return [data[start:end] for start, end in zip(starts, ends, strict=False) if end > start]


def everywhere(data: bytes) -> list[list[bytes]]:
    """In two at each byte, and byte by byte."""
    halves = [[data[:place], data[place:]] for place in range(1, len(data))]
    return [[data], *halves, [data[place : place + 1] for place in range(len(data))]]


places = st.lists(st.integers(0, 4096), max_size=12)


def request(pieces: Sequence[bytes], heads: HeadCache | None = None, limits: RequestLimits = LIMITS) -> ClientRequest:
    """The one whole request in these pieces."""
    reader = RequestReader(limits, heads or HeadCache())
    whole: list[ClientRequest] = []
    for piece in pieces:
        found = reader.feed(piece)
        assert not isinstance(found, MalformedRequest), found.message
        if found is not None and found.whole:
            whole.append(found)
    assert len(whole) == 1
    return whole[0]
