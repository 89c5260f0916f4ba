"""One pod that is asked each round: at most one question at a time, and never a wait for it."""

import asyncio
from collections.abc import Callable
from typing import Final

from fairlead.autoscaler import sample_log
from fairlead.autoscaler.http_connection import PodHttpConnection
from fairlead.autoscaler.pod_samples import PodSampler
from fairlead.autoscaler.sample_source import SourceCounters
from fairlead.autoscaler.scrape_targets import ScrapeTarget
from fairlead.scaling.facts import SampleProblem

IDLE_SECONDS: Final = 4.0
"""vLLM closes a connection that was idle for five seconds; a question sent just then would be lost."""


class PodPoller:
    """Asks one pod when it is told to."""

    __slots__ = (
        *("_clock", "_connecting", "_idle_since", "_line", "_loop", "_reused", "_tallies"),
        *("asked_at", "book", "failures", "target"),
    )

    def __init__(
        self, target: ScrapeTarget, book: PodSampler, clock: Callable[[], float], tallies: SourceCounters
    ) -> None:
        self.target = target
        self.book = book
        self.failures = 0
        """In a row."""
        self.asked_at: float | None = None
        """Since when, by the loop's clock, an answer is waited for; nothing: it is not."""
        self._idle_since = 0.0
        self._reused = False
        """The question went out on a connection that had answered before."""
        self._clock = clock
        self._tallies = tallies
        self._loop = asyncio.get_running_loop()
        self._line: PodHttpConnection | None = None
        self._connecting: asyncio.Task[None] | None = None

    @property
    def connecting(self) -> bool:
        """The handshake is not over."""
        return self._connecting is not None

    def ask(self, now: float) -> None:
        """A question goes out, on the connection that stands or on a new one."""
        self.asked_at = now
        line = self._line
        self._reused = line is not None and line.transport is not None and now - self._idle_since < IDLE_SECONDS
        if line is not None and self._reused:
            line.ask()
        else:
            self._connect()

    def give_up(self, because: str) -> None:
        """The answer is not waited for any longer."""
        self.close()
        self._silent(because)

    def close(self) -> None:
        """Ask no more."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._line is not None:
            self._line.drop()
            self._line = None

    def answered(self, status: int, page: bytes) -> None:
        """A whole answer came."""
        self._idle_since = self._loop.time()
        self._tallies.bytes_read += len(page)
        if status != 200:
            self._silent(f"it answered with status {status}")
            return
        self.asked_at = None
        self.failures = 0
        before = self.book.told
        if (doubt := self.book.read(page, self._clock())) is not None:
            self._tallies.failures[doubt] += 1
        sample_log.changed(self.target, before, self.book.told)

    def broke(self, line: PodHttpConnection, because: str) -> None:
        """A connection that was closed while nobody asked is found out by the next question: it is asked again."""
        self._line = None
        if self.asked_at is None:
            return
        if self._reused and not line.heard:
            self._reused = False
            self._connect()
        else:
            self._silent(because)

    def _connect(self) -> None:
        target = self.target
        self.close()
        proof = b"" if target.key is None else b"authorization: Bearer %b\r\n" % target.key.encode()
        question = b"GET %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (target.path.encode(), target.host.encode(), proof)
        self._line = PodHttpConnection(self, question)
        self._tallies.connections += 1
        self._connecting = self._loop.create_task(self._reach(self._line), name=f"reach {target.name}")

    async def _reach(self, line: PodHttpConnection) -> None:
        try:
            await self._loop.create_connection(lambda: line, self.target.ip, self.target.door)
        except (OSError, ValueError) as problem:
            self._line = self._connecting = None
            self._silent(f"no connection ({problem})")
        else:
            self._connecting = None

    def _silent(self, because: str) -> None:
        self.asked_at = None
        self.failures += 1
        self._tallies.failures[SampleProblem.NO_ANSWER] += 1
        before = self.book.told
        self.book.silent(because)
        sample_log.changed(self.target, before, self.book.told)
