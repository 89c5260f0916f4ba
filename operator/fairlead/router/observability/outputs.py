"""How lines and spans of one process leave it, by what it was told at its start."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import log_writer, spans
from fairlead.router.observability.log_writer import AccessLogWriter
from fairlead.router.observability.recorder import TelemetryOutputs
from fairlead.router.observability.spans import SpanDestination, SpanRing
from fairlead.router.observability.traces import RandomBits


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityOptions:
    """What the process knows of itself and its world."""

    wall: Callable[[], float]
    """The wall's clock in seconds."""
    bits: RandomBits
    """`random.Random(...).getrandbits` of the process."""
    access_log: str | None = "-"
    """A path, or `-`: standard output; nothing: no lines, whatever the configuration says."""
    instance: str = ""
    """The pod's name."""
    namespace: str = ""
    version: str = ""


def open_outputs(told: ObservabilityOptions, telling: RequestTelemetry | None = None) -> TelemetryOutputs:
    """Opened when the configuration first wants them; `telling` may rule lines out for good."""
    where = told.access_log if telling is None or telling.access_log else None
    return TelemetryOutputs(
        wall=told.wall,
        bits=told.bits,
        lines=None if where is None else lambda: AccessLogWriter(log_writer.sink(where)),
        spans=lambda endpoint: _span_ring(told, endpoint),
    )


def _span_ring(told: ObservabilityOptions, endpoint: str) -> SpanRing:
    to = SpanDestination(endpoint, told.instance, told.namespace, told.version)
    return SpanRing(lambda: spans.exporter_to(to))
