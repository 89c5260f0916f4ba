"""Which adapters peers have in engines' slots, and which wait for one there.

Kept by peer, since a silent one has nothing; an engine that is listed later gets the reports made so far.
"""

from collections.abc import Iterable, Iterator

from fairlead.routing.adapter_slots import SlotUse
from fairlead.routing.peers.own_reports import ZERO_BEATS
from fairlead.routing.peers.shared_engines import MAX_ENGINES, SharedEngines
from fairlead.routing.peers.slot_reports import SlotReport


class SharedSlots:
    """The slots of one router's engines, with its own and its peers' reports."""

    def __init__(self, engines: SharedEngines) -> None:
        self._engines = engines
        self._peers: dict[int, dict[int, tuple[SlotUse, ...]]] = {}
        self._shown: dict[int, int] = {}
        """Reported engines, and for how many more beats each is reported once it has nothing."""
        self._reported: dict[int, list[tuple[int, bool, bool, bool]]] = {}
        """The last report of each, without the numbers, which are reported with the next beat."""

    def own(self, now: float, *, beats: bool) -> Iterator[SlotReport]:
        """Yield changed engines; with a beat, all that have something to report, or had until recently."""
        for endpoint in self._engines.endpoints(moved=not beats):
            if endpoint.slots.most is None or (number := self._engines.number(endpoint)) is None:
                continue
            uses = endpoint.slots.uses(now)
            if self._is_news(number, uses, beats=beats):
                yield number, uses

    def _is_news(self, number: int, uses: tuple[SlotUse, ...], *, beats: bool) -> bool:
        entries = [(one.adapter, one.waited is not None, one.cedes, one.turn) for one in uses]
        if not beats and entries == self._reported.get(number, []):
            return False
        if uses:
            self._shown[number], self._reported[number] = ZERO_BEATS, entries
        elif left := self._shown.pop(number, 0):
            self._reported.pop(number, None)
            if left > 1:
                self._shown[number] = left - beats
        else:
            return False
        return True

    def take(self, peer: int, reports: Iterable[SlotReport], now: float) -> None:
        """Apply a peer's report on these engines."""
        kept = self._peers.setdefault(peer, {})
        for engine, uses in reports:
            if uses and (engine in kept or len(kept) < MAX_ENGINES):
                kept[engine] = uses
            else:
                kept.pop(engine, None)
            self._apply(peer, engine, kept.get(engine, ()), now)

    def forget(self, peer: int, now: float) -> None:
        """Forget a peer that is gone or restarted."""
        for engine in self._peers.pop(peer, {}):
            self._apply(peer, engine, (), now)

    def follow(self, now: float) -> None:
        """Apply the reports to another set of engines."""
        for peer, kept in self._peers.items():
            for engine, uses in kept.items():
                self._apply(peer, engine, uses, now)

    def _apply(self, peer: int, engine: int, uses: tuple[SlotUse, ...], now: float) -> None:
        endpoint = self._engines.endpoint(engine)
        if endpoint is not None:
            endpoint.slots.take(peer, uses, now)
