"""The interface to a router's telemetry: it opens and closes request records, and renders the metrics page.

Called by the data plane on its loop; nothing here blocks, and no error of an output reaches a request.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import access_entries, traces
from fairlead.router.observability.access_entries import TimestampFormatter
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.observability.label_values import CopyResult
from fairlead.router.observability.log_writer import AccessLogWriter
from fairlead.router.observability.metrics_exposition import MetricsExposition
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.request_trace import RequestTrace
from fairlead.router.observability.snapshot import RouterSnapshot
from fairlead.router.observability.spans import SpanRing
from fairlead.router.observability.traces import RandomBits
from fairlead.telemetry import exposition

log = logging.getLogger(__name__)

HAND_OVER_SECONDS: Final = 1.0
"""Longest time before an access line is handed to the writer."""
DRAWN: Final = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryOutputs:
    """Where lines and spans go, and what else a recorder needs; only the clock and the random bits are required."""

    wall: Callable[[], float]
    """The wall clock, in seconds; read once a second."""
    bits: RandomBits
    """`random.Random.getrandbits` of the process."""
    lines: Callable[[], AccessLogWriter] | None = None
    """Opens the file or pipe when lines are first enabled; may raise `OSError`."""
    spans: Callable[[str], SpanRing] | None = None
    """Starts sending to the collector at this address."""


class TelemetryRecorder:
    """The recorder of one router; `counts` is public, since some events belong to no request."""

    __slots__ = (
        "_clock",
        "_endpoint",
        "_handed_at",
        "_lines",
        "_page",
        "_share",
        "_spans",
        "_ways",
        "_writer",
        "counts",
        "log_prompts",
        "tracing",
    )

    def __init__(self, ways: TelemetryOutputs, telemetry: RequestTelemetry, models: Iterable[str], now: float) -> None:
        self.counts = RouterCounters(models)
        self._ways = ways
        self._clock = TimestampFormatter(ways.wall() - now)
        self._handed_at = now
        self._page = MetricsExposition(self.counts)
        self._writer: AccessLogWriter | None = None
        self._spans: SpanRing | None = None
        self._endpoint: str | None = None
        self._open(telemetry)
        self._take(telemetry, models)

    def apply(self, telemetry: RequestTelemetry, models: Iterable[str]) -> None:
        """Apply another configuration. Failing to open the access log fails a start, but not a running router."""
        try:
            self._open(telemetry)
        except OSError as problem:
            log.warning("no access lines are written: %s", problem)
        self._take(telemetry, models)

    def _open(self, telemetry: RequestTelemetry) -> None:
        if telemetry.access_log and self._writer is None and self._ways.lines is not None:
            self._writer = self._ways.lines()

    def _take(self, telemetry: RequestTelemetry, models: Iterable[str]) -> None:
        self._lines = self._writer if telemetry.access_log else None
        self._send_to(telemetry.otlp_endpoint)
        self.counts.names.take(models)
        self.log_prompts = telemetry.log_prompts and self._lines is not None
        """Whether records should contain their prompts."""
        self.tracing = self._spans is not None
        """Whether `traced` must be called."""
        self._share = int(telemetry.trace_share * DRAWN)

    def _send_to(self, endpoint: str | None) -> None:
        """Send to another collector from now on; the previous one's thread ends by itself."""
        if endpoint == self._endpoint or self._ways.spans is None:
            return
        if self._spans is not None:
            self._spans.end()
        self._endpoint = endpoint
        self._spans = self._ways.spans(endpoint) if endpoint is not None else None

    def began(self, now: float) -> RequestRecord:
        """Start the record of a new request."""
        self.counts.begin()
        return RequestRecord(now, now)

    def traced(self, record: RequestRecord, brought: bytes | None) -> None:
        """Decide whether to trace: as the client decided in `traceparent`, else at random."""
        bits = self._ways.bits
        parent = traces.parent(brought)
        if parent is not None:
            trace = RequestTrace(parent.trace_id, parent.span_id, bits) if parent.sampled else None
            record.traced(brought, trace)
        elif bits(32) < self._share:
            trace = RequestTrace(traces.fresh_id(bits), "", bits)
            record.traced(traces.written(trace.trace_id, trace.span_id), trace)
        else:
            record.traced(traces.undecided(bits))

    def wall(self, now: float) -> float:
        """Return the time of day at this time of the loop's clock."""
        return now + self._clock.offset

    def needs_engine(self, record: RequestRecord, now: float, *, is_demand: bool = True) -> None:
        """Start the queue time of a complete request that needs an engine; `is_demand`: a replica, too."""
        record.need_engine(now)
        if is_demand:
            self.counts.add_demand(record, now)

    def ended(self, record: RequestRecord, now: float) -> None:
        """Close the record: the one end of every request. A second call raises."""
        record.close(now)
        self.counts.ended(record)
        if self._lines is not None:
            self._lines.take(access_entries.line(record, self._clock))
        if record.trace is not None and self._spans is not None:
            record.drop_texts()  # thousands of records wait for a collector, and no span has texts
            self._spans.offer(record, self._clock.offset)

    def copy_ended(self, record: RequestRecord, result: CopyResult, now: float) -> None:
        """Close the record of a copy, which does not count as a client's request."""
        record.close(now)
        self.counts.add_copy(record, record.target, result, now)
        if self._lines is not None:
            self._lines.take(access_entries.line(record, self._clock))

    def swept(self, now: float, due: float) -> None:
        """Record the loop's lag at a sweep, and once a second hand over the lines."""
        self.counts.lag.observe(max(now - due, 0.0))
        if now - self._handed_at >= HAND_OVER_SECONDS:
            self._handed_at = now
            self._clock.follow(self._ways.wall() - now)
            if self._writer is not None:
                self._writer.hand_over()

    def page(self, snapshot: RouterSnapshot) -> bytes:
        """Render all metrics, as `CONTENT_TYPE`."""
        lines, spans = self._writer, self._spans
        written = {"written": lines.written, "dropped": lines.lost} if lines else None
        snapshot.add_outputs(written, spans.outcomes if spans else None)
        return self._page.text(snapshot)

    def close(self, seconds: float) -> None:
        """Write the last lines and spans, as far as possible in this time."""
        if self._writer is not None:
            self._writer.close(seconds)
        if self._spans is not None:
            self._spans.close(seconds)


CONTENT_TYPE: Final = exposition.CONTENT_TYPE
