"""Opens the access log and the span exporter of one process, by its options."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import log_writer
from fairlead.router.observability.log_writer import AccessLogWriter
from fairlead.router.observability.recorder import TelemetryOutputs
from fairlead.router.observability.spans import SpanDestination, SpanExporter, SpanRing
from fairlead.router.observability.traces import RandomBits


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityOptions:
    """Options of the process."""

    wall: Callable[[], float]
    """The wall clock in seconds."""
    bits: RandomBits
    """`random.Random(...).getrandbits` of the process."""
    access_log: str | None = "-"
    """A path, or `-` for standard output; None writes no lines, whatever the configuration says."""
    instance: str = ""
    """The pod's name."""
    namespace: str = ""
    version: str = ""


def open_outputs(options: ObservabilityOptions, telemetry: RequestTelemetry | None = None) -> TelemetryOutputs:
    """Create outputs that open when first enabled; a `telemetry` without an access log disables that for good."""
    where = options.access_log if telemetry is None or telemetry.access_log else None
    return TelemetryOutputs(
        wall=options.wall,
        bits=options.bits,
        lines=None if where is None else lambda: AccessLogWriter(log_writer.sink(where)),
        spans=lambda endpoint: _span_ring(options, endpoint),
    )


def _span_ring(options: ObservabilityOptions, endpoint: str) -> SpanRing:
    to = SpanDestination(endpoint, options.instance, options.namespace, options.version)
    return SpanRing(lambda: exporter_to(to))


def exporter_to(destination: SpanDestination) -> SpanExporter:
    """Create the OTLP exporter."""
    # 8 MB that a router without a collector saves.
    from fairlead.router.observability import otlp  # noqa: PLC0415

    return otlp.OtlpExporter(destination)
