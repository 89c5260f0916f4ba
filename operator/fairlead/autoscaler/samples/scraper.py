"""Scrapes thousands of engines and routers directly, spread evenly over the round.

One timer serves them all, without a task per scrape. A slow pod delays no other, and never has two scrapes in flight;
pods that accept no connection delay only new connections of their own namespace.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from random import Random
from typing import Final

from fairlead.autoscaler.samples.pod_samples import EngineSampler, RouterSampler
from fairlead.autoscaler.samples.poller import PodPoller
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.samples.sample_source import SourceCounters
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.engine_load import EngineLoad
from fairlead.process import open_files

TICK_SECONDS: Final = 0.02
"""The least time between two checks for due scrapes and answers: 50 a second cost little, and hardly age a sample."""
TIMEOUT_SECONDS: Final = 2.0
"""An engine that takes longer to answer with its own metrics is too busy for another scrape in parallel."""
HELD_UP_SECONDS: Final = 0.1
"""A timer that fires later than this was held up by more than the usual lag of an event loop."""
JITTER: Final = 0.05
"""Share of a round by which scrape times vary, so that pods added together do not stay in step."""
MAX_PAUSE: Final = 2
"""Most rounds between two scrapes of a pod that does not answer."""
MAX_CONNECTING: Final = 128
"""Concurrent handshakes, so that a fleet new to the process is not connected to all at once."""
MAX_CONNECTING_OF_NAMESPACE: Final = 32
"""Of one namespace, whose pods may all be unreachable."""


class Scraper:
    """All pods that one process scrapes."""

    def __init__(
        self,
        interval_seconds: float = 1.0,
        timeout_seconds: float = TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.time,
        chance: Random | None = None,
    ) -> None:
        self.tallies = SourceCounters()
        self._interval = interval_seconds
        self._timeout = timeout_seconds
        self._clock = clock
        self._chance = chance or Random()  # noqa: S311 - spreads work, guards nothing
        self._pollers: dict[str, PodPoller] = {}
        self._turns: list[tuple[float, int, PodPoller]] = []
        """Due scrapes as a heap by time; a number breaks ties."""
        self._numbers = 0
        self._waiting: dict[str, PodPoller] = {}
        """Pods with a scrape in flight, in request order."""
        self._started = False
        self._timer: asyncio.TimerHandle | None = None
        """None while there is no pod, or before the start."""
        self._loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Start scraping."""
        open_files.allow()
        self._started = True
        self._set_timer()

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        """Follow exactly these pods; engines that this release cannot parse are left out."""
        wanted = {one.uid: one for one in targets if one.kind is None or one.kind in ENGINES}
        for uid, poller in list(self._pollers.items()):
            if uid not in wanted or wanted[uid].kind is not poller.target.kind:
                self._pollers.pop(uid).close()
                self._waiting.pop(uid, None)
        for uid, target in wanted.items():
            found = self._pollers.get(uid)
            if found is None:
                self._begin(target)
            elif found.target != target:
                found.close()
                found.target = target
        self._set_timer()

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        """Return the sample of one engine."""
        poller = self._pollers.get(uid)
        return (
            poller.sampler.sample if poller is not None and isinstance(poller.sampler, EngineSampler) else PodSample()
        )

    def router(self, uid: str) -> PodSample[RouterView]:
        """Return the sample of one router."""
        poller = self._pollers.get(uid)
        return (
            poller.sampler.sample if poller is not None and isinstance(poller.sampler, RouterSampler) else PodSample()
        )

    async def close(self) -> None:
        """Stop scraping."""
        self._started = False
        self.follow(())

    def _begin(self, target: ScrapeTarget) -> None:
        sampler = RouterSampler() if target.kind is None else EngineSampler(ENGINES[target.kind].reader())
        poller = self._pollers[target.uid] = PodPoller(target, sampler, self._clock, self.tallies)
        self._next(poller, self._loop.time() + self._chance.uniform(0, self._interval))

    def _next(self, poller: PodPoller, when: float) -> None:
        self._numbers += 1
        heappush(self._turns, (when, self._numbers, poller))

    def _set_timer(self) -> None:
        """Have `_turn` called in time. A timer that is due earlier stays: its delay shows that the loop was held up."""
        when = self._next_turn()
        if self._timer is not None and when is not None and self._timer.when() <= when:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._loop.call_at(when, self._turn, when)

    def _next_turn(self) -> float | None:
        """Return when the next scrape is due, soon while answers are awaited; None without a pod."""
        if not self._started or not self._pollers:
            return None
        soon = self._loop.time() + TICK_SECONDS
        return max(soon, self._turns[0][0]) if self._turns and not self._waiting else soon

    def _turn(self, due: float) -> None:
        """Send the scrapes that are due, and time out old ones."""
        now, self._timer = self._loop.time(), None
        try:
            self._forgive(now - due)
            self._scrape_due(now)
        finally:
            self._set_timer()

    def _scrape_due(self, now: float) -> None:
        self._forget_answered(now)
        connecting = Counter(poller.target.namespace for poller in self._waiting.values() if poller.connecting)
        while self._turns and self._turns[0][0] <= now:
            due, _, poller = heappop(self._turns)
            if self._pollers.get(poller.target.uid) is not poller:
                continue
            namespace = poller.target.namespace
            if poller.awaiting_since is not None or not (poller.can_reuse(now) or _has_room(connecting, namespace)):
                self._next(poller, now + TICK_SECONDS)
                continue
            self._scrape(poller, due, now)
            connecting[namespace] += poller.connecting

    def _scrape(self, poller: PodPoller, due: float, now: float) -> None:
        self.tallies.scrapes += 1
        if now - due > self._interval:
            self.tallies.late += 1
        poller.scrape(now)
        self._waiting[poller.target.uid] = poller
        rounds = max(min(1 + poller.failures, MAX_PAUSE), poller.target.rounds_between(poller.page_bytes))
        pause = self._interval * rounds * self._chance.uniform(1 - JITTER, 1 + JITTER)
        self._next(poller, max(due, now - self._interval) + pause)

    def _forgive(self, held_up: float) -> None:
        """After a hold-up of this process, give pods that much more time: their responses may be here, but unread."""
        if held_up > HELD_UP_SECONDS:
            for poller in self._waiting.values():
                if poller.awaiting_since is not None:
                    poller.awaiting_since += held_up

    def _forget_answered(self, now: float) -> None:
        """Drop pods that have answered, and time out the others."""
        for uid, poller in list(self._waiting.items()):
            if poller.awaiting_since is None:
                del self._waiting[uid]
            elif now - poller.awaiting_since > self._timeout:
                del self._waiting[uid]
                poller.give_up(f"no answer within {self._timeout:g} s")


def _has_room(connecting: Counter[str], namespace: str) -> bool:
    return connecting[namespace] < MAX_CONNECTING_OF_NAMESPACE and connecting.total() < MAX_CONNECTING
