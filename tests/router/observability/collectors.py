"""Collectors of spans, real and fake, and requests that are traced."""

import threading
from collections.abc import Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from fairlead.router.observability import spans
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.spans import SpanRingEntry
from fairlead.routing.reasons import AttemptEnding
from tests.router.observability.recorders import T0, begun, replica, routed_request

HOST: Final = "127.0.0.30"
TIMEOUT_S: Final = 20.0
"""Seconds that our threads get; they need some hundredths."""
PARENT: Final = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Collecting(ThreadingHTTPServer):
    """A collector that keeps what it receives, or refuses it."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        super().__init__((HOST, 0), Taking)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    @property
    def sent(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]


class Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Collecting)
        self.server.paths.append(self.path)
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


class Stalled:
    """An exporter that waits until it is closed."""

    def __init__(self) -> None:
        self.taken = 0
        self.entered = threading.Event()
        self.closed = threading.Event()

    def export(self, batch: Sequence[SpanRingEntry]) -> bool:
        self.taken += len(batch)
        self.entered.set()
        assert self.closed.wait(TIMEOUT_S)
        return False

    def close(self) -> None:
        self.closed.set()


class Moody:
    """An exporter that answers from a list."""

    def __init__(self, *moods: bool) -> None:
        self.moods = list(moods)

    def export(self, batch: Sequence[SpanRingEntry]) -> bool:
        assert len(batch) == spans.MAX_AT_ONCE
        return self.moods.pop(0)

    def close(self) -> None:
        pass


def traced(router: TelemetryRecorder, **facts: object) -> RequestRecord:
    """A stream that failed at one replica and was answered by the next."""
    record = begun(router, stream=True, request_id="r-1", **facts)
    router.traced(record, PARENT)
    record.sent(routed_request(), replica("a"), T0 + 0.1)
    record.failed(AttemptEnding.NOT_CONNECTED, T0 + 0.2)
    record.sent(routed_request(), replica("b"), T0 + 0.2)
    record.first_token_at = T0 + 0.5
    record.prompt_tokens, record.output_tokens, record.cached_tokens, record.finish_reason = 100, 11, 64, "stop"
    router.ended(record, T0 + 1.5)
    return record


def plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Protobuf's key-values as Python's."""
    document = {}
    for one in attributes:
        kind = one.value.WhichOneof("value") or ""
        value = getattr(one.value, kind)
        document[one.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return document
