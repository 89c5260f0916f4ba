"""Responses and messages: the same chat in the formats of two other APIs, whole and as events."""

import asyncio
import json
from typing import Any, Final

import pytest

from fairlead.emulator.surface.jobs import JobEnding
from tests.emulator.surface.pretending import PretendDriver, answering, run_story, serving

RESPONSES_BODY: Final = {"model": "chat", "input": "hello there", "max_output_tokens": 6}
CHAT_BODY: Final[dict[str, Any]] = {
    "model": "chat",
    "messages": [{"role": "user", "content": "hello there"}],
    "max_tokens": 6,
}
PLACE: Final = {"type": "object", "properties": {"city": {"const": "Oslo"}}, "required": ["city"]}
OSLO: Final = {"city": "Oslo"}


def test_a_response_says_what_a_chat_would_say() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, chat = await engine.post("/v1/chat/completions", CHAT_BODY)
            _, response = await engine.post("/v1/responses", RESPONSES_BODY, X_Request_Id="mine")
            _, message = await engine.post("/v1/messages", CHAT_BODY)
        text = chat["choices"][0]["message"]["content"]
        assert (response["id"], response["output"][0]["content"][0]["text"]) == ("resp_mine", text)
        assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
        assert response["usage"]["total_tokens"] == chat["usage"]["total_tokens"]
        assert (message["content"], message["stop_reason"]) == ([{"type": "text", "text": text}], "max_tokens")
        assert message["usage"] == {"input_tokens": 6, "output_tokens": 6}

    run_story(story())


def test_the_events_of_a_response_are_numbered_and_end_with_all_of_it() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, whole = await engine.post("/v1/responses", RESPONSES_BODY)
            events = await engine.events("/v1/responses", RESPONSES_BODY)
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        kinds = [event["type"].removeprefix("response.") for event in events]
        deltas = ["output_text.delta"] * 6
        assert kinds == [
            *("created", "in_progress", "output_item.added", "content_part.added", *deltas),
            *("output_text.done", "content_part.done", "output_item.done", "completed"),
        ]
        text = "".join(event["delta"] for event in events if event["type"].endswith("text.delta"))
        assert text == whole["output"][0]["content"][0]["text"] == events[-4]["text"]
        assert events[-1]["response"]["usage"] == whole["usage"]

    run_story(story())


def test_the_events_of_a_message_are_anthropics() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, whole = await engine.post("/v1/messages", CHAT_BODY)
            events = await engine.events("/v1/messages", CHAT_BODY)
        assert [event["type"] for event in events] == [
            *("message_start", "content_block_start", *["content_block_delta"] * 6),
            *("content_block_stop", "message_delta", "message_stop"),
        ]
        text = "".join(event["delta"]["text"] for event in events[2:8])
        assert [{"type": "text", "text": text}] == whole["content"]
        assert events[-2]["delta"] == {"stop_reason": "max_tokens", "stop_sequence": None}

    run_story(story())


def test_both_call_tools_where_the_server_reads_calls() -> None:
    async def story() -> None:
        flat = [{"type": "function", "name": "place", "parameters": PLACE}]
        document = {"input": "hello", "tools": flat, "tool_choice": {"type": "function", "name": "place"}}
        blocks = [{"name": "place", "input_schema": PLACE}]
        fields = CHAT_BODY | {"max_tokens": 99, "tools": blocks, "tool_choice": {"type": "tool", "name": "place"}}
        async with serving(answering(per_request_metrics=True)) as engine, serving() as plain:
            _, response = await engine.post("/v1/responses", document)
            events = await engine.events("/v1/responses", document)
            _, message = await engine.post("/v1/messages", fields)
            pieces = await engine.events("/v1/messages", fields)
            any_tool = (await engine.post("/v1/messages", fields | {"tool_choice": {"type": "any"}}))[1]
            _, free = await engine.post("/v1/messages", fields | {"tool_choice": {"type": "none"}})
            _, unread = await plain.post("/v1/responses", document)
            _, unread_message = await plain.post("/v1/messages", fields)
        assert (response["output"][0]["type"], json.loads(response["output"][0]["arguments"])) == (
            "function_call",
            OSLO,
        )
        assert "metrics" in response
        arguments = [event["delta"] for event in events if event["type"].endswith("arguments.delta")]
        assert json.loads("".join(arguments)) == OSLO
        assert events[-3]["type"] == "response.function_call_arguments.done"
        assert (message["content"][0]["input"], message["stop_reason"]) == (OSLO, "tool_use")
        given = [event["delta"]["partial_json"] for event in pieces if event["type"] == "content_block_delta"]
        assert json.loads("".join(given)) == OSLO
        assert any_tool["stop_reason"] == "tool_use"
        assert unread["output"][0]["type"] == "message"
        assert {body["content"][0]["type"] for body in (free, unread_message)} == {"text"}

    run_story(story())


def test_calls_that_broke_their_json_still_make_an_answer() -> None:
    async def story() -> None:
        document = CHAT_BODY | {"max_tokens": 99, "tools": [{"name": "place", "input_schema": PLACE}]}
        async with serving(answering(invalid_json_rate=1.0)) as engine:
            _, message = await engine.post("/v1/messages", document)
        assert message["content"][0]["input"] == {}

    run_story(story())


def test_a_response_keeps_a_schema_and_repeats_it() -> None:
    async def story() -> None:
        form = {"type": "json_schema", "name": "place", "schema": PLACE}
        async with serving() as engine:
            _, bound = await engine.post("/v1/responses", {"input": "x", "text": {"format": form}})
            _, free = await engine.post("/v1/responses", {"input": "x", "text": {"format": {"type": "text"}}})
            _, bare = await engine.post("/v1/responses", {"input": "x", "text": {}})
        assert json.loads(bound["output"][0]["content"][0]["text"])["city"] == "Oslo"
        assert bound["text"]["format"] == form | {"description": None, "strict": None}
        assert (free["text"]["format"], bare["text"]) == ({"type": "text"}, {})

    run_story(story())


def test_items_of_a_conversation_are_read_as_its_messages() -> None:
    async def story() -> None:
        items = [
            {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
            {"type": "function_call", "name": "place", "arguments": "{}"},
            {"type": "function_call_output", "output": "Oslo"},
            "and now?",
        ]
        blocks = [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": [{"type": "tool_use", "name": "place", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "content": "Oslo"}, {"type": "text", "text": "so?"}]},
            {"role": "user", "content": []},
        ]
        async with serving() as engine:
            await engine.post("/v1/responses", {"input": items, "instructions": "be kind"})
            await engine.post("/v1/messages", CHAT_BODY | {"messages": blocks, "system": "be kind"})
            _, count = await engine.post(
                "/v1/messages/count_tokens", CHAT_BODY | {"messages": blocks, "system": "be kind"}
            )
            prompts = [run.job.sequences[0].prompt_ids for run in engine.driver.runs]
            shown = [(await engine.post("/detokenize", {"tokens": list(ids)}))[1]["prompt"] for ids in prompts]
        call = '[{"type": "function", "function": {"name": "place", "arguments": "{}"}}]'
        begin = f"<|system|>be kind<|end|><|user|>hello<|end|><|assistant|>{call}<|end|><|tool|>Oslo<|end|>"
        assert shown[0] == begin + "<|user|>and now?<|end|><|assistant|>"
        assert shown[1] == begin + "<|user|>so?<|end|><|user|><|end|><|assistant|>"
        assert count == {
            "input_tokens": len(prompts[1]),
            "context_management": {"original_input_tokens": len(prompts[1])},
        }

    run_story(story())


@pytest.mark.parametrize(
    ("stop", "reason", "sequence"),
    [([" "], "stop_sequence", " "), ([], "end_turn", None), (["never"], "end_turn", None)],
)
def test_a_message_states_why_it_stopped_in_anthropics_terms(
    stop: list[str], reason: str, sequence: str | None
) -> None:
    async def story() -> None:
        body = CHAT_BODY | {"max_tokens": 300} | ({"stop_sequences": stop} if stop else {})
        async with serving() as engine:
            _, whole = await engine.post("/v1/messages", body)
        assert (whole["stop_reason"], whole.get("stop_sequence")) == (reason, sequence)

    run_story(story())


REFUSED: Final[dict[str, tuple[str, dict[str, Any], int, str]]] = {
    "no input": ("/v1/responses", {"model": "chat"}, 400, "'input': '<dict of 2 items>'"),
    "another model": ("/v1/responses", RESPONSES_BODY | {"model": "nope"}, 404, "The model `nope` does not exist."),
    "in the background": ("/v1/responses", RESPONSES_BODY | {"background": True}, 400, "does not support `store=True`"),
    "an earlier one": (
        "/v1/responses",
        RESPONSES_BODY | {"previous_response_id": "r"},
        404,
        "Response with id 'r' not found.",
    ),
    "no length": ("/v1/messages", {"model": "chat", "messages": []}, 400, "'loc': 'body.max_tokens'"),
    "nobody": ("/v1/messages", CHAT_BODY | {"model": "nope"}, 404, "The model `nope` does not exist."),
    "nobody to count for": ("/v1/messages/count_tokens", CHAT_BODY | {"model": "nope"}, 404, "The model `nope`"),
    "too many": ("/v1/messages", CHAT_BODY | {"max_tokens": 5000}, 400, "max_tokens=5000 cannot be greater"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refusals_have_the_form_and_message_of_each_interface(row: str) -> None:
    path, body, status, words = REFUSED[row]

    async def story() -> None:
        async with serving() as engine:
            answered, expected = await engine.post(path, body)
        assert answered == status
        assert words in expected["error"]["message"]
        assert ("type" in expected) is ("messages" in path and "body." not in words)

    run_story(story())


def test_nothing_is_kept_of_a_response() -> None:
    async def story() -> None:
        async with serving() as engine:
            for method, path in (("GET", "/v1/responses/resp_1"), ("POST", "/v1/responses/resp_1/cancel")):
                status, body = await engine.send(path, method)
                assert (status, body["error"]["param"]) == (404, "response_id")

    run_story(story())


@pytest.mark.parametrize(("path", "body"), [("/v1/responses", RESPONSES_BODY), ("/v1/messages", CHAT_BODY)])
def test_a_stream_that_fails_says_so_in_an_event(path: str, body: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            answer = asyncio.create_task(engine.events(path, body))
            run = await engine.driver.taken()
            run.step()
            run.listener.on_end(JobEnding.DEAD)
            last = (await answer)[-1]
        assert "EngineCore encountered an issue" in last["error"]["message"]

    run_story(story())
