"""Which replicas take an adapter that not all of them load: by a hash, with a bound on how many one replica has.

A replica that comes or goes moves only the adapters that it had or gets.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from fairlead.routing import rendezvous

SLACK: Final = 1.25
"""A replica has at most this many times the mean, rounded up."""


def placed(wanted: Mapping[str, int], pods: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return each adapter's pods, by name; `wanted` is how many it should have."""
    if not pods:
        return {name: frozenset() for name in wanted}
    numbers = {name: min(count, len(pods)) for name, count in wanted.items()}
    bound = ceil(SLACK * sum(numbers.values()) / len(pods))
    held = dict.fromkeys(pods, 0)
    found: dict[str, frozenset[str]] = {}
    for name in sorted(numbers):
        found[name] = frozenset(_chosen(name, numbers[name], held, bound))
        for pod in found[name]:
            held[pod] += 1
    return found


def _chosen(name: str, number: int, held: Mapping[str, int], bound: int) -> list[str]:
    """Take the highest hashes first; those that have enough only if the others do not suffice."""
    key = rendezvous.number(name)

    def rank(pod: str) -> tuple[bool, int]:
        return held[pod] >= bound, -rendezvous.mixed(key ^ rendezvous.number(pod))

    return sorted(held, key=rank)[:number]
