"""The engine that all routers agree on for a key: rendezvous hashing in integers, the same in every process.

Each engine has a hash of its pod's name; a key belongs to the engine with the highest score for it. When an engine is
removed, only its own keys move. Routers need not share a list for this.
"""

from collections.abc import Iterable
from typing import Final

from fairlead.routing.endpoint import Endpoint

_MASK: Final = 2**64 - 1
_ODD: Final = 0x9E3779B97F4A7C15
"""Two to the 64 over the golden ratio: Fibonacci hashing's multiplier (Knuth, volume 3, 6.4)."""
_FNV_START: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3


def mixed(value: int) -> int:
    """Apply SplitMix64's finaliser: each of 64 bits depends on all. Needed since a trace's ids are small integers."""
    value &= _MASK
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _MASK
    return value ^ (value >> 31)


def number(pod: str) -> int:
    """Hash an engine's pod name: FNV-1a, mixed."""
    value = _FNV_START
    for byte in pod.encode():
        value = (value ^ byte) * _FNV_PRIME & _MASK
    return mixed(value)


def rendezvous_endpoint(key: int, endpoints: Iterable[Endpoint]) -> Endpoint | None:
    """Return the engine that this key belongs to; None if there are no engines."""
    key = mixed(key)
    best: Endpoint | None = None
    highest = -1
    for one in endpoints:
        score = (key ^ one.place) * _ODD & _MASK
        if score > highest:
            best, highest = one, score
    return best
