"""Every member whose text engines put into a prompt counts towards it, so no limit is passed by another spelling."""

import json
from typing import Any, Final

import pytest

from fairlead.router.wire.surfaces import Surface
from tests.router.wire.test_body_facts import chat, read

TEXT: Final = "word " * 2000
SIZE: Final = len(TEXT)
HI: Final = {"role": "user", "content": "hi"}


def turn(**members: object) -> dict[str, Any]:
    """A chat of which one turn has these members."""
    return {"messages": [{"role": "user", "content": "hi"} | members]}


def shown(**members: object) -> dict[str, Any]:
    """A chat of which one turn has such a part beside its text."""
    return turn(content=[{"type": "text", "text": "hi"}, members])


@pytest.mark.parametrize(
    "members",
    [
        *(shown(type=kind, text=TEXT) for kind in ("text", "input_text", "output_text", "other")),
        *(shown(type="refusal", refusal=TEXT), shown(type="refusal", text="", refusal=TEXT)),
        *(shown(type="thinking", text="", thinking=TEXT), shown(type="tool_reference", name=TEXT)),
        *(turn(content=[TEXT]), turn(name=TEXT), turn(role="assistant", reasoning=TEXT)),
        *(turn(role="assistant", reasoning_content=TEXT), turn(role="tool", tool_call_id=TEXT)),
        turn(role="developer", tools=[{"type": "function", "function": {"name": "f", "description": TEXT}}]),
        turn(role="assistant", tool_calls=[{"function": {"name": "f", "arguments": TEXT}}]),
        turn() | {"documents": [{"title": "t", "text": TEXT}]},
        turn() | {"chat_template": TEXT},
        turn() | {"chat_template_kwargs": {"model_identity": TEXT}},
        turn() | {"tools": [{"type": "function", "function": {"name": "f", "description": TEXT}}]},
    ],
    ids=lambda members: json.dumps(members).replace(TEXT, "TEXT"),
)
def test_text_in_any_member_of_a_chat_counts(members: dict[str, Any]) -> None:
    assert SIZE <= len(read(Surface.CHAT, members).prompt) < 1.05 * SIZE


@pytest.mark.parametrize(
    ("surface", "members"),
    [
        (Surface.RESPONSES, {"input": "hi", "previous_input_messages": [{"role": "user", "content": TEXT}]}),
        (Surface.RESPONSES, {"input": "hi", "chat_template_kwargs": {"x": TEXT}}),
        (Surface.RESPONSES, {"input": [{"type": "reasoning", "summary": [{"text": TEXT}]}, HI]}),
        (Surface.RESPONSES, {"input": [{"type": "reasoning", "content": [{"type": "reasoning_text", "text": TEXT}]}]}),
        (Surface.RESPONSES, {"input": [{"type": "function_call", "name": TEXT, "arguments": "{}"}]}),
        (Surface.RESPONSES, {"input": [{"type": "function_call_output", "role": "user", "output": TEXT}]}),
        (Surface.RESPONSES, {"input": [{"type": "function_call_output", "output": [{"refusal": TEXT}]}]}),
        (Surface.MESSAGES, turn() | {"chat_template_kwargs": {"x": TEXT}}),
        (Surface.MESSAGES, shown(type="tool_use", name=TEXT, input={})),
        (Surface.MESSAGES, shown(type="tool_reference", tool_name=TEXT)),
        (Surface.MESSAGES, shown(type="tool_addition", tool={"type": "tool_definition", "name": TEXT})),
        (Surface.MESSAGES, shown(type="tool_result", content=[{"type": "text", "text": "", "thinking": TEXT}])),
        (Surface.EMBEDDINGS, turn() | {"chat_template_kwargs": {"x": TEXT}}),
        (Surface.TOKENIZE, turn() | {"chat_template": TEXT}),
    ],
    ids=lambda given: json.dumps(given).replace(TEXT, "TEXT") if isinstance(given, dict) else str(given),
)
def test_text_in_any_member_of_the_other_apis_counts(surface: Surface, members: dict[str, Any]) -> None:
    assert SIZE <= len(read(surface, members).prompt) < 1.05 * SIZE


def test_a_chat_goes_on_before_what_its_template_gets() -> None:
    """Else no turn would be at the place where the engine's cache has it."""
    short = chat(chat_template_kwargs={"enable_thinking": False}).prompt
    assert short == b'user\x1ehello\x1e{"enable_thinking": false}'


@pytest.mark.parametrize(
    ("members", "measured"),
    [
        (turn(content=TEXT), SIZE + len(b"user\x1e")),
        (turn(content="щ" * 2000), 2 * 2000 + len(b"user\x1e")),
        (turn(content=TEXT) | {"some_new_member": 4 * TEXT}, 0),
        (turn(content="hi"), 0),
    ],
    ids=["a text", "a text of escapes", "text that is not read", "mostly not text"],
)
def test_only_a_body_that_its_text_explains_says_how_many_bytes_make_a_token(
    members: dict[str, Any], measured: int
) -> None:
    body = json.dumps(members).encode()
    assert read(Surface.CHAT, body).measured_bytes(len(body)) == measured
