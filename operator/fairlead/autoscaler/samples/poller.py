"""Scrapes one pod: at most one request at a time, and nothing blocks on its response."""

import asyncio
from collections.abc import Callable
from typing import Final

from fairlead.autoscaler.samples import sample_log
from fairlead.autoscaler.samples.http_connection import PodHttpConnection
from fairlead.autoscaler.samples.pod_samples import PodSampler
from fairlead.autoscaler.samples.sample_source import SourceCounters
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.scaling.facts import SampleProblem

IDLE_SECONDS: Final = 4.0
"""vLLM closes a connection that was idle for five seconds; a request sent just then would be lost."""


class PodPoller:
    """Scrapes one pod when the scraper's timer calls it."""

    __slots__ = (
        *("_clock", "_connecting", "_idle_since", "_connection", "_loop", "_reused", "_tallies"),
        *("awaiting_since", "failures", "page_bytes", "sampler", "target"),
    )

    def __init__(
        self, target: ScrapeTarget, sampler: PodSampler, clock: Callable[[], float], tallies: SourceCounters
    ) -> None:
        self.target = target
        self.sampler = sampler
        self.failures = 0
        """Consecutive failed scrapes."""
        self.page_bytes = 0
        """Size of the last page."""
        self.awaiting_since: float | None = None
        """Since when, by the loop's clock, a response is awaited; None if none is."""
        self._idle_since = 0.0
        self._reused = False
        """Whether the request was sent on a connection that had carried a response before."""
        self._clock = clock
        self._tallies = tallies
        self._loop = asyncio.get_running_loop()
        self._connection: PodHttpConnection | None = None
        self._connecting: asyncio.Task[None] | None = None

    @property
    def connecting(self) -> bool:
        """Whether the handshake is still in progress."""
        return self._connecting is not None

    def can_reuse(self, now: float) -> bool:
        """Whether the next request needs no new connection."""
        connection = self._connection
        return connection is not None and connection.transport is not None and now - self._idle_since < IDLE_SECONDS

    def scrape(self, now: float) -> None:
        """Send a request, on the open connection or on a new one."""
        self.awaiting_since = now
        connection, self._reused = self._connection, self.can_reuse(now)
        if connection is not None and self._reused:
            connection.send_request()
        else:
            self._connect()

    def give_up(self, because: str) -> None:
        """Stop waiting for the response."""
        self.close()
        self._silent(because)

    def close(self) -> None:
        """Stop scraping, and close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._connection is not None:
            self._connection.drop()
            self._connection = None

    def answered(self, status: int, page: bytes) -> None:
        """Take a whole response."""
        self._idle_since = self._loop.time()
        self.page_bytes = len(page)
        self._tallies.bytes_read += len(page)
        if status != 200:
            self._silent(f"it answered with status {status}")
            return
        self.awaiting_since = None
        self.failures = 0
        before = self.sampler.sample
        if (problem := self.sampler.read(page, self._clock())) is not None:
            self._tallies.failures[problem] += 1
        sample_log.changed(self.target, before, self.sampler.sample)

    def broke(self, connection: PodHttpConnection, because: str) -> None:
        """Retry a request whose idle connection the pod had closed: that is no failure of the pod."""
        self._connection = None
        if self.awaiting_since is None:
            return
        if self._reused and not connection.has_data:
            self._reused = False
            self._connect()
        else:
            self._silent(because)

    def _connect(self) -> None:
        target = self.target
        self.close()
        proof = b"" if target.key is None else b"authorization: Bearer %b\r\n" % target.key.encode()
        question = b"GET %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (target.path.encode(), target.host.encode(), proof)
        self._connection = PodHttpConnection(self, question, target.largest_page)
        self._tallies.connections += 1
        self._connecting = self._loop.create_task(self._reach(self._connection), name=f"reach {target.name}")

    async def _reach(self, connection: PodHttpConnection) -> None:
        try:
            await self._loop.create_connection(lambda: connection, self.target.ip, self.target.scraped_port)
        except (OSError, ValueError) as problem:
            self._connection = self._connecting = None
            self._silent(f"no connection ({problem})")
        else:
            self._connecting = None

    def _silent(self, because: str) -> None:
        self.awaiting_since = None
        self.failures += 1
        self._tallies.failures[SampleProblem.NO_ANSWER] += 1
        before = self.sampler.sample
        self.sampler.silent(because)
        sample_log.changed(self.target, before, self.sampler.sample)
