"""The content of reports of adapter slots: for each engine, all adapters that a router has there, and which wait."""

from collections.abc import Iterable
from struct import Struct, error
from typing import Final

from fairlead.routing.adapter_slots import SlotUse
from fairlead.routing.peers.envelope import MAX_CONTENT

_ENGINE: Final = Struct("<QB")
_USE: Final = Struct("<QHHB")
_LARGEST: Final = 2**16 - 1
_TICK_SECONDS: Final = 0.01
"""Unit of a wait: ten minutes at most, longer than any wait for a turn."""
MAX_USES: Final = min((MAX_CONTENT - _ENGINE.size) // _USE.size, 2**8 - 1)
"""Uses per engine; those beyond wait for their turn to be reported."""
_WAITS: Final = 1
_CEDES: Final = 2
_TURN: Final = 4

SlotReport = tuple[int, tuple[SlotUse, ...]]
"""An engine's number, and all that one router reports of its adapters."""


def contents(reports: Iterable[SlotReport]) -> list[bytes]:
    """Encode these in as few contents as possible; an engine is never split."""
    found = [b""]
    for engine, uses in reports:
        first = uses[:MAX_USES]
        text = _ENGINE.pack(engine, len(first)) + b"".join(map(_packed, first))
        if len(found[-1]) + len(text) > MAX_CONTENT:
            found.append(b"")
        found[-1] += text
    return [one for one in found if one]


def read(content: bytes) -> list[SlotReport] | None:
    """Decode the reports; None if the content is truncated."""
    found: list[SlotReport] = []
    at = 0
    try:
        while at < len(content):
            engine, count = _ENGINE.unpack_from(content, at)
            at += _ENGINE.size
            found.append((engine, tuple(_use(content, at + place * _USE.size) for place in range(count))))
            at += count * _USE.size
    except error:
        return None
    return found


def _packed(one: SlotUse) -> bytes:
    ticks = 0 if one.waited is None else min(max(round(one.waited / _TICK_SECONDS), 0), _LARGEST)
    return _USE.pack(
        one.adapter,
        min(one.inflight, _LARGEST),
        ticks,
        _WAITS * (one.waited is not None) + _CEDES * one.cedes + _TURN * one.turn,
    )


def _use(content: bytes, at: int) -> SlotUse:
    adapter, inflight, ticks, flags = _USE.unpack_from(content, at)
    waited = ticks * _TICK_SECONDS if flags & _WAITS else None
    return SlotUse(adapter, inflight, waited, bool(flags & _CEDES), bool(flags & _TURN))
