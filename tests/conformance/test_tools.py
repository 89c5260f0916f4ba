"""Tools: a required call is made, by the function's schema, at once and in pieces."""

import json

import jsonschema
import pytest

from tests.conformance import bodies, page
from tests.conformance.endpoint import MODEL, Endpoint, Json
from tests.conformance.refusal import OF_WEATHER, WEATHER

ENOUGH = 300
ARGUMENTS: Json = WEATHER["function"]["parameters"]  # type: ignore[index]
NOW: Json = {"type": "function", "function": {"name": "now"}}
CALLED = pytest.mark.parametrize(
    ("choice", "reason"), [("required", "tool_calls"), (OF_WEATHER, "stop")], ids=["some tool", "this tool"]
)


@CALLED
def test_a_call_keeps_the_functions_schema(rich: Endpoint, choice: Json, reason: str) -> None:
    body = rich.chat("hello", tools=[WEATHER], tool_choice=choice, max_tokens=ENOUGH).json
    (made,) = body["choices"]
    (call,) = made["message"]["tool_calls"]
    assert made["finish_reason"] == reason
    assert list(call) == ["id", "type", "function"]
    assert (call["id"].startswith("chatcmpl-tool-"), call["type"], call["function"]["name"]) == (
        True,
        "function",
        "weather",
    )
    assert made["message"]["content"] == ""
    jsonschema.validate(json.loads(call["function"]["arguments"]), ARGUMENTS)


@CALLED
def test_a_call_comes_in_pieces(rich: Endpoint, choice: Json, reason: str) -> None:
    chunks = rich.chat("hello", tools=[WEATHER], tool_choice=choice, max_tokens=ENOUGH, stream=True).chunks
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    calls = [call for delta in deltas for call in delta.get("tool_calls") or []]
    named, *pieces = calls
    assert (named["type"], named["index"], named["function"]["name"]) == ("function", 0, "weather")
    assert named["id"].startswith("chatcmpl-tool-")
    assert {piece["index"] for piece in pieces} == {0}
    arguments = "".join(call["function"].get("arguments") or "" for call in calls)
    jsonschema.validate(json.loads(arguments), ARGUMENTS)
    assert bodies.finishes(chunks) == [reason]


def test_a_call_that_is_cut_is_no_call(rich: Endpoint) -> None:
    (made,) = rich.chat("hello", tools=[WEATHER], tool_choice=OF_WEATHER, max_tokens=2).json["choices"]
    assert made["finish_reason"] == "length"
    assert not made["message"].get("tool_calls")


def test_no_tools_means_text(rich: Endpoint) -> None:
    (made,) = rich.chat("hello", tools=[WEATHER], tool_choice="none", max_tokens=4).json["choices"]
    assert tuple(made["message"]) == bodies.MESSAGE
    assert made["message"]["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_free_choice_is_text_or_a_call(rich: Endpoint, stream: bool) -> None:
    answer = rich.chat("hello", tools=[WEATHER], tool_choice="auto", max_tokens=ENOUGH, stream=stream)
    assert answer.status == 200
    if stream:
        assert bodies.finishes(answer.chunks)[0] in ("stop", "length", "tool_calls")
        return
    (made,) = answer.json["choices"]
    if made["finish_reason"] == "tool_calls":
        jsonschema.validate(json.loads(made["message"]["tool_calls"][0]["function"]["arguments"]), ARGUMENTS)
    else:
        assert made["message"]["content"]


def test_a_function_without_parameters_is_called(rich: Endpoint) -> None:
    answer = rich.chat("hello", tools=[NOW], tool_choice="required", max_tokens=ENOUGH)
    assert answer.status == 200
    for call in answer.json["choices"][0]["message"].get("tool_calls") or []:
        assert call["function"]["name"] == "now"


def test_a_function_without_a_name_is_refused(rich: Endpoint) -> None:
    answer = rich.chat("hello", tools=[{"type": "function", "function": {"parameters": {}}}])
    assert (answer.status, answer.json["error"]["param"]) == (400, "body.tools.0.function.name")


def test_a_response_calls_too(rich: Endpoint) -> None:
    function = {"type": "function", "name": "weather", "parameters": ARGUMENTS, "strict": True}
    document = {"model": MODEL, "input": "hello", "max_output_tokens": ENOUGH, "temperature": 0}
    body = rich.post("/v1/responses", tools=[function], tool_choice="required", **document).json
    (call,) = [item for item in body["output"] if item["type"] == "function_call"]
    assert (call["name"], body["status"]) == ("weather", "completed")
    jsonschema.validate(json.loads(call["arguments"]), ARGUMENTS)


def test_the_parsers_work_is_counted(rich: Endpoint) -> None:
    name = "vllm:tool_call_parser_invocations_total"
    if rich.differs("the tool parser's counter"):
        assert name not in page.now(rich).families
        return
    made = {"mode": "non_streaming", "outcome": "tool_call", "request_type": "chat_completions"}
    before = page.now(rich).value(name, **made)
    rich.chat("hello", tools=[WEATHER], tool_choice="required", max_tokens=ENOUGH)
    assert page.now(rich).value(name, **made) == before + 1
