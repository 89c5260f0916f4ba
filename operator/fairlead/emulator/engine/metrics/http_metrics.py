"""Metrics of the HTTP server in front of the engine: requests, sizes and durations by route.

Routes that probes and scrapers use are not counted, as in vLLM.
"""

from collections.abc import Iterator
from typing import Final

from fairlead.emulator.engine.metrics import exposition
from fairlead.emulator.engine.metrics.exposition import HistogramSeries, SummarySeries, ValueSeries
from fairlead.emulator.engine.metrics.families import EngineMetricFamily, EngineMetricType
from fairlead.emulator.engine.metrics.histogram import EngineHistogram
from fairlead.emulator.surface.engine_interface import RequestObservation

UNCOUNTED_ROUTES: Final = frozenset({"/metrics", "/health", "/load", "/ping", "/version", "/server_info"})
_FINE: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0),
    *(30.0, 60.0),
)
_COARSE: Final = (0.1, 0.5, 1.0)
_REQUESTS: Final = EngineMetricFamily(
    "http_requests", EngineMetricType.COUNTER, "Requests by method, status and handler."
)
_REQUEST_SIZE: Final = EngineMetricFamily(
    "http_request_size_bytes", EngineMetricType.SUMMARY, "Length of requests by handler."
)
_RESPONSE_SIZE: Final = EngineMetricFamily(
    "http_response_size_bytes", EngineMetricType.SUMMARY, "Length of answers by handler."
)
_ALL: Final = EngineMetricFamily(
    "http_request_duration_highr_seconds", EngineMetricType.HISTOGRAM, "Duration of all requests."
)
_EACH: Final = EngineMetricFamily("http_request_duration_seconds", EngineMetricType.HISTOGRAM, "Duration by handler.")


class HttpMetrics:
    """HTTP counts since the start."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, str], int] = {}
        self._asked: dict[str, list[int]] = {}
        self._told: dict[str, list[int]] = {}
        self._all = EngineHistogram(_FINE)
        self._each: dict[tuple[str, str], EngineHistogram] = {}

    def observed(self, seen: RequestObservation) -> None:
        """Count one request that got its response."""
        if seen.route in UNCOUNTED_ROUTES:
            return
        key = (seen.route, seen.method, f"{seen.status // 100}xx")
        self._requests[key] = self._requests.get(key, 0) + 1
        for sizes, size in ((self._asked, seen.request_bytes), (self._told, seen.response_bytes)):
            known = sizes.setdefault(seen.route, [0, 0])
            known[0] += 1
            known[1] += size
        self._all.add(seen.seconds)
        self._each.setdefault((seen.route, seen.method), EngineHistogram(_COARSE)).add(seen.seconds)

    def lines(self, born: float) -> Iterator[str]:
        """The lines of the HTTP families."""
        requests = (
            ValueSeries({"handler": route, "method": method, "status": status}, count)
            for (route, method, status), count in self._requests.items()
        )
        yield from exposition.family_lines(_REQUESTS, requests, born)
        for family, sizes in ((_REQUEST_SIZE, self._asked), (_RESPONSE_SIZE, self._told)):
            sums = (SummarySeries({"handler": route}, count, total) for route, (count, total) in sizes.items())
            yield from exposition.family_lines(family, sums, born)
        yield from exposition.family_lines(_ALL, [HistogramSeries({}, self._all)], born)
        each = (
            HistogramSeries({"handler": route, "method": method}, durations)
            for (route, method), durations in self._each.items()
        )
        yield from exposition.family_lines(_EACH, each, born)
