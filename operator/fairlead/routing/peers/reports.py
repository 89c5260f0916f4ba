"""The content of reports: requests and tokens in flight by engine, and prefix blocks by the engine they were sent to.

Figures are absolute, never differences, so that the next report corrects a lost one. An engine is named by a hash.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct, error, pack, unpack_from
from typing import Final, NamedTuple

from fairlead.routing.peers.envelope import MAX_CONTENT

_COUNT: Final = Struct("<H")
_LOAD: Final = Struct("<QIII")
_PLACE: Final = Struct("<QH")
_BLOCK_BYTES: Final = 8
_LARGEST: Final = 2**32 - 1
MAX_LOADS: Final = (MAX_CONTENT - _COUNT.size) // _LOAD.size
MAX_BLOCKS: Final = (MAX_CONTENT - _COUNT.size - _PLACE.size) // _BLOCK_BYTES
AT_ONCE: Final = 16
"""Datagrams of blocks to send at once: a receiver's socket holds about ninety."""


EngineReport = tuple[int, int, int, int]
"""What one router has in flight at one engine: its number, requests, prompt tokens not computed, and reply tokens not
written yet. A datagram holds thirty, so this has no field names (bench/peer_cpu.py)."""


class PeerReport(NamedTuple):
    """The content of one datagram."""

    loads: list[EngineReport]
    blocks: list[tuple[int, tuple[int, ...]]]
    """Engines, and the blocks that were sent there."""


def contents(loads: Sequence[EngineReport], blocks: Mapping[int, Sequence[int]]) -> list[bytes]:
    """Encode these in as few contents as possible, each short enough for a datagram, in the order to send them.

    Tails of prompts come first, so that receivers count their heads as used last. Loads come last: only the newest
    datagram's count.
    """
    found: list[bytes] = []
    for at in range(0, len(loads), MAX_LOADS):
        part = loads[at : at + MAX_LOADS]
        found.append(_COUNT.pack(len(part)) + b"".join(_LOAD.pack(*_capped(one)) for one in part))
    text = found.pop() if found else _COUNT.pack(0)
    for engine, ids in blocks.items():
        start = 0
        while start < len(ids):
            room = (MAX_CONTENT - len(text) - _PLACE.size) // _BLOCK_BYTES
            if room <= 0:
                found.append(text)
                text = _COUNT.pack(0)
                continue
            part_ids = ids[start : start + room]
            text += _PLACE.pack(engine, len(part_ids)) + pack(f"<{len(part_ids)}Q", *part_ids)
            start += room
    if len(text) > _COUNT.size:
        found.append(text)
    return found[::-1]


EMPTY: Final = _COUNT.pack(0)
"""A report of nothing, which shows that its sender is alive."""


def read(content: bytes) -> PeerReport | None:
    """Decode a report; None if it is truncated."""
    try:
        (count,) = _COUNT.unpack_from(content)
        at = _COUNT.size + count * _LOAD.size
        if at > len(content):
            return None
        loads: list[EngineReport] = list(_LOAD.iter_unpack(content[_COUNT.size : at]))
        blocks: list[tuple[int, tuple[int, ...]]] = []
        while at < len(content):
            engine, count = _PLACE.unpack_from(content, at)
            at += _PLACE.size
            blocks.append((engine, unpack_from(f"<{count}Q", content, at)))
            at += count * _BLOCK_BYTES
    except error:
        return None
    return PeerReport(loads, blocks)


def _capped(one: Iterable[int]) -> Iterable[int]:
    engine, *figures = one
    return engine, *(min(max(each, 0), _LARGEST) for each in figures)
