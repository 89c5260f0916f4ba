"""Chunks written by the router, for responses that cannot be passed on unchanged."""

from typing import Final

LAST: Final = b"0\r\n\r\n"


def chunk(payload: bytes) -> bytes:
    """Frame one chunk; empty for no bytes, since an empty chunk would be the last."""
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""
