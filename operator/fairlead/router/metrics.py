"""The router's counts as Prometheus reads them; they are counted elsewhere as plain numbers and read at a scrape."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from fairlead.fleet.endpoints import EndpointState
from fairlead.router.router import Router


class Page(Collector):
    """All families of one router."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """As they are now; every state of endpoints is told, so that none ever is a gap in a graph."""
        router = self._router
        requests = CounterMetricFamily(
            "fairlead_router_requests", "Requests answered, by status; 499: the client left.", labels=["code"]
        )
        for code, count in sorted(router.counts.by_code.items()):
            requests.add_metric([str(code)], count)
        yield requests
        yield GaugeMetricFamily(
            "fairlead_router_requests_in_flight", "Requests inside, held ones included.", router.counts.inflight
        )
        yield GaugeMetricFamily(
            "fairlead_router_requests_held", "Requests waiting for a routable replica.", router.room.held
        )
        yield CounterMetricFamily("fairlead_router_retries", "Requests sent to another replica.", router.budget.retried)
        yield CounterMetricFamily(
            "fairlead_router_answers_cut", "Answers that broke after they began.", router.counts.cut
        )
        states = Counter(endpoint.state for endpoint in router.table.endpoints)
        endpoints = GaugeMetricFamily("fairlead_router_endpoints", "Engine replicas, by state.", labels=["state"])
        for state in EndpointState:
            endpoints.add_metric([state.value], states[state])
        yield endpoints
