"""The model's answer, read from whole replies of four APIs."""

import json
from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.answers.answer import AnswerChoice, ToolCall
from fairlead.routing.answers.reply_reader import MAX_BYTES, answer_in
from tests.routing.answers.replies import chat

THREE_QUARTERS: Any = pytest.approx(0.75)


def test_a_chat_with_its_calls_refusal_and_probabilities() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}, {"function": None}]
    body = chat(
        {"content": "hello"},
        {"content": None, "tool_calls": calls, "refusal": "no"},
        {"content": [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}, {"type": "image"}]},
        finish="length",
        probabilities=[log(0.5), log(0.7)],
    )
    mean: Any = pytest.approx(0.6)
    assert answer_in(body) == (
        AnswerChoice(text="hello", cut=True, probability=mean),
        AnswerChoice(calls=(ToolCall(name="f", arguments="{}"),), refusal="no", cut=True, probability=mean),
        AnswerChoice(text="in parts", cut=True, probability=mean),
    )


def test_a_completion_with_its_list_of_probabilities() -> None:
    body = {"choices": [{"text": "hello", "logprobs": {"token_logprobs": [None, 0.0, log(0.5)]}}]}
    assert answer_in(json.dumps(body).encode()) == (AnswerChoice(text="hello", probability=THREE_QUARTERS),)


def test_a_reply_of_the_responses_api() -> None:
    body = {
        "status": "incomplete",
        "output": [
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "hello", "logprobs": [{"logprob": 0.0}]}]},
            {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]},
            {"type": "function_call", "name": "f", "arguments": "{}"},
        ],
    }
    assert answer_in(json.dumps(body).encode()) == (
        AnswerChoice(
            text="hello", calls=(ToolCall(name="f", arguments="{}"),), refusal="no", cut=True, probability=1.0
        ),
    )


def test_a_reply_of_the_messages_api() -> None:
    body = {
        "type": "message",
        "stop_reason": "max_tokens",
        "content": [{"type": "text", "text": "hello"}, {"type": "tool_use", "name": "f", "input": {"a": 1}}],
    }
    assert answer_in(json.dumps(body).encode()) == (
        AnswerChoice(text="hello", calls=(ToolCall(name="f", arguments='{"a": 1}'),), cut=True),
    )


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"choices": 5}', b'{"choices": []}', b"[" * 100_000, b"\xff"])
def test_what_is_no_reply_is_nothing(body: bytes) -> None:
    assert answer_in(body) is None


def test_a_reply_that_is_too_large_is_not_read() -> None:
    assert answer_in(chat({"content": "a" * MAX_BYTES})) is None


@given(st.binary())
def test_no_bytes_ever_raise(body: bytes) -> None:
    assert answer_in(body) is None or body.lstrip()[:1] == b"{"
