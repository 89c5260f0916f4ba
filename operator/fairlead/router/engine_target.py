"""One target of a router: a deployment's engines, or an external API, and what only its requests need.

A plain router has one target, a gateway's router many; what all requests share is in `RouterContext`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

from msgspec import UNSET

from fairlead.accounting import token_rates
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.http_api import AdapterRequests, HttpApi
from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.tenants import Lane
from fairlead.router import external_api, refusals
from fairlead.router.adapter_samples import AdapterSamples
from fairlead.router.config.loader import TargetConfig
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.engine_scraper import EngineScraper
from fairlead.router.engine_terms import EngineTerms
from fairlead.router.external_api import ExternalApi
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.probes import EngineProber, ProbeBackoff
from fairlead.router.revision_samples import RevisionSamples
from fairlead.router.routable_revisions import RoutableRevisions
from fairlead.router.target_costs import TargetCosts
from fairlead.router.target_demand import TargetDemand
from fairlead.router.upstream_pool import TlsContextFactory, UpstreamPool
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.surfaces import MAX_OUTPUT, Surface
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.hedge_policy import HedgePolicy
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenancy import Tenancy

MAX_ROUTE_LINES: Final = 1024
"""Number of routes to one target whose header lines are kept; more than any gateway has."""


@dataclass(slots=True, kw_only=True, eq=False)
class TargetParts:
    """What all targets of one router share."""

    tenancy: Tenancy
    head_cache: HeadCache
    counters: RouterCounters
    engine_tls: TlsContextFactory
    probe_backoff: ProbeBackoff
    first_token_seconds: Callable[[], float]
    wall: Callable[[], float]
    """Seconds since 1970."""
    changed: Callable[["EngineTarget", Endpoint], None]
    """Called on each change of an endpoint's state."""


class EngineTarget:
    """One target, from its configuration to its last request."""

    __slots__ = (
        *("_lines", "_parts", "adapter_samples", "api", "base", "config", "costs", "demand", "dispatcher", "external"),
        *("hedges", "model_member", "name", "pools", "prober", "retired", "revisions", "samples", "terms", "turning"),
        "watches",
    )

    def __init__(
        self, config: TargetConfig, terms: DispatcherConfig, parts: TargetParts, external: ExternalApi | None = None
    ) -> None:
        self.name = config.target
        self.external = external
        """Set for an API outside the cluster."""
        self._parts = parts
        self.dispatcher = Dispatcher(terms, self._changed, parts.tenancy)
        self.prober = EngineProber(self.dispatcher.table, self, parts.probe_backoff)
        self.hedges = HedgePolicy()
        self.costs = TargetCosts(None if external is None else token_rates.external_rates(external.config.api.prices))
        self.pools: dict[Endpoint, UpstreamPool] = {}
        self.watches: dict[Endpoint, EngineScraper] = {}
        identity = "" if external is None else external.identity
        self.revisions = RoutableRevisions(f"{self.name}@{identity}" if self.name else "")
        self.samples = RevisionSamples()
        """Requests that ended while a new revision had a share of the traffic."""
        self.adapter_samples = AdapterSamples()
        """Requests that ended while a new version of an adapter had a share of its conversations."""
        self.demand = TargetDemand()
        self.turning = False
        """Its waiting requests are being dispatched."""
        self.retired = False
        """The configuration no longer names it: its requests finish, and no new ones come."""
        self._lines: dict[str, bytes] = {}
        self._take(config)

    @property
    def leaves(self) -> bool:
        """Whether to close a client's connection after its reply: its next one then finds the target's routers."""
        return self.config.leaving or self.retired

    def retire(self) -> None:
        """Finish its requests and get no new ones: the configuration names it no more."""
        self.retired = True

    def begin_turn(self) -> None:
        """Dispatch its waiting requests until `end_turn`."""
        self.turning = True

    def end_turn(self) -> None:
        """Dispatch no longer."""
        self.turning = False

    def apply(self, config: TargetConfig, terms: DispatcherConfig, now: float) -> None:
        """Apply another configuration; counts, endpoints and requests stay."""
        self._take(config)
        self.dispatcher.apply(terms, now)
        for endpoint in self.dispatcher.table.endpoints:
            self.size(endpoint)

    def _take(self, config: TargetConfig) -> None:
        self.config = config
        self.adapter_samples.follow(config.adapter_versions)
        self.api = external_api.API if self.external is not None else config.engine_api
        self._agree()
        self.base = config.models[0] if config.models else ""
        """The engines' name for the base model."""
        self.model_member = json.dumps(self.base).encode() if self.base else b""

    def route_lines(self, route: str) -> bytes:
        """Return header lines that show the client its request's route."""
        found = self._lines.get(route)
        if found is None:
            if len(self._lines) >= MAX_ROUTE_LINES:
                self._lines.clear()
            names = (route.encode("latin-1", "replace"), self.name.encode("latin-1", "replace"))
            found = self._lines[route] = b"x-fairlead-route: %b\r\nx-fairlead-target: %b\r\n" % names
        return found

    def is_demand(self, routing: RoutingRequest) -> bool:
        """Whether a request needs a replica: one for the tokenizer takes none that is there."""
        return not (routing.only_counts and self.is_routable)

    def add_demand(self, routing: RoutingRequest) -> None:
        """Count a request for it, whatever becomes of it."""
        if self.lane_of(routing) is Lane.BATCH:
            self.demand.add_batch()
        elif self.is_demand(routing):
            self.demand.add(routing.prompt_tokens)

    def lane_of(self, routing: RoutingRequest) -> Lane:
        """Return the lane that a request for it belongs to."""
        return self.dispatcher.queue.lanes.of(routing).lane

    def passed_over(self, routing: RoutingRequest, now: float) -> None:
        """Count a request for it that goes to a fallback at once, since it has no replica."""
        self.add_demand(routing)
        self.demand.pass_over(now)

    def was_passed_over(self, now: float) -> bool:
        """Whether requests for it go to a fallback: none is held that would start a replica."""
        return not self.is_routable and self.demand.was_passed_over(now)

    @property
    def is_routable(self) -> bool:
        """Whether any of its replicas is routable."""
        return bool(self.dispatcher.table.context.routable)

    def lacks(self, path: bytes, surface: Surface, adapter: str | None, *, salted: bool) -> Problem | None:
        """Return a problem for what its engines would silently ignore on this route."""
        terms = self.terms
        if adapter is not None and terms.adapter_paths is not None and path not in terms.adapter_paths:
            return refusals.no_adapter_here(path, adapter)
        if salted and path in terms.unsalted:
            return refusals.no_salt_here(path)
        return None if self.external is None or surface in external_api.PATHS else refusals.no_route_outside(path)

    def takes_salt(self, surface: Surface, facts: BodyFacts, api: HttpApi) -> bool:
        """Whether a request gets its tenant's salt: where such an engine takes one, and instead of a client's own."""
        sent = facts.parsed.cache_salt is not UNSET
        return self.external is None and (sent or surface in MAX_OUTPUT or api.salts_all)

    def lost_adapter(self, error: EngineErrorReply, routing: RoutingRequest, endpoint: Endpoint) -> bool:
        """Whether an engine lost an adapter that it had when it was chosen, since it was restarted."""
        name = routing.adapter
        if name is None or not error.lost_adapter(name):
            return False
        if name in endpoint.loaded:
            self.dispatcher.table.loaded(endpoint, endpoint.loaded - {name})
            return True
        return name not in endpoint.adapters  # its list of models without the name came before this answer

    def problem_of(self, error: EngineErrorReply, head: RequestHead) -> Problem | None:
        """Return what the client gets instead of an error that is not meant for it; None for any other error."""
        if error.has_no_route:
            return refusals.no_route_at_engine(head)
        external = self.external
        if external is not None and error.head.status in external_api.OURS:
            return refusals.wrong_outside(external.address, error.head.status)
        return None

    @property
    def is_over(self) -> bool:
        """Whether it is retired and its last request has ended."""
        return self.retired and not self.dispatcher.table.endpoints and not self.dispatcher.waiting

    # Endpoints

    def api_of(self, endpoint: Endpoint) -> HttpApi:
        """Return the HTTP interface of one engine; an earlier revision's may be of another kind."""
        return self.api if endpoint.kind is None else ENGINES[endpoint.kind].api

    def adapters_by(self, api: HttpApi) -> AdapterRequests | None:
        """Return how requests name adapters to such an engine; None: there are none, or it knows the plain names."""
        return api.adapters if self.config.adapters else None

    def _agree(self) -> None:
        """Set the terms of its engines' kinds; those that only finish their requests do not count."""
        listed = self.dispatcher.table.endpoints
        kinds = {one.kind for one in listed if one.kind is not None and one.state is not EndpointState.DRAINING}
        others = {kind: ENGINES[kind].api for kind in sorted(kinds) if ENGINES[kind].api is not self.api}
        self.terms = EngineTerms(self.api, has_adapters=bool(self.config.adapters), others=others)

    def _changed(self, endpoint: Endpoint) -> None:
        if self.terms.others or self.api_of(endpoint) is not self.api:
            self._agree()
        self._parts.changed(self, endpoint)

    def size(self, endpoint: Endpoint) -> None:
        """Set a replica's limits from the configuration; a KV cache size from its own metrics takes precedence."""
        config = self.config
        most = inf if config.max_sequences is None else config.max_sequences
        tokens = endpoint.kv_tokens or config.kv_tokens
        if (endpoint.kv_tokens, endpoint.max_sequences) != (tokens, most):
            self.dispatcher.table.sized(endpoint, tokens, most)

    def pool(self, endpoint: Endpoint) -> UpstreamPool:
        """Return the connection pool of this endpoint."""
        found = self.pools.get(endpoint)
        if found is None:
            parts, external = self._parts, self.external
            if external is None:
                found = UpstreamPool(endpoint, parts.head_cache, parts.counters, parts.engine_tls)
            else:
                found = UpstreamPool(endpoint, external.memory, parts.counters, external.tls)
            self.pools[endpoint] = found
        return found

    def scrape(self, endpoint: Endpoint, now: float) -> None:
        """Start the next scrape of this endpoint."""
        watch = self.watches.get(endpoint)
        if watch is None:
            watch = self.watches[endpoint] = EngineScraper(self.dispatcher.table, endpoint, self.api_of(endpoint))
        watch.follow(self.config)
        watch.scrape(self.pool(endpoint), now)

    @property
    def is_probed(self) -> bool:
        """Whether its endpoints are probed; requests to an external API cost money."""
        return self.external is None

    @property
    def probe_seconds(self) -> float:
        """How long a probe may take."""
        return self._parts.first_token_seconds()

    def probe_failed(self, endpoint: Endpoint) -> None:
        """Count it in the comparison of two revisions, if users' requests had ejected the endpoint."""
        split = self.dispatcher.table.split
        if split is not None and endpoint.state is EndpointState.EJECTED:
            self.samples.add_probe(split, endpoint.revision, self._parts.wall())

    def forget_pools(self) -> None:
        """Close pools and scrapers of endpoints that are no longer in the table."""
        holds = self.dispatcher.table.holds
        for endpoint in [one for one in self.pools if not holds(one)]:
            self.pools.pop(endpoint).close()
        for endpoint in [one for one in self.watches if not holds(one)]:
            self.watches.pop(endpoint).stop()

    def close(self) -> None:
        """Close every connection; requests still running are cut."""
        for watch in self.watches.values():
            watch.stop()
        for pool in self.pools.values():
            pool.close()

    def spend_hedge(self) -> bool:
        """Spend one hedge of the budget; whether it had any left."""
        spent = self.hedges.maybe_spend()
        if not spent:
            self._parts.counters.hedge_denied()
        return spent
