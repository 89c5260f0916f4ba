"""The parts of one router in one place: what it was told, whom it knows, who is inside, and what is swept."""

import logging
import os
import ssl
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import count
from math import inf
from time import monotonic
from typing import Any

from fairlead.fleet.endpoints import EndpointState
from fairlead.router import endpoints_page, figures, judging
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.client import Client
from fairlead.router.exchange import Exchange
from fairlead.router.figures import Watch
from fairlead.router.guard import Guard
from fairlead.router.intake import Caller
from fairlead.router.permitting import Peers
from fairlead.router.pool import Pool
from fairlead.router.probing import PATIENCE, Patience, Prober
from fairlead.router.recall import Rotation
from fairlead.router.settings import Settings
from fairlead.router.sharing import Sharing
from fairlead.router.telling.standing import Standing
from fairlead.router.telling.teller import Teller
from fairlead.router.tls import EngineTls
from fairlead.router.wire import blocks
from fairlead.router.wire.limits import Limits
from fairlead.router.wire.memory import Memory
from fairlead.router.wire.request_heads import Head
from fairlead.routing.accounts import Account
from fairlead.routing.desk import Desk
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.hedging import Hedges
from fairlead.routing.model import Model
from fairlead.routing.terms import Terms

log = logging.getLogger(__name__)


class Router:
    """Everything a request meets on its way."""

    def __init__(self, settings: Settings, teller: Teller, patience: Patience = PATIENCE) -> None:
        self.settings = settings
        self.teller = teller
        self.draining = False
        self.emptied: Callable[[], None] | None = None
        """Called whenever the last request inside has ended."""
        self.memory = Memory()
        self.limits = Limits()
        self.timeouts = settings.routing.timeouts
        self.hedging = settings.routing.hedging
        self.hedges = Hedges()
        self.live: set[Exchange] = set()
        """Every request that asked for a place and has not ended."""
        self.clients: set[Client] = set()
        self.callers: dict[Head, Caller] = {}
        self.routers: int | None = None
        """How many are ready, this one among them, where they are counted."""
        self.ready_routers: frozenset[str] = frozenset()
        self.name = ""
        """Of this one's pod; without it no router keeps a tenant's rates for the others."""
        self._serving: set[Endpoint] = set()
        self.desk = Desk(_terms(settings, settings.routers), self._changed)
        self.pools: dict[Endpoint, Pool] = {}
        self.watches: dict[Endpoint, Watch] = {}
        self.tls = EngineTls()
        self.prober = Prober(self.desk.table, self.pool, lambda: self.settings, patience)
        self._ids = count(1)
        self._id_prefix = os.urandom(8).hex().encode()
        self._turning = False
        self.cache = ResponseCache(settings.routing.cache)
        self.rotation = Rotation()
        self.sharing = Sharing(self.cache)
        self.peers = Peers(self)
        self.guard = Guard(lambda: self.settings)
        self.apply(settings)

    def apply(self, settings: Settings) -> None:
        """A new configuration: requests that run keep what they began with."""
        self.settings = settings
        routing = settings.routing
        self.timeouts = routing.timeouts
        self.hedging = routing.hedging
        self.limits = Limits(head_bytes=routing.door.max_header_bytes, body_bytes=routing.limits.max_request_bytes)
        self.callers.clear()
        self.cache.apply(routing.cache)
        self.sharing.apply(settings.redis_url)
        self._share()
        self.teller.apply(routing.telling, settings.models)
        self.salted = routing.balancing.salt
        self._prefix = routing.balancing.prefix
        for endpoint in self.desk.table.endpoints:
            self._size(endpoint)

    def counted(self, routers: int | None, ready: frozenset[str] = frozenset()) -> None:
        """So many share what limits say of them all, by these names; nothing: nobody counts, and the file says it."""
        if (routers, ready) != (self.routers, self.ready_routers):
            self.routers, self.ready_routers = routers, ready
            self._share()

    def _share(self) -> None:
        routers = self.settings.routers if self.routers is None else max(1, self.routers)
        peers = self.ready_routers if self.name else frozenset()
        terms = replace(_terms(self.settings, routers), peers=peers, name=self.name)
        self.desk.apply(terms, monotonic())

    @property
    def ready(self) -> bool:
        """Whether clients may be sent here: a routable engine is not needed, since requests are held."""
        return self.desk.table.complete and not self.draining

    # What requests ask on their way

    def now(self) -> float:
        """The moment, for those that are not told it."""
        return monotonic()

    def new_id(self) -> bytes:
        """An id that nobody else has: chance once for the process, then a number."""
        return b"%b%016x" % (self._id_prefix, next(self._ids))

    def blocks(self, prompt: bytes, account: Account, adapter: str | None) -> list[int]:
        """The prompt's beginning as ids; adapters share none of them, and with salts nor do tenants."""
        if not self._prefix:
            return []
        salt = account.name.encode() if self.salted else b""
        if adapter is not None:
            salt = b"%b\0%b" % (salt, adapter.encode())
        return blocks.of(prompt, salt)

    def salt_of(self, account: Account) -> bytes:
        """What engines keep a tenant's prefixes apart by; its name does not leave the house."""
        return b'"%b"' % sha256(b"fairlead:" + account.name.encode()).hexdigest()[:32].encode()

    def pool(self, endpoint: Endpoint) -> Pool:
        """The connections to this engine."""
        found = self.pools.get(endpoint)
        if found is None:
            found = self.pools[endpoint] = Pool(endpoint, self.memory, self.teller.counts, self._engine_tls)
        return found

    def _engine_tls(self) -> ssl.SSLContext | None:
        return self.tls.context(self.settings)

    def turns(self, now: float, *, always: bool = False) -> None:
        """Those that wait and may go now; what comes of it may let others go, so it is not begun inside itself."""
        if self._turning or not (always or self.desk.waiting):
            return
        self._turning = True
        try:
            for ask, found in self.desk.turns(now):
                assert isinstance(ask.owner, Exchange)
                ask.owner.settle(found, now)
        finally:
            self._turning = False

    # What is seen of it

    def metrics(self) -> bytes:
        """The page as Prometheus reads it."""
        desk = self.desk
        queue = desk.snapshot(monotonic())
        standing = Standing(
            endpoints=desk.table.endpoints,
            lanes=queue.lanes,
            held=queue.held,
            accounts=desk.accounts.all,
            upstream_idle=sum(pool.idle for pool in self.pools.values()),
            clients=len(self.clients),
            draining=self.draining,
            cache=self.cache,
            shared=self.sharing.counts,
        )
        return self.teller.page(standing)

    def seen(self) -> dict[str, Any]:
        """What it sees, for people, the operator and the autoscaler."""
        came = self.teller.counts.demand.values()
        return endpoints_page.told(self.desk, came, monotonic(), draining=self.draining)

    def cards(self) -> list[figures.Card]:
        """The models that clients may ask for."""
        return figures.union(list(self.watches.values()), self.settings.models)

    # What happens around requests

    def _changed(self, endpoint: Endpoint) -> None:
        why = f": {endpoint.reason}" if endpoint.reason else ""
        log.info("endpoint %s at %s is %s%s", endpoint.pod, endpoint.address, endpoint.state, why)
        if endpoint in self._serving and endpoint.state is not EndpointState.ROUTABLE:
            self._serving.discard(endpoint)
            self.teller.counts.ejected(_cause(endpoint))
        self.prober.look(endpoint)
        self._size(endpoint)
        if endpoint.state is EndpointState.ROUTABLE:
            self._serving.add(endpoint)
            if not endpoint.revision:
                self.cache.forget("")
            self.turns(monotonic())

    def _size(self, endpoint: Endpoint) -> None:
        """What the configuration says of each replica; what an engine tells of its cache itself comes later."""
        settings = self.settings
        most = inf if settings.max_sequences is None else settings.max_sequences
        tokens = endpoint.kv_tokens or settings.kv_tokens
        if (endpoint.kv_tokens, endpoint.most_requests) != (tokens, most):
            self.desk.table.sized(endpoint, tokens, most)

    def close(self) -> None:
        """Every connection to engines; requests that still run are cut."""
        for watch in self.watches.values():
            watch.stop()
        for exchange in list(self.live):
            exchange.client.abort()
        for pool in self.pools.values():
            pool.close()
        self.peers.close()


def _cause(endpoint: Endpoint) -> str:
    """Who took it out of rotation, as metrics tell it."""
    if endpoint.state is EndpointState.DRAINING or endpoint.reason == judging.LEAVING:
        return "leaving"
    if endpoint.state is EndpointState.NOT_READY:
        return "probe"
    return "watchdog" if endpoint.reason.startswith("no progress") else "breaker"


def _terms(settings: Settings, routers: int) -> Terms:
    model = Model(
        names=settings.models,
        adapters=frozenset(settings.adapters),
        max_context_tokens=settings.max_context_tokens,
    )
    return Terms(routing=settings.routing, model=model, routers=routers, keys=settings.keys)
