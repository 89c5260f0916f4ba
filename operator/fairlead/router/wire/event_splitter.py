"""Splits a stream at blank lines into server-sent events; servers may write line breaks as LF, CRLF or CR."""

from typing import Final

GAP: Final = b"\n\n"


def split(rest: bytes, payload: bytes) -> list[bytes]:
    """Return the events of these bytes, after the beginning of one that came before; the last one is not complete.

    A CR at the end stays, since the LF of its line break may be the next byte.
    """
    data = rest + payload if rest else payload
    if b"\r" in data:
        held = b"\r" if data.endswith(b"\r") else b""
        data = data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
    return data.split(GAP)
