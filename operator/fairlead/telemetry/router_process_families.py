"""Metrics of a router's process: connections, bytes, event loop, access lines, and what every process exposes."""

from typing import Final

from fairlead.telemetry.metric_family import MetricPrefix, families_of
from fairlead.telemetry.router_buckets import LAG

PREFIX: Final = "fairlead_router"
_OURS: Final = MetricPrefix(f"{PREFIX}_")

UPSTREAM: Final = _OURS.counter("upstream_connections", "Connections used for requests to engines.", "kind")
UPSTREAM_IDLE: Final = _OURS.gauge("upstream_idle_connections", "Idle connections to engines.")
CLIENTS: Final = _OURS.gauge("client_connections", "Connections of clients.")
CLIENT_EVENTS: Final = _OURS.counter(
    "client_connection_events", "Connections opened; refused at the limit; cut for being slow; without an HTTP head.",
    "event",
)  # fmt: skip
BYTES_IN: Final = _OURS.counter("request_bytes", "Bytes of requests' bodies.")
BYTES_OUT: Final = _OURS.counter("answer_bytes", "Bytes of answers, heads and chunk framing included.")
LOOP_LAG: Final = _OURS.histogram("loop_lag_seconds", "How late the event loop runs.", LAG)
DRAINING: Final = _OURS.gauge("draining", "1 from the first termination signal on.")
LINES: Final = _OURS.counter(
    "access_lines", "Access lines, by result; dropped: the file or pipe did not keep up.", "result"
)
SPANS: Final = _OURS.counter(
    "traces", "Traced requests, by result; dropped: the collector did not keep up; failed: it refused.", "result"
)

# The names that prometheus_client's libraries give them in every language.
_PROCESS: Final = MetricPrefix("process_")
CPU: Final = _PROCESS.counter("cpu_seconds", "Processor time, user and system.")
RSS: Final = _PROCESS.gauge("resident_memory_bytes", "Resident memory.")
STARTED: Final = _PROCESS.gauge("start_time_seconds", "When it started, Unix time.")
DESCRIPTORS: Final = _PROCESS.gauge("open_fds", "Open file descriptors; Linux 6.2 and later.")

FAMILIES: Final = families_of(globals().values())
