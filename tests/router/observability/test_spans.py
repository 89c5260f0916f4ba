"""Spans reach a collector; a slow or missing one costs spans and never a request's time."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import otlp, outputs, spans
from fairlead.router.observability.log_writer import AccessLogWriter, LogFileSink
from fairlead.router.observability.outputs import ObservabilityOptions
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.spans import SpanDestination, SpanRing
from tests.router.observability.collectors import HOST, PARENT, TIMEOUT_S, Collecting, Moody, Stalled, plain, traced
from tests.router.observability.recorders import T0, WALL, Wall, begun, recorder_of, samples

SERVER: Final[dict[str, Any]] = {
    "http.request.method": "POST",
    "http.response.status_code": 200,
    "client.address": "10.0.3.17",
    "http.request.body.size": 700,
    "http.response.size": 9000,
    "gen_ai.request.model": "chat",
    "gen_ai.request.stream": True,
    "fairlead.request_id": "r-1",
    "fairlead.surface": "chat",
    "fairlead.tenant": "shop",
    "fairlead.band": "gold",
    "fairlead.lane": "interactive",
    "fairlead.attempts": 2,
    "fairlead.queue_seconds": pytest.approx(0.1),
}
CLIENT: Final[dict[str, Any]] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "vllm",
    "gen_ai.request.model": "chat",
    "server.address": "10.0.0.1",
    "server.port": 8000,
    "fairlead.replica": "b",
    "fairlead.ending": "done",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 11,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.response.time_to_first_chunk": pytest.approx(0.3),
    "fairlead.revision": "r1",
    "fairlead.pick": "prefix",
    "fairlead.prefix_blocks": 4,
    "fairlead.prefix_blocks_held": 3,
}


@pytest.fixture
def collector(request: pytest.FixtureRequest) -> Iterator[Collecting]:
    server = Collecting(getattr(request, "param", 200))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


def ringing(url: str) -> SpanRing:
    return SpanRing(lambda: outputs.exporter_to(SpanDestination(url, "router-1", "team", "1.2")), every=0.01)


def test_a_request_arrives_as_a_server_span_with_a_client_span_for_each_attempt(collector: Collecting) -> None:
    ring = ringing(collector.url)
    router = recorder_of(spans=ring)
    assert router.tracing
    record = traced(router, client="10.0.3.17", bytes_in=700, bytes_out=9000)
    router.close(TIMEOUT_S)
    assert collector.paths == ["/v1/traces"]
    (resource,) = collector.sent[0].resource_spans
    document = plain(resource.resource.attributes)
    assert [document[f"service.{name}"] for name in ("name", "instance.id", "namespace", "version")] == [
        "fairlead-router",
        "router-1",
        "team",
        "1.2",
    ]
    server, first, second = resource.scope_spans[0].spans
    assert record.trace is not None
    assert {one.trace_id.hex() for one in (server, first, second)} == {PARENT.decode()[3:35]}
    assert server.parent_span_id.hex() == PARENT.decode()[36:52]
    assert server.span_id.hex() == record.trace.span_id == first.parent_span_id.hex() == second.parent_span_id.hex()
    assert (server.kind, first.kind) == (server.SPAN_KIND_SERVER, server.SPAN_KIND_CLIENT)
    assert (server.start_time_unix_nano, server.end_time_unix_nano) == (int(WALL * 1e9), int((WALL + 1.5) * 1e9))
    assert server.events[0].name == "first token"
    assert plain(server.attributes) == SERVER
    assert (first.name, first.status.code) == ("chat chat", first.status.STATUS_CODE_ERROR)
    assert plain(first.attributes)["error.type"] == "not_connected"
    assert second.status.code == second.status.STATUS_CODE_UNSET
    assert plain(second.attributes) == CLIENT
    assert ring.outcomes == {"sent": 1, "failed": 0, "dropped": 0}


@pytest.mark.parametrize("collector", [400], indirect=True)
def test_what_a_collector_refuses_is_counted_and_not_sent_for_ever(collector: Collecting) -> None:
    ring = ringing(collector.url)
    router = recorder_of(spans=ring)
    for _ in range(3):
        traced(router)
    router.close(TIMEOUT_S)
    assert ring.outcomes == {"sent": 0, "failed": 3, "dropped": 0}
    assert samples(router)['traces_total{result="failed"}'] == 3


def test_an_unreachable_collector_is_logged_once_and_once_more_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    moods = (True, False, False, False, True, True)
    router = recorder_of(spans=SpanRing(lambda: Moody(*moods), every=TIMEOUT_S))
    for _ in range(len(moods) * spans.MAX_AT_ONCE):
        traced(router)
    router.close(TIMEOUT_S)
    assert caplog.messages == [
        "spans do not reach the collector: they are dropped and counted; check the collector",
        "spans reach the collector again; 96 traces lost meanwhile",
    ]


def test_an_address_that_is_none_costs_all_spans_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    router = recorder_of(spans=ringing("http://[::1"))
    traced(router)
    router.close(TIMEOUT_S)
    assert caplog.messages == ["no spans are sent: the address of the collector cannot be used: Invalid IPv6 URL"]
    assert samples(router)['traces_total{result="sent"}'] == 0


def test_a_collector_that_never_answers_costs_spans_and_no_time() -> None:
    before = set(threading.enumerate())
    with socket.create_server((HOST, 0)) as hole:
        hole.settimeout(TIMEOUT_S)
        ring = ringing(f"http://{HOST}:{hole.getsockname()[1]}")
        router = recorder_of(spans=ring)
        for _ in range(spans.MAX_HELD + 100):
            traced(router)
        assert ring.outcomes["dropped"] >= 100 - spans.MAX_AT_ONCE
        connection, _ = hole.accept()
        with connection:
            router.close(0.05)
            assert ring.outcomes["sent"] == 0
    for thread in set(threading.enumerate()) - before:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


def test_the_ring_is_bounded_while_the_thread_waits() -> None:
    stalled = Stalled()
    ring = SpanRing(lambda: stalled, max_held=10, every=0.001)
    router = recorder_of(spans=ring)
    traced(router)
    assert stalled.entered.wait(TIMEOUT_S)
    for _ in range(25):
        traced(router)
    assert (ring.dropped, stalled.taken) == (15, 1)
    stalled.close()
    ring.close(TIMEOUT_S)


def test_a_request_that_waits_for_the_collector_holds_no_texts(tmp_path: Path) -> None:
    stalled, log = Stalled(), tmp_path / "log"
    lines = AccessLogWriter(LogFileSink(log))
    router = recorder_of(spans=SpanRing(lambda: stalled, every=0.001), lines=lines)
    record = traced(router, prompt="Who are you?", answer="A model.")
    assert (record.prompt, record.answer) == (None, "")
    lines.close(TIMEOUT_S)
    stalled.close()
    router.close(TIMEOUT_S)
    assert ("Who are you?" in log.read_text(), "A model." in log.read_text()) == (True, True)


def _itself(exporter: Stalled) -> Stalled:
    return exporter


class Interpreter:
    """An interpreter whose switch interval only this test's rings set."""

    def __init__(self) -> None:
        self.interval = 0.005

    def getswitchinterval(self) -> float:
        return self.interval

    def setswitchinterval(self, interval: float) -> None:
        self.interval = interval


def test_another_collector_does_not_change_how_long_a_thread_may_keep_the_loop_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interpreter = Interpreter()
    monkeypatch.setattr(spans, "sys", interpreter)
    monkeypatch.setattr(spans, "_SHORT_TURNS", spans.ShortTurns())
    exporters = (Stalled(), Stalled())
    rings = [SpanRing(partial(_itself, one), every=0.001) for one in exporters]
    for ring, stalled in zip(rings, exporters, strict=True):
        traced(recorder_of(spans=ring))
        assert stalled.entered.wait(TIMEOUT_S)
    for ring, stalled, interval in zip(rings, exporters, (spans.TURN_SECONDS, 0.005), strict=True):
        assert interpreter.interval == spans.TURN_SECONDS
        stalled.close()
        ring.close(TIMEOUT_S)
        assert interpreter.interval == interval


def test_what_is_not_recorded_is_not_kept() -> None:
    stalled = Stalled()
    router = recorder_of(spans=SpanRing(lambda: stalled, every=0.001), telemetry=RequestTelemetry(trace_share=0.0))
    record = begun(router)
    router.traced(record, None)
    router.ended(record, T0)
    router.close(TIMEOUT_S)
    assert stalled.taken == 0


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://otel.example/team/v1/traces", "https://otel.example/team/v1/traces"),
    ],
)
def test_an_endpoint_without_a_path_gets_that_of_traces(endpoint: str, address: str) -> None:
    assert otlp.address(endpoint) == address


def test_a_whole_answer_has_no_event_of_a_first_token(collector: Collecting) -> None:
    router = recorder_of(spans=ringing(collector.url))
    record = begun(router)
    router.traced(record, PARENT)
    router.ended(record, T0 + 1)
    router.close(TIMEOUT_S)
    (server,) = collector.sent[0].resource_spans[0].scope_spans[0].spans
    assert not server.events


def test_outputs_are_opened_when_the_configuration_enables_them_and_follow_its_changes(
    tmp_path: Path, collector: Collecting, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "later" / "access.log"
    options = ObservabilityOptions(wall=Wall(), bits=lambda wide: wide, access_log=str(log), instance="router-1")
    router = TelemetryRecorder(outputs.open_outputs(options), RequestTelemetry(access_log=False), ("chat",), T0)
    begun_and_ended(router)
    router.apply(RequestTelemetry(), ("chat",))
    assert caplog.messages == [f"no access lines are written: [Errno 2] No such file or directory: '{log}'"]
    log.parent.mkdir()
    router.apply(RequestTelemetry(otlp_endpoint=collector.url, log_prompts=True), ("chat",))
    assert (router.tracing, router.log_prompts) == (True, True)
    traced(router)
    router.apply(RequestTelemetry(otlp_endpoint=collector.url, access_log=False), ("chat",))
    begun_and_ended(router)
    router.apply(RequestTelemetry(), ("chat",))
    begun_and_ended(router)
    assert router.tracing is False
    router.close(TIMEOUT_S)
    assert log.read_text().count("\n") == 2


def begun_and_ended(router: TelemetryRecorder) -> None:
    router.ended(begun(router), T0 + 1)


def test_a_process_may_rule_lines_out() -> None:
    assert (
        outputs.open_outputs(ObservabilityOptions(wall=Wall(), bits=lambda wide: wide, access_log=None)).lines is None
    )


def test_a_router_without_a_collector_imports_none_of_it() -> None:
    request = "import sys, fairlead.router.observability.outputs; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", request], capture_output=True, text=True, check=True)
    heavy = {"opentelemetry", "prometheus_client", "google", "requests", "pydantic", "asyncio"}
    assert heavy.isdisjoint(ran.stdout.split())
