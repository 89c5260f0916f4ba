"""Chats over HTTP: the role chunk, logprobs, tool calls whole and in pieces, answers that follow a schema."""

import asyncio
import json
import re
from typing import Any, Final

import jsonschema
import pytest

from fairlead.emulator.surface.jobs import JobEnding
from fairlead.emulator.text import tokenizer
from tests.emulator import expected_replies
from tests.emulator.surface.pretending import CHAT, PretendDriver, answering, run_story, serving

WORDS: Final = tokenizer.of(128_256)
PATH: Final = "/v1/chat/completions"
HELLO: Final[dict[str, Any]] = {"messages": [{"role": "user", "content": "hello there"}], "max_tokens": 6}
WEATHER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL: Final = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
CLOCK: Final = {"type": "function", "function": {"name": "clock"}}
CALLING: Final[dict[str, Any]] = {"messages": HELLO["messages"], "tools": [TOOL, CLOCK]}


def test_a_message_has_all_of_vllms_fields() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post(PATH, HELLO)
        message = body["choices"][0]["message"]
        assert message.pop("content") == expected_replies.chat_text(HELLO, context_tokens=1024)
        assert message == {
            "role": "assistant",
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "reasoning": None,
        }
        assert (body["object"], body["usage"]["prompt_tokens"]) == ("chat.completion", 6)

    run_story(story())


def test_a_stream_begins_with_the_speaker_of_each_choice() -> None:
    async def story() -> None:
        async with serving() as engine:
            chunks = await engine.events(PATH, HELLO | {"n": 2, "ignore_eos": True})
            _, whole = await engine.post(PATH, HELLO | {"n": 2, "ignore_eos": True})
        assert [chunk["choices"][0]["delta"] for chunk in chunks[:2]] == [{"role": "assistant", "content": ""}] * 2
        assert list(chunks[0]) == ["id", "object", "created", "model", "choices", "prompt_token_ids", "prompt_text"]
        lines = ["", ""]
        for chunk in chunks[2:-1]:
            lines[chunk["choices"][0]["index"]] += chunk["choices"][0]["delta"]["content"]
        assert lines == [choice["message"]["content"] for choice in whole["choices"]]
        assert list(chunks[-2]["choices"][0])[-3:] == ["finish_reason", "stop_reason", "token_ids"]

    run_story(story())


def test_a_chat_goes_on_with_the_ids_that_the_engine_has_seen() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, first = await engine.post(PATH, HELLO | {"max_tokens": 200})
            reply = first["choices"][0]["message"]
            more = [
                *HELLO["messages"],
                {"role": "assistant", "content": reply["content"]},
                {"role": "user", "content": "?"},
            ]
            await engine.post(PATH, {"messages": more, "max_tokens": 1})
        before, after = (run.job.sequences[0] for run in engine.driver.runs)
        seen = [*before.prompt_ids, *before.reply_ids]
        assert list(after.prompt_ids)[: len(seen)] == seen

    run_story(story())


def test_logprobs_of_a_chat_have_bytes_and_as_many_alternatives_as_requested() -> None:
    async def story() -> None:
        document = HELLO | {"logprobs": True, "top_logprobs": 2}
        async with serving() as engine:
            facts = (await engine.post(PATH, document))[1]["choices"][0]
            chunks = (await engine.events(PATH, document))[1:-1]
            none = (await engine.post(PATH, HELLO | {"logprobs": True}))[1]["choices"][0]["logprobs"]["content"]
            _, echoed = await engine.post(PATH, HELLO | {"echo": True})
        content = facts["logprobs"]["content"]
        assert bytes(byte for one in content for byte in one["bytes"]).decode() == facts["message"]["content"]
        assert all(one["top_logprobs"][0]["token"] == one["token"] for one in content)
        assert [len(one["top_logprobs"]) for one in content] == [2] * 6
        assert [one["choices"][0]["logprobs"]["content"][0] for one in chunks] == content
        assert [one["top_logprobs"] for one in none] == [[]] * 6
        assert (echoed["prompt_logprobs"][0], len(echoed["prompt_logprobs"])) == (None, 6)

    run_story(story())


def test_reasoning_tokens_are_counted_where_a_parser_reads_them() -> None:
    async def story() -> None:
        serve_arguments = answering(reasoning_parser="qwen3", prompt_tokens_details=True)
        options = {"include_usage": True, "continuous_usage_stats": True}
        async with serving(serve_arguments) as engine:
            _, whole = await engine.post(PATH, HELLO)
            chunks = await engine.events(PATH, HELLO | {"stream_options": options})
        assert whole["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}
        assert chunks[0]["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}
        assert chunks[-2]["usage"]["prompt_tokens_details"] == {"cached_tokens": 16, "created_cache_tokens": 0}

    run_story(story())


@pytest.mark.parametrize(
    ("choice", "finish", "content"),
    [
        ("required", "tool_calls", ""),
        ({"type": "function", "function": {"name": "weather"}}, "stop", ""),
        ("auto", "tool_calls", None),
    ],
)
def test_a_tool_is_called_by_its_schema_in_whole_and_in_pieces(
    choice: object, finish: str, content: str | None
) -> None:
    async def story() -> None:
        async with serving(answering()) as engine:
            whole = (await engine.post(PATH, CALLING | {"tool_choice": choice}))[1]["choices"][0]
            chunks = (await engine.events(PATH, CALLING | {"tool_choice": choice}))[1:-1]
        call = whole["message"]["tool_calls"][0]
        assert (whole["finish_reason"], whole["message"]["content"]) == (finish, content)
        assert (call["type"], call["function"]["name"]) == ("function", "weather")
        jsonschema.validate(json.loads(call["function"]["arguments"]), WEATHER)
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        first = deltas[0]["tool_calls"][0]
        assert (first["function"], first["id"].startswith("chatcmpl-tool-")) == ({"name": "weather"}, True)
        pieces = [
            delta["tool_calls"][0]["function"].get("arguments", "") for delta in deltas if delta.get("tool_calls")
        ]
        assert "".join(pieces) == call["function"]["arguments"]
        assert (deltas[-1], chunks[-1]["choices"][0]["finish_reason"]) == ({}, finish)

    run_story(story())


def test_a_conversation_that_ends_with_a_tools_answer_gets_text() -> None:
    async def story() -> None:
        call = {"type": "function", "function": {"name": "weather", "arguments": "{}"}}
        entries = [*HELLO["messages"], {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "content": "rain"}]
        async with serving(answering()) as engine:
            _, answered = await engine.post(PATH, {"messages": entries, "tools": [TOOL]})
            _, unused = await engine.post(PATH, CALLING | {"tool_choice": "none"})
        for body in (answered, unused):
            assert "tool_calls" not in body["choices"][0]["message"]
            assert body["choices"][0]["message"]["content"]
        assert unused["usage"]["prompt_tokens"] == 6

    run_story(story())


def test_a_truncated_call_is_returned_as_text() -> None:
    async def story() -> None:
        body = CALLING | {"tool_choice": "required", "max_tokens": 3}
        async with serving(answering()) as engine:
            choice = (await engine.post(PATH, body))[1]["choices"][0]
            chunks = await engine.events(PATH, body)
        assert (choice["message"]["content"][:5], choice["finish_reason"]) == ("<tool", "length")
        assert "tool_calls" not in choice["message"]
        assert (chunks[-2]["choices"][0]["delta"], len(chunks)) == ({}, 3)

    run_story(story())


SCHEMA: Final = {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER}}
FORMS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a schema": ({"response_format": SCHEMA}, ""),
    "a schema in vLLM's field": ({"structured_outputs": {"json": WEATHER}}, ""),
    "a schema as text": ({"structured_outputs": {"json": json.dumps(WEATHER)}}, ""),
    "any object": ({"response_format": {"type": "json_object"}}, r"\{.*\}"),
    "a choice": ({"structured_outputs": {"choice": ["red", "green"]}}, "red|green"),
    "a pattern": ({"structured_outputs": {"regex": "[A-Z]{3}-[0-9]{2}"}}, "[A-Z]{3}-[0-9]{2}"),
    "a grammar": ({"structured_outputs": {"grammar": 'root ::= "aye" | "no"'}}, "aye|no"),
    "a pattern beyond us": ({"structured_outputs": {"regex": "(?=a)a"}}, ".+"),
    "plain text": ({"response_format": {"type": "text"}}, ".+"),
    "a structural tag": ({"response_format": {"type": "structural_tag", "format": {}}}, ".+"),
    "a structural tag in vLLM's field": ({"structured_outputs": {"structural_tag": "{}"}}, ".+"),
}


@pytest.mark.parametrize("name", FORMS)
def test_an_answer_keeps_the_requested_form(name: str) -> None:
    form, pattern = FORMS[name]

    async def story() -> None:
        async with serving() as engine:
            choice = (await engine.post(PATH, {"messages": HELLO["messages"], **form}))[1]["choices"][0]
            _, cut = await engine.post(PATH, HELLO | form | {"max_tokens": 1})
        text = choice["message"]["content"]
        assert choice["finish_reason"] == "stop"
        assert cut["choices"][0]["finish_reason"] == "length"
        if pattern:
            assert re.fullmatch(pattern, text)
        else:
            jsonschema.validate(json.loads(text), WEATHER)

    run_story(story())


@pytest.mark.parametrize("schema", [WEATHER, {"type": "integer"}])
def test_json_is_broken_at_the_rate_that_was_set(schema: dict[str, Any]) -> None:
    async def story() -> None:
        broken = 0
        async with serving(answering(invalid_json_rate=0.5)) as engine:
            for number in range(60):
                form = {"structured_outputs": {"json": schema}, "seed": number}
                text = (await engine.post(PATH, {"messages": HELLO["messages"], **form}))[1]["choices"][0]["message"]
                try:
                    json.loads(text["content"])
                except ValueError:
                    broken += 1
        assert 18 <= broken <= 42

    run_story(story())


def test_a_batch_of_chats_is_answered_by_a_choice_each() -> None:
    async def story() -> None:
        several = [HELLO["messages"], [{"role": "user", "content": "the tide"}]]
        async with serving() as engine:
            _, body = await engine.post(f"{PATH}/batch", {"messages": several, "max_tokens": 2, "stream": True})
            status, refused = await engine.post(f"{PATH}/batch", {"messages": several, "n": 2})
        assert [choice["index"] for choice in body["choices"]] == [0, 1]
        assert body["usage"]["completion_tokens"] == 4
        assert (status, refused["error"]["param"]) == (400, "n")

    run_story(story())


@pytest.mark.parametrize(("body", "kind"), [(HELLO, "chat.completion"), ({"prompt": "x"}, "text_completion")])
def test_an_invocation_is_a_chat_or_a_completion_by_its_body(body: dict[str, Any], kind: str) -> None:
    async def story() -> None:
        async with serving() as engine:
            assert (await engine.post("/invocations", body))[1]["object"] == kind

    run_story(story())


def test_a_mean_length_a_seed_and_another_vocabulary_change_the_replies() -> None:
    async def story() -> None:
        async with serving(answering(reply_tokens=300)) as engine:
            _, body = await engine.post(PATH, {"messages": HELLO["messages"]})
            async with serving(answering(reply_seed=7)) as other:
                _, another = await other.post(PATH, HELLO)
        assert 150 <= body["usage"]["completion_tokens"] <= 450
        assert another["choices"][0]["message"]["content"] != expected_replies.chat_text(HELLO, context_tokens=1024)

    run_story(story())
    assert expected_replies.chat_text(HELLO, context_tokens=1024, vocabulary=512) != expected_replies.chat_text(
        HELLO, context_tokens=CHAT.context_tokens
    )


def test_an_engine_that_returns_several_tokens_at_once_sends_a_calls_name_and_arguments_apart() -> None:
    async def story() -> None:
        async with serving(answering(), driver=PretendDriver(tokens=40)) as engine:
            chunks = (await engine.events(PATH, CALLING | {"tool_choice": "required"}))[1:-1]
        calls = [chunk["choices"][0]["delta"]["tool_calls"][0]["function"] for chunk in chunks]
        assert [list(call) for call in calls] == [["name"], ["arguments"]]
        assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"

    run_story(story())


def test_a_chat_that_fails_in_between_ends_with_an_error_and_done() -> None:
    async def story() -> None:
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            task = asyncio.create_task(engine.events(PATH, HELLO))
            (await engine.driver.taken()).listener.on_end(JobEnding.DEAD)
            events = await task
        assert (events[0]["error"]["code"], events[1:]) == (500, ["[DONE]"])

    run_story(story())
