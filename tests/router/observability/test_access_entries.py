"""One line a request: what it contains, and that no client can forge it."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import access_entries
from fairlead.router.observability.access_entries import TimestampFormatter
from fairlead.router.observability.access_log_entry import AccessLogEntry
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.observability.log_writer import AccessLogWriter
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.request_trace import RequestTrace
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from tests.router.observability.recorders import T0, WALL, answered, begun, recorder_of, replica, routed_request

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)
"""Half surrogate pairs too, which JSON can represent; longer texts are cut, which another test checks."""


def line(record: RequestRecord) -> dict[str, Any]:
    document = json.loads(access_entries.line(record, TimestampFormatter(WALL - T0)))
    assert isinstance(document, dict)
    return document


def test_the_line_of_an_answered_stream_contains_every_field() -> None:
    facts = {"stream": True, "request_id": "r-1", "client": "10.0.3.17", "bytes_in": 700, "bytes_out": 9000}
    assert line(answered(recorder_of(), **facts)) == {
        "time": "2027-01-15T08:00:00.250Z",
        "request_id": "r-1",
        "status": 200,
        "surface": "chat",
        "stream": True,
        "e2e_ms": 1500.0,
        "bytes_in": 700,
        "bytes_out": 9000,
        "client": "10.0.3.17",
        "tenant": "shop",
        "model": "chat",
        "revision": "r1",
        "replica": "chat-1",
        "lane": "interactive",
        "prompt_tokens": 100,
        "output_tokens": 11,
        "cached_tokens": 64,
        "prompt_tokens_estimated": 90,
        "queue_ms": 200.0,
        "ttft_ms": 500.0,
        "tpot_ms": 100.0,
        "attempts": 1,
        "pick": "prefix",
        "blocks": 4,
        "blocks_held": 3,
        "finish_reason": "stop",
    }


def test_the_line_of_a_refused_request_contains_the_reason_and_nothing_about_replicas() -> None:
    router = recorder_of()
    record = begun(router, request_id="r-2", status=429, reason=RefusalReason.TOKEN_RATE)
    router.ended(record, T0 + 0.0004)
    document = line(record)
    assert (document["status"], document["reason"], document["e2e_ms"]) == (429, "token_rate", 0.4)
    assert not {"replica", "pick", "attempts", "queue_ms", "ttft_ms", "prompt_tokens"} & set(document)


def test_rare_events_appear_in_the_line_when_they_happen() -> None:
    router = recorder_of()
    record = begun(router, stream=True, cache="miss", shadow="token_rate", structured=True, cut=True, reason="silent")
    record.sent(routed_request(), replica("a"), T0)
    record.failed(AttemptEnding.BUSY, T0 + 1)
    record.sent(routed_request(), replica("b"), T0 + 1)
    record.hedge_sent(replica("c"), T0 + 2)
    record.deltas, record.first_token_at = 1, T0 + 3
    router.ended(record, T0 + 4)
    document = line(record)
    expected = {"cache": "miss", "shadow": "token_rate", "structured": True, "cut": True, "reason": "silent"}
    expected |= {"attempts": 2, "hedged": "lost", "replica": "b", "queue_ms": 0.0, "ttft_ms": 3000.0}
    assert expected.items() <= document.items()
    assert "tpot_ms" not in document, "one token has no pace"


def test_a_hedge_that_won_names_the_replica_that_answered() -> None:
    router = recorder_of()
    record = begun(router, stream=True)
    record.sent(routed_request(), replica("a"), T0)
    record.hedge_sent(replica("b"), T0 + 1)
    record.outran(routed_request(), replica("b"), T0 + 2)
    router.ended(record, T0 + 3)
    assert (line(record)["hedged"], line(record)["replica"]) == ("won", "b")


def test_a_client_that_left_is_recorded_with_its_stage() -> None:
    router = recorder_of()
    record = begun(router, status=499, left=AbortStage.FIRST_TOKEN)
    router.ended(record, T0 + 1)
    assert (line(record)["status"], line(record)["left"]) == (499, "first_token")


def test_the_trace_id_is_in_the_line_whether_the_trace_is_recorded_or_only_passed_on() -> None:
    passed = begun(recorder_of(), traceparent=b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
    assert line(passed)["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    recorded = begun(recorder_of(), traceparent=b"whatever")
    recorded.trace = RequestTrace("ab" * 16, "", Random(1).getrandbits)  # noqa: S311 - repeatable
    assert line(recorded)["trace_id"] == "ab" * 16
    assert "trace_id" not in line(begun(recorder_of(), traceparent=b"nonsense"))


def test_prompts_appear_in_the_line_only_where_recorded_and_are_truncated() -> None:
    assert "prompt" not in line(begun(recorder_of()))
    assert line(begun(recorder_of(), prompt="hello"))["prompt"] == "hello"
    document = line(begun(recorder_of(), prompt="é" * 100_000, request_id="x" * 900))
    assert len(document["prompt"]) == access_entries.LONGEST_PROMPT
    assert document["request_id"] == "x" * access_entries.LONGEST_WORD


@pytest.mark.parametrize("character", ["a", "é", "語", "😀"])
def test_of_a_long_prompt_only_what_is_logged_is_held(character: str) -> None:
    whole = "x" + character * 2 * access_entries.LONGEST_PROMPT
    assert access_entries.prompt_text(whole.encode()) == whole[: access_entries.LONGEST_PROMPT]
    assert access_entries.prompt_text(b"ab\xff") == "ab\ufffd"


@pytest.mark.parametrize(("log_prompts", "access_log", "wanted"), [(True, True, True), (True, False, False)])
def test_prompts_are_recorded_only_where_an_access_line_will_contain_them(
    *, log_prompts: bool, access_log: bool, wanted: bool
) -> None:
    lines = AccessLogWriter(Nowhere()) if access_log else None
    assert recorder_of(lines=lines, telemetry=RequestTelemetry(log_prompts=log_prompts)).log_prompts is wanted
    if lines is not None:
        lines.close(5.0)


def test_time_is_written_to_the_millisecond_and_goes_on_over_a_second() -> None:
    clock = TimestampFormatter(WALL - T0)
    assert [clock.written(T0 + after)[17:] for after in (0.0, 0.0001, 0.5, 0.749, 0.751, 61.0)] == [
        "00.250Z",
        "00.250Z",
        "00.750Z",
        "00.999Z",
        "01.001Z",
        "01.250Z",
    ]


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_every_line_parses_to_the_same_values_whatever_clients_write(
    request_id: str, model: str, finish: str, prompt: str
) -> None:
    record = begun(recorder_of(), request_id=request_id, model=model, finish_reason=finish, prompt=prompt)
    record.ended_at = T0
    raw = access_entries.line(record, TimestampFormatter(0.0))
    assert raw.isascii()
    assert b"\n" not in raw
    assert b"\r" not in raw
    document = json.loads(raw)
    assert [document["request_id"], *(document.get(name, "") for name in ("model", "finish_reason", "prompt"))] == [
        request_id,
        model,
        finish,
        prompt,
    ]
    assert set(document) <= set(AccessLogEntry.__struct_fields__)


def test_half_a_surrogate_pair_is_escaped_as_in_json() -> None:
    record = begun(recorder_of(), model="\ud800", request_id="\u202e\u2028")
    raw = access_entries.line(record, TimestampFormatter(0.0))
    assert b'"model":"\\ud800"' in raw
    assert b'"request_id":"\\u202e\\u2028"' in raw


class Nowhere:
    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass
