"""Replies and requests for tests, in the shapes of the four APIs."""

import json
from typing import Any

from fairlead.routing.answers.answer import Answer, AnswerChoice, ToolCall

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def chat(*messages: dict[str, Any], finish: str = "stop", probabilities: list[float] | None = None) -> bytes:
    logprobs = {"content": [{"logprob": one} for one in probabilities]} if probabilities is not None else None
    choices = [
        {"index": index, "message": {"role": "assistant", **one}, "finish_reason": finish, "logprobs": logprobs}
        for index, one in enumerate(messages)
    ]
    return json.dumps({"object": "chat.completion", "choices": choices, "usage": {"prompt_tokens": 3}}).encode()


def wanting(schema: object = PERSON, **more: object) -> bytes:
    """A chat request for JSON of this schema."""
    format_ = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}
    return json.dumps({"model": "chat", "messages": [], "response_format": format_, **more}).encode()


def text(*texts: str, cut: bool = False, probability: float | None = None) -> Answer:
    return tuple(AnswerChoice(text=one, cut=cut, probability=probability) for one in texts)


def call(name: str, arguments: str) -> Answer:
    return (AnswerChoice(calls=(ToolCall(name=name, arguments=arguments),)),)
