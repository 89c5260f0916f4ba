"""The page that Prometheus scrapes: the counters, and the router's current state."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.tenants import Lane
from fairlead.router.cache.counters import RedisStoreCounters
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.observability.process_metrics import ProcessMetrics
from fairlead.router.observability.request_results import RequestResult
from fairlead.router.observability.series import HISTOGRAMS
from fairlead.router.observability.snapshot import PeersSnapshot, RouterSnapshot
from fairlead.routing.endpoint import EndpointSample
from fairlead.telemetry import router_families, router_process_families
from fairlead.telemetry.exposition import ExpositionWriter, Number, Values
from fairlead.telemetry.metric_family import MetricFamily

NOTHING: Final[Values] = ()
CLASSES: Final = ("other", "1xx", "2xx", "3xx", "4xx", "5xx")
OF_THE_PROCESS: Final = {
    "cpu_seconds": router_process_families.CPU,
    "resident_memory_bytes": router_process_families.RSS,
    "start_time_seconds": router_process_families.STARTED,
    "open_fds": router_process_families.DESCRIPTORS,
}
Samples = Iterator[tuple[Values, Number]]


class MetricsExposition:
    """The exposition of one router."""

    def __init__(self, counters: RouterCounters) -> None:
        self._counters = counters
        self._writer = ExpositionWriter()
        self._process = ProcessMetrics()

    def text(self, snapshot: RouterSnapshot) -> bytes:
        """Render all families in the table's order; closed labels appear from the start, so no series has a gap."""
        self._of_requests(snapshot)
        self._of_series()
        self._of_tenants(snapshot)
        self._of_queues(snapshot)
        self._of_replicas(snapshot)
        self._of_peers(snapshot.peers or PeersSnapshot())
        self._of_the_cache(snapshot)
        self._of_the_process(snapshot)
        return self._writer.text()

    def _of_requests(self, snapshot: RouterSnapshot) -> None:
        counters, family = self._counters, self._writer.family
        codes: defaultdict[int, int] = defaultdict(int)
        results: defaultdict[Values, int] = defaultdict(int)
        for (surface, stream, code, result), n in sorted(counters.ended_as.items()):
            codes[code] += n
            streamed = "true" if stream else "false"
            for each in RequestResult:  # a router that has only answered so far shows its failures at zero
                results[surface, streamed, each] += n if each is result else 0
        family(router_families.REQUESTS, by_key(sorted(codes.items())))
        family(router_families.RESULTS, results.items())
        family(router_families.REFUSALS, by_key(counters.refusals.items()))
        family(router_families.SHADOW, by_key(snapshot.shadowed.items()))
        self._one(router_families.LATE, counters.late)
        self._one(router_families.IN_FLIGHT, counters.inflight)
        self._one(router_families.HELD, snapshot.held)
        self._one(router_families.ADAPTERS_WAITING, snapshot.adapters_waiting)
        family(router_families.ABORTS, by_key(counters.aborts.items()))
        self._one(router_families.CUT, counters.cut)
        family(router_families.FINISHED, by_key(sorted(counters.finished.items())))
        family(router_families.STRUCTURED, iter(sorted(counters.structured.items())))
        family(router_families.ARRIVALS, ((one.key, one.arrivals) for one in counters.demand.values()))
        family(router_families.ARRIVED_TOKENS, ((one.key, one.prompt_tokens) for one in counters.demand.values()))

    def _of_series(self) -> None:
        family, every = self._writer.family, [one for one in self._counters.series.values() if one.has_samples]
        family(router_families.FORWARDED, ((one.key, one.forwarded) for one in every))
        for place, histogram in enumerate(HISTOGRAMS):
            self._writer.histograms(histogram, ((one.key, one.histograms[place]) for one in every))
        family(router_families.PROMPT, ((one.key, one.prompt) for one in every))
        family(router_families.OUTPUT, ((one.key, one.output) for one in every))
        family(router_families.CACHED, ((one.key, one.cached) for one in every))
        family(router_families.PREFIX_BLOCKS, ((one.key, one.prefix_blocks) for one in every))
        family(router_families.BLOCKS_HELD, ((one.key, one.blocks_held) for one in every))

    def _of_tenants(self, snapshot: RouterSnapshot) -> None:
        family, every = self._writer.family, tuple(self._counters.spenders.values())
        family(
            router_families.TENANT_REQUESTS,
            (((*one.key, CLASSES[code]), n) for one in every for code, n in enumerate(one.by_class) if n),
        )
        family(router_families.TENANT_PROMPT, ((one.key, one.prompt) for one in every))
        family(router_families.TENANT_OUTPUT, ((one.key, one.output) for one in every))
        family(router_families.TENANT_CACHED, ((one.key, one.cached) for one in every))
        family(router_families.TENANT_STREAMS, ((one.key, one.first_tokens) for one in every))
        family(router_families.TENANT_TTFT, ((one.key, one.first_token_seconds) for one in every))
        family(router_families.TENANT_INFLIGHT, (((one.name,), one.inflight) for one in snapshot.accounts))
        family(router_families.TENANT_WAITING, (((one.name,), one.queued) for one in snapshot.accounts))
        family(router_families.TENANT_OVER, (((one.name,), one.over_concurrency) for one in snapshot.accounts))
        family(router_families.KEY_READINGS, by_key(self._counters.key_readings.items()))

    def _of_queues(self, snapshot: RouterSnapshot) -> None:
        lanes = {one.lane: one for one in snapshot.lanes}
        queues = [(lane.value, lanes.get(lane)) for lane in Lane]
        self._writer.family(router_families.WAITING, (((name,), one.waiting if one else 0) for name, one in queues))
        self._writer.family(
            router_families.OLDEST, (((name,), one.oldest_seconds if one else 0) for name, one in queues)
        )

    def _of_targets(self) -> None:
        family, every = self._writer.family, tuple(self._counters.targets.values())
        family(
            router_families.ROUTED,
            (((*one.key, CLASSES[code]), n) for one in every for code, n in enumerate(one.by_class) if n),
        )
        family(router_families.TARGET_PROMPT, ((one.key, one.prompt) for one in every))
        family(router_families.TARGET_OUTPUT, ((one.key, one.output) for one in every))
        family(router_families.FALLBACKS, (((*one.key, why), n) for one in every for why, n in one.left.items()))
        family(router_families.CHECKED, ((one.key, one.count) for one in self._counters.checked.values()))
        family(router_families.SCHEMAS, ((one.key, one.count) for one in self._counters.schemas.values()))
        family(router_families.HELD_ANSWERS, ((one.key, one.count) for one in self._counters.held.values()))
        family(router_families.COPIES, ((one.key, one.count) for one in self._counters.copies.values()))

    def _of_costs(self, snapshot: RouterSnapshot) -> None:
        family, every = self._writer.family, tuple(self._counters.costs.values())
        family(router_families.COST, ((one.key, one.cost) for one in every))
        family(router_families.UNANSWERED_COST, ((one.key, one.unanswered) for one in every))
        family(router_families.PAID_ATTEMPTS, ((one.key, one.attempts) for one in every))
        family(router_families.PAID_RETRIES, ((one.key, one.retries) for one in every))
        family(router_families.PAID_VALIDATED, ((one.key, one.validated) for one in every))
        family(router_families.PAID_INVALID, ((one.key, one.invalid) for one in every))
        spenders = (one for one in self._counters.spenders.values() if one.cost)
        family(router_families.TENANT_COST, ((one.key, one.cost) for one in spenders))
        family(router_families.TENANT_BUDGET, (((one.tenant,), one.most) for one in snapshot.budgets))
        family(router_families.TENANT_SPENT, (((one.tenant,), one.spent) for one in snapshot.budgets))
        tasks = [(key, one) for key, one in snapshot.tasks.items() if one.tasks]
        family(router_families.TASKS, ((key, one.tasks) for key, one in tasks))
        ended = [(key, (("succeeded", one.succeeded), ("failed", one.failed))) for key, one in tasks]
        family(router_families.OUTCOMES, (((*key, how), n) for key, counts in ended for how, n in counts))
        family(router_families.MISROUTED, ((key, one.misrouted) for key, one in tasks))
        family(router_families.TASK_COST, ((key, one.reported_cost) for key, one in tasks))
        family(router_families.IDLE_COST, by_key(snapshot.idle.items()))

    def _of_replicas(self, snapshot: RouterSnapshot) -> None:
        counters, family = self._counters, self._writer.family
        every = sorted(((snapshot.pods.get(one, one.pod), one) for one in snapshot.endpoints), key=lambda one: one[0])
        family(router_families.PICKS, by_key(counters.picks.items()))
        self._of_targets()
        self._of_costs(snapshot)
        self._one(router_families.RETRIES, counters.retries)
        family(router_families.ATTEMPTS_FAILED, by_key(counters.attempts_failed.items()))
        outcomes = {"won": counters.hedges_won, "lost": counters.hedges_lost, "denied": counters.hedges_denied}
        family(router_families.HEDGES, by_key(outcomes.items()))
        family(router_families.EJECTIONS, by_key(counters.ejections.items()))
        states = dict.fromkeys(EndpointState, 0)
        for _, one in every:
            states[one.state] += 1
        family(router_families.ENDPOINTS, by_key(states.items()))
        family(router_families.ENDPOINT_STATE, (((pod, one.revision, one.state), 1) for pod, one in every))
        family(router_families.ENDPOINT_INFLIGHT, (((pod,), one.inflight) for pod, one in every))
        family(router_families.ENDPOINT_PROMPT, (((pod,), one.prompt_load) for pod, one in every))
        family(router_families.ENDPOINT_REPLY, (((pod,), one.reply_load) for pod, one in every))
        self._of_figures([((pod,), one.sample) for pod, one in every if one.sample is not None])
        family(router_families.ENDPOINT_PEERS, (((pod,), one.peers_inflight) for pod, one in every))

    def _of_figures(self, samples: list[tuple[Values, EndpointSample]]) -> None:
        family = self._writer.family
        family(router_families.ENDPOINT_RUNNING, ((pod, one.running) for pod, one in samples))
        family(router_families.ENDPOINT_WAITING, ((pod, one.waiting) for pod, one in samples))
        family(router_families.ENDPOINT_KV, ((pod, one.kv_usage) for pod, one in samples))

    def _of_peers(self, peers: PeersSnapshot) -> None:
        family = self._writer.family
        family(router_families.PEERS, by_key({"heard": peers.live, "silent": peers.silent}.items()))
        self._one(router_families.PEERS_TOGETHER, int(peers.together))
        self._one(router_families.PEER_AGE, peers.age_seconds)
        family(router_families.PEER_DATAGRAMS, by_key(peers.datagrams.items()))

    def _of_the_cache(self, snapshot: RouterSnapshot) -> None:
        cache, counters, family = snapshot.cache, snapshot.counters, self._writer.family
        counts = cache.counts if cache else None
        found = (counts.hits, counts.misses, counts.joined, sum(counts.passed.values())) if counts else (0,) * 4
        family(router_families.CACHE_LOOKUPS, by_key(zip(("hit", "miss", "joined", "passed"), found, strict=True)))
        family(router_families.CACHE_PASSED, by_key(counts.passed.items() if counts else ()))
        family(router_families.CACHE_NOT_KEPT, by_key(counts.refused.items() if counts else ()))
        self._one(router_families.CACHE_STORED, counts.stored if counts else 0)
        self._one(router_families.CACHE_EVICTED, counts.evicted if counts else 0)
        self._one(router_families.CACHE_EXPIRED, counts.expired if counts else 0)
        outcomes = {"promoted": counts.promoted, "scattered": counts.scattered} if counts else {}
        family(router_families.CACHE_FOLLOWERS, by_key(outcomes.items()))
        self._one(router_families.CACHE_ENTRIES, cache.entries if cache else 0)
        self._one(router_families.CACHE_BYTES, cache.bytes if cache else 0)
        family(router_families.CACHE_SHARED, by_key(of_shared(counters).items() if counters else ()))

    def _of_the_process(self, snapshot: RouterSnapshot) -> None:
        counters, family = self._counters, self._writer.family
        kinds = {"opened": counters.connections.upstreams_opened, "reused": counters.connections.upstreams_reused}
        events = {
            "opened": counters.connections.clients_opened,
            "refused": counters.connections.clients_refused,
            "slow": counters.connections.slow_clients,
            "bad_head": counters.connections.bad_heads,
        }
        family(router_process_families.UPSTREAM, by_key(kinds.items()))
        self._one(router_process_families.UPSTREAM_IDLE, snapshot.upstream_idle)
        self._one(router_process_families.CLIENTS, snapshot.clients)
        family(router_process_families.CLIENT_EVENTS, by_key(events.items()))
        self._one(router_process_families.BYTES_IN, counters.bytes_in)
        self._one(router_process_families.BYTES_OUT, counters.bytes_out)
        self._writer.histograms(router_process_families.LOOP_LAG, [(NOTHING, counters.lag)])
        self._one(router_process_families.DRAINING, int(snapshot.draining))
        family(router_process_families.LINES, by_key((snapshot.lines or {}).items()))
        family(router_process_families.SPANS, by_key((snapshot.traces or {}).items()))
        values = self._process.read()
        for name, one in OF_THE_PROCESS.items():
            family(one, ((NOTHING, values[name]),) if name in values else ())

    def _one(self, family: MetricFamily, number: Number) -> None:
        self._writer.family(family, ((NOTHING, number),))


def by_key(samples: Iterable[tuple[object, Number]]) -> Samples:
    """Yield samples with one label."""
    return (((str(word),), number) for word, number in samples)


def of_shared(counters: RedisStoreCounters) -> dict[str, Number]:
    """Return lookups in the shared store and writes to it, by result."""
    return {
        "hit": counters.hits,
        "miss": counters.misses,
        "slow": counters.slow,
        "error": counters.errors,
        "busy": counters.busy,
        "written": counters.written,
        "dropped": counters.dropped,
    }
