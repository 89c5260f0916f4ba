"""The only timer of a router: four times a second it checks every deadline, so that no request needs a timer.

A deadline is a float in a slot; being a quarter of a second late with a time-out of many seconds does no harm.
"""

import asyncio
import logging
from collections import Counter
from time import monotonic
from typing import Final

from fairlead.fleet.endpoints import EndpointState
from fairlead.router.engine_target import EngineTarget
from fairlead.router.router import Router
from fairlead.routing import watchdog
from fairlead.routing.endpoint import Endpoint

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 0.25
SELDOM: Final = 4
"""One in this many sweeps scrapes engines and checks ten thousand idle clients: once a second."""
MAX_SCRAPES: Final = 250
"""Limit per round: a gateway's router may have a thousand engines, with pages of fifty kilobytes each."""
_SCRAPED_STATES: Final = frozenset({EndpointState.ROUTABLE, EndpointState.DRAINING})


class Sweeper:
    """Runs from its creation until `stop`."""

    def __init__(self, router: Router, every_seconds: float = EVERY_SECONDS) -> None:
        self._router = router
        self._context = router.context
        self._every = every_seconds
        self._loop = asyncio.get_running_loop()
        self._due = monotonic() + every_seconds
        self._clients_due = 0.0
        self._figures_due = 0.0
        self._part = 0
        self._left_out = False
        self._handle = self._loop.call_later(every_seconds, self._sweep)

    def stop(self) -> None:
        """Stop sweeping."""
        self._handle.cancel()

    def _sweep(self) -> None:
        """Run one sweep. An exception ends only this sweep; the next one is already scheduled."""
        now = monotonic()
        self._handle = self._loop.call_later(self._every, self._sweep)
        try:
            self._context.telemetry.swept(now, self._due)
            if not self._leaves_out(now):
                self._round(now)
        except Exception:
            log.exception("internal error: a sweep of requests failed; the next one runs as planned; please report it")
        self._due = now + self._every

    def _leaves_out(self, now: float) -> bool:
        """Return whether this sweep is left out, and the next one is not: it is so late that the router itself stood
        still. What its engines sent meanwhile is still unread, and they would be blamed for the silence.
        """
        self._left_out = not self._left_out and now - self._due > self._every
        return self._left_out

    def _round(self, now: float) -> None:
        context = self._context
        context.cache.sweep(now)
        self._sweep_requests(now)
        if context.hedging.enabled:
            for exchange in [one for one in context.live if now >= one.hedge_at]:
                exchange.hedge(now)
        for target in list(context.every_target):
            for endpoint in target.dispatcher.table.endpoints:
                self._watch(target, endpoint, now)
            context.dispatch(target, now, always=True)
            for pool in list(target.pools.values()):
                pool.sweep(now, context.timeouts.connect_seconds)
            target.forget_pools()
        self._router.forget_retired(now)
        if now >= self._clients_due:
            self._clients_due = now + SELDOM * self._every
            for client in list(context.clients):
                client.sweep(now)
        if now >= self._figures_due:
            context.peers.sweep(now, context.timeouts.connect_seconds)
            self._figures_due = now + SELDOM * self._every
            context.tenant_usage.sweep(now)
            context.spending.sweep(context.every_target, now)
            self._scrape(now)

    def _sweep_requests(self, now: float) -> None:
        """Sweep all requests; an engine all of whose replies wait for their clients may be silent.

        A request that waits for the engine itself is then measured from its own start.
        """
        delayed = Counter([one.sweep(now) for one in list(self._context.live)])
        if (seconds := self._context.settings.routing.connections.stream_keep_alive_seconds) is not None:
            for exchange in list(self._context.live):
                exchange.reply.send_keep_alive(now, seconds)
        for copy in list(self._context.open_copies):
            copy.sweep(now)
        for endpoint, number in delayed.items():
            if endpoint is not None and number == endpoint.inflight:
                endpoint.progressed(now)

    def _watch(self, target: EngineTarget, endpoint: Endpoint, now: float) -> None:
        """Eject an engine that has requests and makes no progress; its requests are retried elsewhere or cut."""
        context, timeouts = self._context, self._context.timeouts
        cap = max(timeouts.first_token_seconds, timeouts.between_tokens_seconds)
        why = watchdog.hang_reason(endpoint, now, cap)
        if why is None:
            return
        inside = [one for one in context.live if one.is_at(endpoint)]
        if endpoint.sample is None and not any(one.shows_progress for one in inside):
            return  # whole or delayed replies show no progress, and there are no samples to show it
        target.dispatcher.table.hung(endpoint, why, now)
        for exchange in inside:
            exchange.hung(why, now)

    def _scrape(self, now: float) -> None:
        """Scrape every engine that has requests or may get some; with very many, each of them every few rounds.

        One that is not routable may still work on requests, and only its samples show the progress of whole replies.
        """
        every = [
            (target, endpoint)
            for target in self._context.every_target
            if target.external is None
            for endpoint in target.dispatcher.table.endpoints
            if endpoint.state in _SCRAPED_STATES or endpoint.inflight
        ]
        parts = 1 + len(every) // MAX_SCRAPES
        self._part = (self._part + 1) % parts
        for target, endpoint in every[self._part :: parts]:
            target.scrape(endpoint, now)
