"""The adapter slots of one engine: which adapters have one, which wait for one, and which cede theirs.

Waiting adapters get slots in order of arrival. For each of them, one that has a slot cedes it: it gets no new requests
until its last one ends. So a wait ends with the streams that ran when it began, however many requests for other
adapters arrive meanwhile. Peers' reports count like this router's own; routers name adapters to each other by hashes.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from math import inf
from typing import Final, NamedTuple

NAMES: Final = 4096
"""Hashes kept."""
TURN_SECONDS: Final = 1.0
"""How long an adapter keeps a slot that it got while others wait: its own waiting requests share it."""


@lru_cache(NAMES)
def number(adapter: str) -> int:
    """Return the number by which routers name an adapter to each other."""
    return int.from_bytes(blake2b(adapter.encode(), digest_size=8).digest(), "little")


class SlotUse(NamedTuple):
    """What one router reports about one adapter at one engine."""

    adapter: int
    inflight: int
    waited: float | None = None
    """How long its requests have waited for a slot there, in seconds; None if none waits."""
    cedes: bool = False
    """Whether it gets no more requests, since others wait."""
    turn: bool = False
    """Flips with each slot that it gets there: a peer may never see that it had none in between."""


class AdapterSlots:
    """The slots of one engine."""

    __slots__ = (
        *("_ceding", "_own_ceding", "_owes", "_peers", "_since", "_taken", "_turns", "_waiting"),
        *("active", "most", "waiting"),
    )

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        """Adapters that can take part in one of its steps; None if unknown or unlimited."""
        self.active: Counter[str] = Counter()
        """Our requests in flight there, by the adapter that they name."""
        self.waiting: dict[str, float] = {}
        """Adapters of our requests that wait for a slot there, and since when."""
        self._own_ceding: list[int] = []
        self._owes = False
        """Whether an adapter has stopped ceding and peers have yet to learn of it."""
        self._turns: set[int] = set()
        """Adapters whose `turn` flag is set."""
        self._peers: dict[int, dict[int, tuple[SlotUse, float | None]]] = {}
        """By peer and adapter: the last report, and since when it waits."""
        self._taken: Counter[int] = Counter()
        """Requests in flight of all routers; never zero."""
        self._since: dict[int, float] = {}
        """When each of these got its slot, as far as this router knows."""
        self._waiting: dict[int, float] = {}
        """Adapters that wait at any router."""
        self._ceding: set[int] = set()

    def has(self, adapter: str) -> bool:
        """Return whether a request for this adapter would start there: an active one already has its slot.

        An engine with more active adapters than slots, because two routers filled the last one at once, gets no request
        for any of them until one has ended: no router sees which of them waits inside.
        """
        if self.most is None:
            return True
        one, free = number(adapter), self.most - len(self._taken)
        if one in self._taken:
            return free >= 0 and not self.cedes(adapter)
        return free > 0 and self._ahead(one) < free

    def cedes(self, adapter: str) -> bool:
        """Return whether it has a slot there but gets no more requests, since another one waits."""
        return number(adapter) in self._ceding

    @property
    def crowd(self) -> tuple[int, int]:
        """Waiting adapters, and the fewest requests of one that could cede: where the wait is shortest."""
        fewest = min((count for one, count in self._taken.items() if one not in self._ceding), default=0)
        return len(self._waiting), fewest

    def _ahead(self, adapter: int) -> int:
        since = self._waiting.get(adapter, inf)
        return sum(1 for one, other in self._waiting.items() if other < since and one not in self._taken)

    def enter(self, adapter: str, now: float) -> None:
        """Count a request sent there."""
        self.active[adapter] += 1
        one = number(adapter)
        if one not in self._taken:
            self._turns ^= {one}
        self._count(one, 1, now)

    def leave(self, adapter: str) -> None:
        """Count a request that ended; the last one leaves its slot to another adapter."""
        self.active[adapter] -= 1
        if not self.active[adapter]:
            del self.active[adapter]
        self._count(number(adapter), -1, 0.0)

    # Waiting adapters

    def wait(self, adapter: str, now: float) -> bool:
        """Record that a request still waits here for its slot; returns whether there is something to report."""
        is_new = adapter not in self.waiting
        if is_new:
            self.waiting[adapter] = now
            self._gather()
        owed, self._owes = self._owes, False
        return self._cede(now) or is_new or owed

    def wait_no_more(self, adapter: str, now: float) -> None:
        """Record that it has a slot, or that its requests are gone."""
        del self.waiting[adapter]
        self._gather()
        self._cede(now)

    def _cede(self, now: float) -> bool:
        """Choose which adapters cede: as many as wait beyond the free slots, those with fewest requests first."""
        before, peers, taken = self._own_ceding, self._peers_ceding(), self._taken
        needed = 0
        if self.waiting:
            waiting = sum(1 for one in self._waiting if one not in taken)
            needed = max(waiting - max((self.most or 0) - len(taken), 0) - len(peers & taken.keys()), 0)
        kept = [one for one in before if one in taken and one not in peers][:needed]
        if len(kept) < needed:
            settled = (one for one in taken if self._since[one] + TURN_SECONDS <= now)
            may = sorted((taken[one], one) for one in settled if one not in peers and one not in kept)
            kept += [one for _, one in may[: needed - len(kept)]]
        self._own_ceding = kept
        self._ceding = {*kept, *peers}
        return kept != before

    # Peers

    def uses(self, now: float) -> tuple[SlotUse, ...]:
        """Return what this router reports, in order."""
        counts = {number(name): count for name, count in self.active.items()}
        waited = {number(name): now - since for name, since in self.waiting.items()}
        every = sorted({*counts, *waited, *self._own_ceding})
        ceding, turns = self._own_ceding, self._turns
        return tuple(SlotUse(one, counts.get(one, 0), waited.get(one), one in ceding, one in turns) for one in every)

    def take(self, peer: int, uses: Iterable[SlotUse], now: float) -> None:
        """Apply a peer's full report on this engine; an empty one once it is silent."""
        before = self._peers.pop(peer, {})
        found = {one.adapter: (one, _since(one, before.get(one.adapter), now)) for one in uses}
        for one, _ in found.values():
            self._count(one.adapter, one.inflight, now)
        for one, _ in before.values():
            self._count(one.adapter, -one.inflight, now)
            after = found.get(one.adapter)
            if after is not None and one.inflight and after[0].inflight and after[0].turn != one.turn:
                self._begins_anew(one.adapter, now)
        if found:
            self._peers[peer] = found
        self._gather()
        self._ceding = {*self._own_ceding, *self._peers_ceding()}

    def forget_peers(self, now: float) -> None:
        """Reset to a state without peers' reports."""
        for peer in list(self._peers):
            self.take(peer, (), now)

    def _peers_ceding(self) -> set[int]:
        return {one for kept in self._peers.values() for one, (use, _) in kept.items() if use.cedes}

    def _gather(self) -> None:
        found = {number(name): since for name, since in self.waiting.items()}
        for kept in self._peers.values():
            for one, (_, since) in kept.items():
                if since is not None:
                    found[one] = min(since, found.get(one, inf))
        self._waiting = found

    def _count(self, one: int, requests: int, now: float) -> None:
        if not requests:
            return
        if one not in self._taken:
            self._since[one] = now
        self._taken[one] += requests
        if not self._taken[one]:
            del self._taken[one], self._since[one]
            self._cedes_no_more(one)

    def _begins_anew(self, one: int, now: float) -> None:
        """Record that a peer's last request ended and its next one got the slot by turn: it has ceded as required."""
        self._since[one] = now
        self._cedes_no_more(one)

    def _cedes_no_more(self, one: int) -> None:
        if one in self._own_ceding:
            self._own_ceding.remove(one)
            self._owes = True
            self._ceding = {*self._own_ceding, *self._peers_ceding()}


def _since(use: SlotUse, before: tuple[SlotUse, float | None] | None, now: float) -> float | None:
    """Return since when it waits, by this router's clock: an earlier value stays, so reports change no order."""
    if use.waited is None:
        return None
    earlier = None if before is None else before[1]
    return now - use.waited if earlier is None else earlier
