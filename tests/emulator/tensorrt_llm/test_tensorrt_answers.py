"""TensorRT-LLM's answers, whole and in pieces: texts, log-probabilities, forms, calls, and counts."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.emulator import expected_replies
from tests.emulator.living import TENSORRT
from tests.emulator.surface.pretending import run_story, serving

PROMPT: Final[dict[str, Any]] = {"model": "chat", "prompt": "hello world", "max_tokens": 4, "ignore_eos": True}
CHAT: Final[dict[str, Any]] = {
    "model": "chat",
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 4,
    "ignore_eos": True,
}
TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {"name": "now", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}},
}
COMPLETIONS, CHATS = "/v1/completions", "/v1/chat/completions"


def test_its_reply_texts_are_those_of_every_emulated_engine() -> None:
    """So that tests of every word of an answer can use this kind too."""

    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = CHAT | {"max_tokens": 20}
            _, answer = await server.post(CHATS, body)
            words = expected_replies.chat_text(body, context_tokens=2048)
            assert answer["choices"][0]["message"]["content"] == words

    run_story(story())


@pytest.mark.parametrize("path", [COMPLETIONS, CHATS])
def test_a_stream_is_its_whole_text_and_its_last_chunk_counts(path: str) -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = PROMPT if path == COMPLETIONS else CHAT
            _, whole = await server.post(path, body)
            *chunks, last, done = await server.events(path, body | {"stream_options": {}})
            choices = [one["choices"][0] for one in chunks]
            texts = [one["text"] if "text" in one else one["delta"].get("content", "") for one in choices]
            whole_text = whole["choices"][0].get("text") or whole["choices"][0]["message"]["content"]
            assert ("".join(texts), done) == (whole_text, "[DONE]")
            assert choices[-1]["finish_reason"] == "length"
            assert last["usage"] == whole["usage"] | {"prompt_tokens_details": {"cached_tokens": 16}}
            *silent, _ = await server.events(path, body)
            assert not any(one.get("usage") for one in silent)

    run_story(story())


def test_each_prompt_of_a_stream_is_counted_by_itself() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = PROMPT | {"prompt": [[5, 6, 7], [8, 9]], "stream_options": {"include_usage": True}}
            *_, first, second, _ = await server.events(COMPLETIONS, body)
            assert [one["usage"]["total_tokens"] for one in (first, second)] == [7, 6]
            _, whole = await server.post(COMPLETIONS, PROMPT | {"prompt": [[5, 6, 7], [8, 9]]})
            assert whole["usage"]["total_tokens"] == 13

    run_story(story())


def test_probabilities_echo_and_stops() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            first, *_ = await server.events(COMPLETIONS, PROMPT | {"echo": True, "logprobs": 2})
            assert first["choices"][0]["text"].startswith("hello world")
            assert len(first["choices"][0]["logprobs"]["top_logprobs"][0]) == 2
            body = CHAT | {"logprobs": True, "top_logprobs": 2}
            _, whole = await server.post(CHATS, body)
            assert len(whole["choices"][0]["logprobs"]["content"]) == 4
            _, *pieces, _ = await server.events(CHATS, body)
            assert [len(one["choices"][0]["logprobs"]["content"]) for one in pieces] == [1] * 4
            _, free = await server.post(CHATS, CHAT | {"max_tokens": 300, "ignore_eos": False})
            text = free["choices"][0]["message"]["content"]
            stop = {"max_tokens": 300, "ignore_eos": False, "stop": text[4:7]}
            _, stopped = await server.post(CHATS, CHAT | stop)
            assert stopped["choices"][0]["stop_reason"] == text[4:7]
            *_, last, _ = await server.events(CHATS, CHAT | stop)
            assert last["choices"][0]["stop_reason"] == text[4:7]

    run_story(story())


@pytest.mark.parametrize(
    "form",
    [
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}},
        {"type": "json_schema", "json_schema": {"type": "integer"}},
        {"type": "json", "schema": {"type": "integer"}},
        {"type": "regex", "regex": "[0-9]{2}"},
        {"type": "ebnf", "ebnf": 'root ::= "12"'},
    ],
)
def test_forms_of_an_answer(form: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = CHAT | {"max_tokens": 60, "ignore_eos": False, "response_format": form}
            _, answer = await server.post(CHATS, body)
            assert isinstance(json.loads(answer["choices"][0]["message"]["content"]), int)

    run_story(story())


def test_tools_are_called_only_where_a_client_says_so() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = CHAT | {"tools": [TOOL], "max_tokens": 200, "ignore_eos": False}
            _, silent = await server.post(CHATS, body)
            assert silent["choices"][0]["message"]["tool_calls"] == []
            _, whole = await server.post(CHATS, body | {"tool_choice": "auto"})
            (call,) = whole["choices"][0]["message"]["tool_calls"]
            assert (whole["choices"][0]["finish_reason"], call["function"]["name"]) == ("tool_calls", "now")
            _, *pieces, _ = await server.events(CHATS, body | {"tool_choice": "auto"})
            deltas = [one for piece in pieces for one in piece["choices"][0]["delta"].get("tool_calls", [])]
            assert deltas[0]["id"]
            assert "".join(one["function"]["arguments"] for one in deltas) == call["function"]["arguments"]
            assert pieces[-1]["choices"][0]["finish_reason"] == "tool_calls"

    run_story(story())


def test_a_tool_that_the_client_names_is_called_without_a_parser_and_ends_as_text_does() -> None:
    async def story() -> None:
        plain = replace(TENSORRT, answering=replace(TENSORRT.answering, tool_parser=None, auto_tool_choice=False))
        async with serving(plain) as server:
            named = {"tool_choice": {"type": "function", "function": {"name": "now"}}}
            body = CHAT | {"tools": [TOOL], "max_tokens": 200, "ignore_eos": False}
            _, whole = await server.post(CHATS, body | named)
            (call,) = whole["choices"][0]["message"]["tool_calls"]
            assert (whole["choices"][0]["finish_reason"], whole["choices"][0]["message"]["content"]) == ("stop", "")
            _, *pieces, _ = await server.events(CHATS, body | named)
            deltas = [one for piece in pieces for one in piece["choices"][0]["delta"]["tool_calls"]]
            assert {one["function"]["name"] for one in deltas} == {"now"}
            assert "".join(one["function"]["arguments"] for one in deltas) == call["function"]["arguments"]
            _, answer = await server.post(CHATS, body | {"tool_choice": "auto"})
            assert answer["choices"][0]["message"]["tool_calls"] == []

    run_story(story())
