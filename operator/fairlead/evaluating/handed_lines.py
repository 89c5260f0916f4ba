"""How a pod hands a file over through its log: compressed, in short lines, with a digest at the end.

A log may lose lines, contain a program's own lines between them, or be cut by the node's rotation; an incomplete file
is refused.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

MAX_BYTES: Final = 16 * 2**20
"""Largest file."""
MAX_PACKED: Final = 6 * 2**20
"""Largest compressed size, before base64 adds a third: a kubelet rotates a log at 10 MiB."""
BESIDE: Final = "fairlead-beside "
"""Prefix of the digest of the files in the same folder."""
_PIECE: Final = 3072
_LINE: Final = "fairlead-file "
_END: Final = "fairlead-file-end "


class NotHandedOver(ValueError):
    """The file cannot be handed over, or arrived incomplete; the message says which and what to do."""


def written(content: bytes) -> Iterator[str]:
    """Yield the lines to print; raises `NotHandedOver` if the file is too large."""
    if len(content) > MAX_BYTES:
        raise NotHandedOver(f"{len(content):,} bytes, and at most {MAX_BYTES:,} are read; split the file")
    packed = zlib.compress(content, 9)
    if len(packed) > MAX_PACKED:
        raise NotHandedOver(
            f"{len(packed):,} bytes when packed, and at most {MAX_PACKED:,} are handed over; split the file"
        )
    for begin in range(0, len(packed), _PIECE):
        yield _LINE + base64.b64encode(packed[begin : begin + _PIECE]).decode()
    yield _END + hashlib.sha256(content).hexdigest()


def beside(lines: Iterable[str]) -> str:
    """Read the digest of the files in the same folder; empty if none was printed."""
    return next((one.removeprefix(BESIDE).strip() for one in lines if one.startswith(BESIDE)), "")


def read(lines: Iterable[str]) -> bytes:
    """Read the file; raises `NotHandedOver` if it is incomplete."""
    pieces, end = [], ""
    for line in lines:
        if line.startswith(_LINE):
            pieces.append(line.removeprefix(_LINE))
        elif line.startswith(_END):
            end = line.removeprefix(_END).strip()
    try:
        packed = b"".join(base64.b64decode(one, validate=True) for one in pieces)
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(packed, MAX_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError):
        content = b""
    if not end or hashlib.sha256(content).hexdigest() != end:
        raise NotHandedOver("its log does not hold the whole file; delete the pod, and it is read again")
    return content
