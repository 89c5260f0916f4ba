"""Who decides whether a request is traced, and what its engine gets."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import traces
from fairlead.router.observability.request_trace import RequestTrace
from fairlead.router.observability.traces import TraceParent
from tests.router.observability.recorders import T0, begun, recorder_of, replica, routed_request

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
BITS = Random(3).getrandbits  # noqa: S311 - repeatable


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        (f"00-{TRACE}-{SPAN}-01", TraceParent(TRACE, SPAN, sampled=True)),
        (f"00-{TRACE}-{SPAN}-00", TraceParent(TRACE, SPAN, sampled=False)),
        (f"00-{TRACE}-{SPAN}-03", TraceParent(TRACE, SPAN, sampled=True)),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", TraceParent(TRACE, SPAN, sampled=True)),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f"00-{TRACE}-{SPAN}-1", None),
        (f"00-{TRACE}-{SPAN}-01\n", None),
        ("", None),
    ],
)
def test_a_traceparent_is_accepted_only_in_the_form_of_the_standard(header: str, meant: TraceParent | None) -> None:
    assert traces.parent(header.encode()) == meant
    assert traces.trace_id(header.encode()) == (meant.trace_id if meant else "")


def test_no_header_is_no_parent() -> None:
    assert traces.parent(None) is None


@given(st.binary(max_size=80))
def test_no_bytes_are_ever_too_strange_to_read(header: bytes) -> None:
    parent = traces.parent(header)
    assert parent is None or header.startswith(b"%b" % header[:2])


@given(st.integers())
def test_what_is_written_is_always_read_back(seed: int) -> None:
    bits = Random(seed).getrandbits  # noqa: S311 - repeatable
    trace = RequestTrace(traces.fresh_id(bits), "", bits)
    header = traces.written(trace.trace_id, trace.span_id)
    assert traces.parent(header) == TraceParent(trace.trace_id, trace.span_id, sampled=True)
    assert traces.parent(traces.undecided(bits)) is not None


def test_an_id_is_never_all_zeros() -> None:
    assert traces.fresh_id(lambda wide: wide * 0) == "0" * 31 + "1"


def test_a_client_that_records_is_followed_and_each_attempt_is_a_span_of_its_own() -> None:
    router = recorder_of(telemetry=RequestTelemetry(trace_share=0.0))
    record = begun(router)
    router.traced(record, f"00-{TRACE}-{SPAN}-01".encode())
    assert record.trace is not None
    assert (record.trace.trace_id, record.trace.parent_id) == (TRACE, SPAN)
    parents = []
    for pod in ("a", "b"):
        record.sent(routed_request(), replica(pod), T0)
        parents.append(traces.parent(record.upstream_traceparent()))
    assert parents == [TraceParent(TRACE, one.span_id, sampled=True) for one in record.trace.attempts]
    assert len({SPAN, record.trace.span_id, *(one.span_id for one in record.trace.attempts)}) == 4


def test_a_client_that_does_not_record_is_passed_on_untouched() -> None:
    router = recorder_of(telemetry=RequestTelemetry(trace_share=1.0))
    record = begun(router)
    brought = f"00-{TRACE}-{SPAN}-00".encode()
    router.traced(record, brought)
    record.sent(routed_request(), replica(), T0)
    assert (record.trace, record.upstream_traceparent()) == (None, brought)


def test_of_the_others_the_configured_share_is_recorded() -> None:
    router = recorder_of(telemetry=RequestTelemetry(trace_share=0.25))
    drawn = [begun(router) for _ in range(2000)]
    for record in drawn:
        router.traced(record, b"nonsense")
    recorded = [record for record in drawn if record.trace is not None]
    assert 400 < len(recorded) < 600
    parents = [traces.parent(record.upstream_traceparent()) for record in drawn]
    assert all(
        one is not None and one.sampled == (record.trace is not None)
        for one, record in zip(parents, drawn, strict=True)
    )
    assert len({one.trace_id for one in parents if one is not None}) == 2000
