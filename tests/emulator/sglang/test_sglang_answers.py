"""SGLang's answers, whole and in pieces: texts, log-probabilities, echoes, calls, and counts."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.emulator.surface.jobs import JobEnding
from tests.emulator.living import SGLANG
from tests.emulator.surface.pretending import PretendDriver, ends, run_story, serving

PROMPT: Final[dict[str, Any]] = {"prompt": "hello world", "max_tokens": 4, "ignore_eos": True}
CHAT: Final[dict[str, Any]] = {
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 4,
    "ignore_eos": True,
}
TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {"name": "now", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}},
}
COUNTED: Final = {"include_usage": True, "continuous_usage_stats": True}
WITH_TOOLS: Final = replace(SGLANG, answering=replace(SGLANG.answering, auto_tool_choice=True, tool_parser="hermes"))


def test_a_completions_pieces_are_its_whole_text() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            _, whole = await server.post("/v1/completions", PROMPT)
            *pieces, done = await server.events("/v1/completions", PROMPT)
            texts = [piece["choices"][0]["text"] for piece in pieces]
            assert ("".join(texts), done) == (whole["choices"][0]["text"], "[DONE]")
            assert [piece["choices"][0]["finish_reason"] for piece in pieces] == [None, None, None, "length"]

    run_story(story())


def test_every_piece_may_be_counted() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            *pieces, last, _ = await server.events("/v1/completions", PROMPT | {"stream_options": COUNTED})
            assert [piece["usage"]["completion_tokens"] for piece in pieces] == [1, 2, 3, 4]
            assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 16}
            first, *middle, ended, last, _ = await server.events(
                "/v1/chat/completions", CHAT | {"stream_options": COUNTED}
            )
            assert "usage" not in first
            assert [piece["usage"]["completion_tokens"] for piece in middle] == [1, 2, 3, 4]
            assert "usage" not in ended
            assert last["usage"]["completion_tokens_details"] is None

    run_story(story())


def test_an_echo_and_ids_come_with_the_first_piece() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            body = PROMPT | {"echo": True, "return_token_ids": True, "logprobs": 2}
            first, *others, _ = await server.events("/v1/completions", body)
            assert first["choices"][0]["text"].startswith("hello world")
            assert len(first["choices"][0]["prompt_token_ids"]) == 3
            assert all("prompt_token_ids" not in one["choices"][0] for one in others)
            assert first["choices"][0]["logprobs"]["text_offset"] == [-1]
            assert len(first["choices"][0]["logprobs"]["top_logprobs"][0]) == 2
            _, whole = await server.post("/v1/completions", body)
            assert len(whole["choices"][0]["token_ids"]) == 4

    run_story(story())


def test_a_chat_has_log_probabilities_by_token() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            body = CHAT | {"logprobs": True, "top_logprobs": 2}
            _, whole = await server.post("/v1/chat/completions", body)
            tokens = whole["choices"][0]["logprobs"]["content"]
            assert [len(one["top_logprobs"]) for one in tokens] == [2] * 4
            _, *pieces, ended, _ = await server.events("/v1/chat/completions", body)
            assert [len(piece["choices"][0]["logprobs"]["content"]) for piece in pieces] == [1] * 4
            assert ended["choices"][0]["logprobs"] is None

    run_story(story())


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "function": {"name": "now"}}])
def test_a_call_comes_by_name_and_then_in_pieces(choice: object) -> None:
    async def story() -> None:
        async with serving(WITH_TOOLS) as server:
            body = CHAT | {"tools": [TOOL], "tool_choice": choice, "max_tokens": 200, "ignore_eos": False}
            _, whole = await server.post("/v1/chat/completions", body)
            (call,) = whole["choices"][0]["message"]["tool_calls"]
            assert whole["choices"][0]["finish_reason"] == "tool_calls"
            _, *pieces, ended, _ = await server.events("/v1/chat/completions", body)
            calls = [one for piece in pieces for one in piece["choices"][0]["delta"]["tool_calls"]]
            assert calls[0]["id"].startswith("call_")
            assert [one["id"] for one in calls[1:]] == [None] * (len(calls) - 1)
            assert "".join(one["function"]["arguments"] for one in calls) == call["function"]["arguments"]
            assert ended["choices"][0]["finish_reason"] == "tool_calls"
            _, cut = await server.post("/v1/chat/completions", body | {"max_tokens": 2})
            assert cut["choices"][0]["finish_reason"] == "length"
            assert "tool_calls" not in cut["choices"][0]["message"]

    run_story(story())


def test_an_answer_that_ends_by_itself_names_the_end_token_and_a_stop_its_text() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            _, free = await server.post("/v1/completions", {"prompt": "hello world", "max_tokens": 400})
            assert free["choices"][0]["finish_reason"] == "stop"
            assert isinstance(free["choices"][0]["matched_stop"], int)
            text = free["choices"][0]["text"]
            body = {"prompt": "hello world", "max_tokens": 400, "stop": text[4:7]}
            _, stopped = await server.post("/v1/completions", body)
            assert stopped["choices"][0]["matched_stop"] == text[4:7]
            _, kept = await server.post("/v1/completions", body | {"no_stop_trim": True})
            assert kept["choices"][0]["text"].endswith(text[4:7])

    run_story(story())


def test_several_choices_end_each_in_a_chunk_of_its_own() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            events = await server.events("/v1/chat/completions", CHAT | {"n": 2, "stream_options": COUNTED})
            *pieces, last, _ = events
            ended = [one["choices"][0] for one in pieces if one["choices"][0]["finish_reason"]]
            assert [(one["index"], one["finish_reason"]) for one in ended] == [(0, "length"), (1, "length")]
            assert ended == [one["choices"][0] for one in pieces[-2:]]
            assert (last["usage"]["completion_tokens"], last["usage"]["prompt_tokens_details"]) == (
                8,
                {"cached_tokens": 16},
            )

    run_story(story())


@pytest.mark.parametrize(("path", "body"), [("/v1/completions", PROMPT), ("/v1/chat/completions", CHAT)])
def test_what_is_broken_off_below_a_stream_ends_it_with_an_error(path: str, body: dict[str, Any]) -> None:
    async def story() -> None:
        driver = PretendDriver(by_hand=True)
        async with serving(SGLANG, driver) as server:
            posting = asyncio.create_task(server.post(path, body | {"stream": True}))
            run = await driver.taken()
            run.step()
            ends(run, JobEnding.DEAD)
            _, text = await posting
            assert 'data: {"error": {"object": "error"' in text
            assert text.endswith("data: [DONE]\n\n")

    run_story(story())
