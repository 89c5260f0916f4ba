"""The model's answer, assembled from the events of a stream."""

import json
from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.answers import streamed_answer
from fairlead.routing.answers.answer import Answer, AnswerChoice, ToolCall
from fairlead.routing.answers.reply_reader import answer_in
from fairlead.routing.answers.streamed_answer import StreamedAnswer
from tests.routing.answers.replies import chat

THREE_QUARTERS: Any = pytest.approx(0.75)


def collected(*events: dict[str, Any]) -> Answer | None:
    stream = StreamedAnswer()
    for event in events:
        stream.add(json.dumps(event).encode())
    stream.add(b"[DONE]")
    return stream.answer()


def chunk(index: int = 0, finish: str | None = None, **delta: object) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def test_a_chats_pieces_are_put_together_by_choice() -> None:
    first = {"index": 0, "function": {"name": "f", "arguments": ""}}
    assert collected(
        chunk(role="assistant", content=""),
        chunk(content="hel"),
        chunk(1, tool_calls=[first]),
        chunk(content="lo"),
        chunk(1, tool_calls=[{"index": 0, "function": {"arguments": '{"a"'}}, {"index": 9}]),
        chunk(1, tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
        chunk(0, "length"),
        chunk(1, "tool_calls", refusal="no"),
        {"choices": [], "usage": {}},
    ) == (
        AnswerChoice(text="hello", cut=True),
        AnswerChoice(calls=(ToolCall(name="f", arguments='{"a":1}'),), refusal="no"),
    )


def test_the_name_of_a_call_comes_at_first_in_pieces_or_again_with_each_of_its_arguments() -> None:
    for names in (("get_time", None, None), ("get_", "time", None), ("get_time", "get_time", "get_time")):
        pieces = zip(names, ("{", '"a":1', "}"), strict=True)
        assert collected(
            *(chunk(tool_calls=[{"function": {"name": name, "arguments": piece}}]) for name, piece in pieces)
        ) == (AnswerChoice(calls=(ToolCall(name="get_time", arguments='{"a":1}'),)),)


def test_a_completions_pieces_and_probabilities() -> None:
    assert collected(
        {"choices": [{"index": 0, "text": "hel", "logprobs": {"token_logprobs": [log(0.5)]}}]},
        {"choices": [{"index": 0, "text": "lo", "logprobs": {"content": [{"logprob": 0.0}]}}]},
    ) == (AnswerChoice(text="hello", probability=THREE_QUARTERS),)


def test_a_stream_of_the_responses_api_ends_with_the_whole_reply() -> None:
    reply = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}]}
    assert collected(
        {"type": "response.output_text.delta", "delta": "hel"},
        {"type": "response.completed", "response": reply},
    ) == (AnswerChoice(text="hello"),)
    assert collected({"type": "response.completed"}) is None


def test_a_stream_of_the_messages_api() -> None:
    assert collected(
        {"type": "message_start", "message": {}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "f", "input": {}}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_delta", "index": 1},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
    ) == (AnswerChoice(text="hello", calls=(ToolCall(name="f", arguments="{}"),), cut=True),)


def test_a_stream_that_is_not_understood_is_nothing_from_then_on() -> None:
    stream = StreamedAnswer()
    assert stream.answer() is None
    stream.add(b'{"choices": 5}')
    stream.add(json.dumps(chunk(content="late")).encode())
    assert stream.answer() is None


def test_a_stream_beyond_what_is_kept_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert collected(*(chunk(index, content="a") for index in range(streamed_answer.MAX_PARTS))) is not None
    assert collected(*(chunk(index, content="a") for index in range(streamed_answer.MAX_PARTS + 1))) is None
    monkeypatch.setattr(streamed_answer, "MAX_EVENT_BYTES", 200)
    assert collected(*[chunk(content="a" * 50)] * 3) is None


@given(st.text(min_size=1), st.lists(st.integers(1, 5), min_size=1))
def test_a_stream_always_says_what_the_whole_reply_says(text: str, cuts: list[int]) -> None:
    pieces, rest = [], text
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert collected(*(chunk(content=one) for one in (*pieces, rest))) == answer_in(chat({"content": text}))


@given(st.lists(st.binary(), max_size=3))
def test_no_bytes_ever_raise(events: list[bytes]) -> None:
    stream = StreamedAnswer()
    for event in events:
        stream.add(event)
        stream.add(b"{" + event)
    assert stream.answer() is None
