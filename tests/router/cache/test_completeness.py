"""Which answers are complete, and so may be stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache import completeness
from fairlead.router.cache.reasons import NotStoredReason
from tests.router.cache.clients import ANSWER, EVENTS, JSON, STREAM

RESPONSE: dict[str, Any] = {"id": "resp_1", "object": "response", "error": None, "status": "completed", "output": []}
LONG = {**RESPONSE, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
MESSAGE = {"id": "msg_1", "type": "message", "content": [], "stop_reason": "end_turn"}
TEXT = {"id": "cmpl-1", "choices": [{"text": "So.", "finish_reason": "length"}]}
VECTOR = {"object": "list", "data": [{"embedding": [0.5]}]}


def event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


RESPONSE_EVENTS = event("response.created", {"response": {**RESPONSE, "status": "in_progress"}}) + event(
    "response.completed", {"response": RESPONSE}
)
MESSAGE_EVENTS = (
    event("message_start", {"message": {"stop_reason": None}})
    + event("message_delta", {"delta": {"stop_reason": "tool_use"}})
    + event("message_stop", {})
)


def plain(surface: str, answer: object) -> NotStoredReason | None:
    return completeness.objection(surface, 200, JSON, json.dumps(answer).encode())


def streamed(surface: str, body: bytes) -> NotStoredReason | None:
    return completeness.objection(surface, 200, EVENTS, body)


@pytest.mark.parametrize(
    ("surface", "answer"),
    [
        ("chat", json.loads(ANSWER)),
        ("chat", {"choices": [{"message": {"tool_calls": []}, "finish_reason": "tool_calls"}], "error": None}),
        ("completions", TEXT),
        ("responses", RESPONSE),
        ("responses", LONG),
        ("messages", MESSAGE),
        ("embeddings", VECTOR),
    ],
)
def test_a_whole_answer_may_be_kept(surface: str, answer: object) -> None:
    assert plain(surface, answer) is None


@pytest.mark.parametrize(
    ("surface", "answer"),
    [
        ("chat", {"choices": []}),
        ("chat", {"choices": [{"finish_reason": "abort"}]}),
        ("chat", {"choices": [{"finish_reason": None}]}),
        ("chat", {"choices": [{"finish_reason": "repetition"}]}),
        ("chat", {"choices": [{"finish_reason": "stop"}], "error": {"message": "no"}}),
        ("responses", {**RESPONSE, "status": "cancelled"}),
        ("responses", {**RESPONSE, "status": "incomplete"}),
        ("responses", {**RESPONSE, "error": {"code": "server_error"}}),
        ("messages", {**MESSAGE, "stop_reason": None}),
        ("embeddings", {"data": []}),
        ("chat", "a string"),
        ("chat", {"choices": {"odd": 1}}),
    ],
)
def test_one_that_is_not_whole_may_not(surface: str, answer: object) -> None:
    assert plain(surface, answer) is NotStoredReason.INCOMPLETE


@pytest.mark.parametrize(
    ("surface", "body"),
    [
        ("chat", b"".join(STREAM)),
        ("completions", b'data: {"choices":[{"text":"x", "finish_reason": "length"}]}\n\ndata: [DONE]\n\n'),
        ("responses", RESPONSE_EVENTS),
        ("responses", RESPONSE_EVENTS + b"data: [DONE]\n\n"),
        ("responses", event("response.incomplete", {"response": LONG})),
        ("messages", MESSAGE_EVENTS),
        ("messages", MESSAGE_EVENTS + b"data: [DONE]\n\n"),
    ],
)
def test_a_whole_stream_may_be_kept(surface: str, body: bytes) -> None:
    assert streamed(surface, body) is None


@pytest.mark.parametrize(
    ("surface", "body"),
    [
        ("chat", b"".join(STREAM[:-1])),
        ("chat", b"".join(STREAM[:2]) + STREAM[-1]),
        ("chat", b"".join(STREAM[:3]) + b'data: {"error": {"message": "no", "code": 500}}\n\n' + STREAM[-1]),
        ("chat", b"".join(STREAM).replace(b'"stop"', b'"abort"')),
        ("responses", event("response.created", {"response": RESPONSE})),
        ("responses", event("response.failed", {"response": RESPONSE}) + RESPONSE_EVENTS),
        ("responses", event("response.completed", {"response": {**RESPONSE, "status": "cancelled"}})),
        ("responses", event("response.completed", {})),
        ("responses", b"data: {broken\n\n"),
        ("messages", MESSAGE_EVENTS.replace(b"message_stop", b"ping")),
        ("messages", MESSAGE_EVENTS.replace(b'"tool_use"', b"null")),
        ("messages", event("error", {"error": {"type": "overloaded_error"}}) + MESSAGE_EVENTS),
        ("chat", b""),
    ],
)
def test_a_stream_that_is_not_whole_may_not(surface: str, body: bytes) -> None:
    assert streamed(surface, body) is NotStoredReason.INCOMPLETE


def test_text_in_an_answer_that_resembles_an_error_is_only_text() -> None:
    word = json.dumps({"choices": [{"delta": {"content": '\ndata: {"error": 1}\n"finish_reason":"abort"'}}]}).encode()
    assert streamed("chat", b"data: " + word + b"\n\n" + b"".join(STREAM)) is None


def test_only_a_plain_200_is_kept() -> None:
    assert completeness.objection("chat", 404, JSON, ANSWER) is NotStoredReason.STATUS
    assert completeness.objection("chat", 200, JSON + b"Content-Encoding: br\r\n", ANSWER) is NotStoredReason.ENCODED


@given(st.integers(0, sum(map(len, STREAM)) - 3))
def test_a_cut_stream_is_never_whole(cut: int) -> None:
    assert streamed("chat", b"".join(STREAM)[:cut]) is NotStoredReason.INCOMPLETE


@given(st.sampled_from(["chat", "responses", "messages", "embeddings"]), st.binary(max_size=40), st.booleans())
def test_garbage_is_never_whole_and_never_an_exception(surface: str, body: bytes, streams: bool) -> None:
    assert completeness.objection(surface, 200, EVENTS if streams else JSON, body) is NotStoredReason.INCOMPLETE
