"""OpenTelemetry spans, sent by OTLP over HTTP: a server span for each request, a client span for each attempt.

Attribute names follow the semantic conventions for HTTP and for generative AI; our own begin with `fairlead`. The
exporter reads its headers, certificates and time-out from the `OTEL_EXPORTER_OTLP_*` variables.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from fairlead.engines import catalogue
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.request_trace import RequestTrace, TracedAttempt
from fairlead.router.observability.spans import SpanDestination, SpanRingEntry
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage

DEFAULT_PATH: Final = "/v1/traces"
PROVIDER: Final = catalogue.api(catalogue.DEFAULT).provider
RECORDED: Final = TraceFlags(TraceFlags.SAMPLED)
OPERATIONS: Final = {
    "chat": "chat",
    "messages": "chat",
    "responses": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
}
WELL: Final = (AttemptEnding.DONE, AttemptEnding.OUTRUN, AttemptEnding.CLIENT_LEFT, AttemptEnding.REFUSED)
"""Endings of an attempt that are not the engine's fault."""
SpanAttributes = dict[str, str | int | float | bool | Sequence[str]]


class OtlpExporter:
    """The exporter to one collector, used by one thread."""

    def __init__(self, destination: SpanDestination) -> None:
        resource = {"service.name": "fairlead-router", "service.instance.id": destination.instance}
        resource |= {"service.namespace": destination.namespace} if destination.namespace else {}
        self._resource = Resource.create({**resource, "service.version": destination.version})
        self._scope = InstrumentationScope("fairlead.router", destination.version)
        # The library logs each attempt for each batch; `SpanRing` logs once when sending starts to fail, and counts.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._exporter = OTLPSpanExporter(endpoint=address(destination.endpoint))

    def export(self, batch: Sequence[SpanRingEntry]) -> bool:
        """Send spans; whether they were accepted."""
        spans = [span for entry in batch for span in self._spans(entry)]
        return self._exporter.export(spans) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Interrupt a wait before another attempt."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library's

    def _spans(self, entry: SpanRingEntry) -> Iterator[ReadableSpan]:
        record, offset = entry
        trace = record.trace
        assert trace is not None
        yield ReadableSpan(
            name=f"POST {record.surface}",
            context=_context(trace.trace_id, trace.span_id, remote=False),
            parent=_context(trace.trace_id, trace.parent_id, remote=True) if trace.parent_id else None,
            kind=SpanKind.SERVER,
            attributes=of_request(record),
            events=_events(record, offset),
            status=Status(StatusCode.ERROR) if record.status >= 500 or record.cut else Status(StatusCode.UNSET),
            start_time=_nanoseconds(record.arrived, offset),
            end_time=_nanoseconds(record.ended_at, offset),
            resource=self._resource,
            instrumentation_scope=self._scope,
        )
        for attempt in trace.attempts:
            yield self._attempt(record, trace, attempt, offset)

    def _attempt(
        self, record: RequestRecord, trace: RequestTrace, attempt: TracedAttempt, offset: float
    ) -> ReadableSpan:
        return ReadableSpan(
            name=f"{OPERATIONS.get(record.surface, record.surface)} {record.model}",
            context=_context(trace.trace_id, attempt.span_id, remote=False),
            parent=_context(trace.trace_id, trace.span_id, remote=False),
            kind=SpanKind.CLIENT,
            attributes=of_attempt(record, attempt),
            status=Status(StatusCode.UNSET if attempt.ending in WELL else StatusCode.ERROR),
            start_time=_nanoseconds(attempt.began, offset),
            end_time=_nanoseconds(attempt.ended, offset),
            resource=self._resource,
            instrumentation_scope=self._scope,
        )


def address(endpoint: str) -> str:
    """Return the URL, with the traces path unless it has a path of its own."""
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(path=parts.path if parts.path.strip("/") else DEFAULT_PATH))


def of_request(record: RequestRecord) -> SpanAttributes:
    """Return the server span's attributes; unknown values are left out."""
    return _without_unknown(
        {
            "http.request.method": "POST",
            "http.response.status_code": record.status,
            "client.address": record.client,
            "error.type": record.reason or (str(record.status) if record.status >= 500 else ""),
            "http.request.body.size": record.bytes_in,
            "http.response.size": record.bytes_out,
            "gen_ai.request.model": record.model,
            "gen_ai.request.stream": record.stream,
            "fairlead.request_id": record.request_id,
            "fairlead.surface": record.surface,
            "fairlead.tenant": record.tenant,
            "fairlead.band": record.band,
            "fairlead.lane": record.lane.value,
            "fairlead.attempts": record.attempts,
            "fairlead.cache": record.cache,
            "fairlead.queue_seconds": _between(record.waited_from, record.first_sent_at),
        }
    )


def of_attempt(record: RequestRecord, attempt: TracedAttempt) -> SpanAttributes:
    """Return a client span's attributes; the response's figures are on the attempt that gave it."""
    host, _, port = attempt.address.rpartition(":")
    attributes: SpanAttributes = {
        "gen_ai.operation.name": OPERATIONS.get(record.surface, record.surface),
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": record.model,
        "server.address": host,
        "server.port": int(port) if port.isdecimal() else -1,
        "fairlead.replica": attempt.pod,
        "fairlead.ending": attempt.ending.value if attempt.ending is not None else "",
        "error.type": "" if attempt.ending is None or attempt.ending in WELL else attempt.ending.value,
    }
    if attempt.aside:
        attributes |= _of_aside(attempt)
    elif attempt.pod == record.replica and attempt.ending in (
        AttemptEnding.DONE,
        AttemptEnding.CUT,
        AttemptEnding.CLIENT_LEFT,
    ):
        attributes |= _of_answer(record)
    return _without_unknown(attributes)


def _of_aside(attempt: TracedAttempt) -> SpanAttributes:
    """Return the figures of an answer that another one was requested to replace."""
    usage = attempt.usage or TokenUsage(prompt_tokens=-1, output_tokens=-1)
    return {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": -1 if usage.cached_tokens is None else usage.cached_tokens,
        "gen_ai.response.finish_reasons": (attempt.finish_reason,) if attempt.finish_reason else "",
        "fairlead.revision": attempt.revision,
    }


def _of_answer(record: RequestRecord) -> SpanAttributes:
    return {
        "gen_ai.usage.input_tokens": record.prompt_tokens,
        "gen_ai.usage.output_tokens": record.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": record.cached_tokens,
        "gen_ai.response.finish_reasons": (record.finish_reason,) if record.finish_reason else "",
        "gen_ai.response.time_to_first_chunk": _between(record.sent_at, record.first_token_at),
        "fairlead.revision": record.revision,
        "fairlead.pick": record.pick.value if record.pick is not None else "",
        "fairlead.prefix_blocks": record.blocks,
        "fairlead.prefix_blocks_held": record.held_blocks,
    }


def _events(record: RequestRecord, offset: float) -> Sequence[Event]:
    if record.first_token_at < 0:
        return ()
    return (Event("first token", timestamp=_nanoseconds(record.first_token_at, offset)),)


def _without_unknown(attributes: SpanAttributes) -> SpanAttributes:
    return {name: value for name, value in attributes.items() if value not in ("", -1, -1.0)}


def _between(since: float, until: float) -> float:
    return -1.0 if since < 0 or until < 0 else until - since


def _nanoseconds(moment: float, offset: float) -> int:
    return int((moment + offset) * 1e9)


def _context(trace_id: str, span_id: str, *, remote: bool) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=RECORDED)
