"""POST /v1/responses and /v1/messages, at once and as streams, and what is stored of them."""

import json

import pytest

from tests.conformance.endpoint import DONE, MODEL, Endpoint, Json

RESPONSE = (
    *("id", "created_at", "incomplete_details", "instructions", "metadata", "model", "object", "output"),
    *("parallel_tool_calls", "temperature", "tool_choice", "tools", "top_p", "background", "max_output_tokens"),
    *("max_tool_calls", "previous_response_id", "prompt", "reasoning", "service_tier", "status", "text"),
    *("top_logprobs", "truncation", "usage", "user", "presence_penalty", "frequency_penalty"),
    *("kv_transfer_params", "ec_transfer_params", "input_messages", "output_messages"),
)
BEGUN = ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]
ENDED = [
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
DELTA = "response.output_text.delta"


def respond(plain: Endpoint, **more: Json) -> Json:
    document = {"model": MODEL, "input": "hello", "max_output_tokens": 6, "temperature": 0, "ignore_eos": True}
    return plain.post("/v1/responses", **document | more).json


def test_a_response_has_vllms_keys_in_vllms_order(plain: Endpoint) -> None:
    body = respond(plain)
    assert tuple(body) == RESPONSE
    assert body["id"].startswith("resp_")
    assert (body["object"], body["model"], body["tool_choice"]) == ("response", MODEL, "none")


def test_a_response_that_is_cut_says_by_what(plain: Endpoint) -> None:
    body = respond(plain)
    assert (body["status"], body["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    (item,) = body["output"]
    (part,) = item["content"]
    assert (item["type"], item["role"], item["status"], part["type"]) == (
        "message",
        "assistant",
        "completed",
        "output_text",
    )


def test_a_response_has_its_own_names_for_token_counts(plain: Endpoint) -> None:
    usage = respond(plain)["usage"]
    assert usage["output_tokens"] == 6
    assert usage["total_tokens"] == usage["input_tokens"] + 6
    assert usage["input_tokens_details"] == {
        "cached_tokens": 0,
        "cache_write_tokens": 0,
        "input_tokens_per_turn": [],
        "cached_tokens_per_turn": [],
    }


@pytest.mark.parametrize(
    "sent",
    [
        {"input": [{"role": "user", "content": "hello"}]},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}]},
    ],
    ids=["messages", "parts"],
)
def test_messages_and_parts_say_what_a_text_says(plain: Endpoint, sent: Json) -> None:
    reply, text = respond(plain, **sent), respond(plain)
    assert reply["output"][0]["content"] == text["output"][0]["content"]
    assert reply["usage"] == text["usage"]


def test_instructions_come_before_the_input(plain: Endpoint) -> None:
    reply, text = respond(plain, instructions="be nice"), respond(plain)
    assert reply["instructions"] == "be nice"
    assert reply["usage"]["input_tokens"] > text["usage"]["input_tokens"]


def test_a_response_streams_as_numbered_events(plain: Endpoint) -> None:
    document = {"model": MODEL, "input": "hello", "max_output_tokens": 6, "temperature": 0, "ignore_eos": True}
    answer = plain.post("/v1/responses", stream=True, **document)
    events = [json.loads(event) for event in answer.events if event != DONE]
    kinds = [event["type"] for event in events]
    deltas = kinds[len(BEGUN) : -len(ENDED)]
    assert (kinds[: len(BEGUN)], kinds[-len(ENDED) :], set(deltas)) == (BEGUN, ENDED, {DELTA})
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    text = "".join(event["delta"] for event in events if event["type"] == DELTA)
    assert text == respond(plain)["output"][0]["content"][0]["text"]
    assert events[-1]["response"]["usage"]["output_tokens"] == 6
    assert [line.removeprefix("event: ") for line in answer.text.split("\n") if line.startswith("event: ")] == kinds


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/cancel")])
def test_a_response_is_not_remembered(plain: Endpoint, method: str, end: str) -> None:
    answer = plain.send(method, f"/v1/responses/resp_unknown{end}")
    assert (answer.status, answer.json["error"]) == (
        404,
        {
            "message": "Response with id 'resp_unknown' not found.",
            "type": "invalid_request_error",
            "param": "response_id",
            "code": 404,
        },
    )


def test_a_response_that_was_not_stored_cannot_be_continued(plain: Endpoint) -> None:
    answer = plain.post("/v1/responses", model=MODEL, input="hello", previous_response_id="resp_1")
    assert (answer.status, answer.json["error"]["message"]) == (404, "Response with id 'resp_1' not found.")


def test_a_response_in_the_background_is_refused(plain: Endpoint) -> None:
    answer = plain.post("/v1/responses", model=MODEL, input="hello", background=True)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith("This vLLM engine does not support `store=True` and ")


def test_a_message_of_the_other_house(plain: Endpoint) -> None:
    body = _message(plain, max_tokens=5).json
    (block,) = body["content"]
    assert (body["type"], body["role"], body["model"], block["type"]) == ("message", "assistant", MODEL, "text")
    assert body["usage"]["output_tokens"] <= 5
    counted = plain.post("/v1/messages/count_tokens", model=MODEL, messages=[{"role": "user", "content": "hello"}]).json
    assert counted["input_tokens"] == body["usage"]["input_tokens"]


def test_a_message_of_the_other_house_streams_as_blocks(plain: Endpoint) -> None:
    events = [json.loads(event) for event in _message(plain, max_tokens=4, stream=True).events]
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    text = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    assert text == _message(plain, max_tokens=4).json["content"][0]["text"]


def test_the_other_houses_errors_have_its_shape(plain: Endpoint) -> None:
    answer = plain.post("/v1/messages", model="nope", max_tokens=5, messages=[{"role": "user", "content": "hello"}])
    assert (answer.status, answer.json) == (
        404,
        {
            "type": "error",
            "error": {
                "type": "NotFoundError",
                "message": f"The model `nope` does not exist. Valid aliases: {MODEL}.",
            },
        },
    )


def _message(plain: Endpoint, **more: Json) -> "Json":
    document = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "temperature": 0}
    return plain.post("/v1/messages", **document | more)
