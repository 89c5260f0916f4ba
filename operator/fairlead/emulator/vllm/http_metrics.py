"""Metrics of the HTTP server in front of the engine: requests, sizes and durations by route.

Routes for probes and scrapers are not counted, as in vLLM.
"""

from collections.abc import Iterator
from typing import Final

from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.telemetry import engine_families
from fairlead.telemetry.client_exposition import SummaryValue, family_lines
from fairlead.telemetry.histogram import MetricHistogram

UNCOUNTED_ROUTES: Final = frozenset({"/metrics", "/health", "/load", "/ping", "/version", "/server_info"})


class HttpMetrics:
    """HTTP counts since the start."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, str], int] = {}
        self._request_sizes: dict[str, list[int]] = {}
        self._response_sizes: dict[str, list[int]] = {}
        self._all = MetricHistogram(engine_families.HTTP_ALL.bounds)
        self._each: dict[tuple[str, str], MetricHistogram] = {}

    def observed(self, observation: RequestObservation) -> None:
        """Count one request that got its response."""
        if observation.route in UNCOUNTED_ROUTES:
            return
        key = (observation.route, observation.method, f"{observation.status // 100}xx")
        self._requests[key] = self._requests.get(key, 0) + 1
        for sizes, size in (
            (self._request_sizes, observation.request_bytes),
            (self._response_sizes, observation.response_bytes),
        ):
            totals = sizes.setdefault(observation.route, [0, 0])
            totals[0] += 1
            totals[1] += size
        self._all.observe(observation.seconds)
        self._each.setdefault(
            (observation.route, observation.method), MetricHistogram(engine_families.HTTP_EACH.bounds)
        ).observe(observation.seconds)

    def lines(self, born: float) -> Iterator[str]:
        """Yield the lines of the HTTP families."""
        requests = (
            ({"handler": route, "method": method, "status": status}, count)
            for (route, method, status), count in self._requests.items()
        )
        yield from family_lines(engine_families.HTTP_REQUESTS, requests, born)
        for family, sizes in (
            (engine_families.HTTP_REQUEST_SIZE, self._request_sizes),
            (engine_families.HTTP_RESPONSE_SIZE, self._response_sizes),
        ):
            sums = (({"handler": route}, SummaryValue(count, total)) for route, (count, total) in sizes.items())
            yield from family_lines(family, sums, born)
        yield from family_lines(engine_families.HTTP_ALL, [({}, self._all)], born)
        each = (({"handler": route, "method": method}, durations) for (route, method), durations in self._each.items())
        yield from family_lines(engine_families.HTTP_EACH, each, born)
