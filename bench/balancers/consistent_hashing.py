"""Consistent hashing without a load bound: the same session or prefix always goes to the same replica."""

from collections.abc import Sequence

from fairlead.routing import rendezvous
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Chosen


class ConsistentHashing:
    """Hashes by session, else by first block; requests without a key go round robin."""

    def __init__(self, block_pages: int) -> None:
        self._step = block_pages
        self._turn = -1

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Choose by rendezvous hashing: when a replica is removed, only its own keys move."""
        first = arrival.prefix[self._step - 1 : self._step]
        if arrival.session is not None:
            key = rendezvous.number(arrival.session)
        elif first:
            key = rendezvous.mixed(first[0])
        else:
            self._turn += 1
            return ready[self._turn % len(ready)]
        return max(ready, key=lambda one: rendezvous.mixed(key ^ rendezvous.mixed(one.ordinal + 1)))
