"""An answer as it is kept: its bytes, what its head said of them, and until when they hold."""

from dataclasses import dataclass
from typing import Final

OVERHEAD: Final = 700
"""What an entry costs beside its body: key, head, objects and its places in the store (tracemalloc: 639 bytes)."""
STREAM: Final = b"text/event-stream"


@dataclass(slots=True, kw_only=True, eq=False)
class CacheEntry:
    """One whole answer of status 200; read-only once made."""

    lines: bytes
    """The header lines that belong to the answer itself, each with its line end: its content type."""
    body: bytes
    """As the client saw it, without chunk framing; of a stream, all its events."""
    revision: str
    made_at: float
    """When its last byte came, on the router's own clock; one from another router may be older than the clock."""
    expires_at: float

    @property
    def cost(self) -> int:
        """Bytes it takes of the store's."""
        return len(self.body) + OVERHEAD

    @property
    def streams(self) -> bool:
        """Whether its body is a stream of events."""
        return STREAM in self.lines


def kept_lines(lines: bytes) -> bytes:
    """The content type alone; the rest belongs to one exchange and not to its answer."""
    for line in lines.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return b"content-type: %b\r\n" % value.strip()
    return b""


def encoded(lines: bytes) -> bool:
    """Whether the body is spelt for one client, so that another could not read it."""
    return b"\ncontent-encoding:" in b"\n" + lines.lower()
