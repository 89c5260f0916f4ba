"""Chunks of our own making, for answers that cannot pass as they came."""

from typing import Final

LAST: Final = b"0\r\n\r\n"


def chunk(payload: bytes) -> bytes:
    """One chunk; nothing for nothing, since an empty chunk would be the last."""
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""
