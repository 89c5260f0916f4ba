"""What a router reports of its own requests: what changed since the last report, and at each beat everything."""

from collections.abc import Iterable
from typing import Final

from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.peers.own_requests import OwnRequests
from fairlead.routing.peers.reports import AT_ONCE, MAX_BLOCKS, EngineReport
from fairlead.routing.peers.shared_engines import SharedEngines, own

ZERO_BEATS: Final = 8
"""Beats in which an engine's zero is repeated: longer than a peer may be silent before it is forgotten."""
BLOCKS_A_SECOND: Final = 20_000.0
"""Blocks that a router learns from all its peers together: each reports its part of them. This bounds the cost
(bench/peer_cpu.py); chat at 10,000 requests/s has as many new blocks."""
MAX_AT_ONCE: Final = 20_000.0
"""Burst after a quiet time: some twenty prompts of a hundred thousand tokens."""
BLOCKS_A_REPORT: Final = AT_ONCE * MAX_BLOCKS
"""Blocks in one report; the others follow with the next ones."""


class OwnReports:
    """The reports of one router."""

    def __init__(self, engines: SharedEngines) -> None:
        self._engines = engines
        self._shown: dict[int, int] = {}
        """Reported engines, and for how many more beats each is reported once it has nothing."""
        self._left = MAX_AT_ONCE
        self._at = 0.0
        self._unsent: dict[int, list[int]] = {}
        """Blocks by engine that the rate allowed and earlier reports had no room for: beginnings of long prompts."""

    def clear(self) -> None:
        """Drop what would be reported: there are no peers."""
        self._unsent.clear()
        for table in self._engines.tables.values():
            own(table).clear()

    def loads(self, *, beats: bool) -> list[EngineReport]:
        """Return changed engines; with a beat, all that have something, or had until recently."""
        found: dict[int, EngineReport] = {}
        for endpoint in self._engines.endpoints(moved=not beats):
            self._report(endpoint, found)
        if beats:
            self._count_beats(found)
        return list(found.values())

    def blocks(self, peers: int, now: float) -> dict[int, list[int]]:
        """Take prefix blocks by the engine where they were sent, ends of prompts first; what the rate does not allow is
        left out, and what one report does not hold is left for the next one."""
        self._left = min(self._left + (now - self._at) * BLOCKS_A_SECOND / peers, MAX_AT_ONCE)
        self._at = now
        for table in self._engines.tables.values():
            for endpoint, ids in own(table).placed.items():
                self._allow(endpoint, ids)
            own(table).placed = {}
        found: dict[int, list[int]] = {}
        room = BLOCKS_A_REPORT
        for number, ids in list(self._unsent.items()):
            found[number] = ids[-room:]
            room -= len(found[number])
            del ids[-len(found[number]) :]
            if not ids:
                del self._unsent[number]
            if not room:
                break
        return found

    def _allow(self, endpoint: Endpoint, ids: list[int]) -> None:
        number = self._engines.number(endpoint)
        allowed = ids[: int(self._left)]
        if number is not None and allowed:
            self._unsent.setdefault(number, []).extend(allowed)
            self._left -= len(allowed)

    def reported(self) -> None:
        """Forget which engines changed: that was reported."""
        for table in self._engines.tables.values():
            own(table).moved.clear()

    def _report(self, endpoint: Endpoint, found: dict[int, EngineReport]) -> None:
        number = self._engines.number(endpoint)
        if number is None:
            return
        if endpoint.inflight:
            self._shown[number] = ZERO_BEATS
        elif number not in self._shown:
            return
        found[number] = number, endpoint.inflight, endpoint.prompt_load, endpoint.reply_load

    def _count_beats(self, found: dict[int, EngineReport]) -> None:
        """Repeat an engine's zero for a while, even if it is no longer listed."""
        for number, left in list(self._shown.items()):
            if not found.setdefault(number, (number, 0, 0, 0))[1]:
                self._shown[number] = left - 1
                if left == 1:
                    del self._shown[number]


def follow(tables: Iterable[EndpointTable], before: Iterable[EndpointTable]) -> None:
    """Make these tables keep what is to be reported, and the previous ones stop."""
    kept = list(tables)
    for table in before:
        if table not in kept:
            table.own_requests, table.context.together = None, False
    for table in kept:
        table.own_requests = table.own_requests or OwnRequests()
