"""The engines of all targets by the number that routers use for them, and what peers have in flight there.

An engine is named by the hash of target and pod, not by its address, which each router finds by itself. A peer's report
of an engine that is not listed here yet is kept, and counts once it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from fairlead.routing import rendezvous
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.peers.own_requests import OwnRequests
from fairlead.routing.peers.reports import EngineReport

MAX_ENGINES: Final = 4096
"""Engines per peer; a gateway's router has a thousand."""
PeerLoads = dict[int, EngineReport]
"""What one peer has in flight, by engine; never zero."""
_NOTHING: Final[EngineReport] = (0, 0, 0, 0)


class SharedEngine(NamedTuple):
    """An engine in one table."""

    table: EndpointTable
    endpoint: Endpoint


class SharedEngines:
    """The engines of one router."""

    def __init__(self) -> None:
        self.tables: dict[str, EndpointTable] = {}
        """By the names of their targets."""
        self._engines: dict[int, SharedEngine] = {}
        self._numbers: dict[Endpoint, int] = {}
        self._learnt: dict[int, list[int]] = {}
        """Blocks by engine that peers reported since the last indexing, each report's tail first."""
        self.unindexed = 0
        """The number of these blocks."""

    def follow(self, tables: dict[str, EndpointTable], loads: Iterable[PeerLoads], now: float) -> bool:
        """Set these tables, by target name, and their endpoints; returns whether these have changed."""
        found: dict[int, SharedEngine] = {}
        for target, table in tables.items():
            salt = rendezvous.number(target)
            for endpoint in table.endpoints:
                if endpoint.discovered:
                    found[rendezvous.mixed(endpoint.place ^ salt)] = SharedEngine(table, endpoint)
        self.tables = tables
        if found == self._engines:
            return False
        before, self._engines = self._engines, found
        self._numbers = {one.endpoint: number for number, one in found.items()}
        for gone in before.values():
            _withdraw(gone.endpoint)
            gone.endpoint.slots.forget_peers(now)
        for peer in loads:
            for report in peer.values():
                self._add(report, _NOTHING)
        return True

    def number(self, endpoint: Endpoint) -> int | None:
        """Return its number among peers; None if it is no longer listed."""
        return self._numbers.get(endpoint)

    def endpoint(self, number: int) -> Endpoint | None:
        """Return the engine with this number; None if it is not listed."""
        found = self._engines.get(number)
        return None if found is None else found.endpoint

    def endpoints(self, *, moved: bool) -> Iterator[Endpoint]:
        """Yield all of them, or those that changed since the last report."""
        for table in self.tables.values():
            yield from own(table).moved if moved else table.endpoints

    def held(self) -> Iterator[tuple[int, list[int]]]:
        """Yield every engine with its blocks, the least recently used first."""
        for number, one in list(self._engines.items()):
            yield number, one.table.index.blocks(one.endpoint.slot)

    def take(self, loads: PeerLoads, reports: Iterable[EngineReport]) -> None:
        """Apply a peer's report of what it has in flight at these engines now."""
        for report in reports:
            engine, requests, prompt, reply = report
            before = loads.get(engine, _NOTHING)
            if report == before:
                continue
            if requests or prompt or reply:
                if before is _NOTHING and len(loads) >= MAX_ENGINES:
                    continue
                loads[engine] = report
            elif before is _NOTHING:
                continue
            else:
                del loads[engine]
            self._add(report, before)

    def forget(self, loads: PeerLoads) -> None:
        """Forget a peer that is gone: its engines report what it had in flight."""
        for report in loads.values():
            self._add((report[0], 0, 0, 0), report)
        loads.clear()

    def learn(self, engine: int, blocks: Sequence[int]) -> None:
        """Record blocks that a peer sent there; they count once they are indexed."""
        self._learnt.setdefault(engine, []).extend(reversed(blocks))
        self.unindexed += len(blocks)

    def index_learnt(self) -> None:
        """Index what peers reported since the last time: many reports of an engine at once cost a third of one by one
        (bench/peer_cpu.py)."""
        learnt, self._learnt, self.unindexed = self._learnt, {}, 0
        for engine, backwards in learnt.items():
            one = self._engines.get(engine)
            if one is not None and one.table.context.balancing.prefix:
                one.table.index.learn_shared(backwards, one.endpoint.slot)

    def _add(self, report: EngineReport, before: EngineReport) -> None:
        engine, requests, prompt, reply = report
        one = self._engines.get(engine)
        if one is None:
            return
        table, endpoint = one
        if requests > before[1]:
            table.context.picks += 1
            endpoint.last_pick = table.context.picks
        prompt -= before[2]
        tokens = prompt + reply - before[3]
        endpoint.peers_inflight += requests - before[1]
        endpoint.peers_prompt += prompt
        endpoint.peers_load += tokens
        endpoint.others_load += tokens


def own(table: EndpointTable) -> OwnRequests:
    """Return what to report of this table."""
    assert table.own_requests is not None
    return table.own_requests


def _withdraw(endpoint: Endpoint) -> None:
    """Reset an engine, without what peers have in flight there."""
    endpoint.others_load -= endpoint.peers_load
    endpoint.peers_inflight = endpoint.peers_prompt = endpoint.peers_load = 0
