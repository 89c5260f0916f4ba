"""Follows an engine's chunks as they pass: where each ends, what it contains, and how to end one that breaks off.

The bytes go to the client unchanged. What is forwarded always ends where it can be continued: half a size line or half
a chunk's end is held back until its rest arrives.
"""

import re
from enum import Enum, auto
from typing import Final

from fairlead.router.wire import frames

SIZE_LINE: Final = 512
"""Limit of a size line, digits and extensions; engines send 1 to 5 bytes."""
SIZES: Final = 4096
"""Number of cached size lines, 4 bytes each at most."""
LARGEST: Final = 2**31
TRAILER_BYTES: Final = 16 * 2**10
LAST_OF_SOME: Final = b"\r\n0\r\n\r\n"
TRAILER_LINE: Final = re.compile(
    rb"(?!(?i:transfer-encoding|content-length|connection|trailer):)[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*"
)
"""A trailer field other than those that frame a message: RFC 9110 6.5.1."""
PADDING: Final = 2**20
"""A chunk that lacks more bytes than this is not padded: the connection is cut."""


class ChunkPosition(Enum):
    """The part of the framing that the next byte belongs to."""

    SIZE = auto()
    CONTENT = auto()
    CONTENT_END = auto()
    TRAILER = auto()
    DONE = auto()


SIZE: Final = ChunkPosition.SIZE
CONTENT: Final = ChunkPosition.CONTENT


class ChunkedReply:
    """One chunked response, from its first chunk to its trailer."""

    __slots__ = ("_held", "_left", "_place", "_sizes", "_trailer", "alone", "bad", "over", "payload", "surplus")

    def __init__(self, sizes: dict[bytes, int]) -> None:
        self._sizes = sizes
        """Previously seen size lines; shared."""
        self.restart()

    def restart(self) -> None:
        """Reset before the next response's first chunk."""
        self._place = SIZE
        self._left = 0
        self._held = b""
        self._trailer = 0
        self.payload = b""
        """Content of the last bytes, without framing."""
        self.alone = False
        """The last bytes were one whole chunk: they can be passed on unchanged even if chunks are rewritten."""
        self.bad: str | None = None
        self.over = False
        """Whether following has ended: the response is done, or bad."""
        self.surplus = False
        """Whether more bytes followed the end."""

    @property
    def done(self) -> bool:
        """Whether the last chunk and its trailer were seen."""
        return self._place is ChunkPosition.DONE

    def feed(self, data: bytes) -> bytes:
        """Feed the next bytes; return those that may be passed on, including bytes held back before."""
        if self._place is SIZE and not self._held:
            line = data.find(b"\r\n", 0, 18)
            size = self._sizes.get(data[:line])
            if size and line > 0 and len(data) == line + size + 4 and data.endswith(b"\r\n"):
                self.payload = data[line + 2 : -2]
                self.alone = True
                return data
        self.alone = False
        return self._follow(self._held + data if self._held else data)

    def _follow(self, data: bytes) -> bytes:
        """Follow any number of chunks, split anywhere."""
        parts: list[bytes] = []
        at, end = self._whole_chunks(data, parts) if self._place is SIZE else 0, len(data)
        while at < end and self._place is not ChunkPosition.DONE:
            place = self._place
            if place is CONTENT:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                if not self._left:
                    self._place = ChunkPosition.CONTENT_END
                continue
            step = self._content_end(data, at) if place is ChunkPosition.CONTENT_END else self._line(data, at)
            if step <= 0:
                break
            at += step
        self.payload = b"".join(parts)
        self.over = self.done or self.bad is not None
        self.surplus = self.done and at < end
        self._held = b"" if self.done or self.bad else data[at:]
        return data if at == end else data[:at]

    def _whole_chunks(self, data: bytes, parts: list[bytes]) -> int:
        """Follow chunks of known sizes, as in an engine's burst; return where another kind begins."""
        sizes = self._sizes
        at = self._burst(data, parts)
        while True:
            line = data.find(b"\r\n", at, at + 18)
            size = sizes.get(data[at:line]) if line >= 0 else 0
            if not size:
                return at
            end = line + 2 + size
            if data[end : end + 2] != b"\r\n":
                return at
            parts.append(data[line + 2 : end])
            at = end + 2

    def _burst(self, data: bytes, parts: list[bytes]) -> int:
        """Read whole chunks without a line break inside; return where the last one begins. Every size must match the
        content that follows it, so that no content is taken for framing."""
        end = len(data) - 5 if data.endswith(LAST_OF_SOME) else len(data)
        words = data[:end].split(b"\r\n")
        contents = words[1::2]
        if words.pop() or b"" in contents or list(map(self._sizes.get, words[::2])) != list(map(len, contents)):
            return 0
        parts.extend(contents)
        return end

    def _content_end(self, data: bytes, at: int) -> int:
        end = data[at : at + 2]
        if end == b"\r\n":
            self._place = SIZE
            return 2
        if end != b"\r":
            self.bad = "a chunk does not end where its size says"
        return 0

    def _line(self, data: bytes, at: int) -> int:
        """Read a size line or a line of the trailer; return its length, or 0 while it is incomplete."""
        end = data.find(b"\r\n", at)
        most = SIZE_LINE if self._place is SIZE else TRAILER_BYTES
        if (end if end >= 0 else len(data)) - at > most:
            self.bad = "a line of its framing is too long"
            return 0
        if end < 0:
            return 0
        line = data[at:end]
        if self._place is SIZE:
            self._sized(line)
        else:
            self._trailed(line)
        return 0 if self.bad else end + 2 - at

    def _sized(self, line: bytes) -> None:
        size = self._sizes.get(line)
        if size is None:
            size = _size(line)
            if size is None:
                self.bad = "a chunk's size is not a number"
                return
            if len(line) <= 4 and len(self._sizes) < SIZES:
                self._sizes[line] = size
        self._left = size
        self._place = CONTENT if size else ChunkPosition.TRAILER

    def _trailed(self, line: bytes) -> None:
        self._trailer += len(line) + 2
        if not line:
            self._place = ChunkPosition.DONE
        elif self._trailer > TRAILER_BYTES or not TRAILER_LINE.fullmatch(line):
            self.bad = "its trailer is none"

    def cut(self, frame: bytes) -> bytes | None:
        """Return bytes that properly end the response here with this frame; None if impossible."""
        if self._place is ChunkPosition.DONE or self._place is ChunkPosition.TRAILER:
            return None if self._place is ChunkPosition.DONE else b"\r\n"
        if self._place is SIZE:
            return frames.chunk(frame) + frames.LAST
        left = self._left
        if left > PADDING:
            return None
        inside, outside = frame[:left], frame[left:]
        return inside.ljust(left, b"\n") + b"\r\n" + frames.chunk(outside) + frames.LAST


def _size(line: bytes) -> int | None:
    """Parse RFC 9112 7.1: hexadecimal digits, then extensions, which are ignored."""
    digits = line.partition(b";")[0]
    if not digits or len(digits) > 16 or not all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        return None
    if any(byte < 32 and byte != 9 for byte in line):
        return None
    size = int(digits, 16)
    return size if size <= LARGEST else None
