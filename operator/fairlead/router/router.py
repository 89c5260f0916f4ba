"""The parts of one router in one place: what it was told, whom it knows, who waits, and what it counted."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from fairlead.router.endpoints import Endpoint, Table
from fairlead.router.probing import PATIENCE, Patience, Prober
from fairlead.router.retries import RetryBudget
from fairlead.router.settings import Settings
from fairlead.router.waiting import WaitingRoom

log = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS: Final = 4.0
"""vLLM closes a connection that was idle for five seconds; a request sent just then would be lost."""


@dataclass(slots=True)
class Counts:
    """Plain numbers; `surface` turns them into metrics when somebody asks."""

    inflight: int = 0
    by_code: dict[int, int] = field(default_factory=dict)
    cut: int = 0
    """Answers that broke after they began."""


class Router:
    """Everything a request meets on its way."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, patience: Patience = PATIENCE) -> None:
        self.settings = settings
        self.session = session
        self.draining = False
        self.idle = asyncio.Event()
        """Set while no request is inside."""
        self.idle.set()
        self.counts = Counts()
        self.budget = RetryBudget()
        self.table = Table(self._changed)
        self.room = WaitingRoom(self.table)
        self.prober = Prober(session, self.table, lambda: self.settings, patience)

    @property
    def ready(self) -> bool:
        """Whether clients may be sent here: a routable engine is not needed, since requests are held."""
        return self.table.complete and not self.draining

    def enter(self) -> None:
        """A request came in."""
        self.counts.inflight += 1
        self.idle.clear()

    def leave(self, code: int) -> None:
        """It is gone again, answered with this status."""
        self.counts.inflight -= 1
        self.counts.by_code[code] = self.counts.by_code.get(code, 0) + 1
        if self.counts.inflight == 0:
            self.idle.set()

    def _changed(self, endpoint: Endpoint) -> None:
        why = f": {endpoint.reason}" if endpoint.reason else ""
        log.info("endpoint %s at %s is %s%s", endpoint.pod, endpoint.address, endpoint.state, why)
        self.room.wake(endpoint)
        self.prober.look(endpoint)


def session() -> aiohttp.ClientSession:
    """One pool for all engines: no limit of its own, bytes as they come, nothing added to what clients send."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
