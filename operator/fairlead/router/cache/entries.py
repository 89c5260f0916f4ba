"""A stored response: its bytes, the headers that describe them, and its expiry."""

from dataclasses import dataclass
from typing import Final

OVERHEAD: Final = 700
"""Cost of an entry besides its body: key, head, objects and its slots in the store (tracemalloc: 639 bytes)."""
STREAM: Final = b"text/event-stream"


@dataclass(slots=True, kw_only=True, eq=False)
class CacheEntry:
    """One complete response of status 200; read-only once created."""

    lines: bytes
    """The header line that belongs to the response itself, with its line end: its content type."""
    body: bytes
    """The body as the client got it, without chunk framing; for a stream, all its events."""
    revision: str
    made_at: float
    """When its last byte arrived, on the router's own clock; negative if it is older than that clock."""
    expires_at: float

    @property
    def cost(self) -> int:
        """Bytes that it takes in the store."""
        return len(self.body) + OVERHEAD

    @property
    def streams(self) -> bool:
        """Whether its body is a stream of events."""
        return STREAM in self.lines


def kept_lines(lines: bytes) -> bytes:
    """Return the content type alone; the other header lines belong to one exchange and not to its response."""
    for line in lines.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return b"content-type: %b\r\n" % value.strip()
    return b""


def encoded(lines: bytes) -> bool:
    """Whether the body has a content encoding, which other clients may not understand."""
    return b"\ncontent-encoding:" in b"\n" + lines.lower()
