"""Counts the values of a large JSON body before it is parsed: each becomes an object, whose making stops every stream.

A text costs about as much as reading its bytes, a list of two bytes a microsecond and a number 0.1. Also tells how
deeply they nest: parsers refuse that by the calls they are made in, so without a limit of its own a body that was read
might not be read again from within others.
"""

import re
from itertools import accumulate
from typing import Final

from fairlead.router.wire.unreadable_body import BodyFault, UnreadableBody

FREE_BYTES: Final = 128 * 2**10
"""A smaller body is parsed whatever it holds: at most 43,000 lists, in some 50 ms."""
MAX_CONTAINERS: Final = 50_000
"""Lists and objects; a conversation of ten thousand turns with tools and images has fewer."""
MAX_TEXTS: Final = 200_000
"""Texts and names of members."""
MAX_VALUES: Final = 2_000_000
"""Values of any kind; prompts may be sent as numbers of tokens, and few models' contexts hold more than a million."""
MAX_LEVELS: Final = 500
"""Lists and objects within each other: half of what parsers and the calls around them may take together, so that a
body can be read again from within some 400 calls more, to set members in it."""
OBJECT: Final = re.compile(rb"[ \t\r\n]*\{")
BRACKETS: Final = b"[]{}"
OTHERS: Final = bytes(byte for byte in range(256) if byte not in BRACKETS)
LEVELS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def fault(body: bytes) -> UnreadableBody | None:
    """Return why a body is not to be parsed, if its values are too many or nest too deeply."""
    if len(body) > FREE_BYTES and (found := excess(body)) is not None:
        return UnreadableBody(found, BodyFault.EXCESS)
    if len(body) > MAX_LEVELS and _is_deep(body):
        return UnreadableBody("the body is nested too deeply")
    return None


def _is_deep(body: bytes) -> bool:
    """Whether its lists and objects nest beyond the limit; what starts no object is left to its reader."""
    if OBJECT.match(body) is None or _upto(body, b"[", MAX_LEVELS) + _upto(body, b"{", MAX_LEVELS) <= MAX_LEVELS:
        return False
    brackets = _outside_texts(_without_escapes(body)).translate(None, OTHERS)
    return max(accumulate(map(LEVELS.__getitem__, brackets)), default=0) > MAX_LEVELS


def excess(body: bytes) -> str | None:
    """Return which values are too many, if any. Only to be asked about bodies larger than `FREE_BYTES`.

    Most bodies have few of these bytes, in texts or not: one search for each, at the pace of memory.
    """
    if OBJECT.match(body) is None:
        return None  # parsers stop at its first byte, or it is no JSON at all
    maybe = (
        _upto(body, b"[", MAX_CONTAINERS) + _upto(body, b"{", MAX_CONTAINERS) > MAX_CONTAINERS
        or _upto(body, b'"', 2 * MAX_TEXTS) > 2 * MAX_TEXTS
        or _upto(body, b",", MAX_VALUES) > MAX_VALUES
    )
    return _exactly(body) if maybe else None


def _upto(body: bytes, byte: bytes, most: int) -> int:
    """Count a byte, up to one more than `most`: removing copies what is between, faster than `count` looks at each."""
    return len(body) - len(body.replace(byte, b"", most + 1))


def _exactly(body: bytes) -> str | None:
    """Count outside of texts, for prompts that contain code, tables or JSON."""
    bare = _without_escapes(body)
    if _upto(bare, b'"', 2 * MAX_TEXTS) > 2 * MAX_TEXTS:
        return f"over {MAX_TEXTS:,} texts and names"
    outside = _outside_texts(bare)
    if outside.count(b"[") + outside.count(b"{") > MAX_CONTAINERS:
        return f"over {MAX_CONTAINERS:,} lists and objects"
    return f"over {MAX_VALUES:,} values" if outside.count(b",") > MAX_VALUES else None


def _without_escapes(body: bytes) -> bytes:
    """Return the body without what is escaped in texts, so that each quotation mark left begins or ends one."""
    return body.replace(rb"\\", b"").replace(rb"\"", b"")


def _outside_texts(bare: bytes) -> bytes:
    return b"".join(bare.split(b'"')[::2])
